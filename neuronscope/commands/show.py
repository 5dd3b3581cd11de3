"""`neuronscope show`: a stored experiment, or the list of them."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from neuronscope.commands import choosing, common
from neuronscope.commands.tables import record_lines

if TYPE_CHECKING:
    from neuronscope.service.lab import Lab


def add(commands: Any) -> argparse.ArgumentParser:
    """The parser of this command."""
    parser = commands.add_parser("show", help="print a stored experiment, or the newest ones")
    parser.add_argument("id", nargs="?", help="an id or a spec hash; left out: the newest ones")
    choosing.add(parser, "of the list, those")
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
    page = lab.history(choosing.chosen(arguments))
    if arguments.json:
        print(page.model_dump_json())
        return 0
    for line in page.items:
        print(f"{line.id}  {line.created_at[:19]}  {line.kind:<5}  {line.title}: {line.headline}")
    if not page.items:
        print("Nothing is stored here yet.")
    return 0
