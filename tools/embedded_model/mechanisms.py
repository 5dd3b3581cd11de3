"""Measures where the embedded model does what, with NeuronScope itself, for its card.

Four questions: which heads carry induction, which carry indirect objects, where a fact's
subject is enriched, and where the answer reaches the last position. All numbers are
effects of interventions, on the prompts named beside them and no others.
"""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np

import neuronscope as ns

from . import evalsets, names_task
from .card import put_section

SEED = 11
FACT_PAIRS = (
    (("The Eiffel Tower is in", " Paris"), ("The Colosseum is in", " Rome")),
    (("The Brandenburg Gate is in", " Berlin"), ("The Trevi Fountain is in", " Rome")),
    (("The Prado Museum is in", " Madrid"), ("The Charles Bridge is in", " Prague")),
    (("The Taj Mahal is in", " Agra"), ("The Parthenon is in", " Athens")),
    (("The Space Needle is in", " Seattle"), ("The Bolshoi Theatre is in", " Moscow")),
    (("The Blue Mosque is in", " Istanbul"), ("The Forbidden City is in", " Beijing")),
)


def _mean(grids: list[ns.Grid], metric: str) -> np.ndarray:
    return np.mean([g.values[metric] for g in grids], axis=0)


def patch_map(model: ns.Model, site: str) -> np.ndarray:
    """Recovered logit difference, [layer, position], averaged over FACT_PAIRS.

    0 leaves the prompt's own answer, 1 gives the source prompt's.
    """
    grids = []
    for (prompt, answer), (source, foil) in FACT_PAIRS:
        sweep = ns.Sweep(
            prompt=prompt,
            op=ns.Patch(source_prompt=source),
            over=ns.Over(sites=(site,), layers="all", positions="all"),
            metrics=(ns.Recovered(of=ns.LogitDiff(answer=foil, foil=answer)),),
        )
        grids.append(model.sweep(sweep))
    return _mean(grids, "recovered")[0]


def head_effects(model: ns.Model, items: list[tuple[object, object]]) -> np.ndarray:
    """Change of the answer's log-probability when one head's output is zeroed, [layer, head]."""
    grids, clean = [], []
    for prompt, answer in items:
        metric = ns.LogProb(token=answer)
        over = ns.Over(sites=("z",), layers="all", heads="all")
        grid = model.sweep(ns.Sweep(prompt=prompt, op=ns.Zero(), over=over, metrics=(metric,)))
        grids.append(grid)
        clean.append(grid.clean("log_prob"))
    return _mean(grids, "log_prob")[0] - float(np.mean(clean))


def block_effects(model: ns.Model, items: list[tuple[object, object]]) -> np.ndarray:
    """The same for whole attention and MLP outputs, [site, layer]."""
    grids, clean = [], []
    for prompt, answer in items:
        over = ns.Over(sites=("attn_out", "mlp_out"), layers="all")
        metric = ns.LogProb(token=answer)
        grid = model.sweep(ns.Sweep(prompt=prompt, op=ns.Zero(), over=over, metrics=(metric,)))
        grids.append(grid)
        clean.append(grid.clean("log_prob"))
    return _mean(grids, "log_prob") - float(np.mean(clean))


def induction_items(model: ns.Model, count: int = 12) -> list[tuple[object, object]]:
    """Random blocks twice, cut inside the second copy; the next id is the answer."""
    rng = random.Random(SEED)
    pool = list(range(2, model.info.vocab))
    items = []
    for ids in evalsets.induction(pool, count, 20):
        cut = rng.randint(25, 36)
        items.append(([0, *ids[:cut]], ids[cut]))
    return items


def name_items(count: int = 12) -> list[tuple[object, object]]:
    items = []
    for order in ("ABBA", "BABA"):
        made = evalsets.indirect_object(count // 2, order, new_names=True, new_templates=True)
        items += [(i.prompt, i.answer) for i in made]
    return items


def _top_heads(effects: np.ndarray, count: int = 5) -> str:
    flat = [(effects[k], k) for k in np.ndindex(effects.shape)]
    rows = sorted(flat)[:count]
    return ", ".join(f"{layer}.{head} ({value:+.2f})" for value, (layer, head) in rows)


def _table(values: np.ndarray, head: list[str], digits: int = 2) -> str:
    lines = ["| layer | " + " | ".join(head) + " |", "| --- " * (len(head) + 1) + "|"]
    for layer, row in enumerate(values):
        lines.append(f"| {layer} | " + " | ".join(f"{v:.{digits}f}" for v in row) + " |")
    return "\n".join(lines)


def section(model: ns.Model) -> str:
    tokens = [t.text for t in model.tokens(FACT_PAIRS[0][0][0])]
    head = [t.strip().replace("|", "\\|") for t in tokens]
    facts = [(prompt, answer) for pair in FACT_PAIRS for prompt, answer in pair]
    blocks = block_effects(model, facts)
    parts = [
        f"Measured with NeuronScope on {len(FACT_PAIRS)} pairs of landmark prompts such as "
        f'"{FACT_PAIRS[0][0][0]}" and "{FACT_PAIRS[0][1][0]}", {len(name_items())} indirect-object '
        f"prompts (held-out names: {len(names_task.held_out_names())} in all; held-out templates) "
        "and 12 random repeats. They are effects of single interventions on these prompts; a "
        "component without an effect alone may still matter together with others.",
        "**Patching the residual stream** (`resid_pre`) from one landmark's prompt into another's: "
        "share of the logit difference that moves to the other city.",
        _table(patch_map(model, "resid_pre"), head),
        "**Patching what attention adds** (`attn_out`), the same measure.",
        _table(patch_map(model, "attn_out"), head),
        "**Patching what the MLP adds** (`mlp_out`), the same measure.",
        _table(patch_map(model, "mlp_out"), head),
        "**Zeroing a whole block at all positions**: change of the right city's log-probability, "
        "nats.",
        _table(blocks.T, ["attn_out", "mlp_out"]),
        "**Zeroing one head at all positions**: the five largest losses of log-probability, as "
        "layer.head (nats).",
        f"- landmarks: {_top_heads(head_effects(model, facts))}\n"
        f"- indirect object: {_top_heads(head_effects(model, name_items()))}\n"
        f"- induction: {_top_heads(head_effects(model, induction_items(model)))}",
    ]
    return "\n\n".join(parts)


def measure_mechanisms(folder: Path) -> None:
    model = ns.load(folder, device="cpu", dtype="float32")
    put_section(folder / "README.md", "mechanisms", section(model))
    print(f"wrote the mechanisms into {folder / 'README.md'}")
