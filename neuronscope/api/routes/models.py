"""The registry of models, the loaded model, and its tokenizer."""

from fastapi import APIRouter

from neuronscope.api.body import StrictRoute
from neuronscope.api.deps import TheLab
from neuronscope.service.views import LoadedModel, Tokenized, TokenizeRequest
from neuronscope.spec.models import ModelEntry
from neuronscope.spec.results import Job

router = APIRouter(route_class=StrictRoute, tags=["models"])


@router.get("/models")
def models(lab: TheLab) -> list[ModelEntry]:
    """The model folders that can be loaded."""
    return lab.models()


@router.get("/model")
def model(lab: TheLab) -> LoadedModel:
    """The loaded model with its certified sites; `info` is null while none is loaded."""
    return lab.model()


@router.post("/models/{model_id}/load", status_code=202)
def load(model_id: str, lab: TheLab) -> Job:
    """Loads a model. The one that is loaded stays until the new one is ready."""
    return lab.start_load(model_id)


@router.post("/model/check", status_code=202)
def check(lab: TheLab) -> Job:
    """Has each stage of fast sweeps prove itself; then `stages` of the loaded model tells."""
    return lab.start_check()


@router.post("/model/unload", status_code=202)
def unload(lab: TheLab) -> Job:
    """Frees the loaded model."""
    return lab.start_unload()


@router.post("/tokenize")
def tokenize(request: TokenizeRequest, lab: TheLab) -> Tokenized:
    """The tokens that the loaded model makes of a prompt."""
    return lab.tokenize(request.prompt)
