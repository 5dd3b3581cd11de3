"""`neuronscope verify`: whether a stored experiment comes out the same when it is run again.

Where a server has the data folder, the server does it, on the model that it has loaded.
"""

from __future__ import annotations

import argparse
import sys
from typing import Any

from neuronscope.commands import common
from neuronscope.commands.sweep import bar, counted
from neuronscope.spec.verification import Difference, Verification

SAYS = {
    "exact": "exact: every number has the same bits",
    "within_tolerance": "within tolerance: the largest difference is {worst}, allowed is {allowed}",
    "mismatch": "MISMATCH: the largest difference of a number is {worst}, allowed is {allowed}",
    "not_comparable": "not comparable: it would not be the same experiment, and was not run",
}


def add(commands: Any) -> argparse.ArgumentParser:
    """The parser of this command."""
    parser = commands.add_parser("verify", help="run a stored experiment again and compare")
    parser.add_argument("id", help="an id or a spec hash")
    parser.add_argument("--json", action="store_true", help="print JSON")
    common.add_model(parser)
    return parser


def carry_out(arguments: argparse.Namespace) -> int:
    """0 where it comes out exactly or within tolerance; 1 where it does not."""
    from neuronscope.client import Client

    shown = sys.stderr.isatty() and not arguments.json
    settings, named = common.settings_of(arguments)
    with common.lab_or_server(settings) as here:
        if isinstance(here, Client):
            common.no_loading(arguments)
            found = here.verify(arguments.id, counted if shown else None)
        else:
            here.load(named or here.model_of(arguments.id))
            found = here.verify(arguments.id, bar if shown else None)
    print(found.model_dump_json() if arguments.json else "\n".join(verdict_lines(found)))
    return 0 if found.verdict in ("exact", "within_tolerance") else 1


def verdict_lines(found: Verification) -> list[str]:
    """A verification for reading."""
    worst = "–" if found.max_difference is None else f"{found.max_difference:.3g}"
    lines = [f"{found.id}  " + SAYS[found.verdict].format(worst=worst, allowed=found.tolerance)]
    if found.n_compared:
        lines.append(f"{found.n_compared} values compared, {found.n_differences} differ")
    lines += [_line(each) for each in found.differences]
    if found.n_differences > len(found.differences):
        lines.append(f"  … and {found.n_differences - len(found.differences)} more")
    if found.environment:
        lines += ["the environment has changed:", *map(_line, found.environment)]
    return lines


def _line(each: Difference) -> str:
    place = f" ({each.place})" if each.place else ""
    return f"  {each.where}{place}: stored {each.stored}, found {each.found}"
