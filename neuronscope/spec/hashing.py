"""Canonical form and content hashes.

Canonical form is RFC 8785 (JCS): key order, number format and whitespace are fixed, so
that equal specs have equal bytes on every machine.
"""

from __future__ import annotations

import hashlib
from typing import Any

import rfc8785


def canonical(data: Any) -> bytes:
    """The RFC 8785 bytes of plain JSON data.

    Raises: rfc8785.CanonicalizationError for NaN, infinities and integers past 2^53.
    """
    return rfc8785.dumps(data)


def content_hash(data: Any) -> str:
    """SHA-256 of the canonical form: 64 hex digits."""
    return hashlib.sha256(canonical(data)).hexdigest()
