"""The real `darwin` program in a virtual environment and a home of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import attrs
import pytest

from .program import Program

ROOT = Path(__file__).resolve().parents[2]


def darwin_interpreter() -> Path:
    """Interpreter that has darwin-py; skips the test where it cannot be installed."""
    return _interpreter("darwin_python")


def polaris_interpreter() -> Path:
    """Interpreter that has polaris-lib; skips the test where it cannot be installed."""
    return _interpreter("polaris_python")


def _interpreter(name: str) -> Path:
    sys.path.insert(0, str(ROOT / "benchmarks"))
    try:
        import peers
    finally:
        sys.path.pop(0)
    try:
        return getattr(peers, name)()
    except peers.NoPeer as error:
        pytest.skip(str(error))


@attrs.frozen
class Peer:
    """`darwin`, which knows a server only by its address."""

    python: Path
    home: Path
    url: str

    @property
    def environment(self) -> dict[str, str]:
        """A wide terminal, so that no table is cut."""
        return {
            "PATH": os.environ["PATH"],
            "HOME": str(self.home),
            "DARWIN_BASE_URL": self.url,
            "COLUMNS": "400",
            "DARWIN_RETRY_INITIAL_WAIT": "1",
            "DARWIN_RETRY_MAX_WAIT": "1",
            "DARWIN_RETRY_MAX_ATTEMPTS": "2",
        }

    @property
    def datasets(self) -> Path:
        """Folder its datasets are pulled to."""
        return self.home / "datasets"

    def run(self, *arguments: object, code: int = 0, answer: str = "") -> str:
        """Run it; return all it printed. It says little with its exit code, so tracebacks count as failures."""
        done = subprocess.run(
            [self.python.with_name("darwin"), *map(str, arguments)],
            env=self.environment, cwd=self.home, text=True, capture_output=True, input=answer, check=False,
        )  # fmt: skip
        output = done.stdout + done.stderr
        assert done.returncode == code, output
        assert "Traceback" not in output, output
        return output

    def script(self, code: str, *arguments: object) -> Any:
        """Run Python with the SDK; return the JSON that it printed after RESULT."""
        done = subprocess.run(
            [self.python, "-c", code, *map(str, arguments)],
            env=self.environment, cwd=self.home, text=True, capture_output=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr
        return json.loads(done.stdout.rpartition("RESULT")[2])


def client(home: Path, url: str, key: str, **variables: str) -> Program:
    """The program with a home of its own, which knows the hub at `url`."""
    program = Program(home, home.parent, {**variables, "GROUNDTRUTH_API_KEY": key})
    program.run("hub", "add", "lab", "--url", url)
    program.run("hub", "use", "lab")
    return program


@attrs.frozen
class Served:
    """`groundtruth serve` as a process of its own, over the hub of `program`."""

    program: Program
    process: subprocess.Popen[str]
    url: str

    def key(self, team: str, role: str = "admin") -> str:
        """A new key."""
        return self.program.json("hub", "key", "create", "--team", team, "--role", role)["key"]

    def stop(self) -> str:
        """Ask it to end; return what it logged."""
        self.process.terminate()
        _, log = self.process.communicate(timeout=30)
        return log


def serve(program: Program, *arguments: object) -> Served:
    """Start `groundtruth serve` on a free port, and wait until it takes requests."""
    # Nobody reads its log while it runs, and a full pipe would stop it.
    process = program.start("--json", "serve", "--port", "0", "--no-access-log", *arguments)
    assert process.stdout is not None
    line = process.stdout.readline()
    if not line:
        pytest.fail(f"the server did not start: {process.communicate()[1]}")
    return Served(program, process, json.loads(line)["url"])
