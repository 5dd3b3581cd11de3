"""The lab as a server uses it: the model in its own process, and one loaded at the start."""

from __future__ import annotations

import gc
import threading

from neuronscope.errors import NeuronScopeError
from neuronscope.models.tokens import from_transformers
from neuronscope.service.child import ChildProcess
from neuronscope.service.lab import Lab
from neuronscope.settings import Settings


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
