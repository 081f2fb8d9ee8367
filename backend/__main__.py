"""`python -m backend` is the command line."""

import os
import sys

# Lines share the cores, single matrix products do not: before numpy is imported, which reads this once.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

from .cli import main

sys.exit(main())
