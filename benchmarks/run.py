"""Run every benchmark, one after the other."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

BENCHMARKS = ("startup.py", "parse_documents.py", "many_items.py", "over_http.py", "load.py", "arrays.py")

for name in BENCHMARKS:
    print(f"== {name}", flush=True)
    subprocess.run([sys.executable, Path(__file__).with_name(name)], check=True)
