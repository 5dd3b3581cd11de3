"""`neuronscope run`: one experiment, stored."""

from __future__ import annotations

import argparse
from typing import Any

from neuronscope.commands import common, plans, shorthand
from neuronscope.commands.tables import ONE_PROMPT, record_lines
from neuronscope.errors import InvalidInput
from neuronscope.spec.experiments import Run

EPILOG = f"""\
examples:
  neuronscope run "The Eiffel Tower is in" --zero mlp_out.0 --metric "prob: Paris"
  neuronscope run spec.json

{shorthand.__doc__}"""


def add(commands: Any) -> argparse.ArgumentParser:
    """The parser of this command."""
    parser = commands.add_parser(
        "run", help="run one experiment and keep its result", epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("spec", metavar="SPEC", help="a prompt, a JSON file, or - for stdin")
    parser.set_defaults(edits=[])
    for kind, told in shorthand.HELP.items():
        value = f"={shorthand.VALUES[kind]}" if kind in shorthand.VALUES else ""
        parser.add_argument(f"--{kind}", action=_Edit, metavar=f"TARGET{value}", help=told)
    shorthand.add_ops(parser)
    parser.add_argument("--top", type=int, default=10, metavar="K", help="top tokens recorded")
    parser.add_argument("--rerun", action="store_true", help="run again what is stored already")
    parser.add_argument("--json", action="store_true", help="print the record as JSON")
    plans.add(parser)
    common.add_model(parser)
    return parser


def carry_out(arguments: argparse.Namespace) -> int:
    """Run the spec and print its record."""
    data = (common.read_spec(arguments.spec) if common.is_file(arguments.spec)
            else from_arguments(arguments))
    if isinstance(data, dict) and "over" in data:
        raise InvalidInput("This spec is a sweep (it has `over`).", hint="Use neuronscope sweep.")
    spec = common.checked(Run.model_validate, data)
    with common.lab_with_model(arguments) as lab:
        if arguments.dry_run:
            return plans.show(lab, spec, arguments.json)
        record, created = lab.run(spec, rerun=arguments.rerun)
    if arguments.json:
        print(record.model_dump_json())
        return 0
    print("\n".join(record_lines(record)))
    if not created:
        print("This was stored already; --rerun runs it again.")
    if spec.edits:
        print(f"\n{ONE_PROMPT}")
    return 0


def from_arguments(arguments: argparse.Namespace) -> shorthand.Data:
    """The run's data from its short form. Raises: InvalidInput."""
    return shorthand.shared(arguments) | {
        "prompt": arguments.spec, "top_k": arguments.top,
        "edits": [shorthand.edit(kind, text, arguments) for kind, text in arguments.edits],
    }


class _Edit(argparse.Action):
    """Gathers the edits of all kinds in the order in which they were given."""

    def __call__(self, parser: argparse.ArgumentParser, namespace: argparse.Namespace,
                 values: Any, option_string: str | None = None) -> None:
        namespace.edits = [*namespace.edits, (self.dest, values)]
