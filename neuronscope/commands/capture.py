"""`neuronscope capture`: activations of one forward, with their statistics."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from neuronscope.commands import common, shorthand
from neuronscope.commands.tables import number, table
from neuronscope.errors import InvalidInput
from neuronscope.spec.captures import Capture, CaptureData, CaptureEntry, CaptureRecord

EPILOG = """\
examples:
  neuronscope capture "The Eiffel Tower is in" --site resid_post.3 --site z.5@-1
  neuronscope capture spec.json --out activations.safetensors

  SITE  resid_post.3   z.5.2@-1   mlp_act.3.17,18@2   embed   (layers left out: all)
        site, layer, head or neuron, then positions after an @; commas make lists
  A JSON file also takes `edits`: activations are then those under the edits."""


def add(commands: Any) -> argparse.ArgumentParser:
    """The parser of this command."""
    parser = commands.add_parser(
        "capture", help="keep activations of one forward, with statistics", epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("spec", metavar="SPEC", help="a prompt, a JSON file, or - for stdin")
    parser.add_argument("--site", action="append", default=[], metavar="SITE",
                        help="what is captured (repeat it)")
    parser.add_argument("--out", type=Path, metavar="FILE.safetensors",
                        help="write the tensors there as well")
    parser.add_argument("--statistics", action="store_true", help="keep no tensors")
    parser.add_argument("--rerun", action="store_true", help="run again what is stored already")
    parser.add_argument("--json", action="store_true", help="print the record as JSON")
    common.add_model(parser)
    return parser


def carry_out(arguments: argparse.Namespace) -> int:
    """Capture, print the statistics, and write the file that was asked for."""
    spec = common.checked(Capture.model_validate, _data(arguments))
    if arguments.out is not None and not spec.tensors:
        raise InvalidInput("--out writes tensors, and this capture keeps statistics alone.",
                           hint="Leave one of the two out.")
    with common.lab_with_model(arguments) as lab:
        record, created = lab.capture(spec, rerun=arguments.rerun)
        if arguments.out is not None:
            lab.captures.open(record.id).to_safetensors(arguments.out)
    if arguments.json:
        print(record.model_dump_json())
        return 0
    print("\n".join(lines(record)))
    if not created:
        print("This was stored already; --rerun runs it again.")
    return 0


def _data(arguments: argparse.Namespace) -> Any:
    if common.is_file(arguments.spec):
        if arguments.site or arguments.statistics:
            raise InvalidInput("A spec from a file names its targets itself.",
                               hint="Leave --site and --statistics out.")
        return common.read_spec(arguments.spec)
    if not arguments.site:
        raise InvalidInput("Nothing is to be captured.", hint="Add --site resid_post.3@-1.")
    return {"prompt": arguments.spec, "tensors": not arguments.statistics,
            "targets": [shorthand.target(text) for text in arguments.site]}


def lines(record: CaptureRecord) -> list[str]:
    """A capture for reading: its tokens and one row of statistics for each entry."""
    data = record.data
    rows = [["entry", "shape", "mean", "std", "min", "max", "mean norm", "max norm", "zeros",
             "not finite"], *(_row(entry) for entry in data.entries)]
    return [
        f"{data.model.id}: {len(data.entries)} entries, {kept(data)}",
        f"tokens  {' '.join(f'{each.index}:{each.text!r}' for each in data.tokens)}", "",
        *table(rows), "",
        *(f"warning {note.code}: {note.text}" for note in data.warnings),
        f"id {record.id}  {record.created_at}", f"hash {data.capture_hash}",
    ]


def kept(data: CaptureData) -> str:
    """How much is kept of a capture."""
    return f"{data.n_bytes:,} bytes of tensors" if data.spec.tensors else "statistics alone"


def _row(entry: CaptureEntry) -> list[str]:
    found = entry.statistics
    values = (found.mean, found.std, found.min, found.max, found.mean_norm, found.max_norm)
    shape = " × ".join(f"{size} {dim}" for dim, size in zip(entry.dims, entry.shape, strict=True))
    return [entry.name, shape, *map(number, values), f"{found.n_zero:,}",
            f"{found.n_non_finite:,}"]
