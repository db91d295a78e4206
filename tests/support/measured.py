"""Run a command and write its peak resident memory in KB into a file: `python -S measured.py FILE COMMAND…`.

A process inherits the peak of the one that started it (Linux keeps `ru_maxrss` over exec), and a process that runs
tests is large. This one is small, and imports nothing but what the interpreter has in itself.
"""

import os
import sys

child = os.spawnv(os.P_NOWAIT, sys.argv[2], sys.argv[2:])
_, status, usage = os.wait4(child, 0)
with open(sys.argv[1], "w") as file:
    file.write(str(usage.ru_maxrss))
sys.exit(os.waitstatus_to_exitcode(status))
