"""Waiting for a job without holding a thread."""

from __future__ import annotations

import asyncio

from starlette.concurrency import run_in_threadpool

from neuronscope.service.lab import Lab
from neuronscope.spec.results import Record


async def ended(lab: Lab, job_id: str) -> None:
    """Returns when the job has ended, however it did. Raises: NotFound."""
    loop, changed = asyncio.get_running_loop(), asyncio.Event()
    with lab.events.watching(job_id, lambda: loop.call_soon_threadsafe(changed.set)):
        while not lab.events.has_ended(job_id):
            changed.clear()
            if not lab.events.has_ended(job_id):
                await changed.wait()


async def finished(lab: Lab, job_id: str) -> tuple[Record, bool]:
    """The record of a run's job once it has ended, and whether it is new.

    Raises: what ended the job.
    """
    await ended(lab, job_id)
    return await run_in_threadpool(lab.outcome, job_id)
