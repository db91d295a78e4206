"""The real peers, each in a virtual environment of its own."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

PEERS = Path(__file__).parent / ".peers"


class NoPeer(Exception):
    """A peer cannot be had on this machine; says why."""


def peer_python(name: str, requirement: str, below: tuple[int, int] | None = None) -> Path:
    """Interpreter of a virtual environment that holds the peer; made on first use.

    `GROUNDTRUTH_PEER_<NAME>` names an interpreter that has it already. `below` is the first version of Python that
    the peer does not run on.

    Raises:
        NoPeer: there is no such Python, or the peer could not be installed.
    """
    given = os.environ.get(f"GROUNDTRUTH_PEER_{name.upper()}")
    if given:
        return Path(given)
    python = PEERS / name / "bin" / "python"
    if not (PEERS / name / ".ready").exists():
        base = _base_python(name, below)
        try:
            subprocess.run([base, "-m", "venv", "--clear", PEERS / name], check=True)
            subprocess.run(
                [python, "-m", "pip", "install", "-q", "--disable-pip-version-check", requirement], check=True
            )
        except subprocess.CalledProcessError as error:
            raise NoPeer(f"{requirement} could not be installed: {error}") from error
        (PEERS / name / ".ready").touch()
    return python


def _base_python(name: str, below: tuple[int, int] | None) -> str:
    """This interpreter, or the newest on the path that is old enough for the peer."""
    if below is None or sys.version_info < below:
        return sys.executable
    major, minor = below
    for number in range(minor - 1, minor - 3, -1):
        found = shutil.which(f"python{major}.{number}")
        if found is not None:
            return found
    raise NoPeer(f"{name} needs a Python before {major}.{minor}, and there is none on the path")


def darwin_python() -> Path:
    """Interpreter that has darwin-py."""
    return peer_python("darwin", "darwin-py==3.6.3")


def polaris_python() -> Path:
    """Interpreter that has polaris-lib."""
    return peer_python("polaris", "polaris-lib==0.13.0", below=(3, 13))
