"""Nothing that a user can meet is missing from the documents."""

from __future__ import annotations

import argparse
import re

import pytest

from neuronscope.cli import parser
from neuronscope.errors import catalogue
from neuronscope.settings import PREFIX, Settings
from neuronscope.spec.metrics import UNITS
from neuronscope.spec.ops import OP_KINDS
from neuronscope.spec.target import SITES
from tests.house.files import ROOT

README = (ROOT / "README.md").read_text(encoding="utf-8")


def doc(name: str) -> str:
    return (ROOT / "docs" / name).read_text(encoding="utf-8")


@pytest.mark.parametrize("name", [*SITES, *OP_KINDS, *UNITS])
def test_every_site_edit_and_metric_is_explained(name):
    assert f"| `{name}` |" in doc("science.md")


def test_every_error_code_is_listed_with_its_status_and_no_other():
    rows = dict(re.findall(r"^\| `([a-z-]+)` \| (\d+) \|", doc("errors.md"), re.MULTILINE))
    assert rows == {code: str(cls.status) for code, cls in catalogue().items()}


def test_every_setting_is_listed_with_its_default_and_no_other():
    rows = re.findall(r"^\| `(\w+)` \| `(\w+)` \|[^|]*\| ([^|]*) \|", doc("settings.md"),
                      re.MULTILINE)
    expected = [(name, PREFIX + name.upper(), str(getattr(Settings(), name)) or "empty")
                for name in Settings.__dataclass_fields__]
    assert [(name, variable, default.strip("`")) for name, variable, default in rows] == expected


def test_every_command_is_in_the_readme():
    commands = next(action for action in parser()._actions
                    if isinstance(action, argparse._SubParsersAction)).choices
    assert [name for name in commands if f"| `neuronscope {name}` |" not in README] == []


def test_links_between_documents_lead_somewhere():
    files = [ROOT / "README.md", ROOT / "AGENTS.md", *(ROOT / "docs").glob("*.md")]
    broken = [f"{file.name}: {target}" for file in files
              for target in re.findall(r"\]\(([^)#]+)\)", file.read_text(encoding="utf-8"))
              if "://" not in target and not (file.parent / target).exists()]
    broken += [src for src in re.findall(r'(?:src|srcset)="([^"]+)"', README)
               if not (ROOT / src).exists()]
    assert broken == []


def test_files_that_the_principles_name_exist():
    text = (ROOT / "AGENTS.md").read_text(encoding="utf-8")
    named = re.findall(r"`((?:tests|models|spec|docs)/[\w/.]+)`", text)
    missing = [name for name in named
               if not ((ROOT / name).exists() or (ROOT / "neuronscope" / name).exists())]
    assert missing == []
    assert len(re.findall(r"^\| \d+ \|", text, re.MULTILINE)) == 18
