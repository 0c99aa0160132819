"""`python -m lera`."""

import sys

try:
    from lera.cli import main

    status = main()
except KeyboardInterrupt:
    # It came before there was anybody to handle it.
    status = 130
sys.exit(status)
