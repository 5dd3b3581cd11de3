"""`app` for `uvicorn neuronscope.main:app --host localhost --port 8000`.

Settings come from the environment (`NEURONSCOPE_DATA`, …). The application is built when
`app` is first asked for, so that importing this module does nothing.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from dataclasses import replace

from fastapi import FastAPI

from neuronscope.api.app import create_app
from neuronscope.api.serve import page_address
from neuronscope.service.lab import Lab
from neuronscope.settings import Settings


def __getattr__(name: str) -> FastAPI:
    if name != "app":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    settings = Settings.from_environment()
    port = asked_port(sys.argv) or int(os.environ.get("UVICORN_PORT", settings.port))
    return create_app(replace(settings, port=port), opened=_tell)


def asked_port(arguments: Sequence[str]) -> int | None:
    """The port among uvicorn's arguments; an application is not told it otherwise."""
    for index, argument in enumerate(arguments):
        name, _, value = argument.partition("=")
        if name == "--port":
            text = value or "".join(arguments[index + 1:index + 2])
            return int(text) if text.isdigit() else None
    return None


def _tell(lab: Lab) -> None:
    url = page_address(lab.settings)
    lab.announce(url.split("#", maxsplit=1)[0].rstrip("/"))
    sys.stdout.write(f"NeuronScope is at {url}\n")
    sys.stdout.flush()
