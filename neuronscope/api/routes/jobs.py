"""The queue: jobs, their progress, and cancelling them."""

from typing import Annotated

from fastapi import APIRouter, Header, Query
from fastapi.responses import StreamingResponse

from neuronscope.api.body import StrictRoute
from neuronscope.api.deps import TheLab
from neuronscope.api.sse import events, number_of
from neuronscope.spec.results import Job

router = APIRouter(route_class=StrictRoute, prefix="/jobs", tags=["jobs"])

DATA = {"oneOf": [{"$ref": f"#/components/schemas/{name}"}
                  for name in ("Progress", "CellsEvent", "EndEvent")]}
EVENT = {"type": "object", "required": ["id", "event", "data"], "properties": {
    "id": {"type": "string"}, "event": {"enum": ["progress", "cells", "end"]},
    "data": {"type": "string", "contentMediaType": "application/json", "contentSchema": DATA}}}
EVENT_ANSWERS = {200: {
    "description": "Events `progress` (Progress), `cells` (CellsEvent), `end` (EndEvent)",
    "content": {"text/event-stream": {"schema": EVENT}},
}}


@router.get("")
def jobs(lab: TheLab, limit: Annotated[int, Query(ge=1, le=500)] = 100) -> list[Job]:
    """Newest first: those that wait or run, and the last that ended, also before a restart."""
    return lab.jobs(limit)


@router.get("/{job_id}")
def job(job_id: str, lab: TheLab) -> Job:
    """One job."""
    return lab.job(job_id)


@router.get("/{job_id}/events", response_class=StreamingResponse, responses=EVENT_ANSWERS)
async def job_events(
    job_id: str, lab: TheLab, last_event_id: Annotated[str, Header(max_length=20)] = ""
) -> StreamingResponse:
    """The job's progress as it happens; `Last-Event-ID` resumes after that event."""
    after = number_of(last_event_id)
    lab.job(job_id)
    return StreamingResponse(events(lab, job_id, after), media_type="text/event-stream")


@router.post("/{job_id}/cancel")
def cancel(job_id: str, lab: TheLab) -> Job:
    """Cancels a waiting or running job; a finished one stays as it is."""
    return lab.cancel(job_id)
