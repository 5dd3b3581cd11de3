"""The models that can be loaded, and the one that is."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from neuronscope.errors import ModelLoading, ModelMismatch, ModelNotFound, NoModel
from neuronscope.models.discover import EMBEDDED, Registry, embedded_folder
from neuronscope.models.options import LoadOptions
from neuronscope.models.tokens import Tokenizer
from neuronscope.models.vectors import Vectors
from neuronscope.service.executor import Executor, Listener, LoadOrder, surviving
from neuronscope.service.task import Task
from neuronscope.service.views import Tokenized
from neuronscope.settings import Settings
from neuronscope.spec.hashing import content_hash
from neuronscope.spec.models import ModelEntry, ModelInfo, StageReport
from neuronscope.spec.ops import Prompt

PINNED = "sha256:"
VECTORS = "vectors"
"""The folder of the stored vectors, in the data folder."""
CERTIFIED = "certified"
"""The folder of kept certifications, in the data folder."""


@dataclass(frozen=True)
class Loaded:
    """The loaded model as this process knows it: no weights, but all that checks need."""

    info: ModelInfo
    tokenizer: Tokenizer
    surroundings: dict[str, Any]

    @property
    def environment(self) -> str:
        """The hash of what results may depend on beside their specs."""
        return content_hash(self.surroundings)

    def names(self, model: str) -> bool:
        """Whether a spec's `model` is this one, by id or by digest."""
        return model in {self.info.id, f"{PINNED}{self.info.model_digest}"}

    def tokenize(self, prompt: Prompt) -> Tokenized:
        """Raises: OutOfRange for a token id that the model does not have."""
        tokens = self.tokenizer.tokens(self.tokenizer.encode(prompt, "/prompt"))
        return Tokenized(tokens=tokens, n_tokens=len(tokens), context=self.info.context)


def load_options(settings: Settings) -> LoadOptions:
    """How the settings have models loaded. Raises: InvalidInput."""
    return LoadOptions(settings.device, settings.dtype, settings.device_map or None,
                       settings.max_memory or None, settings.offload_folder or None,
                       settings.quantization or None)


class Shelf:
    """The registry, with the embedded model where the folder lacks it."""

    def __init__(self, settings: Settings, executor: Executor, vectors: Vectors) -> None:
        self._settings = settings
        self._executor = executor
        self._certified_folder = settings.data / CERTIFIED
        self.vectors = vectors
        self._folder = Registry(settings.models)
        embedded = embedded_folder()
        self._embedded = Registry(embedded) if embedded else None
        self._loading: list[Task] = []
        self.loaded: Loaded | None = None
        self._stages: tuple[Loaded, tuple[StageReport, ...]] | None = None

    def entries(self) -> list[ModelEntry]:
        """Every model that can be loaded, or says why not."""
        own = self._folder.entries()
        present = {entry.id for entry in own}
        extra = self._embedded.entries() if self._embedded else []
        current = self.loaded.info.id if self.loaded else None
        return [entry.model_copy(update={"loaded": entry.id == current})
                for entry in [*own, *(entry for entry in extra if entry.id not in present)]]

    def path(self, model_id: str) -> Path:
        """Raises: ModelNotFound."""
        for registry in (self._folder, self._embedded):
            with suppress(ModelNotFound):
                if registry is not None:
                    return registry.path(model_id)
        raise ModelNotFound("There is no such model.",
                            hint="`neuronscope models` and GET /api/models list the ids.")

    def default(self) -> str | None:
        """The only usable model of the folder, or else the embedded one."""
        own = [entry.id for entry in self._folder.entries() if entry.problem is None]
        if len(own) == 1:
            return own[0]
        usable = {entry.id for entry in self.entries() if entry.problem is None}
        return EMBEDDED if EMBEDDED in usable else None

    def need(self, model: str | None) -> Loaded:
        """The loaded model, for a spec that names `model` (None: whichever).

        Raises: ModelNotFound, ModelLoading, NoModel.
        """
        loaded = self.loaded
        if model and not model.startswith(PINNED) and not (loaded and loaded.names(model)):
            self.path(model)
        if loaded is not None:
            return loaded
        if self.loading() is not None:
            raise ModelLoading("The model is still loading.", hint="Try again in a moment.")
        raise NoModel("No model is loaded.", hint="Load one: POST /api/models/{id}/load.")

    def require(self, loaded: Loaded) -> None:
        """Raises: ModelMismatch when another model has been loaded since."""
        if self.loaded is not loaded:
            raise ModelMismatch("Another model was loaded while this waited in the queue.",
                                hint="Send it again.")

    def loading(self) -> str | None:
        """Id of the first load job that has not ended."""
        self._loading = [task for task in self._loading if not task.ended.is_set()]
        return self._loading[0].id if self._loading else None

    def expect(self, task: Task) -> None:
        """Remembers a load job that was queued."""
        self._loading = [*self._loading, task]

    def load(self, model_id: str, task: Task, *, anew: bool = False) -> str:
        """Carries out a load job. The present model stays if it fails.

        Raises: ModelNotFound, ModelRefused, and what the engine raises.
        """
        path = self.path(model_id)
        order = LoadOrder(path, model_id, load_options(self._settings),
                          self._settings.data / VECTORS, self._certified_folder, anew)
        listener = Listener(
            report=lambda phase, done, total: task.report(done, total, phase),
            cancelled=task.cancelling.is_set)
        self._executor.prepare()
        tokenizer = Tokenizer.from_folder(path)  # first: what fails after the load comes too late
        info, environment = surviving(lambda: self._executor.load(order, listener))
        self.loaded = Loaded(info, Tokenizer(tokenizer.hf, info.vocab), environment)
        return model_id

    def check(self, task: Task) -> str:
        """Carries out a job that has each stage of fast sweeps prove itself. Raises: NoModel."""
        listener = Listener(cancelled=task.cancelling.is_set)
        found = surviving(lambda: self._executor.check(listener))
        loaded = self.need(None)
        self._stages = (loaded, found)
        return loaded.info.id

    def info(self) -> ModelInfo | None:
        """What was found out about the loaded model, its stages included once they are."""
        loaded = self.loaded
        if loaded is None or self._stages is None or self._stages[0] is not loaded:
            return loaded.info if loaded else None
        return loaded.info.model_copy(update={"stages": self._stages[1]})

    def unload(self) -> None:
        self.loaded = None
        self._executor.unload()
