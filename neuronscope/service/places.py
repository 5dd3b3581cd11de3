"""Places in the model in words: `stream into layer 4 at ␣in`, `head 2 of layer 1`.

The page names places in the same form (frontend/src/lib/names.ts).
"""

from __future__ import annotations

from collections.abc import Sequence

from neuronscope.spec.experiments import Edit
from neuronscope.spec.ops import Path
from neuronscope.spec.results import Token
from neuronscope.spec.target import Target

WHOLE = {
    "embed": "token embeddings", "final_norm": "output of the final norm",
    "resid_pre": "stream into {layer}", "resid_mid": "stream inside {layer}",
    "resid_post": "stream out of {layer}", "attn_out": "attention of {layer}",
    "mlp_out": "MLP of {layer}", "z": "all heads of {layer}", "q": "queries of {layer}",
    "k": "keys of {layer}", "v": "values of {layer}", "pattern": "attention pattern of {layer}",
    "mlp_act": "all neurons of {layer}",
}
SWEPT = {
    "embed": "token embeddings", "final_norm": "output of the final norm",
    "resid_pre": "stream in", "resid_mid": "stream mid", "resid_post": "stream out",
    "attn_out": "attention", "mlp_out": "MLP", "z": "heads", "q": "queries", "k": "keys",
    "v": "values", "pattern": "attention patterns", "mlp_act": "neurons",
}
"""Of a sweep, which has no one layer."""
PARTS = {"z": "", "mlp_act": "", "q": "queries of ", "k": "keys of ", "v": "values of ",
         "pattern": "attention pattern of "}
KEY_VALUE = ("k", "v")
VERBS = {"add": "add to", "noise": "noise on", "mean": "mean at", "path": "path from"}
NAMED = 3
"""Words of a selection that are named before it is told by numbers."""

Chosen = int | tuple[int, ...] | None


def edit_text(edit: Edit, tokens: Sequence[Token]) -> str:
    """`zero attention of layer 3`, `path from head 2 of layer 1 to MLP of layer 5`."""
    text = f"{VERBS.get(edit.op.kind, edit.op.kind)} {place(edit.target, tokens)}"
    if not isinstance(edit.op, Path):
        return text
    ends = [place(each, tokens) for each in edit.op.to or ()]
    return f"{text} to {', '.join(ends) or 'the logits'}"


def place(target: Target, tokens: Sequence[Token]) -> str:
    """`head 2 of layer 1`, `stream into layer 4 at ␣in`; tokens: those of the prompt."""
    layer = "every layer" if target.layer is None else _counted("layer", target.layer)
    if target.head is not None:
        kind = "key-value head" if target.site in KEY_VALUE else "head"
        named = f"{PARTS[target.site]}{_counted(kind, target.head)} of {layer}"
    elif target.neuron is not None:
        named = f"{_counted('neuron', target.neuron)} of {layer}"
    else:
        named = WHOLE[target.site].format(layer=layer)
    if target.position is not None:
        named += f" at {words_at(target.position, tokens)}"
    return named if target.key is None else f"{named} reading {words_at(target.key, tokens)}"


def words_at(chosen: int | tuple[int, ...], tokens: Sequence[Token]) -> str:
    """`␣in`; with its position where the word is there more than once; many by number."""
    indices = _listed(chosen)
    if len(indices) > NAMED or not all(-len(tokens) <= each < len(tokens) for each in indices):
        return _counted("position", chosen)
    return ", ".join(_word(tokens[index], tokens) for index in indices)


def _word(token: Token, tokens: Sequence[Token]) -> str:
    alone = sum(each.text == token.text for each in tokens) == 1
    return visible(token.text) + ("" if alone else f" (position {token.index})")


def visible(text: str) -> str:
    """A token as one word: its white space and line breaks as signs."""
    return text.replace(" ", "␣").replace("\n", "⏎").replace("\t", "⇥").replace("\r", "␍")


def _listed(chosen: Chosen) -> tuple[int, ...]:
    return (chosen,) if isinstance(chosen, int) else chosen or ()


def _counted(what: str, chosen: Chosen) -> str:
    """`layer 3`, `layers 1, 2`, `layers 0-5`."""
    indices = _listed(chosen)
    parts: list[str] = []
    at = 0
    while at < len(indices):
        end = at
        while end + 1 < len(indices) and indices[end + 1] == indices[end] + 1:
            end += 1
        run = indices[at:end + 1]
        long = len(run) > 2 and run[0] >= 0
        parts += [f"{run[0]}-{run[-1]}"] if long else [str(each) for each in run]
        at = end + 1
    return f"{what}{'s' if len(indices) > 1 else ''} {', '.join(parts)}"
