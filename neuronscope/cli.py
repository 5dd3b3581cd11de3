"""The command `neuronscope`.

Exit codes: 0 done; 1 the run failed; 2 bad input; 3 another instance holds the data folder;
4 the database is from a newer version.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Sequence

from neuronscope.commands import (
    capture,
    demo,
    doctor,
    export,
    models,
    run,
    serve,
    show,
    sweep,
    take_in,
    vectors,
    verify,
)
from neuronscope.errors import (
    DataFolderLocked,
    InvalidInput,
    MalformedJson,
    NeuronScopeError,
    NewerDatabase,
    NotFound,
)
from neuronscope.threads import wait_asleep
from neuronscope.version import __version__

COMMANDS = (serve, demo, run, sweep, capture, show, verify, export, take_in, models, vectors,
            doctor)

FAILED, BAD_INPUT, LOCKED, NEWER, INTERRUPTED = 1, 2, 3, 4, 130


def parser() -> argparse.ArgumentParser:
    """The parser with all commands."""
    top = argparse.ArgumentParser(
        prog="neuronscope", description="Causal experiments on language models.")
    top.add_argument("--version", action="version", version=f"neuronscope {__version__}")
    commands = top.add_subparsers(metavar="COMMAND", required=True)
    for command in COMMANDS:
        command.add(commands).set_defaults(carry_out=command.carry_out)
    return top


def main(argv: Sequence[str] | None = None) -> int:
    """Carry out one command; returns the exit code."""
    # a terminal or pipe that cannot show a character shows an escape instead of a traceback
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
    wait_asleep()
    arguments = parser().parse_args(argv)
    as_json = getattr(arguments, "json", False)
    try:
        return arguments.carry_out(arguments)
    except NeuronScopeError as error:
        _tell(error, as_json)
        return exit_code(error)
    except KeyboardInterrupt:
        print("Interrupted. Finished cells of a sweep are kept.", file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:
        # the reader has gone (`… | head`); keep Python from complaining when it flushes
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0


def exit_code(error: NeuronScopeError) -> int:
    """The exit code that stands for an error."""
    match error:
        case InvalidInput() | NotFound() | MalformedJson():
            return BAD_INPUT
        case DataFolderLocked():
            return LOCKED
        case NewerDatabase():
            return NEWER
        case _:
            return FAILED


def _tell(error: NeuronScopeError, as_json: bool) -> None:
    if as_json:
        members = {"code": error.code, "detail": error.detail, "hint": error.hint,
                   "pointer": error.pointer}
        print(json.dumps(members, ensure_ascii=False), file=sys.stderr)
        return
    where = f" (at {error.pointer})" if error.pointer else ""
    print(f"neuronscope: {error.detail}{where}", file=sys.stderr)
    if error.hint:
        print(f"  {error.hint}", file=sys.stderr)
