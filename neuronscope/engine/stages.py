"""Which ways of the fast path are proven on a model: compared with plain forwards.

A way is what cells of one site take: by themselves, over several layers ("joint"), or as
senders of a path ("path"). A few cells of each way, at a layer of every kind that the model
has, go along it on the probe prompt and must give the logits of forwards of their own. A way
that does not is left out of sweeps, and only that one.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

import torch
from torch import Tensor

from neuronscope.engine.attended import INNER_SITES
from neuronscope.engine.budget import plan_budget
from neuronscope.engine.entries import BRANCH_SITES, STREAM_SITES
from neuronscope.engine.fast import Fast, Numbered, way_of
from neuronscope.engine.prepare import prepare_streamed
from neuronscope.engine.probing import PROBE_ERRORS, alone, batched, cells_of_way, probe
from neuronscope.engine.replay import largest_deviation, raised, replay, tolerance
from neuronscope.hooks.attention import eager_attention
from neuronscope.models.exhausted import RAISED, ran_out
from neuronscope.models.host import LoadedModel, Proof
from neuronscope.spec.experiments import Edit
from neuronscope.spec.models import StageReport
from neuronscope.spec.ops import Path
from neuronscope.spec.target import SITES

STAGES: dict[str, tuple[str, tuple[str, ...]]] = {
    "replay": ("the clean run, from several layers and positions", ()),
    "stream": ("staircase and suffix: clean layers and positions are skipped", STREAM_SITES),
    "bypass": ("bypass and collapse: the clean branch answers, tokens go packed",
               tuple(BRANCH_SITES)),
    "attention": ("only attention runs again, heads share a row", INNER_SITES),
    "joint": ("edits of several layers, applied on the way", tuple(SITES)),
    "routes": ("the frozen forward of a path is computed once", tuple(BRANCH_SITES)),
}
"""What each stage saves, and the sites whose cells take it."""
UNREPLAYED = "the clean run cannot be replayed, so every cell gets a forward of its own"
ROUNDINGS = 4
"""Of the greatest clean logit: what a stage may be off by in half precision, at most."""
_PREFIX = {"joint": "joint ", "routes": "path "}


def prove(host: LoadedModel, attention: str, ways: Iterable[str]) -> None:
    """Put a verdict on each way into `host.proofs`, where it has none yet.

    attention: the implementation that the model runs under at the moment.
    """
    cells = {way: cells_of_way(host, way) for way in ways
             if (known := host.proofs.get((attention, way))) is None or not known.lasting}
    cells = {way: some for way, some in cells.items() if some}
    if not cells:
        return
    edits = [edit for some in cells.values() for edit in some]
    fast = _fast(host, attention, edits)
    if isinstance(fast, Exception):
        if len(cells) == 1:
            host.proofs.update({(attention, way): raised(fast, host.proofs.get((attention, way)))
                                for way in cells})
        for way in cells if len(cells) > 1 else ():
            prove(host, attention, [way])
        return
    numbered = list(enumerate(edits))
    found = _along(fast, [each for each in numbered if fast.takes(each[1])])
    for way in cells:
        mine = [each for each in numbered if way_of(fast, each[1]) == way]
        verdict = found if isinstance(found, dict) else _along(
            fast, [each for each in mine if fast.takes(each[1])])
        host.proofs[attention, way] = _judged(
            fast, mine, verdict, host.proofs.get((attention, way)))


def _fast(host: LoadedModel, attention: str, edits: Sequence[Edit]) -> Fast | Exception:
    """The fast path of the probe prompt, or what it raised, without what its frames held."""
    try:
        prepared, stream = prepare_streamed(host, probe(host), tuple(edits), ())
        return Fast(stream, prepared, plan_budget(host, len(stream.ids), 1, None, attention))
    except PROBE_ERRORS as error:
        return error.with_traceback(None)


def _judged(
    fast: Fast, cells: Sequence[Numbered], found: dict[int, Tensor | None] | Exception,
    before: Proof | None,
) -> Proof:
    """The verdict on a way, also where plain forwards do not fit beside the clean stream."""
    if isinstance(found, Exception):
        return raised(found, before)
    try:
        return _verdict(fast, cells, found)
    except RAISED as error:
        if not ran_out(error):
            raise
        return raised(error, before)


def stages_of(host: LoadedModel) -> tuple[StageReport, ...]:
    """The verdict on every stage, each under the attention that its sites need."""
    certified = {report.site for report in host.info.sites if report.certified}
    own = host.info.attention
    ways = {stage: [(site, _PREFIX.get(stage, "") + site) for site in sites if site in certified]
            for stage, (_, sites) in STAGES.items()}
    every = [way for some in ways.values() for _, way in some]
    with host.lock:
        clean = _replayed(host, own)
        if not clean.certified:
            return tuple(clean if stage == "replay" else StageReport(
                stage=stage, what=what, certified=False, reason=UNREPLAYED)
                for stage, (what, _) in STAGES.items())
        prove(host, own, [way for way in every if not way.endswith("pattern")])
        if "pattern" in certified:
            with eager_attention(host.model):
                prove(host, "eager", [way for way in every if way.endswith("pattern")])
    return tuple(clean if stage == "replay" else _report(host, stage, some)
                 for stage, some in ways.items())


def _replayed(host: LoadedModel, attention: str) -> StageReport:
    what, _ = STAGES["replay"]
    before = host.replayed.get(attention)
    try:
        found = replay(prepare_streamed(host, probe(host), (), ())[1], before)
    except PROBE_ERRORS as error:
        found = raised(error, before)
    host.replayed[attention] = found
    compared = not found.reason or found.deviation > 0
    return StageReport(stage="replay", what=what, certified=not found.reason, reason=found.reason,
                       deviation=_finite(found.deviation) if compared else None)


def _report(host: LoadedModel, stage: str, ways: Sequence[tuple[str, str]]) -> StageReport:
    proofs = {site: proof for site, way in ways
              if (proof := host.proofs.get(
                  ("eager" if site == "pattern" else host.info.attention, way)))}
    reasons: dict[str, list[str]] = {}
    for site, proof in proofs.items():
        if proof.reason:
            reasons.setdefault(proof.reason, []).append(site)
    good = tuple(site for site, proof in proofs.items() if not proof.reason)
    told = "; ".join(f"{', '.join(sites)}: {reason}" for reason, sites in reasons.items())
    return StageReport(
        stage=stage, what=STAGES[stage][0], certified=bool(good), sites=good,
        reason=told or ("" if good else "no certified site takes it"),
        deviation=_finite(max((proof.deviation for site, proof in proofs.items()
                               if site in good), default=None)))


def _along(fast: Fast, cells: Collection[Numbered]) -> dict[int, Tensor | None] | Exception:
    """Logits of the cells that went along the fast path, or what it raised."""
    found: dict[int, Tensor | None] = {}
    apart: dict[object, list[Numbered]] = {}
    for each in cells:  # paths go along with those of their operation
        apart.setdefault(each[1].op if isinstance(each[1].op, Path) else None, []).append(each)
    try:
        for some in apart.values():
            for indices, logits in fast.logits(some):
                for place, index in enumerate(indices):
                    found[index] = None if logits is None else logits[place]
    except PROBE_ERRORS as error:
        return error.with_traceback(None)
    return found


def _verdict(
    fast: Fast, cells: Sequence[Numbered], found: dict[int, Tensor | None]
) -> Proof:
    """Whether the cells of one way have the logits of plain forwards."""
    prepared, clean = fast.prepared, fast.stream.logits
    went = [(index, edit) for index, edit in cells if found.get(index) is not None]
    if not went and any(index in found for index, _ in cells):  # run, and not even alone
        return Proof("it does not fit in memory beside the model", lasting=False)
    if not went:
        return Proof("this model's structure gives it no faster way")
    worst, allowed = 0.0, _allowed(fast)
    plain = batched(prepared, [edit for _, edit in went], clean)
    for (index, edit), wanted in zip(went, plain, strict=True):
        gap = largest_deviation(found[index], wanted)
        if not gap <= allowed:
            gap = largest_deviation(found[index], alone(prepared, edit))
        if not gap <= allowed:
            return Proof(f"{edit.target} differs by {gap:.2g} in a logit from a forward of its own",
                         gap)
        worst = max(worst, gap)
    return Proof("", worst)


def _finite(value: float | None) -> float | None:
    return value if value is not None and value < float("inf") else None


def _allowed(fast: Fast) -> float:
    """The tolerance, or less where logits are so small that an edit could hide in it."""
    host, logits = fast.stream.host, fast.stream.logits
    step = torch.finfo(host.model.dtype).eps * float(logits[logits.isfinite()].abs().max())
    half = host.model.dtype in (torch.bfloat16, torch.float16)
    return min(tolerance(host), ROUNDINGS * step) if half else tolerance(host)
