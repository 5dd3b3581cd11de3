"""`neuronscope doctor`: what this installation is, and what is not well with it."""

from __future__ import annotations

import argparse
import dataclasses
import json
from typing import Any

from neuronscope.commands import common

MARKS = {"ok": "ok", "note": "!", "problem": "NO"}


def add(commands: Any) -> argparse.ArgumentParser:
    """The parser of this command."""
    parser = commands.add_parser(
        "doctor", help="check versions, devices, folders, the database, the lock and the port")
    parser.add_argument("--json", action="store_true", help="print JSON")
    common.add_place(parser)
    return parser


def carry_out(arguments: argparse.Namespace) -> int:
    """A line each, and below it what to do; 1 where something is wrong."""
    from neuronscope.service.doctor import examine

    settings, _ = common.settings_of(arguments)
    found = []
    for each in examine(settings):
        found.append(each)
        if not arguments.json:
            print(f"{MARKS[each.state]:<4}{each.about:<13}{each.found}", flush=True)
            if each.hint:
                print(f"{'':17}{each.hint}", flush=True)
    if arguments.json:
        print(json.dumps([dataclasses.asdict(each) for each in found], ensure_ascii=False))
    return 1 if any(each.state == "problem" for each in found) else 0
