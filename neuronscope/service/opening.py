"""Opening a lab: in a script, with the engine in its own process, or as a server does it."""

from __future__ import annotations

import gc
import threading
from pathlib import Path
from typing import Any

from neuronscope.errors import NeuronScopeError
from neuronscope.models.tokens import from_transformers
from neuronscope.service.child import ChildProcess
from neuronscope.service.lab import Lab
from neuronscope.settings import Settings


def open_lab(data: str | Path | None = None, models: str | Path | None = None,
             **given: Any) -> Lab:
    """A lab with the engine in this process.

    data: folder of the database. models: folder of the models. given: other settings.
    Raises: DataFolderLocked, NewerDatabase, StorageError.
    """
    settings = Settings.from_environment(
        data=Path(data) if data is not None else None,
        models=Path(models) if models is not None else None, **given)
    return Lab(settings)


def open_served(settings: Settings, model: str | None = None) -> Lab:
    """A lab whose model runs in a child process; `model`, or the default one, starts to load.

    Raises: DataFolderLocked, NewerDatabase, StorageError, ModelNotFound.
    """
    lab = Lab(settings, ChildProcess())
    chosen = model or lab.default_model()
    if chosen is not None:
        try:
            lab.start_load(chosen)
        except NeuronScopeError:
            lab.close()
            raise
    return lab


def settle() -> None:
    """Spares a server's garbage collector what stays for ever, from now on and in the background.

    A full collection stops every thread while it looks at all that was ever imported, a tenth
    of a second with what the first tokenizer brings. So that is imported now, and set aside.
    """
    def work() -> None:
        from_transformers("PreTrainedTokenizerFast")
        gc.freeze()

    threading.Thread(target=work, name="neuronscope-settle", daemon=True).start()
