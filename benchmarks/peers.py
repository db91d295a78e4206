"""The real peers, each in a virtual environment of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

PEERS = Path(__file__).parent / ".peers"


def peer_python(name: str, requirement: str) -> Path:
    """Interpreter of a virtual environment that holds the peer; made on first use.

    `GROUNDTRUTH_PEER_<NAME>` names an interpreter that has it already.
    """
    given = os.environ.get(f"GROUNDTRUTH_PEER_{name.upper()}")
    if given:
        return Path(given)
    python = PEERS / name / "bin" / "python"
    if not (PEERS / name / ".ready").exists():
        subprocess.run([sys.executable, "-m", "venv", "--clear", PEERS / name], check=True)
        subprocess.run([python, "-m", "pip", "install", "-q", "--disable-pip-version-check", requirement], check=True)
        (PEERS / name / ".ready").touch()
    return python


def darwin_python() -> Path:
    """Interpreter that has darwin-py."""
    return peer_python("darwin", "darwin-py==3.6.3")
