"""`neuronscope vectors`: directions kept by the hash of their content.

A running server of the same data folder sees what is added at once.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from neuronscope.commands import common
from neuronscope.commands.tables import table
from neuronscope.errors import InvalidInput
from neuronscope.spec.vectors import VectorInfo

EPILOG = """\
examples:
  neuronscope vectors add steering.npy --name "towards French"
  neuronscope vectors add sae.safetensors --tensor W_dec
  neuronscope run "…" --add "resid_post.5=stored:SHA256:1234"

An array has the shape [width] or [rows, width]; a row is named by its number, from 0."""


def add(commands: Any) -> argparse.ArgumentParser:
    """The parser of this command."""
    parser = commands.add_parser("vectors", help="list the stored vectors, or add one",
                                 epilog=EPILOG,
                                 formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("action", nargs="?", choices=("list", "add"), default="list")
    parser.add_argument("file", nargs="?", metavar="FILE", type=Path,
                        help="a .npy or .safetensors file")
    parser.add_argument("--tensor", metavar="NAME", help="which one of a .safetensors file")
    parser.add_argument("--name", default="", help="what to call it in lists")
    parser.add_argument("--json", action="store_true", help="print JSON")
    common.add_place(parser)
    return parser


def carry_out(arguments: argparse.Namespace) -> int:
    """List the stored vectors, or add the file's."""
    from neuronscope.models.vectors import Vectors
    from neuronscope.service.token import private_folder

    settings, _ = common.settings_of(arguments)
    kept = Vectors(settings.data / "vectors")
    if arguments.action == "add":
        if arguments.file is None:
            raise InvalidInput("There is no file to add.",
                               hint="neuronscope vectors add FILE.npy")
        private_folder(settings.data)
        found = [kept.add(arguments.file, arguments.name, tensor=arguments.tensor)]
    else:
        found = kept.all()
    if arguments.json:
        print(json.dumps([each.model_dump(mode="json") for each in found], ensure_ascii=False))
    else:
        print("\n".join(_lines(found)) or "No vectors are stored.")
    return 0


def _lines(found: list[VectorInfo]) -> list[str]:
    if not found:
        return []
    rows = [["sha256", "shape", "dtype", "name"]]
    rows += [[each.sha256, "×".join(map(str, each.shape)), each.dtype, each.name]
             for each in found]
    return table(rows)
