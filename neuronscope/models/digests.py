"""Digests of weight files, kept so that large files are not read twice on every load.

A file that has the same inode, size and times as when it was read is taken to be the same file.
Its change time is among them, which a program cannot set back. A file that has just been changed
is read anew, since its next change might have the same times.
"""

from __future__ import annotations

import time
from contextlib import suppress
from pathlib import Path

from neuronscope.models.fingerprint import weights_digest
from neuronscope.models.sealed import NotSealed, seal, unseal
from neuronscope.spec.hashing import content_hash

SETTLED_S = 2.0
"""The coarsest times of file systems are of so many seconds."""

Stamp = tuple[tuple[str, int, int, int, int, int], ...]
"""Of each file: its path, device, inode, size, and the times of its last changes in ns."""


def stamp_of(files: list[Path]) -> Stamp:
    """By what a change of the files is noticed. Raises: OSError."""
    return tuple((str(file.resolve()), status.st_dev, status.st_ino, status.st_size,
                  status.st_mtime_ns, status.st_ctime_ns)
                 for file, status in ((file, file.stat()) for file in sorted(files)))


def known_digest(files: list[Path], folder: Path | None, *, anew: bool = False) -> str:
    """The digest of weight files, from where it is kept or by reading them.

    folder: where digests are kept; None: nowhere. anew: read them in any case.
    Raises: ModelRefused as `weights_digest`; OSError where a file cannot be read.
    """
    if folder is None:
        return weights_digest(files)
    stamp = stamp_of(files)
    name = f"digest-{content_hash([list(map(str, each)) for each in stamp])}"
    with suppress(NotSealed):  # what cannot be used is made anew
        kept = None if anew else unseal(folder, name)
        if isinstance(kept, str):
            return kept
    digest = weights_digest(files)
    last = max((max(each[-2:]) for each in stamp), default=0)
    if stamp_of(files) == stamp and time.time() - last / 1e9 > SETTLED_S:
        with suppress(OSError):  # then it is not kept
            seal(folder, name, digest)
    return digest
