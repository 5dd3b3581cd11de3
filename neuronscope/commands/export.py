"""`neuronscope export`: stored experiments in one file, for another machine."""

from __future__ import annotations

import argparse
from typing import Any

from neuronscope.commands import choosing, common


def add(commands: Any) -> argparse.ArgumentParser:
    """The parser of this command."""
    parser = commands.add_parser(
        "export", help="write stored experiments into one file, with the vectors they name")
    parser.add_argument("file", help="the bundle to write, for example paper.neuronscope.zip")
    parser.add_argument("ids", nargs="*", metavar="ID", help="experiments, by id or spec hash")
    parser.add_argument("--capture", action="append", default=[], metavar="ID",
                        help="also a stored capture with its tensors (may be repeated)")
    choosing.add(parser, "every experiment")
    parser.add_argument("--all", action="store_true", help="every experiment")
    parser.add_argument("--json", action="store_true", help="print the manifest as JSON")
    common.add_place(parser)
    return parser


def carry_out(arguments: argparse.Namespace) -> int:
    """Write the bundle and say what is in it."""
    settings, _ = common.settings_of(arguments)
    chosen = choosing.chosen(arguments, everything=arguments.all)
    with common.lab_or_server(settings) as here:
        manifest = here.export(arguments.file, arguments.ids, arguments.capture, chosen)
    if arguments.json:
        print(manifest.model_dump_json())
        return 0
    size = sum(each.n_bytes for each in manifest.files)
    print(f"{arguments.file}: {len(manifest.experiments)} experiments, "
          f"{len(manifest.captures)} captures, {len(manifest.vectors)} vectors, "
          f"{size / 1e6:.1f} MB unpacked")
    if manifest.running:
        print(f"{len(manifest.running)} sweeps were running and are not in it.")
    for sha in manifest.missing:
        print(f"The vector {sha}, which they name, is lost or damaged here, and is not in it.")
    return 0
