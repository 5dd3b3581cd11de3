"""`neuronscope models`: what can be loaded; `models check` loads one and says what it found."""

from __future__ import annotations

import argparse
import json
from typing import TYPE_CHECKING, Any

from neuronscope.commands import common
from neuronscope.commands.tables import table
from neuronscope.errors import ModelNotFound
from neuronscope.spec.models import ModelInfo

if TYPE_CHECKING:
    from neuronscope.service.lab import Lab


def add(commands: Any) -> argparse.ArgumentParser:
    """The parser of this command."""
    parser = commands.add_parser("models", help="list the models, or check one")
    parser.add_argument("action", nargs="?", choices=("list", "check"), default="list")
    parser.add_argument("model", nargs="?", metavar="ID_OR_FOLDER", help="what to check")
    parser.add_argument("--device", help="auto, cpu, mps, cuda or cuda:N")
    parser.add_argument("--dtype", help="auto, float32, bfloat16 or float16")
    parser.add_argument("--json", action="store_true", help="print JSON")
    common.add_place(parser)
    return parser


def carry_out(arguments: argparse.Namespace) -> int:
    """List the registry, or load one model and report its sites."""
    if arguments.action == "check":
        with common.lab_with_model(arguments) as lab:
            return _report(lab, arguments.json)
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


def _report(lab: Lab, as_json: bool) -> int:
    info = lab.model().info
    assert info is not None
    if as_json:
        print(info.model_dump_json())
        return 0
    print("\n".join(about(info)))
    return 0


def about(info: ModelInfo) -> list[str]:
    """A loaded model for reading: sizes, digest, and every site with its verdict."""
    lines = [
        f"{info.id}: {info.architecture}, {info.n_layers} layers, d_model {info.d_model}, "
        f"{info.n_params:,} parameters, {info.dtype} on {info.device}, "
        f"loaded in {info.load_s:.2f} s",
        f"digest {info.model_digest}", "",
    ]
    for site in info.sites:
        lines.append(f"{'ok' if site.certified else 'no':<4}{site.site:<12}{site.reason}".rstrip())
    return lines
