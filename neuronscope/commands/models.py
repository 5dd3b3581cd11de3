"""`neuronscope models`: what can be loaded; `models check` loads one and says what it found."""

from __future__ import annotations

import argparse
import json
import shutil
from typing import TYPE_CHECKING, Any

from neuronscope.commands import common
from neuronscope.commands.modeltable import about
from neuronscope.commands.tables import table
from neuronscope.errors import ModelNotFound, ModelRefused

if TYPE_CHECKING:
    from neuronscope.service.lab import Lab


def add(commands: Any) -> argparse.ArgumentParser:
    """The parser of this command."""
    parser = commands.add_parser("models", help="list the models, or check one")
    parser.add_argument("action", nargs="?", choices=("list", "check"), default="list")
    parser.add_argument("model", nargs="?", metavar="ID_OR_FOLDER", help="what to check")
    common.add_loading(parser)
    parser.add_argument("--json", action="store_true", help="print JSON")
    common.add_place(parser)
    return parser


def carry_out(arguments: argparse.Namespace) -> int:
    """List the registry, or load one model and have its sites and stages prove themselves.

    `check` ends with 1 where the model is refused.
    """
    if arguments.action == "check":
        try:
            with common.lab_with_model(arguments, anew=True) as lab:
                return _report(lab, arguments.json)
        except ModelRefused as error:  # which is an answer here
            return _refuse(error, arguments.json)
    settings, _ = common.settings_of(argparse.Namespace(**vars(arguments) | {"model": None}))
    with common.open_lab(settings) as lab:
        entries = lab.models()
    if arguments.json:
        print(json.dumps([entry.model_dump() for entry in entries], ensure_ascii=False))
        return 0
    if not entries:
        raise ModelNotFound(f"There is no model folder in {settings.models}.",
                            hint="Put one there, or give another folder with --models.")
    rows = [["id", "architecture", "size", ""]]
    rows += [[entry.id, entry.architecture or "?", f"{entry.n_bytes / 1e6:.1f} MB",
              entry.problem or ""] for entry in entries]
    print("\n".join(table(rows)))
    return 0


def _refuse(error: ModelRefused, as_json: bool) -> int:
    if as_json:
        members = {"code": error.code, "detail": error.detail, "hint": error.hint}
        print(json.dumps(members, ensure_ascii=False))
    else:
        print(f"refused: {error.detail}" + (f"\n  {error.hint}" if error.hint else ""))
    return 1


def _report(lab: Lab, as_json: bool) -> int:
    info = lab.check()
    print(info.model_dump_json() if as_json else
          "\n".join(about(info, shutil.get_terminal_size().columns)))
    return 0
