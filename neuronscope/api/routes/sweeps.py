"""Sweeps: submitted, watched, cancelled, and read as a grid."""

from typing import Annotated

from fastapi import APIRouter, Header, Query, Response
from fastapi.responses import StreamingResponse

from neuronscope.api.body import StrictRoute
from neuronscope.api.bundle import BUNDLE_ANSWERS, streamed
from neuronscope.api.deps import TheLab, answer
from neuronscope.service.views import HistoryPage, SweepAccepted, SweepState
from neuronscope.spec.experiments import Sweep
from neuronscope.spec.grid import Grid
from neuronscope.spec.gridfile import MEDIA_TYPE, Width, packed
from neuronscope.spec.results import GridData, SweepPlan
from neuronscope.store.history import Filter

router = APIRouter(route_class=StrictRoute, prefix="/sweeps", tags=["sweeps"])

JSON, CSV = "application/json", "text/csv"

SWEEP_ANSWERS = {
    200: {"model": SweepAccepted | SweepPlan,
          "description": "Stored already (`job` is null), or with `dry_run=true` the plan"},
}
GRID_ANSWERS = {200: {"content": {
    CSV: {"schema": {"type": "string"}},
    MEDIA_TYPE: {"schema": {"type": "string", "format": "binary"}}}}}


@router.post("", status_code=202, response_model=SweepAccepted, responses=SWEEP_ANSWERS)
def submit(spec: Sweep, lab: TheLab, rerun: bool = False, dry_run: bool = False) -> Response:
    """Queues a sweep.

    `dry_run=true` only says how many cells and forwards it has, and about how long they take;
    it waits for no job.
    """
    if dry_run:
        return answer(lab.plan(spec), 200)
    accepted = lab.start_sweep(spec, rerun=rerun)
    return answer(accepted, 200 if accepted.job is None else 202)


@router.get("")
def sweeps(lab: TheLab, q: Annotated[str, Query(max_length=200)] = "",
           cursor: str | None = None,
           limit: Annotated[int, Query(ge=1, le=200)] = 50) -> HistoryPage:
    """Stored sweeps, newest first."""
    return lab.history(Filter(q=q, kind="sweep"), cursor=cursor, limit=limit)


@router.get("/{key}")
def sweep(key: str, lab: TheLab) -> SweepState:
    """How far a sweep is, and what it covers."""
    return lab.sweep_state(key)


@router.get("/{key}/grid", response_model=GridData, responses=GRID_ANSWERS)
def grid(key: str, lab: TheLab, accept: Annotated[str, Header()] = JSON,
         dtype: Width = "float64") -> Response:
    """The cells finished so far, as JSON, or by `Accept` as CSV or as arrays.

    `application/x-safetensors` gives one file of arrays in the grid's shape: `values.KEY`,
    `status.KEY`, `spread.KEY` for each metric and `top.id`, `top.text`, `top.logit`,
    `top.prob`; its metadata has the rest as JSON under `grid`, `statuses` and `texts`.
    `dtype=float32` halves it; float64 is exact.
    """
    data = lab.grid(key)
    kind = _preferred(accept)
    if kind == CSV:
        return Response(Grid(data).to_csv(), media_type=CSV)
    if kind == MEDIA_TYPE:
        return Response(packed(data, dtype), media_type=MEDIA_TYPE)
    return answer(data, 200)


@router.post("/{key}/cancel")
def cancel(key: str, lab: TheLab) -> SweepState:
    """Stops a sweep; its finished cells stay."""
    return lab.cancel_sweep(key)


@router.post("/{key}/resume", status_code=202, response_model=SweepAccepted,
             responses={200: {"model": SweepAccepted,
                              "description": "It lacks nothing (`job` is null)"}})
def resume(key: str, lab: TheLab) -> Response:
    """Queues the cells that a stopped sweep lacks, and those that failed."""
    accepted = lab.start_resume(key)
    return answer(accepted, 200 if accepted.job is None else 202)


@router.get("/{key}/export", response_class=StreamingResponse, responses=BUNDLE_ANSWERS)
def export(key: str, lab: TheLab) -> StreamingResponse:
    """A sweep that has ended, as a file for another machine."""
    found = lab.sweep_state(key).summary.id
    return streamed(lab.exported([found]), found)


def _preferred(accept: str) -> str:
    """The first media type that is offered here; JSON where none is named."""
    named = [part.split(";")[0].strip() for part in accept.lower().split(",")]
    return next((kind for kind in named if kind in (JSON, CSV, MEDIA_TYPE)), JSON)
