"""Vectors and matrices of them, kept by the hash of their content."""

from fastapi import APIRouter

from neuronscope.api.body import StrictRoute
from neuronscope.api.deps import TheLab
from neuronscope.spec.vectors import NewVector, VectorInfo

router = APIRouter(route_class=StrictRoute, tags=["vectors"])


@router.get("/vectors")
def vectors(lab: TheLab) -> list[VectorInfo]:
    """What is stored, by name."""
    return lab.vectors.all()


@router.post("/vectors", status_code=201)
def add(vector: NewVector, lab: TheLab) -> VectorInfo:
    """Keeps a vector, or a matrix of them; the same content again has the same hash."""
    return lab.vectors.add(vector.values, vector.name, dtype=vector.dtype)


@router.get("/vectors/{sha256}")
def vector(sha256: str, lab: TheLab) -> VectorInfo:
    """What is stored under a hash."""
    return lab.vectors.info(sha256)
