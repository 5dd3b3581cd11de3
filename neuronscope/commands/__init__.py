"""One file per command: `add` describes it to the parser, `carry_out` does it.

`carry_out` takes the parsed arguments and returns the exit code.
"""
