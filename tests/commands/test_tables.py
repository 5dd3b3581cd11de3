"""What a sweep looks like in a terminal."""

from __future__ import annotations

import pytest

import neuronscope as ns
from neuronscope.commands.tables import sweep_lines
from tests import tiny


@pytest.fixture(scope="module")
def lines_of():
    model = ns.load(hf_model=tiny.build("llama"), tokenizer=tiny.tokenizer())

    def lines(op, metric, **over) -> list[str]:
        sweep = ns.Sweep(prompt=tiny.PROMPT, op=op, over=ns.Over(**over), metrics=[metric])
        return sweep_lines(model.sweep(sweep), width=200)
    return lines


def test_a_matrix_is_made_of_the_axes_that_vary(lines_of):
    lines = lines_of(ns.Zero(), ns.KL(), sites=["z"], layers="all", heads="all", positions=[-1])
    start = lines.index("-- site z, position 5:w26")
    assert lines[start + 1].split() == ["layer", "×", "head", "0", "1", "2", "3"]
    assert lines[start + 2 + tiny.N_LAYERS] == ""  # one block, and then how it was run
    assert lines[start + 3 + tiny.N_LAYERS].startswith("how: fast: at most")


def test_controls_are_told_with_what_they_must_give(lines_of):
    over = {"sites": ["resid_pre"], "layers": "all", "positions": [-1]}
    plain = lines_of(ns.Zero(), ns.KL(), **over)
    assert plain[-1] == "control: own values put back: nothing changes, as it must"
    patched = lines_of(ns.Patch(tiny.SOURCE), ns.Recovered(ns.Prob("w5")), **over)
    assert patched[-1] == ("control: whole stream of the source: the source's own answer, as it "
                           "must be (recovered prob w5 1)")
    added = lines_of(ns.Add(ns.ops.Random(seed=1), scale=9.0), ns.KL(), **over)
    assert added[-1].startswith("control: random directions of the same norm: kl ")
    assert " over 8, at site" not in added[-1] and " over 8, at resid_pre, layer " in added[-1]


def test_a_failed_control_says_to_distrust_the_grid(lines_of):
    from neuronscope.commands.controls import WARNING, told
    from neuronscope.spec.controls import Control, ControlValue

    model = ns.load(hf_model=tiny.build("llama"), tokenizer=tiny.tokenizer())
    grid = model.sweep(ns.Sweep(prompt=tiny.PROMPT, op=ns.Zero(), over=ns.Over(sites=["z"])))
    failed = Control(kind="self_patch", passed=False, metrics={"kl": ControlValue(found=0.2)})
    assert told(failed, grid) == f"own values put back: kl changes by 0.2, {WARNING}"


def test_what_a_pattern_reads_is_named_by_its_token(lines_of):
    lines = lines_of(ns.Zero(), ns.KL(), sites=["pattern"], layers=[1], heads=[0], positions=[2, 4],
                     keys=[0, 2])
    assert lines[4].split() == ["position", "×", "key", "0:<bos>", "2:w14"]
    assert [line.split()[0] for line in lines[5:7]] == ["2:w14", "4:w9"]


def test_the_spread_of_draws_is_told(lines_of):
    lines = lines_of(ns.Noise(2.0, seed=0, draws=3), ns.KL(), sites=["resid_pre"], layers="all")
    assert any(line.startswith("standard deviation between draws: ") for line in lines)


def test_cells_without_a_value_say_why(lines_of):
    same = ns.Patch(tiny.PROMPT)
    lines = lines_of(same, ns.Recovered(ns.Prob("w5")), sites=["attn_out"], layers="all")
    assert f"– undefined: {tiny.N_LAYERS} cells" in lines
