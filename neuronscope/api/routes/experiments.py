"""Runs, and the history of runs and sweeps."""

from typing import Annotated

from fastapi import APIRouter, Header, Query, Response
from fastapi.responses import StreamingResponse
from starlette.concurrency import run_in_threadpool

from neuronscope.api.body import StrictRoute
from neuronscope.api.bundle import BUNDLE_ANSWERS, streamed
from neuronscope.api.chosen import Chosen
from neuronscope.api.deps import TheLab, answer
from neuronscope.api.waiting import ended, finished
from neuronscope.service.views import Annotation, HistoryPage
from neuronscope.spec.experiments import Run
from neuronscope.spec.plans import RunPlan
from neuronscope.spec.results import Job, Record, Summary
from neuronscope.spec.verification import Verification

router = APIRouter(route_class=StrictRoute, tags=["experiments"])

RUN_ANSWERS = {
    200: {"model": Record | RunPlan,
          "description": "Stored already, or with `dry_run=true` the plan"},
    202: {"model": Job, "description": "Queued, with `Prefer: respond-async`"},
}


@router.post("/experiments", status_code=201, response_model=Record, responses=RUN_ANSWERS)
async def run(spec: Run, lab: TheLab, rerun: bool = False, dry_run: bool = False,
              prefer: Annotated[str, Header()] = "") -> Response:
    """Runs a spec and stores the result.

    The same spec in the same environment is answered from the store with 200; `rerun=true`
    runs it again. With `Prefer: respond-async` the answer is 202 with the job. `dry_run=true`
    only says how many forwards it takes, and about how long; it waits for no job.
    """
    if dry_run:
        return answer(await run_in_threadpool(lab.plan, spec), 200)
    started = await run_in_threadpool(lab.start_run, spec, rerun=rerun)
    if isinstance(started, Record):
        return answer(started, 200)
    if "respond-async" in prefer:
        return answer(started, 202)
    record, created = await finished(lab, started.id)
    return answer(record, 201 if created else 200)


@router.get("/experiments")
def history(lab: TheLab, chosen: Chosen, cursor: str | None = None,
            limit: Annotated[int, Query(ge=1, le=200)] = 50) -> HistoryPage:
    """Stored runs and sweeps, newest first; `q` searches prompts, titles, names and notes.

    `site`, `op`: one that an edit is made at or with. `since`, `until`: ISO 8601, UTC where no
    offset is given; from the one on, before the other.
    """
    return lab.history(chosen, cursor=cursor, limit=limit)


@router.get("/experiments/{key}")
def record(key: str, lab: TheLab) -> Record:
    """One stored experiment, by id or (the newest) by spec hash."""
    return lab.record(key)


@router.patch("/experiments/{key}")
def annotate(key: str, annotation: Annotation, lab: TheLab) -> Summary:
    """Changes name, notes, tags or star; what is left out stays."""
    return lab.annotate(key, annotation)


@router.post("/experiments/{key}/verify", response_model=Verification,
             responses={202: {"model": Job, "description": "Queued, with `Prefer: respond-async`; "
                              "the job has the outcome when it has ended"}})
async def verify(key: str, lab: TheLab,
                 prefer: Annotated[str, Header()] = "") -> Response:
    """Runs a stored experiment again and says whether the same comes out; stores nothing."""
    started = await run_in_threadpool(lab.start_verify, key)
    if "respond-async" in prefer:
        return answer(started, 202)
    await ended(lab, started.id)
    return answer(lab.verification(started.id), 200)


@router.get("/experiments/{key}/export", response_class=StreamingResponse,
            responses=BUNDLE_ANSWERS)
def export(key: str, lab: TheLab) -> StreamingResponse:
    """One experiment with the vectors that it names, as a file for another machine."""
    return streamed(lab.exported([key]), key)


@router.delete("/experiments/{key}", status_code=204)
def delete(key: str, lab: TheLab) -> None:
    """Removes an experiment; its id answers 410 from then on."""
    lab.delete(key)
