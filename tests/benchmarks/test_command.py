"""`run.py bench`: named where people look, and its options are read as told."""

from __future__ import annotations

import importlib.util

import pytest

from benchmarks import __main__ as bench
from benchmarks import peers, shapes, work
from tests.house.files import ROOT


def test_every_command_of_run_py_is_told_in_its_help_and_the_readme():
    spec = importlib.util.spec_from_file_location("run", ROOT / "run.py")
    run = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(run)
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    for command in set(run.COMMANDS) - {"serve"}:  # the one that needs no name
        assert f"run.py {command}" in run.__doc__
        assert f"python3 run.py {command}" in readme
    assert "run.py bench" in (ROOT / "AGENTS.md").read_text(encoding="utf-8")


def test_quick_sets_only_what_is_not_said():
    assert bench.arguments([]).minutes == 25
    assert bench.arguments(["--quick"]).minutes == 3
    given = bench.arguments(["--quick", "--minutes", "5"])
    assert (given.minutes, given.shapes, given.lengths) == (5, "gpt2-small", "16,64")
    assert given.tasks.split(",") == list(work.TASKS)


def test_longer_prompts_larger_models_and_slower_devices_are_given_more_time():
    assert bench.cost("gpt2-small", 256) == pytest.approx(4 * bench.cost("gpt2-small", 16))
    assert bench.cost("gemma-3-4b") < bench.cost("gpt2-small") < bench.cost("llama-0.5b")


def test_the_page_describes_every_contender():
    page = (ROOT / "docs" / "benchmarks.md").read_text(encoding="utf-8")
    assert [each.name for each in peers.CONTENDERS if f"| {each.name} | " not in page] == []
    assert set(peers.PEERS) == {each.package for each in peers.CONTENDERS} - {""}
    assert set(bench.arguments([]).shapes.split(",")) <= set(shapes.SHAPES)
