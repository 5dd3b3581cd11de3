"""What a bundle of stored experiments says it holds."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, field_validator

from neuronscope.spec.base import MAX_SAFE_INT, Items, Spec, no_nul

FORMAT = 2
Sha = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Id = Annotated[str, Field(pattern=r"^[0-9a-f]{16}$")]
Moment = Annotated[str, Field(pattern=r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+00:00$")]
Bytes = Annotated[int, Field(ge=0, le=MAX_SAFE_INT)]
Count = Annotated[int, Field(ge=0, le=2**22)]
"""Of cells or entries: many times what is accepted, and little enough to be listed."""
MAX_LISTED = 2**21
"""Experiments of one bundle; of captures, vectors and files there are fewer."""
Listed = Field(max_length=MAX_LISTED)


class BundledFile(Spec):
    """A file of the bundle: its name in it, and what its content must be."""

    name: str
    sha256: Sha
    n_bytes: Bytes


class Manifest(Spec):
    """`neuronscope.json` of a bundle, its last file: a bundle that was broken off has none.

    experiments, captures: ids, oldest first. vectors: the hashes of the stored vectors that they
    name. missing: of those, the ones that were lost or damaged where it was written, and so are
    not in it. running: sweeps that were asked for and ran, and so are not in it.
    files: every other file, each checked before anything of it is used.
    """

    format: Literal[2] = FORMAT
    neuronscope: str
    created_at: str
    experiments: Annotated[tuple[Id, ...], Items, Listed] = ()
    captures: Annotated[tuple[Id, ...], Items, Listed] = ()
    vectors: Annotated[tuple[Sha, ...], Items, Listed] = ()
    missing: Annotated[tuple[Sha, ...], Items, Listed] = ()
    running: Annotated[tuple[Id, ...], Items, Listed] = ()
    files: Annotated[tuple[BundledFile, ...], Items, Listed] = ()

    @field_validator("experiments", "captures", "vectors", "missing", "running", "files")
    @classmethod
    def _once(cls, value: tuple[str | BundledFile, ...]) -> tuple[str | BundledFile, ...]:
        names = {each if isinstance(each, str) else each.name for each in value}
        if len(names) < len(value):
            raise ValueError("each is told once")
        return value


class Moved(Spec):
    """What is stored of an experiment or a capture, but its cells and tensors.

    environment: hash of what it ran on. body: all that came out, as JSON.
    """

    id: Id
    environment: Sha
    created_at: Moment
    model_id: str
    model_digest: Sha
    prompt: str
    title: str
    body: str

    @field_validator("*")
    @classmethod
    def _no_nul(cls, value: object) -> object:
        for text in value if isinstance(value, tuple) else (value,):
            if isinstance(text, str):
                no_nul(text)
        return value


class MovedExperiment(Moved):
    """An experiment. n_cells: of a sweep, all of them; n_stored: those that are in the bundle."""

    kind: Literal["run", "sweep"]
    spec_hash: Sha
    headline: str
    state: Literal["complete", "cancelled", "failed", "completed_with_errors"]
    n_cells: Count | None
    n_stored: Count
    name: str
    notes: str
    starred: bool
    tags: Annotated[tuple[str, ...], Items]
    uses: Annotated[tuple[Annotated[tuple[Literal["site", "op"], str], Items], ...], Items]

    @field_validator("tags", "uses")
    @classmethod
    def _once(cls, value: tuple[object, ...]) -> tuple[object, ...]:
        if len(set(value)) < len(value):
            raise ValueError("each is told once")
        return value


class MovedCapture(Moved):
    """A capture. n_bytes: of its file of tensors; 0 where it has none."""

    capture_hash: Sha
    n_entries: Count
    n_bytes: Bytes


class Taken(Spec):
    """What an import has done. present: ids that were there already, with the same content.

    missing: vectors that its experiments name, which neither the bundle nor this lab has: those
    experiments can be read, and not run again before their vectors are added.
    """

    experiments: Annotated[tuple[str, ...], Items] = ()
    captures: Annotated[tuple[str, ...], Items] = ()
    vectors: Annotated[tuple[str, ...], Items] = ()
    present: Annotated[tuple[str, ...], Items] = ()
    missing: Annotated[tuple[str, ...], Items] = ()
