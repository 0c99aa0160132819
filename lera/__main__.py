"""`python -m lera`."""

import sys

from lera.cli import main

sys.exit(main())
