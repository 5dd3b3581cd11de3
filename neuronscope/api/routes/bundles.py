"""Many experiments at once: sent to another machine, and taken in from one."""

from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import StreamingResponse
from starlette.concurrency import run_in_threadpool

from neuronscope.api.bundle import BUNDLE_ANSWERS, BUNDLE_BODY, BundleRoute, receive, streamed
from neuronscope.api.chosen import Chosen
from neuronscope.api.deps import TheLab
from neuronscope.spec.bundle import Taken
from neuronscope.store.history import Filter

router = APIRouter(route_class=BundleRoute, tags=["bundles"])

Ids = Annotated[list[str], Query(max_length=200)]


@router.get("/export", response_class=StreamingResponse, responses=BUNDLE_ANSWERS)
def export(lab: TheLab, chosen: Chosen, id: Ids = [],  # noqa: B006
           capture: Ids = [], all: bool = False) -> StreamingResponse:  # noqa: B006
    """Stored experiments as one file, with the vectors that they name.

    Those that are named by `id` (it may be repeated; an id or a spec hash), with the captures
    named by `capture`, and those that the history's parameters choose, or `all=true`. A chosen
    sweep that runs is left out, and told of in the file.
    """
    wanted = Filter() if all else None if chosen == Filter() else chosen
    return streamed(lab.exported(id, capture, wanted), "experiments")


@router.post("/import", openapi_extra=BUNDLE_BODY)
async def take_in(request: Request, lab: TheLab) -> Taken:
    """Stores what a bundle holds, under the same ids; what is there already stays as it is.

    Nothing is stored before all of the file has been checked: every hash, size and name.
    """
    with lab.incoming.file() as file:
        await receive(request, file, lab.settings.max_import)
        return await run_in_threadpool(lab.take_in, file.name)
