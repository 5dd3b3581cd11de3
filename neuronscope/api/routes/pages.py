"""What a page's address shows, as data: the same address with `.json` or `.csv` behind it."""

from fastapi import APIRouter, Response

from neuronscope.api.body import StrictRoute
from neuronscope.api.deps import TheLab
from neuronscope.spec.captures import CaptureRecord
from neuronscope.spec.grid import Grid
from neuronscope.spec.results import Record

router = APIRouter(route_class=StrictRoute, tags=["pages"])

CSV = "text/csv"


@router.get("/e/{key}.json")
def experiment(key: str, lab: TheLab) -> Record:
    """The result that `/e/{key}` shows; as GET `/api/experiments/{key}`."""
    return lab.record(key)


@router.get("/s/{key}.json")
def sweep(key: str, lab: TheLab) -> Record:
    """The grid that `/s/{key}` shows, with its record; as GET `/api/experiments/{key}`."""
    return lab.record(key)


@router.get("/s/{key}.csv", response_class=Response,
            responses={200: {"content": {CSV: {"schema": {"type": "string"}}}}})
def cells(key: str, lab: TheLab) -> Response:
    """The cells that `/s/{key}` shows; as GET `/api/sweeps/{key}/grid` with `Accept: text/csv`."""
    return Response(Grid(lab.grid(key)).to_csv(), media_type=CSV)


@router.get("/a/{key}.json")
def capture(key: str, lab: TheLab) -> CaptureRecord:
    """The capture that `/a/{key}` shows; as GET `/api/captures/{key}`."""
    return lab.captures.get(key)
