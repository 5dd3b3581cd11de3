"""`neuronscope show`: a stored experiment, or the list of them."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from neuronscope.commands import choosing, common
from neuronscope.commands.tables import record_lines
from neuronscope.errors import InvalidInput
from neuronscope.spec.results import Summary

if TYPE_CHECKING:
    from neuronscope.service.lab import Lab
    from neuronscope.service.views import HistoryPage
    from neuronscope.spec.captures import CapturePage
    from neuronscope.store.captures import CaptureFilter
    from neuronscope.store.history import Filter


def add(commands: Any) -> argparse.ArgumentParser:
    """The parser of this command."""
    parser = commands.add_parser("show", help="print a stored experiment, or the newest ones")
    parser.add_argument("id", nargs="?", help="an id or a spec hash; left out: the newest ones")
    parser.add_argument("--captures", action="store_true",
                        help="list captures: with --search, --of, --since and --until")
    parser.add_argument("--cursor", metavar="NEXT", help="of the list, what follows a page; the "
                        "page says after which")
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
    chosen = choosing.chosen(arguments)
    assert chosen is not None
    page: HistoryPage | CapturePage
    if arguments.captures:
        page = lab.captures.page(_of_captures(chosen), cursor=arguments.cursor)
    else:
        page = lab.history(chosen, cursor=arguments.cursor)
    if arguments.json:
        print(page.model_dump_json())
        return 0
    for line in page.items:
        what = (f"{line.kind:<5}  {line.title}: {line.headline}" if isinstance(line, Summary) else
                f"{line.title}: {line.n_entries} entries, {line.n_bytes:,} bytes")
        print(f"{line.id}  {line.created_at[:19]}  {what}")
    if not page.items:
        print("Nothing is stored here yet." if chosen == type(chosen)() else "Nothing fits.")
    if page.next is not None:
        print(f"There are more: --cursor {page.next}")
    return 0


def _of_captures(chosen: Filter) -> CaptureFilter:
    """The same filter for captures. Raises: InvalidInput for what captures do not have."""
    from neuronscope.store.captures import CaptureFilter
    from neuronscope.store.history import Filter

    found = CaptureFilter(chosen.q, chosen.model, chosen.since, chosen.until)
    if chosen != Filter(q=found.q, model=found.model, since=found.since, until=found.until):
        raise InvalidInput("Captures are chosen with --search, --of, --since and --until alone.")
    return found
