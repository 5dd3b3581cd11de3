"""What routes are given, and how they answer with more than one status."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Request, Response
from pydantic import BaseModel

from neuronscope.service.lab import Lab


async def lab_of(request: Request) -> Lab:
    """The lab that the application was made with.

    Not a plain function, which would wait for a free thread: health would wait with it.
    """
    return request.app.state.lab


TheLab = Annotated[Lab, Depends(lab_of)]


def answer(model: BaseModel, status: int) -> Response:
    """`model` as JSON with a status that the route decides."""
    return Response(model.model_dump_json(), status_code=status, media_type="application/json")
