"""The command line `groundtruth`.

`--help`, `version` and completion must answer at once, so nothing here imports more than argparse until a command
runs.
"""

from .main import main

__all__ = ["main"]
