"""`neuronscope import`: a bundle that another machine wrote, listed or stored.

Where a server has the data folder, the server stores it.
"""

from __future__ import annotations

import argparse
from typing import Any

from neuronscope.commands import common
from neuronscope.commands.tables import record_lines


def add(commands: Any) -> argparse.ArgumentParser:
    """The parser of this command."""
    parser = commands.add_parser("import", help="store what a bundle of `export` holds")
    parser.add_argument("file", help="the bundle")
    parser.add_argument("--list", action="store_true",
                        help="only show what it holds; nothing is stored")
    parser.add_argument("--json", action="store_true", help="print JSON")
    common.add_place(parser)
    return parser


def carry_out(arguments: argparse.Namespace) -> int:
    """Store or show a bundle."""
    if arguments.list:
        return _show(arguments)
    settings, _ = common.settings_of(arguments)
    with common.lab_or_server(settings) as here:
        taken = here.take_in(arguments.file)
    if arguments.json:
        print(taken.model_dump_json())
        return 0
    print(f"{len(taken.experiments)} experiments, {len(taken.captures)} captures and "
          f"{len(taken.vectors)} vectors stored; {len(taken.present)} were there already")
    for sha in taken.missing:
        print(f"The vector {sha}, which they name, is in neither the bundle nor this folder: "
              "`neuronscope vectors add` it before what names it is run again.")
    if taken.experiments:
        print(f"neuronscope verify {taken.experiments[0]} runs the first of them again here.")
    return 0


def _show(arguments: argparse.Namespace) -> int:
    from neuronscope.service.bundles import Bundle

    with Bundle(arguments.file) as bundle:
        if arguments.json:
            print(bundle.manifest.model_dump_json())
            return 0
        for record in bundle.records():
            print("\n".join(record_lines(record)))
            print()
        for key in bundle.manifest.captures:
            print(f"capture {key}: {bundle.capture(key).title}")
        for sha in bundle.manifest.missing:
            print(f"The vector {sha}, which they name, is not in it.")
    return 0
