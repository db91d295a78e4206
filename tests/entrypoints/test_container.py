"""The composition root: every part can be made, and none is imported before."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from groundtruth.entrypoints.client import Client

SEEN = """
import sys
from groundtruth.entrypoints.cli import main
main(["dataset", "local"])
print(*sys.modules)
"""


def test_every_part_can_be_made(tmp_path: Path) -> None:
    with Client.local("my-team", home=tmp_path, environ={}) as client:
        made = {name: provider() for name, provider in client.container.providers.items()}
    assert [name for name, part in made.items() if part is None] == []


def test_a_command_imports_what_it_needs(tmp_path: Path) -> None:
    environ = {"GROUNDTRUTH_HOME": str(tmp_path), "HOME": str(tmp_path)}
    done = subprocess.run([sys.executable, "-c", SEEN], env=environ, capture_output=True, text=True, check=True)
    loaded = set(done.stdout.splitlines()[-1].split())
    assert "groundtruth.application.datasets" in loaded
    unused = {"application.push", "application.pull", "adapters.local", "adapters.transfer", "domain.shapes"}
    assert loaded.isdisjoint({*(f"groundtruth.{name}" for name in unused), "numpy", "requests", "yaml", "pyarrow"})
