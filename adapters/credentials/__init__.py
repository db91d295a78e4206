"""Where keys are kept: environment, keyring of the operating system, private file."""

from __future__ import annotations

import os
from pathlib import Path

from .chain import ChainCredentials
from .environment import EnvironmentCredentials
from .file import FileCredentials
from .system import KeyringCredentials

__all__ = [
    "ChainCredentials",
    "EnvironmentCredentials",
    "FileCredentials",
    "KeyringCredentials",
    "default_credentials",
]


def default_credentials(home: Path) -> ChainCredentials:
    """Environment, then the keyring where there is a real one, then `<home>/credentials.json`."""
    file = FileCredentials(home / "credentials.json")
    return ChainCredentials([EnvironmentCredentials(os.environ), KeyringCredentials(), file])
