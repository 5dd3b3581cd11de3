"""Every error NeuronScope raises on purpose.

    NeuronScopeError
    ├── InvalidInput          422  a request that cannot be run as written
    │   ├── OutOfRange             an index outside the model or the prompt
    │   ├── UnsupportedTarget      a site or axis that this model does not have
    │   ├── LengthMismatch         prompts of unequal length and no position map
    │   ├── MissingSource          an edit without the data it needs
    │   ├── BadDirection           a direction of the wrong width, or with no length
    │   ├── NotOneToken            a token name that is not exactly one token
    │   ├── PromptLength           no tokens, or more than the context holds
    │   ├── OverlappingEdits       two edits of one entry without a declared order
    │   ├── SweepSize              no cells, or more than the cap
    │   ├── CaptureSize            more bytes of activations than the cap
    │   └── BadBundle              a file to import that is damaged, or none
    ├── Unauthorized          401  no access token, or a wrong one
    ├── Forbidden             403  a request that may come from another site
    │   ├── HostNotAllowed         addressed to a name that is not this machine
    │   ├── OriginNotAllowed       sent by a page that is not NeuronScope's own
    │   └── HeaderRequired         a change without the header that other sites cannot send
    ├── NotFound              404  unknown id
    │   ├── ModelNotFound          no such model folder
    │   └── VectorNotFound         no stored vector of this hash
    ├── MalformedJson         400  a body that is not JSON
    ├── MalformedRequest      400  bytes that are no HTTP, or mean two things
    ├── MethodNotAllowed      405  a known address, another method
    ├── Gone                  410  deleted on request
    ├── Conflict              409  the state of the server does not allow it
    │   ├── NoModel                nothing is loaded
    │   └── ModelMismatch          the spec names another model
    ├── BodyTooLarge          413  more bytes than are accepted
    ├── UnsupportedMediaType  415  a body of another type than is due
    ├── Busy                  503  try again later (carries retry_after_s)
    ├── ModelRefused          422  a model folder that will not be loaded
    ├── StorageError          507  a result could not be stored
    │   ├── StorageFull            the disk, or what may be used of it, is full
    │   └── DamagedFile       500  a stored file is not what was stored, or is missing
    └── RunFailed             500  the computation itself failed

Each carries a stable `code` (kebab-case, the last part of the problem type),
a sentence that says what was wrong and what is allowed, and a `hint` that says
what to do. `pointer` is a JSON pointer to the offending field where one is known.
"""

from __future__ import annotations

import errno

FREE_SPACE = "Free space on the disk of the data folder; what is stored stays as it is."


class NeuronScopeError(Exception):
    """Base of all errors raised on purpose."""

    code = "error"
    status = 500
    title = "Error"

    def __init__(self, detail: str, *, hint: str = "", pointer: str = "") -> None:
        super().__init__(detail)
        self.detail = detail
        self.hint = hint
        self.pointer = pointer

    def __str__(self) -> str:
        return f"{self.detail} {self.hint}".strip()

    def __reduce__(self):
        return _rebuild, (type(self), self.detail, self.hint, self.pointer, self.__dict__)


def _rebuild(cls: type[NeuronScopeError], detail: str, hint: str, pointer: str, state: dict):
    error = cls.__new__(cls)
    Exception.__init__(error, detail)
    error.__dict__.update(state)
    return error


class InvalidInput(NeuronScopeError):
    code, status, title = "invalid-input", 422, "The request cannot be run as written"


class InvalidField(InvalidInput):
    code, title = "invalid-field", "A field is missing, unknown or of the wrong type"


class InvalidText(InvalidInput):
    code, title = "invalid-text", "Text that is not valid Unicode or holds a NUL"


class NonFiniteNumber(InvalidInput):
    code, title = "non-finite-number", "Numbers must be finite"


class OutOfRange(InvalidInput):
    code, title = "out-of-range", "Index out of range"


class UnsupportedTarget(InvalidInput):
    code, title = "unsupported-target", "This site or axis cannot be edited here"


class LengthMismatch(InvalidInput):
    code, title = "length-mismatch", "The prompts have unequal token counts"


class MissingSource(InvalidInput):
    code, title = "missing-source", "The edit lacks the data it needs"


class BadDirection(InvalidInput):
    code, title = "bad-direction", "The direction cannot be used at this site"


class NotOneToken(InvalidInput):
    code, title = "not-one-token", "The text is not exactly one token"


class PromptLength(InvalidInput):
    code, title = "prompt-length", "The prompt has no tokens or too many"


class OverlappingEdits(InvalidInput):
    code, title = "overlapping-edits", "Edits overlap without an order"


class SweepSize(InvalidInput):
    code, title = "sweep-size", "The sweep has no cells or too many"


class CaptureSize(InvalidInput):
    code, title = "capture-size", "The capture would keep too many bytes"


class ModelRefused(InvalidInput):
    code, title = "model-refused", "The model folder was refused"


class MalformedJson(NeuronScopeError):
    code, status, title = "malformed-json", 400, "The body is not valid JSON"


class MalformedRequest(NeuronScopeError):
    code, status, title = "malformed-request", 400, "Not a valid HTTP request"


class Unauthorized(NeuronScopeError):
    code, status, title = "unauthorized", 401, "The access token is missing or wrong"


class Forbidden(NeuronScopeError):
    code, status, title = "forbidden", 403, "Refused"


class HostNotAllowed(Forbidden):
    code, title = "host-not-allowed", "The request names another host"


class OriginNotAllowed(Forbidden):
    code, title = "origin-not-allowed", "The request comes from another site"


class HeaderRequired(Forbidden):
    code, title = "header-required", "A header is missing"


class NotFound(NeuronScopeError):
    code, status, title = "not-found", 404, "Not found"


class ModelNotFound(NotFound):
    code, title = "model-not-found", "No such model"


class VectorNotFound(NotFound):
    code, title = "vector-not-found", "No such vector"


class MethodNotAllowed(NeuronScopeError):
    """405; `allow` becomes the Allow header."""

    code, status, title = "method-not-allowed", 405, "This address takes other methods"

    def __init__(self, detail: str, *, hint: str = "", allow: str = "") -> None:
        super().__init__(detail, hint=hint)
        self.allow = allow


class Gone(NeuronScopeError):
    code, status, title = "gone", 410, "Deleted"


class Conflict(NeuronScopeError):
    code, status, title = "conflict", 409, "Not possible in the present state"


class NoModel(Conflict):
    code, title = "no-model", "No model is loaded"


class ModelMismatch(Conflict):
    code, title = "model-mismatch", "The spec names another model"


class BodyTooLarge(NeuronScopeError):
    code, status, title = "body-too-large", 413, "The body is too large"


class UnsupportedMediaType(NeuronScopeError):
    code, status, title = "unsupported-media-type", 415, "The body is of another type"


class Busy(NeuronScopeError):
    """503; `retry_after_s` becomes the Retry-After header."""

    code, status, title = "busy", 503, "Try again later"

    def __init__(self, detail: str, *, hint: str = "", retry_after_s: int = 2) -> None:
        super().__init__(detail, hint=hint)
        self.retry_after_s = retry_after_s


class ModelLoading(Busy):
    code, title = "model-loading", "The model is still loading"


class QueueFull(Busy):
    code, title = "queue-full", "The queue is full"


class BadBundle(InvalidInput):
    code, title = "bad-bundle", "The file is not a bundle, or it is damaged"


class StorageError(NeuronScopeError):
    code, status, title = "storage-error", 507, "The result could not be stored"

    @staticmethod
    def of(error: OSError, detail: str, *, hint: str = "") -> StorageError:
        """What the system's refusal to write is told as: `StorageFull` where space is lacking."""
        if error.errno in {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}:
            return StorageFull(detail, hint=FREE_SPACE)
        return StorageError(detail, hint=hint)


class StorageFull(StorageError):
    code, title = "storage-full", "The disk is full"


class DamagedFile(StorageError):
    code, status, title = "damaged-file", 500, "A stored file is damaged or missing"


class NewerDatabase(NeuronScopeError):
    code, title = "newer-database", "The database was written by a newer version"


class DataFolderLocked(NeuronScopeError):
    code, title = "data-folder-locked", "Another instance uses this data folder"


class RunFailed(NeuronScopeError):
    code, title = "run-failed", "The run failed"


class OutOfMemory(RunFailed):
    code, status, title = "out-of-memory", 507, "Out of memory"


class WorkerDied(RunFailed):
    code, title = "worker-died", "The model's process ended unexpectedly"


class ServerStopped(RunFailed):
    code, title = "server-stopped", "The server stopped before the job had ended"


class Cancelled(NeuronScopeError):
    code, status, title = "cancelled", 409, "Cancelled"


def catalogue() -> dict[str, type[NeuronScopeError]]:
    """Every error code with its class, for the documentation and its test."""
    found: dict[str, type[NeuronScopeError]] = {}
    todo = [NeuronScopeError]
    while todo:
        cls = todo.pop()
        found[cls.code] = cls
        todo.extend(cls.__subclasses__())
    return found


def rebuilt(code: str, detail: str, *, hint: str = "", pointer: str = "") -> NeuronScopeError:
    """An error that was written down; of a code that is not known here, a `RunFailed`."""
    cls = catalogue().get(code, RunFailed)
    return _rebuild(cls, detail, hint, pointer,
                    {"detail": detail, "hint": hint, "pointer": pointer})
