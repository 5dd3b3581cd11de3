"""Health."""

from fastapi import APIRouter, Request

from neuronscope.api.body import StrictRoute
from neuronscope.api.deps import TheLab
from neuronscope.api.security import KNOWS_TOKEN
from neuronscope.service.views import Health

router = APIRouter(route_class=StrictRoute, tags=["server"])


@router.get("/health", response_model_exclude_unset=True)
async def health(request: Request, lab: TheLab) -> Health:
    """Whether the server and the model's process are up. Without the token: that it is up."""
    return lab.health() if request.scope[KNOWS_TOKEN] else Health(status="ok")
