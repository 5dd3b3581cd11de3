"""ZIP files that are written as they are sent, and that strangers have made."""

from __future__ import annotations

import struct
from typing import BinaryIO

END = struct.Struct("<4s4H2LH")
"""The record that ends a ZIP file: signature, disks and counts, size and place of the list of
files, length of the comment."""
END_64_PLACE = struct.Struct("<4sLQL")
END_64 = struct.Struct("<4sQ2H2L4Q")
"""The same of large files, and the record that stands between it and the end."""


class Spool:
    """What `zipfile` writes to, taken away in pieces; it cannot be sought in."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []
        self.size = 0

    def write(self, data: bytes) -> int:
        """Keeps some bytes."""
        self._parts.append(bytes(data))
        self.size += len(data)
        return len(data)

    def flush(self) -> None:
        """Nothing is held back."""

    def taken(self) -> bytes:
        """What was written since the last call."""
        found, self._parts, self.size = b"".join(self._parts), [], 0
        return found


def directory_size(file: BinaryIO) -> int:
    """The bytes of a ZIP file's list of files, before anything reads it into memory.

    Raises: ValueError for a file that does not end as a ZIP file without a comment does; OSError.
    """
    end = file.seek(0, 2)
    most = END.size + END_64_PLACE.size + END_64.size
    known = min(end, most)
    file.seek(end - known)
    tail = file.read(known)
    file.seek(0)
    if len(tail) < END.size:
        raise ValueError("too short")
    signature, *_, size, _, comment = END.unpack(tail[-END.size:])
    if signature != b"PK\5\6" or comment:
        raise ValueError("no end of a ZIP file")
    place = tail[-END.size - END_64_PLACE.size:-END.size]
    if place.startswith(b"PK\6\7") and known == most:
        return max(size % 0xFFFFFFFF, END_64.unpack(tail[:END_64.size])[-2])
    return size
