"""Specs for the tiny Llama: right ones, nearly right ones, and wrecks of them, as bytes."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st

from tests.api.bad_input import CANARY
from tests.tiny import LONGER, PROMPT, SOURCE

Data = dict[str, Any]

LAYERS, HEADS, NEURONS, WIDTH, POSITIONS, TOKENS = 3, 4, 48, 32, 6, 96
"""Of the model, and of PROMPT and SOURCE with the token that begins a text."""
STREAM = ["resid_pre", "resid_mid", "resid_post", "attn_out", "mlp_out"]
HEADED = ["q", "k", "v", "z"]


@dataclass(frozen=True)
class Sent:
    """A spec: its kind, how it was made, and the bytes of its JSON."""

    kind: str
    made: str
    body: bytes


def index(size: int) -> st.SearchStrategy[Any]:
    """One index or several, from either end; none of them twice."""
    one = st.integers(-size, size - 1)
    several = st.lists(one, min_size=1, max_size=3, unique_by=lambda place: place % size)
    return st.one_of(one, several)


def optional(**fields: st.SearchStrategy[Any]) -> st.SearchStrategy[Data]:
    return st.fixed_dictionaries({}, optional=fields)


def both(*parts: st.SearchStrategy[Data]) -> st.SearchStrategy[Data]:
    """Objects with the fields of all parts."""
    return st.tuples(*parts).map(lambda found: {k: v for part in found for k, v in part.items()})


def fixed(**fields: Any) -> st.SearchStrategy[Data]:
    return st.fixed_dictionaries({name: value if isinstance(value, st.SearchStrategy)
                                  else st.just(value) for name, value in fields.items()})


LAYER, POSITION = optional(layer=index(LAYERS)), optional(position=index(POSITIONS))
TARGETS = st.one_of(
    both(fixed(site=st.sampled_from(["embed", "final_norm"])), POSITION),
    both(fixed(site=st.sampled_from(STREAM)), LAYER, POSITION),
    both(fixed(site=st.sampled_from(HEADED[1:3])), LAYER, POSITION, optional(head=index(2))),
    both(fixed(site=st.sampled_from(["q", "z"])), LAYER, POSITION, optional(head=index(HEADS))),
    both(fixed(site="pattern"), LAYER, POSITION, optional(head=index(HEADS), key=index(POSITIONS))),
    both(fixed(site="mlp_act"), LAYER, POSITION, optional(neuron=index(NEURONS))))
NUMBER = st.one_of(st.floats(-10, 10), st.integers(-3, 3),
                   st.sampled_from([0.0, -0.0, 5e-324, 1e300, -1e308]))
SEED = st.integers(0, 2**53 - 1)
TOKEN = st.one_of(st.integers(0, TOKENS - 1), st.sampled_from(["w3", "w95", "w26"]))
SAME_LENGTH = st.one_of(st.sampled_from([PROMPT, SOURCE]),
                        st.lists(st.integers(0, TOKENS - 1), min_size=POSITIONS,
                                 max_size=POSITIONS))
REFERENCE = fixed(prompts=st.lists(SAME_LENGTH, min_size=2, max_size=3))
DRAWS = optional(draws=st.integers(1, 2))
DIRECTION = st.one_of(fixed(kind="random", seed=SEED), fixed(kind="unembed", token=TOKEN),
                      fixed(kind="embed", token=TOKEN))
OPS = st.one_of(
    fixed(kind="zero"), fixed(kind="set", value=NUMBER), fixed(kind="scale", factor=NUMBER),
    both(fixed(kind="mean", reference=REFERENCE),
         optional(pool=st.sampled_from(["all_positions", "per_position"]))),
    fixed(kind="patch", source_prompt=SAME_LENGTH),
    both(fixed(kind="noise", sigma=st.floats(0.01, 5), seed=SEED), DRAWS),
    both(fixed(kind="resample", reference=REFERENCE, seed=SEED), DRAWS),
    both(fixed(kind="add", direction=DIRECTION),
         optional(scale=NUMBER, unit=st.sampled_from(["vector", "site_norm"]))))
EDITS = st.lists(fixed(target=TARGETS, op=OPS), max_size=3)
READ = optional(position=st.integers(-POSITIONS, POSITIONS - 1))
METRIC = st.one_of(
    both(fixed(kind=st.sampled_from(["kl", "js"])), READ),
    both(fixed(kind=st.sampled_from(["prob", "log_prob", "rank"]), token=TOKEN), READ),
    both(fixed(kind="logit_diff", answer=TOKEN, foil=TOKEN), READ))
SHARED = both(
    fixed(prompt=SAME_LENGTH, ordered=True),
    optional(metrics=st.lists(METRIC, min_size=1, max_size=2),
             read_position=st.integers(-POSITIONS, POSITIONS - 1),
             top_k=st.integers(1, TOKENS), model=st.sampled_from([None, "tiny"]),
             held=st.lists(fixed(target=TARGETS, op=OPS), max_size=1)))
SITES = st.one_of(st.lists(st.sampled_from(STREAM), min_size=1, max_size=3, unique=True),
                  st.sampled_from([["z"], ["q"], ["mlp_act"], ["pattern"]]))
AXIS = st.one_of(st.just("all"), st.lists(st.integers(0, LAYERS - 1), min_size=1, max_size=3,
                                          unique=True))
RUN = both(SHARED, optional(edits=EDITS))
SWEEP = both(SHARED, fixed(op=OPS, over=both(fixed(sites=SITES),
                                             optional(layers=AXIS, positions=AXIS))),
             optional(mode=st.sampled_from(["fast", "exact"])))
CAPTURE = both(fixed(prompt=SAME_LENGTH, targets=st.lists(TARGETS, min_size=1, max_size=3)),
               optional(edits=EDITS, ordered=st.just(True), tensors=st.booleans()))
KINDS = {"run": RUN, "sweep": SWEEP, "capture": CAPTURE}

NEAR = [-1, 0, 1, 2, 3, 4, 6, 7, 48, 49, 96, 97, 1001, -7, 0.5, -0.5, "all", "w3", "w3 w4", "",
        "embed", "z", "mlp_act", "pattern", "zero", "kl", "path", "recovered", "other", [], {},
        None, True, False, [0, 0], [0, -6], [[0, 0]], LONGER, [LONGER], "w3 " * 70,
        "sha256:" + "0" * 64]
FAR = ["9" * 30, "9" * 4000, "-9007199254740993", "1e999", "-1e999", "NaN", "Infinity", "1e308",
       "5e-324", "-0", "-0.0", '"\\ud800"', '"\\udc00\\ud800"', '"\\u0000"', '"\\uffff\\u202e"',
       "[" * 100 + "]" * 100, '{"a":' * 70 + "1" + "}" * 70, "[" * 60 + "]" * 60, '{"": 1}',
       f'"{CANARY}"', f'{{"{CANARY}": "{CANARY}"}}', f'["{CANARY}"]', '"' + "x" * 3000 + '"',
       "[" + "0," * 2000 + "0]", "01", "+1", "0x10", "1_000", "tru", "'a'", "", "/**/1", "1,",
       '{"a":1,"a":2}', "\ufeff1", '"\\x41"', '"\n"', "1e5", "1E+2", "1.0", "2.0000000000000001"]
"""JSON, or nearly JSON, to stand in the place of any value."""
MARK = "@here@"


def places(data: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The paths of all values in data, the whole of it left out."""
    members = (data.items() if isinstance(data, dict)
               else enumerate(data) if isinstance(data, list) else ())
    return [each for key, value in members
            for each in [(*path, key), *places(value, (*path, key))]]


def changed(data: Any, path: tuple[Any, ...], how: Any) -> Any:
    """A copy in which `how` was called with the holder and the key of a path."""
    copy = json.loads(json.dumps(data))
    holder = copy
    for key in path[:-1]:
        holder = holder[key]
    how(holder, path[-1])
    return copy


@st.composite
def near(draw: st.DrawFn) -> Sent:
    """A right spec with one value replaced, left out or added."""
    kind, data = draw(_right())
    path = draw(st.sampled_from(places(data)))
    match draw(st.sampled_from(["replace", "replace", "remove", "add"])):
        case "replace":
            value = draw(st.sampled_from(NEAR))
            data = changed(data, path, lambda holder, key: holder.__setitem__(key, value))
        case "remove":
            data = changed(data, path, lambda holder, key: holder.pop(key))
        case "add":
            name = draw(st.sampled_from(["layer", "head", "kind", "model", "extra", "over"]))
            data = changed(data, path, lambda holder, key: holder.update({name: 1})
                           if isinstance(holder, dict) else holder.append(1))
    return Sent(kind, "near", json.dumps(data).encode())


@st.composite
def wreck(draw: st.DrawFn) -> Sent:
    """A right spec with what is hardly JSON in it, or with bytes gone astray."""
    kind, data = draw(_right())
    path = draw(st.sampled_from(places(data)))
    match draw(st.sampled_from(["far", "far", "far", "twice", "cut", "flip", "repeat"])):
        case "far":
            text = draw(st.sampled_from(FAR))
            data = changed(data, path, lambda holder, key: holder.__setitem__(key, MARK))
            body = json.dumps(data).replace(f'"{MARK}"', text).encode("utf-8", "surrogatepass")
        case "twice":
            member = draw(st.sampled_from(sorted(data)))
            body = json.dumps(data).replace("{", f'{{"{member}": 1, ', 1).encode()
        case "cut":
            body = json.dumps(data).encode()
            body = body[:draw(st.integers(0, len(body) - 1))]
        case "flip":
            body = bytearray(json.dumps(data).encode())
            body[draw(st.integers(0, len(body) - 1))] = draw(st.integers(0, 255))
        case "repeat":
            body = json.dumps(data).encode()
            begin, end = sorted(draw(st.integers(0, len(body))) for _ in range(2))
            body = body[:end] + body[begin:]
    return Sent(kind, "wreck", bytes(body))


@st.composite
def _right(draw: st.DrawFn) -> tuple[str, Data]:
    kind = draw(st.sampled_from(sorted(KINDS)))
    return kind, draw(KINDS[kind])


RIGHT = _right().map(lambda made: Sent(made[0], "right", json.dumps(made[1]).encode()))
ANY = st.one_of(RIGHT, near(), near(), wreck(), wreck())


def turned(data: Any) -> Any:
    """The same data with the members of every object in the opposite order."""
    if isinstance(data, dict):
        return {key: turned(data[key]) for key in reversed(data)}
    return [turned(item) for item in data] if isinstance(data, list) else data
