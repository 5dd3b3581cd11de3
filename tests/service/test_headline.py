"""The line of a sweep in the history says where, and never more than its numbers."""

import pytest

from neuronscope.service.headline import headline_of
from neuronscope.spec.controls import Control, ControlValue
from neuronscope.spec.ops import Patch, Zero
from neuronscope.spec.results import GridData, MetricInfo, Token

WORDS = ("The", " Eiffel", " in")
CARRIED = {(0, 1): 0.9, (1, 1): 0.6, (1, 0): 0.4, (2, 2): 1.0, (3, 2): 1.0}


class _Swept:
    """What a headline reads of the spec."""

    def __init__(self, op):
        self.op = op


def stream(cells, *, op=None, controls=None, floor=1e-6):
    """Four layers at three words, 0 but for the cells given as (layer, position)."""
    values = [cells.get((layer, position), 0.0) for layer in range(4) for position in range(3)]
    full = Control(kind="full_patch", passed=True, metrics={"rec": ControlValue(found=1.0)})
    return GridData.model_construct(
        spec=_Swept(op or Patch(source_prompt="x")), dims=("site", "layer", "position"),
        coords={"site": ("resid_pre",), "layer": (0, 1, 2, 3), "position": (0, 1, 2)},
        tokens=tuple(Token(index=at, id=at, text=text) for at, text in enumerate(WORDS)),
        metrics={"kl": MetricInfo.model_construct(kind="kl", label="kl", unit="nats", clean=0.0,
                                                  floor=floor),
                 "rec": MetricInfo.model_construct(kind="recovered", label="recovered",
                                                   unit="fraction", clean=0.0, floor=floor)},
        values={"kl": [9.0] * 12, "rec": values}, top=[None] * 12,
        controls=(full,) if controls is None else controls)


def test_a_patched_stream_is_told_by_where_half_of_it_sits():
    assert headline_of(stream(CARRIED)) == (
        "half of the full patch or more at ␣Eiffel entering layers 0-1, "
        "␣in entering layers 2-3 (Recovered)")


def test_one_layer_is_one_layer():
    assert "␣in entering layer 3 (" in headline_of(stream({(3, 2): 0.5}))


def test_ties_are_named_as_ties():
    said = headline_of(stream(CARRIED, op=Zero()))
    assert said == ("most at stream into layer 2 at ␣in and at stream into layer 3 at ␣in: "
                    "Recovered 1")
    many = {(layer, 2): 1.0 for layer in range(4)}
    assert headline_of(stream(many, op=Zero())).startswith("most at 4 cells alike")


@pytest.mark.parametrize("cells", [{(2, 1): 0.3}, {(2, 1): -0.9}])
def test_where_no_cell_does_half_the_strongest_is_named(cells):
    assert headline_of(stream(cells)).startswith("most at stream into layer 2 at ␣Eiffel: ")


def test_without_a_full_patch_there_is_no_half_of_it():
    assert headline_of(stream(CARRIED, controls=())).startswith("most at ")


def test_noise_and_failed_controls_claim_nothing():
    assert headline_of(stream({(2, 1): 1e-8})) == "nothing moves Recovered above the noise floor"
    failed = Control(kind="self_patch", passed=False)
    assert headline_of(stream(CARRIED, controls=(failed,))) == "a control failed"
