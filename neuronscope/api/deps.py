"""What routes are given, and how they answer with more than one status."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Request, Response
from fastapi.dependencies.models import Dependant
from pydantic import BaseModel

from neuronscope.errors import InvalidField
from neuronscope.service.lab import Lab


async def lab_of(request: Request) -> Lab:
    """The lab that the application was made with.

    Not a plain function, which would wait for a free thread: health would wait with it.
    """
    return request.app.state.lab


TheLab = Annotated[Lab, Depends(lab_of)]


async def only_known_parameters(request: Request) -> None:
    """Raises: InvalidField for a query parameter that the address does not have."""
    known = _parameters(request.scope["route"].dependant)
    if not request.query_params.keys() <= set(known):
        raise InvalidField("The address has a query parameter that does not exist here.",
                           hint=f"There are {', '.join(known)}." if known else
                           "There are none at this address.")


def _parameters(dependant: Dependant) -> list[str]:
    """The query parameters that a route and what it depends on declare."""
    own = [field.alias for field in dependant.query_params]
    return [*own, *(name for each in dependant.dependencies for name in _parameters(each))]


def answer(model: BaseModel, status: int) -> Response:
    """`model` as JSON with a status that the route decides."""
    return Response(model.model_dump_json(), status_code=status, media_type="application/json")
