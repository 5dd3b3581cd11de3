"""`neuronscope serve`: the page and the REST interface."""

from __future__ import annotations

import argparse
from typing import Any

from neuronscope.commands import common


def add(commands: Any) -> argparse.ArgumentParser:
    """The parser of this command."""
    parser = commands.add_parser("serve", help="start the page and the REST interface")
    parser.add_argument("--host", help="address to listen on (default: this machine only)")
    parser.add_argument("--port", type=int, help="port (default: the first free one from 8000)")
    parser.add_argument("--allow-remote", action="store_true",
                        help="listen where other machines can reach the server")
    parser.add_argument("--no-browser", action="store_true", help="do not open the page")
    common.add_model(parser)
    return parser


def carry_out(arguments: argparse.Namespace) -> int:
    """Serve until interrupted."""
    from neuronscope.api.serve import serve

    settings, named = common.settings_of(arguments, host=arguments.host, port=arguments.port)
    serve(settings, open_browser=not arguments.no_browser, model=named,
          port_given=arguments.port is not None, allow_remote=arguments.allow_remote)
    return 0
