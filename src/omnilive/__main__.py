"""`python -m omnilive`: the command line without its script."""

import sys

from omnilive.cli import main

if __name__ == "__main__":
    sys.exit(main())
