"""Whether a value stands, and why not."""

from __future__ import annotations

from typing import Literal

Status = Literal["ok", "undefined", "non_finite", "pending", "failed"]
"""ok; undefined (no value exists, e.g. recovery over a zero gap); non_finite (the model
gave NaN or infinity; the value is null); pending (not run yet); failed (see the error)."""
