"""The race and its page: who disagrees or fails is told, and the rest of the page is kept."""

from __future__ import annotations

import json
import math

import pytest

from benchmarks import report, work
from benchmarks.peers import ONE_BY_ONE, OURS
from benchmarks.race import LEAST_CELLS, PROBE_CELLS, Record, Turn, compare, race


class Contestant:
    """Answers orders as a process would, with times that are known."""

    def __init__(self, name, each_s, *, setup_s=0.0, wrong=0.0, problem="", tokens=0):
        self.contender = type("Named", (), {"name": name})
        self.each_s, self.setup_s, self.wrong = each_s, setup_s, wrong
        self.loaded, self.version, self.problem, self.tokens = 100, "1", "", tokens
        self.fails = problem
        self.orders = []

    def ask(self, length, cells, *, count=False):
        self.orders.append(len(cells))
        if self.fails:
            return {"problem": self.fails}
        setup, edited = self.setup_s, self.each_s * len(cells)
        if self.contender.name == OURS:
            setup, edited = 0.0, setup + edited  # as NeuronScope tells it
        return {"setup_s": setup, "cells_s": edited, "peak": 150,
                "kl": [cell.layer + (cell.position or 0) / 100 + self.wrong for cell in cells],
                "flops": [10, 5 * len(cells)] if count else None, "note": "fast: as told"}


GRID = work.grid("residual", 12, 12, 16)


def run(*contestants, seconds=1e-9, rounds=3):
    return race(list(contestants), "gpt2-small", "residual", 16, GRID, seconds=seconds,
                rounds=rounds, dtype="float32")


def test_times_are_those_of_all_cells_and_setup_counts_once():
    alone = Contestant(ONE_BY_ONE, 0.5, setup_s=2.0)
    records = run(Contestant(OURS, 0.01, setup_s=1.0), alone, seconds=1000.0)
    assert records[0].timed == 192
    assert records[0].median == pytest.approx(1.0 + 1.92)
    assert records[1].timed == 24
    assert records[1].median == pytest.approx(2.0 + 192 * 0.5)
    assert records[1].flops == 10 + 5 * 192
    assert records[0].added == 50


def test_what_our_cells_share_counts_once_in_a_sample_too():
    records = run(Contestant(OURS, 0.01, setup_s=1.0), Contestant(ONE_BY_ONE, 0.5))
    assert records[0].timed == 24
    assert records[0].median == pytest.approx(1.0 + 1.92)
    assert records[0].flops == pytest.approx(10 + 5 * 192)


def test_noise_never_gives_time_back():
    turn = Turn(None, Record("s", "t", 4, OURS, cells=100), chosen=[work.Cell("attn", 0)] * 10)
    assert turn.whole(0.0, 5.0, base=7.0) == 5.0
    assert turn.whole(0.0, 5.0, base=0.5) == pytest.approx(0.5 + 4.5 * 99 / 9)
    assert turn.whole(1.0, 4.0) == pytest.approx(41.0)


def test_little_time_means_few_cells_and_one_turn():
    ours, alone = Contestant(OURS, 5.0), Contestant(ONE_BY_ONE, 5.0)
    records = run(ours, alone, seconds=0.0)
    assert [record.timed for record in records] == [LEAST_CELLS, PROBE_CELLS]
    assert [len(record.seconds) for record in records] == [1, 1]
    assert records[0].median == pytest.approx(5.0 * 192)


def test_batched_contenders_are_timed_on_whole_batches():
    batched = Contestant("hooks, batched", 0.001, tokens=512)
    run(Contestant(OURS, 0.001), batched, seconds=1000.0)
    assert batched.orders[-1] == 32 * 3


def test_who_disagrees_and_who_fails_is_told():
    records = run(Contestant(OURS, 0.01), Contestant("nnsight, batched", 0.01, wrong=0.5),
                  Contestant("pyvene", 0.01, problem="KeyError: Gemma3 | it"), seconds=10.0)
    assert [record.agrees for record in records] == [True, False, True]
    assert records[1].worst == pytest.approx(0.5)
    assert records[2].median is None
    page = report.text(report.Run(machine(), races=[raced(records)]))
    assert "**disagrees: 5.0e-01**" in page
    assert "| failed |" in page
    assert "Failed: pyvene: KeyError: Gemma3 \\| it." in page


def test_a_number_that_is_none_does_not_agree():
    record = Record("s", "t", 4, "x", 1)
    cell = work.Cell("attn", 0)
    compare(record, {cell: math.nan}, {cell: 1.0}, 1e-3)
    assert not record.agrees
    other = Record("s", "t", 4, "x", 1)
    compare(other, {cell: 1.0}, {}, 1e-3)
    assert not other.agrees


def test_one_that_is_wrong_is_not_the_fastest():
    records = run(Contestant(OURS, 0.01), Contestant("nnsight, batched", 0.02, wrong=0.5),
                  Contestant(ONE_BY_ONE, 0.1), seconds=100.0)
    assert raced(records).lead == pytest.approx(10.0)
    assert raced(records).saved == pytest.approx(1.0)
    assert raced(records).share("square") == pytest.approx(970 / 1.92 / 1e9 / 100)


def test_the_page_keeps_its_own_text_and_the_json_has_every_number(tmp_path):
    page = tmp_path / "benchmarks.md"
    page.write_text(f"# Mine\n\n{report.START}old\n{report.END}\nafter\n", encoding="utf-8")
    records = run(Contestant(OURS, 0.01), Contestant(ONE_BY_ONE, 0.1), seconds=1000.0)
    written = report.Run(machine(), "--quick", {OURS: "neuronscope 1"}, [raced(records)],
                         {"gemma-3-4b": "there is no CUDA device on this machine"})
    for _ in range(2):
        report.write(page, written)
    text = page.read_text(encoding="utf-8")
    assert text.startswith("# Mine\n") and text.endswith("after\n") and "old" not in text
    assert text.count(report.START) == 1
    assert "1.92 s | 19.2 s (10.0×) \\* |" in text
    assert "Not run: there is no CUDA device" in text
    found = json.loads(page.with_suffix(".json").read_text(encoding="utf-8"))
    assert [each["median"] for each in found["records"]] == [1.92, 19.2]
    assert found["machine"] == machine() and found["options"] == "--quick"


def raced(records):
    return report.Race("gpt2-small", "residual", 16, "cpu", "float32",
                       {"square": 100.0, "model": 90.0}, records)


def machine():
    return {"date": "today", "version": "1", "commit": "abc", "processor": "some", "threads": 2,
            "gpu": "none", "system": "Linux", "python": "3", "torch": "2"}
