"""Captures: activations of one forward, with their statistics and tensors."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Header, Query, Response
from fastapi.responses import StreamingResponse
from starlette.concurrency import run_in_threadpool

from neuronscope.api.body import StrictRoute
from neuronscope.api.deps import TheLab, answer
from neuronscope.api.files import WholeFile
from neuronscope.api.waiting import ended
from neuronscope.errors import InvalidField, NotFound
from neuronscope.spec.captures import Capture, CapturePage, CaptureRecord
from neuronscope.spec.results import Job
from neuronscope.spec.tensorfile import TensorFile, npy_pieces
from neuronscope.store.captures import CaptureFilter
from neuronscope.store.experiments import stamp

router = APIRouter(route_class=StrictRoute, prefix="/captures", tags=["captures"])

JSON, SAFETENSORS, NPY = "application/json", "application/x-safetensors", "application/x-npy"
OCTETS = "application/octet-stream"
BINARY = {"schema": {"type": "string", "format": "binary"}}

CAPTURE_ANSWERS = {
    200: {"model": CaptureRecord, "description": "Stored already"},
    202: {"model": Job, "description": "Queued, with `Prefer: respond-async`"},
}
READ_ANSWERS = {200: {"content": {SAFETENSORS: BINARY, OCTETS: BINARY, NPY: BINARY}}}


@router.post("", status_code=201, response_model=CaptureRecord, responses=CAPTURE_ANSWERS)
async def capture(spec: Capture, lab: TheLab, rerun: bool = False,
                  prefer: Annotated[str, Header()] = "") -> Response:
    """Runs a prompt once, and keeps the activations that the targets select.

    The same capture in the same environment is answered from the store with 200;
    `rerun=true` runs it again. With `Prefer: respond-async` the answer is 202 with the job.
    """
    started = await run_in_threadpool(lab.captures.start, spec, rerun=rerun)
    if isinstance(started, CaptureRecord):
        return answer(started, 200)
    if "respond-async" in prefer:
        return answer(started, 202)
    await ended(lab, started.id)
    record, created = await run_in_threadpool(lab.captures.outcome, started.id)
    return answer(record, 201 if created else 200)


@router.get("")
def captures(lab: TheLab, q: Annotated[str, Query(max_length=200)] = "",
             model: str | None = None, since: datetime | None = None,
             until: datetime | None = None, cursor: str | None = None,
             limit: Annotated[int, Query(ge=1, le=200)] = 50) -> CapturePage:
    """Stored captures, newest first; `q` searches prompts and titles.

    `since`, `until`: ISO 8601, UTC where no offset is given; from the one on, before the other.
    """
    chosen = CaptureFilter(q=q, model=model, since=since and stamp(since),
                           until=until and stamp(until))
    return lab.captures.page(chosen, cursor=cursor, limit=limit)


@router.get("/{key}", response_model=CaptureRecord, responses=READ_ANSWERS)
def read(key: str, lab: TheLab, entry: Annotated[str | None, Query(max_length=50)] = None,
         accept: Annotated[str, Header()] = JSON) -> Response:
    """A stored capture by id or hash: what it is as JSON, or by `Accept` its tensors.

    `application/x-safetensors` gives all of them, in the model's own dtype;
    `application/x-npy` the one that `entry` names (`z.3`), bfloat16 widened to float32.
    """
    kind = _preferred(accept)
    if entry is not None and kind != NPY:
        raise InvalidField("The query parameter `entry` chooses one array.",
                           hint=f"Send `Accept: {NPY}` with it.")
    if kind == JSON:
        return answer(lab.captures.get(key), 200)
    file = lab.captures.file(key)
    if kind == SAFETENSORS:
        return WholeFile(file, media_type=SAFETENSORS, filename=file.name)
    tensors = TensorFile(file)
    if entry not in tensors:
        raise NotFound("Name one of this capture's entries with the query parameter `entry`.",
                       hint=f"They are {', '.join(tensors)}.")
    return StreamingResponse(npy_pieces(*tensors.bits(entry)), media_type=NPY)


@router.delete("/{key}", status_code=204)
def delete(key: str, lab: TheLab) -> None:
    """Removes a capture with its tensors; its id answers 410 from then on."""
    lab.captures.delete(key)


def _preferred(accept: str) -> str:
    """The first media type that is offered here; JSON where none is named."""
    offered = {JSON: JSON, SAFETENSORS: SAFETENSORS, OCTETS: SAFETENSORS, NPY: NPY}
    named = [part.split(";")[0].strip() for part in accept.lower().split(",")]
    return next((offered[kind] for kind in named if kind in offered), JSON)
