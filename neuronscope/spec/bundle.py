"""What a bundle of stored experiments says it holds."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from neuronscope.spec.base import Items, Spec
from neuronscope.spec.results import Cell

FORMAT = 1
Sha = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Id = Annotated[str, Field(pattern=r"^[0-9a-f]{16}$")]


class BundledFile(Spec):
    """A file of the bundle: its name in it, and what its content must be."""

    name: str
    sha256: Sha
    n_bytes: Annotated[int, Field(ge=0)]


class Manifest(Spec):
    """`neuronscope.json` of a bundle, its first file.

    experiments, captures: ids. vectors: the hashes of the stored vectors that they name.
    files: every other file, each checked before anything of it is used.
    """

    format: Literal[1] = FORMAT
    neuronscope: str
    created_at: str
    experiments: Annotated[tuple[Id, ...], Items] = ()
    captures: Annotated[tuple[Id, ...], Items] = ()
    vectors: Annotated[tuple[Sha, ...], Items] = ()
    files: Annotated[tuple[BundledFile, ...], Items] = ()


class MovedExperiment(Spec):
    """All that is stored of an experiment. body: its JSON; environment: hash of what it ran on."""

    id: Id
    kind: Literal["run", "sweep"]
    spec_hash: Sha
    environment: Sha
    created_at: str
    model_id: str
    model_digest: Sha
    prompt: str
    title: str
    headline: str
    state: Literal["complete", "cancelled", "failed", "completed_with_errors"]
    n_cells: int | None
    name: str
    notes: str
    starred: bool
    tags: Annotated[tuple[str, ...], Items]
    uses: Annotated[tuple[Annotated[tuple[Literal["site", "op"], str], Items], ...], Items]
    body: str
    cells: Annotated[tuple[Cell, ...], Items]


class MovedCapture(Spec):
    """All that is stored of a capture but its file of tensors."""

    id: Id
    capture_hash: Sha
    environment: Sha
    created_at: str
    model_id: str
    model_digest: Sha
    prompt: str
    title: str
    n_entries: int
    n_bytes: int
    body: str


class Taken(Spec):
    """What an import has done. present: ids that were there already, with the same content."""

    experiments: Annotated[tuple[str, ...], Items] = ()
    captures: Annotated[tuple[str, ...], Items] = ()
    vectors: Annotated[tuple[str, ...], Items] = ()
    present: Annotated[tuple[str, ...], Items] = ()
