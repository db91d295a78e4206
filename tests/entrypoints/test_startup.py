"""`--help`, `version` and completion answer at once: they import nothing heavy."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from groundtruth.adapters.arrays.files import LocalArrayFiles
from groundtruth.adapters.artifacts import codec

HEAVY = {
    "numpy",
    "requests",
    "zarr",
    "structlog",
    "rich",
    "attrs",
    "msgspec",
    "authlib",
    "PIL",
    "dependency_injector",
}

PROBE = """
import sys
from groundtruth.entrypoints.cli import main
try:
    main({arguments!r})
except SystemExit:
    pass
print("LOADED", *sorted({{name.partition(".")[0] for name in sys.modules}}))
"""


@pytest.mark.parametrize(
    "arguments",
    [["--help"], ["version"], ["dataset", "--help"], ["dataset", "pull", "--help"], ["version", "--json"]],
)
def test_imports_nothing_heavy(arguments: list[str]) -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROBE.format(arguments=arguments)], capture_output=True, text=True, check=True
    )
    loaded = set(done.stdout.splitlines()[-1].split()[1:])
    assert "argparse" in loaded
    assert not loaded & HEAVY


def test_importing_the_package_is_light() -> None:
    code = "import sys, groundtruth; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not {name.partition(".")[0] for name in done.stdout.split()} & HEAVY


def test_opening_a_dataset_needs_no_container(tmp_path: Path) -> None:
    archive = LocalArrayFiles(codec).write_zarr(tmp_path / "a.zarr", {"x": np.arange(3)})
    code = f"import sys, groundtruth; groundtruth.load_dataset({str(archive)!r})[0]; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = {name.partition(".")[0] for name in done.stdout.split()}
    assert not loaded & {"dependency_injector", "zarr", "pyarrow", "pandas", "sklearn", "requests"}
