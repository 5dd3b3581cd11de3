"""`neuronscope show`: a stored experiment, or the list of them.

Where a server has the data folder, the server is asked.
"""

from __future__ import annotations

import argparse
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from neuronscope.commands import choosing, common
from neuronscope.commands.tables import record_lines
from neuronscope.errors import InvalidInput
from neuronscope.spec.results import Summary

if TYPE_CHECKING:
    from neuronscope.client import Client
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
    with common.lab_or_server(settings) as here:
        if arguments.id is None:
            return _list(here, arguments)
        record = here.record(arguments.id)
    print(record.model_dump_json() if arguments.json else "\n".join(record_lines(record)))
    return 0


def _list(here: Lab | Client, arguments: argparse.Namespace) -> int:
    chosen = choosing.chosen(arguments)
    assert chosen is not None
    page = _page(here, _of_captures(chosen) if arguments.captures else chosen, arguments.cursor)
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


def _page(here: Lab | Client, chosen: Filter | CaptureFilter, cursor: str | None
          ) -> HistoryPage | CapturePage:
    from neuronscope.client import Client
    from neuronscope.store.history import Filter

    source: Any = here.history if isinstance(chosen, Filter) else here.captures.page
    if isinstance(here, Client):
        given = {name: value for name, value in asdict(chosen).items() if value is not None}
        return source(cursor=cursor, **given)
    return source(chosen, cursor=cursor)


def _of_captures(chosen: Filter) -> CaptureFilter:
    """The same filter for captures. Raises: InvalidInput for what captures do not have."""
    from neuronscope.store.captures import CaptureFilter
    from neuronscope.store.history import Filter

    found = CaptureFilter(chosen.q, chosen.model, chosen.since, chosen.until)
    if chosen != Filter(q=found.q, model=found.model, since=found.since, until=found.until):
        raise InvalidInput("Captures are chosen with --search, --of, --since and --until alone.")
    return found
