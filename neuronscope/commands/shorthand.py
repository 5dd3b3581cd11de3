"""Short forms of the command line as plain spec data.

    TARGET     mlp_out.0   z.5.2@-1   mlp_act.3.17,18@2   resid_pre.3@-1   embed@1
               site, layer, head or neuron, then positions after an @; commas make lists
    DIRECTION  token: Paris   random:0   values:FILE.json
    METRIC     kl   js   prob: Paris   log_prob: Paris   rank: Paris
               logit_diff: Paris, Rome   recovered:prob: Paris

Words after a colon are taken as they stand, leading space included.
"""

from __future__ import annotations

import argparse
from typing import Any

from neuronscope.commands.common import read_spec
from neuronscope.errors import InvalidInput, MissingSource
from neuronscope.spec.target import SITES, from_alias

Data = dict[str, Any]

TOKEN_METRICS = ("prob", "log_prob", "rank")


def add_ops(parser: argparse.ArgumentParser) -> None:
    """The arguments that several kinds of edit share."""
    parser.add_argument("--reference", action="append", metavar="PROMPT",
                        help="a prompt of the set that --mean is taken over (repeat it)")
    parser.add_argument("--scale", type=float, default=1.0, help="what --add multiplies with")
    parser.add_argument("--unit", choices=("vector", "site_norm"), default="vector",
                        help="what --scale counts in")
    parser.add_argument("--map", action="append", metavar="HERE=THERE", dest="pairs",
                        help="a position here and its position in the source prompt (repeat it)")
    parser.add_argument("--metric", action="append", metavar="METRIC",
                        help="kl, js, prob: TOKEN, log_prob: TOKEN, rank: TOKEN, "
                             "logit_diff: A, B, recovered:METRIC (repeat it; default kl)")
    parser.add_argument("--read", type=int, default=-1, metavar="POSITION",
                        help="where the next token is read (default -1, the last)")


def target(text: str) -> Data:
    """A target's data. Raises: InvalidInput."""
    place, _, positions = text.partition("@")
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
    if positions:
        data["position"] = indices(positions)
    return data


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
    if kind in ("kl", "js") and not rest:
        return {"kind": kind}
    if kind in TOKEN_METRICS and rest:
        return {"kind": kind, "token": rest}
    if kind == "logit_diff" and "," in rest:
        answer, foil = rest.split(",", maxsplit=1)
        return {"kind": kind, "answer": answer, "foil": foil}
    if kind == "recovered" and rest:
        return {"kind": kind, "of": metric(rest)}
    raise InvalidInput(f"{text!r} is not a metric.",
                       hint="Write kl, js, prob: Paris, log_prob: Paris, rank: Paris, "
                            "logit_diff: Paris, Rome or recovered:prob: Paris.")


def direction(text: str) -> Data:
    """A direction's data. Raises: InvalidInput and the errors of reading the file."""
    kind, _, rest = text.partition(":")
    if kind == "token" and rest:
        return {"kind": "unembed", "token": rest}
    if kind == "random" and rest.isdecimal():
        return {"kind": "random", "seed": int(rest)}
    if kind == "values" and rest:
        return {"kind": "values", "values": read_spec(rest)}
    raise InvalidInput(f"{text!r} is not a direction.",
                       hint="Write token: Paris, random:0 or values:FILE.json.")


def op(kind: str, value: str | None, arguments: argparse.Namespace) -> Data:
    """An operation's data; `value` is what follows the target. Raises: InvalidInput."""
    match kind:
        case "mean":
            if not arguments.reference:
                raise MissingSource("--mean needs the prompts it is taken over.",
                                    hint="Add --reference PROMPT, once for each.")
            return {"kind": "mean", "reference": {"prompts": arguments.reference}}
        case "patch":
            data: Data = {"kind": "patch", "source_prompt": value}
            if arguments.pairs:
                data["positions"] = [_pair(text) for text in arguments.pairs]
            return data
        case "add":
            return {"kind": "add", "direction": direction(value or ""),
                    "scale": arguments.scale, "unit": arguments.unit}
        case _:
            return {"kind": kind}


def shared(arguments: argparse.Namespace) -> Data:
    """The fields that a run and a sweep have in common."""
    data: Data = {"read_position": arguments.read}
    if arguments.metric:
        data["metrics"] = [metric(text) for text in arguments.metric]
    return data


def split_edit(text: str, kind: str, needs: str) -> tuple[str, str]:
    """`TARGET=REST` in two. Raises: InvalidInput."""
    place, found, rest = text.partition("=")
    if not found or not rest:
        raise InvalidInput(f"--{kind} {text!r} lacks what comes after the target.",
                           hint=f'Write --{kind} "{place or "resid_pre.3@-1"}={needs}".')
    return place, rest


def _pair(text: str) -> list[int]:
    here, _, there = text.partition("=")
    try:
        return [int(here), int(there)]
    except ValueError:
        raise InvalidInput(f"{text!r} is not a pair of positions.",
                           hint="Write --map 2=1.") from None
