"""The README's examples run, and its numbers are those of a run.

`python -m tests.docs.test_readme` writes the present numbers into the README.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from neuronscope.cli import main
from neuronscope.models.discover import EMBEDDED, embedded_folder
from neuronscope.settings import Settings
from tests.house.files import ROOT
from tests.served import served

README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)
NUMBER = re.compile(r"\d+\.\d+(?:e-?\d+)?")
TOLERANCE = 0.02
DEMO = ["demo", "--device", "cpu"]


def blocks(language: str) -> list[str]:
    return [text for kind, text in BLOCKS if kind == language]


@pytest.fixture
def place(tmp_path, monkeypatch):
    """A folder with `LLM/` as in a clone, as the current one."""
    shutil.copytree(embedded_folder(), tmp_path / "LLM" / EMBEDDED)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def printed(function, *arguments) -> str:
    out = io.StringIO()
    out.reconfigure = lambda **_: None
    with contextlib.redirect_stdout(out):
        function(*arguments)
    return out.getvalue()


def assert_same_but_for_rounding(shown: str, actual: str) -> None:
    """Equal text; numbers with a point may differ by `TOLERANCE`, spacing by any amount."""
    assert NUMBER.sub("#", shown).split() == NUMBER.sub("#", actual).split()
    pairs = zip(NUMBER.findall(shown), NUMBER.findall(actual), strict=True)
    far = [(a, b) for a, b in pairs
           if abs(float(a) - float(b)) > TOLERANCE * max(1, abs(float(a)))]
    assert far == []


def test_the_first_example_prints_what_the_readme_shows(place):
    assert_same_but_for_rounding(blocks("text")[0], printed(main, DEMO))


def test_the_python_examples_run(place):
    settings = Settings(data=place / ".neuronscope", models=place / "LLM")
    with served(settings, load=EMBEDDED) as running:
        running.lab.announce(running.url)
        names: dict = {}
        out = printed(lambda: [exec(text, names) for text in blocks("python")])
    lines = out.splitlines()
    assert lines[0].startswith(" Paris →")
    assert lines[2] == f"('site', 'layer', 'head') {names['g'].values['kl'].shape}"
    assert lines[3] == "(1, 2, 32) 27904 ['resid_post.0', 'resid_post.1']"
    assert lines[4:] == [" Paris True", " Paris"]


def shell(script: str, place: Path) -> str:
    """Runs a script with the `neuronscope` of this environment first on the path."""
    env = os.environ | {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
                        "PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "utf-8"}
    ran = subprocess.run(["bash", "-euo", "pipefail", "-c", script], cwd=place, env=env,
                         capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    return ran.stdout


@pytest.mark.skipif(os.name == "nt", reason="the examples are for a POSIX shell")
def test_the_command_line_examples_run(place):
    script = next(text for text in blocks("sh") if text.startswith("neuronscope"))
    out = shell(script.replace("neuronscope ", f"{sys.executable} -m neuronscope "), place)
    assert re.search(r"^prob .*Paris", out, re.MULTILINE)
    assert (place / "grid.csv").read_text(encoding="utf-8").startswith("site,layer,position,prob")


@pytest.mark.skipif(os.name == "nt", reason="the example is for a POSIX shell")
def test_the_rest_example_runs(place):
    script = next(text for text in blocks("sh") if text.startswith("curl"))
    settings = Settings(data=place / ".neuronscope", models=place / "LLM")
    with served(settings, load=EMBEDDED) as running:
        record = json.loads(shell(script.replace("http://localhost:8000", running.url), place))
    assert record["result"]["clean"]["top"][0]["token"] == " Paris"


if __name__ == "__main__":
    shown = printed(main, DEMO).strip()
    (ROOT / "README.md").write_text(README.replace(blocks("text")[0].strip(), shown),
                                    encoding="utf-8")
