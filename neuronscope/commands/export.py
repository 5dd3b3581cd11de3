"""`neuronscope export`: stored experiments in one file, for another machine."""

from __future__ import annotations

import argparse
from typing import Any

from neuronscope.commands import common
from neuronscope.errors import InvalidInput


def add(commands: Any) -> argparse.ArgumentParser:
    """The parser of this command."""
    parser = commands.add_parser(
        "export", help="write stored experiments into one file, with the vectors they name")
    parser.add_argument("file", help="the bundle to write, for example paper.neuronscope.zip")
    parser.add_argument("ids", nargs="*", metavar="ID", help="experiments, by id or spec hash")
    parser.add_argument("--capture", action="append", default=[], metavar="ID",
                        help="also a stored capture with its tensors (may be repeated)")
    parser.add_argument("--search", metavar="TEXT", help="every experiment with TEXT")
    parser.add_argument("--tag", help="every experiment with this tag")
    parser.add_argument("--all", action="store_true", help="every experiment")
    parser.add_argument("--json", action="store_true", help="print the manifest as JSON")
    common.add_place(parser)
    return parser


def carry_out(arguments: argparse.Namespace) -> int:
    """Write the bundle and say what is in it."""
    settings, _ = common.settings_of(arguments)
    chosen = arguments.all or arguments.search is not None or arguments.tag is not None
    if not (chosen or arguments.ids or arguments.capture):
        raise InvalidInput("Nothing was named that is to be exported.",
                           hint="Give ids, --search, --tag or --all.")
    with common.open_lab(settings) as lab:
        ids = list(arguments.ids)
        if chosen:
            ids += _found(lab, arguments.search or "", arguments.tag)
        manifest = lab.export(arguments.file, ids, arguments.capture)
    if arguments.json:
        print(manifest.model_dump_json())
        return 0
    size = sum(each.n_bytes for each in manifest.files)
    print(f"{arguments.file}: {len(manifest.experiments)} experiments, "
          f"{len(manifest.captures)} captures, {len(manifest.vectors)} vectors, "
          f"{size / 1e6:.1f} MB unpacked")
    return 0


def _found(lab: Any, search: str, tag: str | None) -> list[str]:
    from neuronscope.store.history import Filter

    ids, cursor = [], None
    while True:
        page = lab.history(Filter(q=search, tag=tag), cursor=cursor, limit=200)
        ids += [line.id for line in page.items]
        cursor = page.next
        if cursor is None:
            return ids
