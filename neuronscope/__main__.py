"""`python -m neuronscope` is the command `neuronscope`."""

import sys

from neuronscope.cli import main

if __name__ == "__main__":
    sys.exit(main())
