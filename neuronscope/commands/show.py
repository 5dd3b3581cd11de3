"""`neuronscope show`: a stored experiment, or the list of them."""

from __future__ import annotations

import argparse
from datetime import datetime
from typing import TYPE_CHECKING, Any

from neuronscope.commands import common
from neuronscope.commands.tables import record_lines
from neuronscope.spec.ops import OP_KINDS
from neuronscope.spec.target import SITES

if TYPE_CHECKING:
    from neuronscope.service.lab import Lab


def add(commands: Any) -> argparse.ArgumentParser:
    """The parser of this command."""
    parser = commands.add_parser("show", help="print a stored experiment, or the newest ones")
    parser.add_argument("id", nargs="?", help="an id or a spec hash; left out: the newest ones")
    parser.add_argument("--search", default="", metavar="TEXT", help="of the list, those with TEXT")
    parser.add_argument("--site", choices=sorted(SITES), help="of the list, those at this site")
    parser.add_argument("--op", choices=sorted(OP_KINDS), help="of the list, those with this edit")
    parser.add_argument("--tag", help="of the list, those with this tag")
    parser.add_argument("--starred", action="store_true", help="of the list, those with a star")
    parser.add_argument("--since", metavar="TIME", type=datetime.fromisoformat,
                        help="of the list, those stored since (ISO 8601, UTC): 2026-11-01")
    parser.add_argument("--until", metavar="TIME", type=datetime.fromisoformat,
                        help="of the list, those stored before")
    parser.add_argument("--json", action="store_true", help="print JSON")
    common.add_place(parser)
    return parser


def carry_out(arguments: argparse.Namespace) -> int:
    """Print one record, or a page of the history."""
    settings, _ = common.settings_of(arguments)
    with common.open_lab(settings) as lab:
        if arguments.id is None:
            return _list(lab, arguments)
        record = lab.record(arguments.id)
    print(record.model_dump_json() if arguments.json else "\n".join(record_lines(record)))
    return 0


def _list(lab: Lab, arguments: argparse.Namespace) -> int:
    from neuronscope.store.experiments import stamp
    from neuronscope.store.history import Filter

    page = lab.history(Filter(
        q=arguments.search, site=arguments.site, op=arguments.op, tag=arguments.tag,
        starred=arguments.starred or None, since=arguments.since and stamp(arguments.since),
        until=arguments.until and stamp(arguments.until)))
    if arguments.json:
        print(page.model_dump_json())
        return 0
    for line in page.items:
        print(f"{line.id}  {line.created_at[:19]}  {line.kind:<5}  {line.title}: {line.headline}")
    if not page.items:
        print("Nothing is stored here yet.")
    return 0
