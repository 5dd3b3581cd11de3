"""Cells that try a way of the fast path, and the plain forwards they are held against."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from neuronscope.engine.compile import Compiled
from neuronscope.engine.execute import in_order
from neuronscope.engine.prepare import Prepared
from neuronscope.engine.replay import largest_deviation, tolerance
from neuronscope.engine.resolve import Resolved, resolve
from neuronscope.errors import OutOfMemory, RunFailed, UnsupportedTarget
from neuronscope.hooks.tap import EditFn, Tapped, tap
from neuronscope.models.forward import forward
from neuronscope.models.host import LoadedModel
from neuronscope.models.text import probe_ids
from neuronscope.spec.experiments import Edit, Over, Sweep
from neuronscope.spec.models import SiteReport
from neuronscope.spec.ops import Path, Scale
from neuronscope.spec.target import SITES, Target

PROBE_ERRORS = (RuntimeError, TypeError, ValueError, AttributeError, IndexError, KeyError,
                MemoryError, RunFailed, OutOfMemory, UnsupportedTarget)
"""What a model's layers raise when they cannot be called one by one."""
ROWS = 48
"""Plain forwards that go in one batch."""
EARLY, LATE = 2, 4
"""Positions of the probe prompt at which cells edit."""


def probe(host: LoadedModel) -> Resolved:
    """The probe prompt as a resolved sweep, of which only prompt and reading count."""
    report = next(each for each in host.info.sites if each.certified)
    ids = tuple(probe_ids(host.info.vocab, torch.device("cpu"))[0].tolist())
    layers = {"layers": [report.layers[0]]} if "layer" in SITES[report.site].axes else {}
    return resolve(Sweep(prompt=ids, op=Scale(1.0), over=Over(sites=[report.site], **layers)),
                   host.info, host.tokenizer, vectors=host.vectors)


def cells_of_way(host: LoadedModel, way: str) -> list[Edit]:
    """The cells that prove a way; see stages."""
    kind, site = way.split() if " " in way else ("", way)
    report = next(each for each in host.info.sites if each.site == site)
    if not report.certified:
        return []
    if kind == "path":
        return _paths(host, report)
    layers = _kinds(host.layout.layers, report)
    op = Scale(0.5 if site == "pattern" else -1.0)
    if kind == "joint":
        if site == "embed":
            return []
        several = {"layer": tuple(layers)} if "layer" in SITES[site].axes else {}
        return [] if several and len(layers) < 2 else [
            Edit(Target(site, **several), op), Edit(Target(site, **several, position=LATE), op)]
    found = []
    for layer in layers if "layer" in SITES[site].axes else [None]:
        where = {} if layer is None else {"layer": layer}
        found += [Edit(Target(site, **where), op), Edit(Target(site, **where, position=LATE), op)]
        if "head" in SITES[site].axes and (heads := host.info.heads_of(site)):
            found += [Edit(Target(site, **where, head=head, position=EARLY), op)
                      for head in {0, heads - 1}]
    return found


def _paths(host: LoadedModel, report: SiteReport) -> list[Edit]:
    """Paths to the logits and to a later layer's stream, from the first layers of their kind."""
    whole = tuple(range(host.info.n_layers))
    sites = {each.site: each.layers for each in host.info.sites}
    if not all(each.carried for each in host.layout.branches):
        return []
    if sites["attn_out"] != whole or sites["mlp_out"] != whole or sites["resid_pre"] != whole:
        return []
    source = tuple(probe_ids(host.info.vocab, torch.device("cpu"))[0].flip(0).tolist())
    to = (Target("resid_pre", layer=(whole[-1],)),)
    return [Edit(Target(report.site, layer=layer), Path(source, to=receivers))
            for layer in _kinds(host.layout.layers, report)[:2] for receivers in (None, to)]


def _kinds(layers: Sequence[nn.Module], report: SiteReport) -> list[int]:
    """The first certified layer of each kind, and the last one."""
    kinds: dict[tuple, int] = {}
    for index in report.layers:
        kinds.setdefault(_kind(layers[index]), index)
    return sorted({*kinds.values(), *report.layers[-1:]})


def _kind(layer: nn.Module) -> tuple:
    """Classes, shapes and plain attributes of a layer: what tells a sliding from a full one."""
    shapes = tuple((name, tuple(each.shape)) for name, each in layer.named_parameters())
    plain = tuple((name, type(module).__name__, *sorted(
        (key, repr(value)) for key, value in vars(module).items()
        if isinstance(value, bool | int | float | str | None) and "idx" not in key
        and "layer" not in key.replace("layer_type", "") and not key.startswith("__")))
        for name, module in layer.named_modules())
    return shapes, plain


def alone(prepared: Prepared, edit: Edit) -> Tensor:
    """Logits [read, vocab] of a cell's own forward."""
    found = prepared.edited((edit,))
    return torch.cat([found[read].logits for read in prepared.reads])


def batched(prepared: Prepared, edits: Sequence[Edit], clean: Tensor) -> list[Tensor]:
    """The same of several cells, in batches of plain forwards under hooks.

    A last row of each batch is clean; where it lies too far from `clean`, a batch is not
    what its prompts are alone, and each cell gets a forward of its own. So do paths.
    """
    found: list[Tensor] = []
    for first in range(0, len(edits), ROWS):
        some = edits[first:first + ROWS]
        rows = None if any(isinstance(edit.op, Path) for edit in some) else _rows(prepared, some)
        if rows is None or not largest_deviation(rows[-1], clean) <= tolerance(prepared.host):
            found += [alone(prepared, edit) for edit in some]
        else:
            found += list(rows[:-1])
    return found


def _rows(prepared: Prepared, edits: Sequence[Edit]) -> Tensor:
    host = prepared.host
    by_key: dict[tuple[str, int | None], list[tuple[int, Compiled]]] = {}
    for row, edit in enumerate(edits):
        for each in prepared.compiled([edit]):
            by_key.setdefault(each.key, []).append((row, each))

    def on_rows(todo: list[tuple[int, Compiled]]) -> EditFn:
        def edit(value: Tensor) -> Tensor:
            new = value.clone()
            for row, compiled in todo:
                new[row:row + 1] = compiled(new[row:row + 1])
            return new
        return edit

    ids = torch.tensor([prepared.resolved.spec.prompt], device=host.device)
    with tap([Tapped(key, host.point(*key), (on_rows(by_key[key]),))
              for key in in_order(by_key)]):
        return forward(host.model, ids.expand(len(edits) + 1, -1), keep=prepared.reads)
