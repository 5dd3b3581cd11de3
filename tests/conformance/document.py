"""The page docs/architectures.md: its table and counts follow from expected.json."""

from __future__ import annotations

import re
from collections import Counter
from typing import Any

from tests.conformance.verdict import Verdict
from tests.conformance.zoo import IMAGE_TEXT
from tests.house.files import ROOT

PAGE = ROOT / "docs" / "architectures.md"
BEGIN, END = "<!-- generated -->", "<!-- end of what is generated -->"

CORE = ("resid_pre", "resid_post", "attn_out", "mlp_out", "z", "mlp_act")
COLUMNS = {"residual": ("resid_pre", "resid_post"), "attn_out": ("attn_out",),
           "mlp_out": ("mlp_out",), "z": ("z",), "mlp_act": ("mlp_act",), "q k v": ("q", "k", "v"),
           "pattern": ("pattern",)}

ABSENT = (
    "(parallel block)",
    "the neurons of a mixture of experts are spread over its experts",
    "computes no softmax attention, so its columns are not heads",
    "(post-norm): what a branch gives is not what the stream changes by",
    "adds to a normalised copy of the stream",
    "the stream and what is added to it go through",
    "this layer has no MLP",
    "this layer has no attention",
    "this layer has one branch",
    "no softmax attention was seen in this layer",
    "residual streams, and its layers spread what a branch gives over them",
    "each layer normalises what leaves it",
    "a part of which all heads share",
)
"""Reasons, by a part of them, that say that the architecture has no such thing."""
MISSED = (
    "this layer does not call transformers' attention functions",
    "no one module gives the ",
    "no single norm was found between the last layer and the output embedding",
    "zeroing one of its heads changes what attention reads as another's",
    "the configuration does not tell the number of heads",
    "the layer computes attention 2 times",
    "the layer's change of the residual stream is not the sum",
    "the stream behind attention is not the layer's input and what attention adds alone",
    "not one linear map that gives its output",
    "an identity edit changes the logits",
    "2 attention modules, each of which adds to the stream by itself",
    "its output is not its probabilities times its values",
    "heads of it here, and",
    "is not added to the stream",
    "the layer adds a bias of its own",
    "the last norm is part of the output head",
    "no module that runs once in the layer gives the ",
    "times a factor of each head and query that they do not tell",
    "query heads read its heads in turn",
    "what the output embedding reads is no norm's output",
    "the model changes the stream between this layer and the next",
    "the projection is not given one vector per position",
    "that attention reads are another layer's",
    "the columns of the projection's input are not the heads that attention gives",
    "is one module with others of the model and is run",
    "changes what other heads of attention give (as through a mask that is made of it)",
    "an edit of it changes the ",
)
"""Reasons, by a part of them, of what the architecture has and NeuronScope does not offer."""


def page(text: str, data: dict[str, Any]) -> str:
    """The page with its generated part made anew."""
    before, rest = text.split(BEGIN, 1)
    return f"{before}{BEGIN}\n\n{generated(data)}\n{END}{rest.split(END, 1)[1]}"


def generated(data: dict[str, Any]) -> str:
    types: dict[str, Verdict] = data["types"]
    reasons = sorted({each for verdict in types.values() for each in reasons_of(verdict)})
    number = {reason: place for place, reason in enumerate(reasons, 1)}
    head = ["type", "class", "layers", *COLUMNS, "notes"]
    table = [f"| {' | '.join(head)} |", f"|{' --- |' * len(head)}"]
    table += [_row(name, verdict, number) for name, verdict in types.items()
              if "class" in verdict]
    told = [counts(data), "", *table, "", "### Notes", ""]
    told += [f"{place}. {reason}" for reason, place in number.items()]
    told += ["", "### Refused", "", "| type | reason |", "| --- | --- |"]
    told += [f"| {_shown(name)} | {_cell(verdict['refused'])} |"
             for name, verdict in types.items() if "refused" in verdict]
    told += ["", "### Not built", "", "| type | reason |", "| --- | --- |"]
    told += [f"| {_shown(name)} | {_cell(verdict['unbuilt'])} |"
             for name, verdict in types.items() if "unbuilt" in verdict]
    return "\n".join([*told, ""])


def counts(data: dict[str, Any]) -> str:
    """The totals, by `standing`."""
    types = data["types"]
    found = Counter(standing(verdict) for verdict in types.values())
    built = len(types) - found["unbuilt"]
    text = sum(not name.endswith(IMAGE_TEXT) for name in types)
    full = found["whole"] + found["own"]
    return (f"transformers {data['versions']['transformers']} has {len(types)} types: {text} "
            f"causal and {len(types) - text} of images and text. **{built} of them can be built. "
            f"{found['refused']} are refused, as no causal language models of text alone or for "
            f"another reason below. Of the {built - found['refused']} others {full} are "
            f"supported fully ({full / (built - found['refused']):.1%}; of all that can be built "
            f"{full / built:.1%}): {found['whole']} with "
            f"all six sites at every layer, {found['own']} with all that the architecture has. "
            f"{found['partly']} are supported partly.**")


def standing(verdict: Verdict) -> str:
    """unbuilt, refused, whole, own, or partly.

    whole: each of CORE is certified at every layer. own: every reason that is given where
    one is not says that the architecture has no such thing there (ABSENT).
    """
    if "class" not in verdict:
        return next(iter(verdict))
    lacking = [reason for site in CORE for _, reason in verdict["lacking"].get(site, ())]
    return "whole" if not lacking else "own" if all(map(absent, lacking)) else "partly"


def absent(reason: str) -> bool:
    """Whether a reason says that the architecture has no such thing."""
    return any(part in reason for part in ABSENT)


def reasons_of(verdict: Verdict) -> list[str]:
    """Every reason for which a site is refused, by layer."""
    return [reason for refusals in verdict.get("lacking", {}).values() for _, reason in refusals]


def _row(name: str, verdict: Verdict, number: dict[str, int]) -> str:
    lacking, layers = verdict["lacking"], verdict["layers"]
    cells = []
    for sites in COLUMNS.values():
        here = [_standing_of(lacking.get(site, ()), layers) for site in sites]
        cells.append(" ".join(here if len(set(here)) > 1 else here[:1]))
    notes = [f"{site} {', '.join(str(number[reason]) for _, reason in refusals)}"
             for site, refusals in lacking.items()]
    return (f"| {_shown(name)} | {verdict['class']} | {layers} | {' | '.join(cells)} "
            f"| {'; '.join(notes)} |")


def _standing_of(refusals: list, layers: int) -> str:
    if not refusals:
        return "all"
    left = layers - sum(len(where) for where, _ in refusals)
    if refusals[0][0] and left:
        return f"{left}/{layers}"
    return "–" if all(absent(reason) for _, reason in refusals) else "no"


def _shown(name: str) -> str:
    return f"{name.removesuffix(IMAGE_TEXT)} (image-text)" if name.endswith(IMAGE_TEXT) else name


def _cell(text: str) -> str:
    return re.sub(r"\s+", " ", text).replace("|", "\\|")
