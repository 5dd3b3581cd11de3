"""A grid as a file of arrays is the grid, to the last bit and the last reason why not.

    python -m tests.spec.test_gridfile      writes the sample that the page's own test reads
"""

from __future__ import annotations

import base64
import json
import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.numpy import load

from neuronscope.engine.assemble import with_plain
from neuronscope.spec.experiments import Over, Sweep
from neuronscope.spec.gridfile import STATUSES, packed, unpacked
from neuronscope.spec.metrics import KL, Prob
from neuronscope.spec.ops import Zero
from neuronscope.spec.results import Cell, GridData, MetricInfo, ModelRef, Readout, TokenScore

SHAPE = (3, 4)
FLOATS = st.floats(allow_nan=False, allow_infinity=False)
KEYS = ("kl", "prob:311")


def head(draws: int = 1) -> GridData:
    return GridData(
        spec_hash="a" * 64, resolved={"x": 0.1}, tokens=(), dims=("layer", "position"),
        spec=Sweep(prompt="a b", op=Zero(), metrics=[KL(), Prob("x")],
                   over=Over(sites=["resid_pre"], layers="all", positions="all")),
        model=ModelRef(id="m", architecture="a", model_digest="d", tokenizer_digest="t",
                       dtype="float32", attention="eager"),
        coords={"layer": tuple(range(SHAPE[0])), "position": tuple(range(SHAPE[1]))},
        metrics={key: MetricInfo(kind=key.split(":")[0], label=key, unit="", clean=0.5)
                 for key in KEYS},
        values={}, status={}, top=[], errors={}, draws=draws,
        spread={key: [] for key in KEYS} if draws > 1 else {}, clean=Readout(position=1, top=()),
        complete=False, execution="exact", environment={}, started_at="", duration_s=0.1)


@st.composite
def cells(draw) -> list[Cell]:
    """Some of the cells, in the order of their indices, of every status."""
    found = []
    for index in sorted(draw(st.sets(st.integers(0, 11)))):
        if draw(st.booleans()):
            found.append(Cell(index=index, values=dict.fromkeys(KEYS), error="out of memory ü",
                              status=dict.fromkeys(KEYS, "failed")))
            continue
        values = {key: draw(st.none() | FLOATS) for key in KEYS}
        status = {key: "ok" if value is not None else draw(
            st.sampled_from(["undefined", "non_finite"])) for key, value in values.items()}
        top = draw(st.none() | st.builds(
            TokenScore, id=st.integers(0, 2**31 - 1), token=st.sampled_from(["a", "ü\n", "", "💡"]),
            logit=st.none() | FLOATS, prob=FLOATS))
        spread = {key: draw(st.none() | FLOATS) for key in KEYS}
        found.append(Cell(index=index, values=values, status=status, top=top, spread=spread))
    return found


def grid(found: list[Cell], draws: int) -> GridData:
    return with_plain(head(draws), math.prod(SHAPE), [json.loads(
        cell.model_dump_json(exclude_defaults=True)) for cell in found], duration_s=0.25)


@settings(max_examples=60, deadline=None)
@given(cells(), st.sampled_from([1, 3]))
def test_every_value_and_every_status_survives(found, draws):
    data = grid(found, draws)
    for cell in found:  # the grid itself is its cells
        assert all(data.values[key][cell.index] == cell.values[key]
                   and data.status[key][cell.index] == cell.status[key] for key in KEYS)
        assert data.top[cell.index] == cell.top
        assert data.errors.get(str(cell.index)) == cell.error
    assert data.status["kl"].count("pending") == 12 - len(found)
    again = unpacked(packed(data))
    assert again == data
    assert again.model_dump_json() == data.model_dump_json()  # −0.0 and every last digit


def test_other_programs_read_it_and_float32_is_rounded():
    data = grid([Cell(index=n, values={"kl": 0.1 * n, "prob:311": None},
                      status={"kl": "ok", "prob:311": "undefined"}) for n in range(5)], 1)
    wide, narrow = load(packed(data)), load(packed(data, "float32"))
    assert wide["values.kl"].shape == SHAPE and wide["values.kl"].dtype == np.float64
    assert narrow["values.kl"].dtype == np.float32 and narrow["top.id"].dtype == np.int32
    assert np.array_equal(narrow["values.kl"], wide["values.kl"].astype("f4"), equal_nan=True)
    assert wide["values.kl"].ravel()[:5].tolist() == data.values["kl"][:5]
    assert np.isnan(wide["values.kl"].ravel()[5:]).all()
    assert [STATUSES[code] for code in wide["status.kl"].ravel()] == data.status["kl"]
    assert wide["top.id"].ravel().tolist() == [-1] * 12


def test_a_value_beyond_float32_is_infinite_there_and_exact_in_float64():
    data = grid([Cell(index=0, values={"kl": 1e300, "prob:311": 0.5},
                      status=dict.fromkeys(KEYS, "ok"))], 1)
    assert load(packed(data, "float32"))["values.kl"].ravel()[0] == np.inf
    assert unpacked(packed(data)).values["kl"][0] == 1e300


def test_a_cell_that_lacks_a_metric_is_refused():
    with pytest.raises(KeyError):
        with_plain(head(), 12, [{"index": 0, "values": {}, "status": {}}], duration_s=0.0)


SAMPLE = Path(__file__).parents[2] / "frontend" / "src" / "api" / "arrays.sample.json"


def sample() -> str:
    """A grid with every kind of cell, as a file and as JSON, for the page's reader."""
    top = TokenScore(id=7, token="ü💡", logit=None, prob=0.1)
    found = [Cell(index=0, values={"kl": 1e300, "prob:311": 0.1}, top=top,
                  status=dict.fromkeys(KEYS, "ok"), spread={"kl": 0.25, "prob:311": None}),
             Cell(index=1, values={"kl": -0.0, "prob:311": None}, spread={},
                  status={"kl": "ok", "prob:311": "undefined"}),
             Cell(index=5, values=dict.fromkeys(KEYS), error="out of memory", spread={},
                  status=dict.fromkeys(KEYS, "failed"))]
    data = grid(found, draws=3)
    text = json.dumps({"file": base64.b64encode(packed(data)).decode(),
                       "grid": data.model_dump_json()}, indent=2, ensure_ascii=False)
    return text + "\n"


def test_the_pages_reader_is_tested_with_what_the_server_packs():
    assert SAMPLE.read_text(encoding="utf-8") == sample(), "python -m tests.spec.test_gridfile"


if __name__ == "__main__":
    SAMPLE.write_text(sample(), encoding="utf-8")
