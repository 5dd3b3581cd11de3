"""What the page offers for reproduction is run as it is shown, and gives the same."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.conftest import ROOT, Server
from tests.e2e.steps import operation, ready, result, run


def shown(page: Page, kind: str) -> str:
    page.get_by_role("button", name=kind, exact=True).click()
    return page.get_by_role("region", name=re.compile("^Reproduce with")).inner_text()


@pytest.fixture
def place(server: Server, tmp_path: Path) -> Path:
    """A folder as the one in which the server was started."""
    arguments = server.process.args
    (tmp_path / "LLM").symlink_to(ROOT / "LLM")
    (tmp_path / ".neuronscope").symlink_to(arguments[arguments.index("--data") + 1])
    return tmp_path


def told(command: list[str], place: Path) -> str:
    """What a command prints; `neuronscope` and `python` are those of these tests."""
    programs = place / "bin"
    programs.mkdir(exist_ok=True)
    script = programs / "neuronscope"
    script.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m neuronscope "$@"\n')
    script.chmod(0o755)
    env = os.environ | {"PATH": f"{programs}:{os.environ['PATH']}", "PYTHONPATH": str(ROOT)}
    made = subprocess.run(command, cwd=place, env=env, text=True, capture_output=True, check=False)
    assert made.returncode == 0, made.stderr
    return made.stdout


def test_python_curl_and_the_command_line_give_the_same(open_page, place):
    page = open_page("/")
    ready(page)
    page.get_by_role("textbox", name="Prompt", exact=True).fill("It's \"the\" Eiffel\\ Tower is in")
    operation(page, "Add")
    run(page)
    page.get_by_role("button", name="JSON", exact=True).click()
    record = json.loads(page.get_by_role("region", name="The stored result").inner_text())
    spec_hash, kl = record["result"]["spec_hash"], record["result"]["metrics"]["kl"]["edited"]
    page.get_by_role("button", name="Reproduce", exact=True).click()
    expect(result(page)).to_contain_text(spec_hash[:12])

    script = place / "again.py"
    script.write_text(shown(page, "Python"), encoding="utf-8")
    python = told([sys.executable, str(script)], place)
    assert spec_hash in python
    assert f"'kl': {kl!r}" in python

    answer = json.loads(told(["sh", "-c", shown(page, "curl")], place))
    assert answer["result"]["spec_hash"] == spec_hash
    assert answer["result"]["metrics"]["kl"]["edited"] == kl

    line = told(["sh", "-c", shown(page, "Command line")], place)
    assert spec_hash in line
    assert f"{kl:.3f}" in line


def test_values_that_are_no_numbers_are_explained(open_page):
    page = open_page("/")
    ready(page)
    operation(page, "Scale")
    page.get_by_label("Factor").fill("1e38")
    page.get_by_role("spinbutton", name=re.compile("^Factor")).press("Tab")
    ready(page).click()
    expect(result(page)).to_contain_text("not a number")
    expect(result(page)).to_contain_text("Try a smaller factor")
