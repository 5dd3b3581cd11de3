"""A job's progress as server-sent events.

Every event's id is the number of the last cell sent so far: cells are numbered as they are
stored, and no number is given twice, so that it grows also where failed cells are run again. A
client that comes back with it in `Last-Event-ID` gets the cells it has not seen, from the store;
one with an id beyond the cells there are waits for those after it.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Iterator
from typing import Annotated

from starlette.concurrency import run_in_threadpool

from neuronscope.errors import InvalidField
from neuronscope.service.lab import Lab
from neuronscope.service.views import News
from neuronscope.spec.base import Items, Spec
from neuronscope.spec.results import Cell, Job

QUIET_S = 15.0
"""After so many seconds without news a comment is sent, so that a dead connection shows."""
PACE_S = 0.05
"""At most one group of events in so many seconds."""


class CellsEvent(Spec):
    """Finished cells of a sweep, in the order in which they were finished."""

    cells: Annotated[tuple[Cell, ...], Items]


class EndEvent(Spec):
    """The last event: the job as it ended."""

    job: Job


def number_of(last_event_id: str) -> int:
    """The number of cells that an event's id says; 0 where there is none.

    Raises: InvalidField for what is no id of an event.
    """
    if last_event_id and not re.fullmatch("[0-9]{1,15}", last_event_id):
        raise InvalidField("The header parameter `last-event-id` is no id of an event.",
                           hint="Send the id of the last event that came, or leave it out.")
    return int(last_event_id or 0)


async def events(lab: Lab, job_id: str, after: int) -> AsyncIterator[str]:
    """The job's events after cell number `after`, until it ends."""
    loop, changed = asyncio.get_running_loop(), asyncio.Event()
    with lab.events.watching(job_id, lambda: loop.call_soon_threadsafe(changed.set)):
        while True:
            changed.clear()
            news = await run_in_threadpool(lab.events.news, job_id, after)
            after = news.after
            for frame in _frames(news):
                yield frame
            if news.ended is not None:
                return
            if not news.more and not await _wait(changed, QUIET_S):
                yield ": still here\n\n"
            await asyncio.sleep(PACE_S)


async def _wait(event: asyncio.Event, timeout_s: float) -> bool:
    try:
        await asyncio.wait_for(event.wait(), timeout_s)
    except asyncio.TimeoutError:
        return False
    return True


def _frames(news: News) -> Iterator[str]:
    if news.cells:
        yield _frame("cells", CellsEvent(cells=news.cells), news.after)
    yield _frame("progress", news.progress, news.after)
    if news.ended is not None:
        yield _frame("end", EndEvent(job=news.ended), news.after)


def _frame(kind: str, data: Spec, number: int) -> str:
    return f"id: {number}\nevent: {kind}\ndata: {data.model_dump_json()}\n\n"
