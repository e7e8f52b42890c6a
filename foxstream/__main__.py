"""`python -m foxstream`: the command line."""

import sys

from foxstream.cli import main

if __name__ == "__main__":
    sys.exit(main())
