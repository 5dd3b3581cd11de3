"""The commands of docs/mechanisms.md give the numbers that stand there.

`python -m tests.docs.test_mechanisms` writes the present numbers into the page's blocks; the
sentences beside them are for whoever reads them to check, and the last test helps.
"""

from __future__ import annotations

import contextlib
import io
import re
import shlex
import string
import tempfile
from pathlib import Path

import pytest

import neuronscope as ns
from neuronscope.cli import main
from neuronscope.commands import common
from neuronscope.models.discover import EMBEDDED
from tests.house.files import ROOT

PAGE = ROOT / "docs" / "mechanisms.md"
PAIR = re.compile(r"^```(sh|python)\n(.*?)^```\n\n```text\n(.*?)^```$", re.MULTILINE | re.DOTALL)
BLOCK = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
CODE = re.compile(r"`[^`]*`")
ASSIGNMENT = re.compile(r'(\w+)="(.*)"')
NUMBER = re.compile(r"(?<![\w.])[-−]?\d+(?:\.\d+)?(?:e[-+]?\d+)?(?![\w.]*\d)")
LEFT_OUT = re.compile(r"^(atlas: |tokens |clean  |how: |id |hash |warning |This )")
LESS_PROBABLE = re.compile(r'^(edited  "[^"]*" [^,]+),.*', re.MULTILINE)
"""Tokens behind the first; near ties may change places on another machine."""
ABSOLUTE, RELATIVE = 0.004, 0.02
COLUMNS = "120"


@pytest.fixture(scope="module")
def outputs():
    with running() as output_of:
        yield [(shown, output_of(kind, text)) for kind, text, shown in page_blocks()]


def page_blocks() -> list[tuple[str, str, str]]:
    return PAIR.findall(PAGE.read_text(encoding="utf-8"))


@contextlib.contextmanager
def running():
    """What a block prints: all commands in one lab, all Python in one session."""
    with tempfile.TemporaryDirectory() as data, pytest.MonkeyPatch.context() as patched, \
            ns.open_lab(data=Path(data), models=ROOT / "LLM", device="cpu") as lab:
        lab.load(EMBEDDED)

        @contextlib.contextmanager
        def opened(arguments, of=None):
            yield lab

        patched.setattr(common, "lab_with_model", opened)
        patched.setenv("COLUMNS", COLUMNS)
        patched.chdir(ROOT)
        variables: dict[str, str] = {}
        names: dict = {}

        def output_of(kind: str, text: str) -> str:
            out = io.StringIO()
            out.reconfigure = lambda **_: None
            with contextlib.redirect_stdout(out):
                if kind == "python":
                    exec(text, names)
                    return out.getvalue()
                for line in text.replace("\\\n", " ").splitlines():
                    carry_out(line, variables)
            return kept(out.getvalue())

        yield output_of


def carry_out(line: str, variables: dict[str, str]) -> None:
    """One line of a shell block: an assignment, or a command with variables in it."""
    if found := ASSIGNMENT.fullmatch(line):
        variables[found[1]] = found[2]
        return
    words = [string.Template(word).substitute(variables) for word in shlex.split(line)]
    assert words[0] == "neuronscope"
    assert main(words[1:]) == 0, line


def kept(output: str) -> str:
    """The tables and the top tokens: what the page shows of an output."""
    lines = [line.rstrip() for line in output.splitlines() if not LEFT_OUT.match(line)]
    return re.sub(r"\n{2,}", "\n", "\n".join(lines)).strip() + "\n"


def test_every_block_prints_what_the_page_shows(outputs):
    assert len(outputs) > 20
    for shown, actual in ((LESS_PROBABLE.sub(r"\1", shown), LESS_PROBABLE.sub(r"\1", actual))
                          for shown, actual in outputs):
        assert NUMBER.sub("#", shown).split() == NUMBER.sub("#", actual).split()
        pairs = zip(numbers(shown), numbers(actual), strict=True)
        far = [(a, b) for a, b in pairs if abs(a - b) > max(ABSOLUTE, RELATIVE * abs(a))]
        assert far == [], shown


def test_every_number_of_the_text_stands_in_an_output(outputs):
    """A decimal in a sentence is one of the page's outputs, rounded; `code` is left out."""
    found = {abs(value) for _, actual in outputs for value in numbers(actual)}
    prose = CODE.sub("", BLOCK.sub("", PAGE.read_text(encoding="utf-8")))
    unknown = []
    for text in re.findall(r"(?<![\w./])\d+\.\d+(?![\w.]*\d)", prose):
        step = 10.0 ** -len(text.partition(".")[2])
        if not any(abs(value - float(text)) <= 0.51 * step for value in found):
            unknown.append(text)
    assert unknown == []


def numbers(text: str) -> list[float]:
    return [float(each.replace("−", "-")) for each in NUMBER.findall(text)]


if __name__ == "__main__":
    with running() as output_of:
        PAGE.write_text(PAIR.sub(
            lambda found: found[0].replace(f"```text\n{found[3]}",
                                           f"```text\n{output_of(found[1], found[2])}"),
            PAGE.read_text(encoding="utf-8")), encoding="utf-8")
