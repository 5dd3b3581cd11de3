"""Short forms of the command line as plain spec data.

    TARGET     mlp_out.0   z.5.2@-1   mlp_act.3.17,18@2   resid_pre.3@-1   embed@1
               site, layer, head or neuron, then positions after an @; commas make lists.
               pattern.5.2@-1/0 adds, after a /, the positions that are read (@*: all)
    DIRECTION  token: Paris   embed: Paris   random:0   values:FILE.json
               stored:SHA256   stored:SHA256:ROW   and before any of them 4* to scale it
    METRIC     kl   js   prob: Paris   log_prob: Paris   rank: Paris
               logit_diff: Paris, Rome   recovered:prob: Paris   prob@3: Paris (read at 3)

Words after a colon are taken as they stand, leading space included.
"""

from __future__ import annotations

import argparse
import re
from typing import Any

from neuronscope.commands.common import read_spec
from neuronscope.errors import InvalidInput, MissingSource
from neuronscope.spec.target import SITES, from_alias

Data = dict[str, Any]

TOKEN_METRICS = ("prob", "log_prob", "rank")

NEEDS = {"patch": "SOURCE PROMPT", "path": "SOURCE PROMPT", "add": "token: Paris",
         "noise": "3", "scale": "0.5", "set": "0"}
"""Edits that need something after the target, with an example of it."""

HELP = {
    "zero": "entries become 0",
    "set": "entries become VALUE",
    "scale": "entries are multiplied by FACTOR",
    "mean": "entries become their mean over the --reference prompts",
    "patch": "entries come from a run on another prompt",
    "resample": "entries come from a --reference prompt, drawn by --seed",
    "add": "a direction is added",
    "noise": "Gaussian noise of SIGMA embedding deviations is added, drawn by --seed",
    "path": "entries come from another prompt along one path, see --to and --through",
}
VALUES = {"set": "VALUE", "scale": "FACTOR", "patch": "SOURCE_PROMPT", "add": "DIRECTION",
          "noise": "SIGMA", "path": "SOURCE_PROMPT"}


def add_ops(parser: argparse.ArgumentParser) -> None:
    """The arguments that several kinds of edit share."""
    parser.add_argument("--reference", action="append", metavar="PROMPT",
                        help="a prompt of the set of --mean or --resample (repeat it)")
    parser.add_argument("--pool", choices=("all_positions", "per_position"),
                        default="all_positions", help="what --mean is taken over")
    parser.add_argument("--unit", choices=("vector", "site_norm"), default="vector",
                        help="what the factor of --add counts in")
    parser.add_argument("--map", action="append", metavar="HERE=THERE", dest="pairs",
                        help="a position here and its position in the source prompt (repeat it)")
    parser.add_argument("--seed", type=int, default=0, help="of --noise and --resample (default 0)")
    parser.add_argument("--draws", type=int, default=1, metavar="N",
                        help="how often --noise or --resample is drawn; metrics are averaged")
    parser.add_argument("--to", action="append", metavar="TARGET",
                        help="a receiver of --path (repeat it; default the logits)")
    parser.add_argument("--through", choices=("nothing", "mlps"), default="nothing",
                        help="what --path may lead through")
    parser.add_argument("--hold", action="append", default=[], metavar='"KIND TARGET[=…]"',
                        help='an edit that applies in the clean run too: --hold "zero mlp_out.0"')
    parser.add_argument("--ordered", action="store_true",
                        help="edits may select the same entries, and apply as listed")
    parser.add_argument("--metric", action="append", metavar="METRIC",
                        help="kl, js, prob: TOKEN, log_prob: TOKEN, rank: TOKEN, "
                             "logit_diff: A, B, recovered:METRIC (repeat it; default kl)")
    parser.add_argument("--read", type=int, default=-1, metavar="POSITION",
                        help="where the next token is read (default -1, the last)")


def target(text: str) -> Data:
    """A target's data. Raises: InvalidInput."""
    place, _, within_prompt = text.partition("@")
    positions, _, keys = within_prompt.partition("/")
    alias = from_alias(place)
    site, *rest = [place] if alias else place.split(".")
    data: Data = {"site": site}
    axes = SITES[alias[0] if alias else site].axes if alias or site in SITES else ()
    within = [axis for axis in ("layer", "head", "neuron") if axis in axes]
    if len(rest) > len(within) and axes:
        raise InvalidInput(f"{text!r} has more parts than {site} has axes.",
                           hint=f"Write {'.'.join([site, *(axis.upper() for axis in within)])}, "
                                "then @ and positions.")
    data |= {axis: indices(part) for axis, part in zip(within, rest, strict=False)}
    if positions and (positions != "*" or not keys):
        data["position"] = indices(positions)
    return data | ({"key": indices(keys)} if keys else {})


def indices(text: str) -> int | list[int]:
    """`3` or `1,2,-1`. Raises: InvalidInput."""
    try:
        found = [int(part) for part in text.split(",")]
    except ValueError:
        raise InvalidInput(f"{text!r} is not an index or a list of indices.",
                           hint="Write 3, or 0,2,-1.") from None
    return found[0] if len(found) == 1 else found


def metric(text: str) -> Data:
    """A metric's data. Raises: InvalidInput."""
    kind, _, rest = text.partition(":")
    kind, _, read = kind.partition("@")
    place: Data = {"position": _number(int, read)} if read else {}
    if kind in ("kl", "js") and not rest:
        return {"kind": kind} | place
    if kind in TOKEN_METRICS and rest:
        return {"kind": kind, "token": rest} | place
    if kind == "logit_diff" and "," in rest:
        answer, foil = rest.split(",", maxsplit=1)
        return {"kind": kind, "answer": answer, "foil": foil} | place
    if kind == "recovered" and rest:
        return {"kind": kind, "of": metric(rest)} | place
    raise InvalidInput(f"{text!r} is not a metric.",
                       hint="Write kl, js, prob: Paris, log_prob: Paris, rank: Paris, "
                            "logit_diff: Paris, Rome or recovered:prob: Paris.")


def direction(text: str) -> Data:
    """A direction's data. Raises: InvalidInput and the errors of reading the file."""
    kind, _, rest = text.partition(":")
    if kind == "token" and rest:
        return {"kind": "unembed", "token": rest}
    if kind == "embed" and rest:
        return {"kind": "embed", "token": rest}
    if kind == "random" and rest.isdecimal():
        return {"kind": "random", "seed": int(rest)}
    if kind == "values" and rest:
        return {"kind": "values", "values": read_spec(rest)}
    if kind == "stored" and rest:
        sha, _, row = rest.partition(":")
        return {"kind": "stored", "sha256": sha} | ({"row": _number(int, row)} if row else {})
    raise InvalidInput(f"{text!r} is not a direction.",
                       hint="Write token: Paris, embed: Paris, random:0, values:FILE.json or "
                            "stored:SHA256.")


def op(kind: str, value: str | None, arguments: argparse.Namespace) -> Data:
    """An operation's data; `value` is what follows the target. Raises: InvalidInput."""
    more: Data = {}
    match kind:
        case "mean":
            more = {"reference": _reference(kind, arguments), "pool": arguments.pool}
        case "resample":
            more = {"reference": _reference(kind, arguments)}
        case "patch":
            more = {"source_prompt": value}
            if arguments.pairs:
                more["positions"] = [_pair(text) for text in arguments.pairs]
        case "path":
            more = {"source_prompt": value, "through": arguments.through}
            if arguments.to:
                more["to"] = [target(text) for text in arguments.to]
        case "add":
            factor, plain = _factor(value or "")
            more = {"direction": direction(plain), "scale": factor, "unit": arguments.unit}
        case "noise" | "scale" | "set":
            name = {"noise": "sigma", "scale": "factor", "set": "value"}[kind]
            more = {name: _number(float, value)}
    if kind in ("noise", "resample"):
        more |= {"seed": arguments.seed, "draws": arguments.draws}
    return {"kind": kind} | more


def edit(kind: str, text: str, arguments: argparse.Namespace) -> Data:
    """An edit's data from `TARGET`, or `TARGET=REST` where its kind needs more.

    Raises: InvalidInput.
    """
    rest = None
    if kind in NEEDS:
        text, rest = split_edit(text, kind, NEEDS[kind])
    return {"target": target(text), "op": op(kind, rest, arguments)}


def shared(arguments: argparse.Namespace) -> Data:
    """The fields that a run and a sweep have in common."""
    data: Data = {"read_position": arguments.read, "ordered": arguments.ordered,
                  "held": [_held(text, arguments) for text in arguments.hold]}
    if arguments.metric:
        data["metrics"] = [metric(text) for text in arguments.metric]
    return data


def _held(text: str, arguments: argparse.Namespace) -> Data:
    kind, _, rest = text.partition(" ")
    if kind not in HELP or not rest:
        raise InvalidInput(f"--hold {text!r} is not an edit.",
                           hint='Write --hold "zero mlp_out.0" or --hold "set mlp_act.3.17=0".')
    return edit(kind, rest, arguments)


def _reference(kind: str, arguments: argparse.Namespace) -> Data:
    if not arguments.reference:
        raise MissingSource(f"--{kind} needs the prompts that it is taken from.",
                            hint="Add --reference PROMPT, once for each.")
    return {"prompts": arguments.reference}


def _factor(text: str) -> tuple[float, str]:
    """`4*random:0` in two; the factor is 1 where none is given."""
    found = re.match(r"([-+]?[0-9.]+(?:[eE][-+]?[0-9]+)?)\*", text)
    return (_number(float, found[1]), text[found.end():]) if found else (1.0, text)


def _number(kind: type, text: str | None) -> Any:
    """An int or a float. Raises: InvalidInput."""
    try:
        return kind(text)
    except (ValueError, TypeError):
        raise InvalidInput(f"{text!r} is not a number here.",
                           hint="Write 3." if kind is int else "Write 0.5.") from None


def split_edit(text: str, kind: str, needs: str) -> tuple[str, str]:
    """`TARGET=REST` in two. Raises: InvalidInput."""
    place, found, rest = text.partition("=")
    if not found or not rest:
        raise InvalidInput(f"{kind} {text!r} lacks what comes after the target.",
                           hint=f'Write "{place or "resid_pre.3@-1"}={needs}".')
    return place, rest


def _pair(text: str) -> list[int]:
    here, _, there = text.partition("=")
    try:
        return [int(here), int(there)]
    except ValueError:
        raise InvalidInput(f"{text!r} is not a pair of positions.",
                           hint="Write --map 2=1.") from None
