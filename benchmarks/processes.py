"""Measure whole processes: wall time, CPU time and peak memory, as the operating system accounts for them."""

from __future__ import annotations

import os
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import attrs


@attrs.frozen
class Run:
    """One finished process. Seconds, and peak resident memory in MB (of the largest process of the tree)."""

    wall: float
    cpu: float
    peak: float


def run(command: Sequence[object], environment: Mapping[str, str] | None = None) -> Run:
    """Run a command to its end.

    A small process of its own starts it, so that the peak is this command's and not the largest of all before it.
    """
    reading, writing = os.pipe()
    started = time.perf_counter()
    child = os.fork()
    if child == 0:
        os.close(reading)
        done = subprocess.run([str(part) for part in command], env=environment, capture_output=True, text=True)
        usage = resource.getrusage(resource.RUSAGE_CHILDREN)
        if done.returncode:
            sys.stderr.write(done.stdout + done.stderr)
        os.write(writing, f"{usage.ru_utime + usage.ru_stime} {usage.ru_maxrss} {done.returncode}".encode())
        os._exit(0)
    os.close(writing)
    answer = os.read(reading, 200).decode().split()
    os.close(reading)
    os.waitpid(child, 0)
    wall = time.perf_counter() - started
    if answer[2] != "0":
        raise SystemExit(f"failed with exit code {answer[2]}: {' '.join(map(str, command))}")
    return Run(wall, float(answer[0]), int(answer[1]) / 1024)


def pairs(one: Sequence[object], other: Sequence[object], rounds: int) -> tuple[list[Run], list[Run]]:
    """Run two commands in turn, after one uncounted run of each: a drifting machine then slows both alike."""
    run(one), run(other)
    left: list[Run] = []
    right: list[Run] = []
    for _ in range(rounds):
        left.append(run(one))
        right.append(run(other))
    return left, right


def median_wall(runs: Sequence[Run]) -> float:
    """Median wall time in seconds."""
    return statistics.median(one.wall for one in runs)


def program(python: Path | str = sys.executable) -> list[str]:
    """The installed command line, next to the interpreter."""
    return [str(Path(python).parent / "groundtruth")]
