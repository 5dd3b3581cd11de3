"""Prints the OpenAPI document: `python -m neuronscope.api.schema > frontend/openapi.json`."""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path

from neuronscope.api.app import create_app, document
from neuronscope.settings import Settings


def main() -> None:
    """Writes the document to standard output; equal code gives equal bytes."""
    with tempfile.TemporaryDirectory() as folder:
        app = create_app(Settings(data=Path(folder)))
        text = json.dumps(document(app), indent=2, sort_keys=True, ensure_ascii=False)
    sys.stdout.reconfigure(encoding="utf-8", newline="\n")  # type: ignore[union-attr]
    sys.stdout.write(f"{text}\n")


if __name__ == "__main__":
    main()
