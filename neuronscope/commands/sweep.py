"""`neuronscope sweep`: one edit at every combination of some axes, stored."""

from __future__ import annotations

import argparse
import shutil
import sys
from typing import Any

from neuronscope.commands import common, plans, shorthand
from neuronscope.commands.tables import ONE_PROMPT, sweep_lines
from neuronscope.errors import InvalidInput
from neuronscope.spec.experiments import AXIS_FIELDS, Sweep
from neuronscope.spec.grid import Grid
from neuronscope.spec.results import Job
from neuronscope.spec.target import SITES

BAR = 30
BESIDE_RESUME = {"resume", "csv", "json", "model", "data", "models", *common.LOADING}
"""Arguments that a stored sweep leaves open."""
WRITTEN = {"spec": "a prompt or spec", "pairs": "--map"}
"""How arguments are written that are not named as they are kept."""

EPILOG = """\
examples:
  neuronscope sweep "The Eiffel Tower is in" --zero --sites attn_out,mlp_out
  neuronscope sweep "The Eiffel Tower is in" --zero --sites z --layers all --heads all
  neuronscope sweep spec.json --csv grid.csv
  neuronscope sweep spec.json --dry-run
  neuronscope sweep --resume 5f3c…

Axes take `all` or indices (0,2,-1). An axis left out is edited as a whole; layers are `all`
unless they are named. A list that begins with a minus is written --positions=-1,4.
"""


def add(commands: Any) -> argparse.ArgumentParser:
    """The parser of this command."""
    parser = commands.add_parser(
        "sweep", help="run one edit over layers, heads, positions or neurons", epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("spec", metavar="SPEC", nargs="?",
                        help="a prompt, a JSON file, or - for stdin")
    parser.add_argument("--resume", metavar="ID", help="run what a stopped sweep lacks")
    ops = parser.add_mutually_exclusive_group()
    for kind, told in shorthand.HELP.items():
        if kind in shorthand.VALUES:
            ops.add_argument(f"--{kind}", metavar=shorthand.VALUES[kind], help=told)
        else:
            ops.add_argument(f"--{kind}", action="store_true", help=told)
    parser.add_argument("--sites", metavar="SITE,SITE", help=f"of {', '.join(SITES)}")
    for field in AXIS_FIELDS.values():
        parser.add_argument(f"--{field}", metavar="all|INDICES")
    shorthand.add_ops(parser)
    parser.add_argument("--exact", action="store_true",
                        help="a forward of its own for every cell (slower)")
    parser.add_argument("--rerun", action="store_true", help="run again what is stored already")
    parser.add_argument("--csv", metavar="FILE", help="also write the cells as CSV")
    parser.add_argument("--json", action="store_true", help="print the record as JSON")
    plans.add(parser)
    common.add_model(parser)
    return parser


def carry_out(arguments: argparse.Namespace) -> int:
    """Run the sweep and print its grid; 1 when it is not complete."""
    if arguments.resume:
        _refuse_beside_resume(arguments)
    spec = None if arguments.resume else _spec(arguments)
    shown = bar if sys.stderr.isatty() and not arguments.json else None
    with common.lab_with_model(arguments, of=arguments.resume) as lab:
        if spec is not None and arguments.dry_run:
            return plans.show(lab, spec, arguments.json)
        record, created = ((lab.resume(arguments.resume, shown), True) if spec is None else
                           lab.sweep(spec, rerun=arguments.rerun, progress=shown))
    grid = Grid(record.result)
    if arguments.csv:
        grid.to_csv(arguments.csv)
    if arguments.json:
        print(record.model_dump_json())
        return 0 if grid.complete else 1
    print("\n".join(sweep_lines(grid, shutil.get_terminal_size().columns)))
    print(f"\nid {record.id}  {record.state}  {grid.data.duration_s:.2f} s"
          f"{'' if created else '  (stored already; --rerun runs it again)'}")
    print(f"hash {grid.spec_hash}\n\n{ONE_PROMPT}")
    return 0 if grid.complete else 1


def _refuse_beside_resume(arguments: argparse.Namespace) -> None:
    """Raises: InvalidInput for what would change a sweep that is stored."""
    plain = vars(add(argparse.ArgumentParser().add_subparsers()).parse_args([]))
    given = [name for name, value in plain.items()
             if name not in BESIDE_RESUME and getattr(arguments, name) != value]
    if given:
        names = ", ".join(WRITTEN.get(name, f"--{name.replace('_', '-')}") for name in given)
        raise InvalidInput("--resume goes on with a stored sweep as it was asked for; "
                           f"{names} would change it.", hint=f"Leave out {names}.")


def _spec(arguments: argparse.Namespace) -> Sweep:
    if arguments.spec is None:
        raise InvalidInput("A sweep needs a prompt or a spec.",
                           hint="Or --resume with the id of a stopped sweep.")
    data = (common.read_spec(arguments.spec) if common.is_file(arguments.spec)
            else from_arguments(arguments))
    return common.checked(Sweep.model_validate, data)


def from_arguments(arguments: argparse.Namespace) -> shorthand.Data:
    """The sweep's data from its short form. Raises: InvalidInput."""
    kind = next((kind for kind in shorthand.HELP if getattr(arguments, kind)), None)
    if kind is None or not arguments.sites:
        raise InvalidInput("A sweep needs an edit and the sites it is made at.",
                           hint="For example: --zero --sites attn_out,mlp_out")
    value = getattr(arguments, kind)
    sites = [site.strip() for site in arguments.sites.split(",")]
    over: shorthand.Data = {"sites": sites}
    for field in AXIS_FIELDS.values():
        chosen = getattr(arguments, field)
        if chosen is not None:
            over[field] = _axis(chosen)
    if "layers" not in over and all("layer" in SITES[site].axes for site in sites if site in SITES):
        over["layers"] = "all"
    op = shorthand.op(kind, value if isinstance(value, str) else None, arguments)
    return shorthand.shared(arguments) | {
        "prompt": arguments.spec, "op": op, "over": over,
        "mode": "exact" if arguments.exact else "fast",
    }


def _axis(text: str) -> str | list[int]:
    if text == "all":
        return text
    found = shorthand.indices(text)
    return [found] if isinstance(found, int) else found


def bar(job: Job) -> None:
    """Redraws the progress line; clears it at the end."""
    counted(job.done, job.total, ended=job.state not in ("queued", "running"))


def counted(done: int, total: int | None, *, ended: bool = False) -> None:
    """The same of a server's job, whose last progress is that it is done."""
    if not total:
        return
    filled = BAR * done // total
    line = f"\r{'█' * filled}{'·' * (BAR - filled)} {done}/{total}"
    ended = ended or done == total
    sys.stderr.write(f"\r{' ' * len(line)}\r" if ended else line)
    sys.stderr.flush()
