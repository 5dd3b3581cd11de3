"""The filters of the history, as options of the commands that choose from it."""

from __future__ import annotations

import argparse
from datetime import datetime
from typing import TYPE_CHECKING

from neuronscope.spec.ops import OP_KINDS
from neuronscope.spec.target import SITES

if TYPE_CHECKING:
    from neuronscope.store.history import Filter


def add(parser: argparse.ArgumentParser, these: str) -> None:
    """`--search`, `--site` and the others. these: how the help names what they choose."""
    parser.add_argument("--search", default="", metavar="TEXT", help=f"{these} with TEXT")
    parser.add_argument("--kind", choices=("run", "sweep"), help=f"{these} of this kind")
    parser.add_argument("--of", metavar="MODEL", help=f"{these} on this model")
    parser.add_argument("--site", choices=sorted(SITES), help=f"{these} at this site")
    parser.add_argument("--op", choices=sorted(OP_KINDS), help=f"{these} with this edit")
    parser.add_argument("--tag", help=f"{these} with this tag")
    parser.add_argument("--starred", action="store_true", help=f"{these} with a star")
    parser.add_argument("--since", metavar="TIME", type=datetime.fromisoformat,
                        help=f"{these} stored since (ISO 8601, UTC): 2026-11-01")
    parser.add_argument("--until", metavar="TIME", type=datetime.fromisoformat,
                        help=f"{these} stored before")


def chosen(arguments: argparse.Namespace, *, everything: bool = True) -> Filter | None:
    """What the options choose; where none is given, everything or nothing."""
    from neuronscope.store.experiments import stamp
    from neuronscope.store.history import Filter

    found = Filter(
        q=arguments.search, kind=arguments.kind, model=arguments.of, site=arguments.site,
        op=arguments.op, tag=arguments.tag, starred=arguments.starred or None,
        since=arguments.since and stamp(arguments.since),
        until=arguments.until and stamp(arguments.until))
    return found if everything or found != Filter() else None
