"""Health."""

from fastapi import APIRouter

from neuronscope.api.body import StrictRoute
from neuronscope.api.deps import TheLab
from neuronscope.service.views import Health

router = APIRouter(route_class=StrictRoute, tags=["server"])


@router.get("/health")
async def health(lab: TheLab) -> Health:
    """Whether the server and the model's process are up. Needs no token."""
    return lab.health()
