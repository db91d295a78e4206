"""Array datasets, checksums, benchmarks and evaluation: groundtruth against the real Polaris client, in one run.

Both read the same data, made from a seed. Each side of a task is a process of its own; sides take turns, so that a
drifting machine slows them alike, and measure themselves ("inside"). Then each task runs as a whole process, from
start to end. Where a task has a bare side, that is what can be done with as little as possible: a walk that hashes,
a loop that reads and decodes, the functions of scikit-learn and scipy.

Times of a unit are those of the best turn; what cannot be compared so (the peer has to be stopped early where it
would take minutes) is compared by unit.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import attrs
from peers import polaris_python
from processes import Run, median_wall, pairs, run

SCRIPT, MAKER = Path(__file__).with_name("arrays_sides.py"), Path(__file__).with_name("arrays_data.py")
ROWS = {"small": 10_000, "large": 500, "packed": 100_000, "table": 120_000, "wide": 625_000}
"""Rows of each kind of data: of 8 KB, of 4 MB, of 256 bytes; of a table with two targets, and with five."""


@attrs.frozen
class Task:
    """What is measured: `work` of arrays_sides on the data `name`.

    `asked` are bounds of ratios: how many times the time of the bare side it may take, how many times as fast as
    the peer it must be. `slow` says that the peer is given one turn.
    """

    work: str
    data: str
    sides: tuple[str, ...] = ("ours", "peer", "bare")
    to_bare: float | None = None
    to_peer: float | None = None
    slow: bool = False

    def python(self, side: str) -> str | Path:
        """Interpreter of a side. The bare side of evaluation needs scikit-learn, which the peer brings."""
        theirs = side == "peer" or (side == "bare" and self.work in ("regression", "classification"))
        return polaris_python() if theirs else sys.executable


TASKS = {
    "checksum, 10,000 files of 8 KB": Task("checksum", "small", to_bare=1.25),
    "checksum, 500 files of 4 MB": Task("checksum", "large", to_bare=1.25),
    "rows of 8 KB, one per call": Task("rows", "small", to_peer=3),
    "rows of 4 MB, one per call": Task("rows", "large", to_bare=1 / 0.85),
    "the same rows of 8 KB, one read": Task("indexed", "small", ("ours", "peer"), to_peer=5),
    "subset of a 120,000-row table": Task("iterate", "table", ("ours", "peer"), to_peer=50),
    "subset of version 2, rows of 8 KB": Task("iterate", "small", ("ours", "peer"), to_peer=5),
    "subset of version 2, packed rows": Task("iterate", "packed", ("ours", "peer"), to_peer=5),
    "evaluate 6 regression metrics": Task("regression", "table", to_bare=3, slow=True),
    "evaluate 7 class metrics": Task("classification", "table", to_bare=3, slow=True),
    "build a benchmark, 625,000 rows": Task("build", "wide", ("ours", "peer"), slow=True),
    "checksum of a 625,000-row table": Task("table-checksum", "wide", ("ours", "peer"), slow=True),
}
GROWTH = {
    "checksum, files of 8 KB": ("checksum", "small", (1, 4)),
    "checksum, files of 4 MB": ("checksum", "large", (0.25, 1)),
    "rows of 8 KB, one per call": ("rows", "small", (1, 4)),
    "rows of 4 MB, one per call": ("rows", "large", (0.25, 1)),
    "subset of version 2, rows of 8 KB": ("iterate", "small", (1, 4)),
    "subset of version 2, rows of 4 MB": ("iterate", "large", (0.25, 1)),
    "subset of version 2, packed rows": ("iterate", "packed", (2, 8)),
    "all rows of 8 KB, in batches": ("stream", "small", (1, 4)),
    "all packed rows, in batches": ("stream", "packed", (2, 8)),
    "subset of a table": ("iterate", "table", (1, 4)),
    "checksum of a table": ("table-checksum", "wide", (0.25, 1)),
}
"""Work, data, and how much of it: peak memory must stay. Tables are not streamed, they are held as columns."""

OURS = "import sys; from groundtruth import load_dataset; load_dataset(sys.argv[1])"
THEIRS = "import sys; from polaris.dataset import DatasetV1, DatasetV2; {}.from_json(sys.argv[1])"

# --- measuring ------------------------------------------------------------------------------------------


@attrs.frozen
class Side:
    """One side of a task: units of a turn, best seconds and CPU seconds per unit, and the whole process."""

    units: int
    seconds: float
    cpu: float
    whole: Run | None
    value: Any

    def as_json(self) -> dict[str, Any]:
        found = {"units": self.units, "us_per_unit": self.seconds * 1e6, "cpu_us_per_unit": self.cpu * 1e6}
        return found if self.whole is None else {**found, "whole": attrs.asdict(self.whole)}


def make(scratch: Path, name: str, rows: float) -> Path:
    """Make data with so many rows, unless they are there; return their place."""
    place = scratch / f"{name}-{int(rows)}"
    if not place.with_suffix(".ready").exists():
        shutil.rmtree(place, ignore_errors=True)
        run([sys.executable, MAKER, place, name, int(rows)])
    return place


def environment(scratch: Path) -> dict[str, str]:
    """The peer leaves a folder in its cache for every dataset that is opened."""
    own = {"XDG_CACHE_HOME": str(scratch / "cache"), "GROUNDTRUTH_HOME": str(scratch / "home")}
    return {**os.environ, **own, "PYTHONWARNINGS": "ignore"}


def measure(task: Task, place: Path, rounds: int, scratch: Path, whole: bool) -> dict[str, Side]:
    """Let the sides take turns, after one uncounted turn of each that is not slow; then run each as a process."""
    commands = {side: [task.python(side), SCRIPT, "serve", side, task.work, place] for side in task.sides}
    pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "env": environment(scratch)}
    processes = {side: subprocess.Popen(command, text=True, **pipes) for side, command in commands.items()}
    turns: dict[str, list[list[Any]]] = {side: [] for side in task.sides}
    for number in range(rounds + 1):
        for side, process in processes.items():
            if number and not (task.slow and side == "peer" and number > 1):
                turns[side].append(_turn(process))
            elif not number and not (task.slow and side == "peer"):
                _turn(process)
    for process in processes.values():
        process.communicate()
    found = {}
    for side, answers in turns.items():
        units, value = answers[0][0], answers[0][3]
        best, cpu = (min(answer[k] for answer in answers) / units for k in (1, 2))
        once = [task.python(side), SCRIPT, "once", side, task.work, place]
        found[side] = Side(units, best, cpu, run(once, environment(scratch)) if whole else None, value)
    values = [one.value for one in found.values() if one.value is not None]
    if any(not _agree(value, values[0]) for value in values):
        raise SystemExit(f"the sides do not agree: {values}")
    return found


def _turn(process: subprocess.Popen[str]) -> list[Any]:
    assert process.stdin is not None and process.stdout is not None
    process.stdin.write("\n")
    process.stdin.flush()
    answer = process.stdout.readline()
    if not answer:
        raise SystemExit(f"failed: {process.args}")
    return json.loads(answer)


def _agree(one: Any, other: Any) -> bool:
    """Numbers may differ in their last digits: sums were made in another order."""
    if isinstance(one, float) and isinstance(other, float):
        return abs(one - other) <= 1e-6 * max(1.0, abs(one))
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(_agree(one[key], other[key]) for key in one)
    return one == other


def measure_growth(work: str, name: str, amounts: tuple[float, float], scratch: Path, scale: float) -> list[float]:
    """Peak memory of whole processes on some data, and on several times as much."""
    places = [make(scratch, name, ROWS[name] * scale * amount) for amount in amounts]
    return [run([sys.executable, SCRIPT, "once", "ours", work, place], environment(scratch)).peak for place in places]


def measure_startup(scratch: Path, scale: float, rounds: int) -> dict[str, tuple[list[Run], list[Run]]]:
    """Cold starts: importing, and importing and opening a dataset of each version."""
    peer = polaris_python()
    table = make(scratch, "table", ROWS["table"] * scale) / "bench-arrays.json"
    archive = make(scratch, "packed", ROWS["packed"] * scale).with_suffix(".json")
    commands = {"import": ([sys.executable, "-c", "import groundtruth"], [peer, "-c", "import polaris"])}
    for version, path in ((1, table), (2, archive)):
        theirs = [peer, "-c", THEIRS.format(f"DatasetV{version}"), path]
        commands[f"import and open version {version}"] = ([sys.executable, "-c", OURS, path], theirs)
    os.environ.update(environment(scratch))
    return {name: pairs(ours, theirs, rounds) for name, (ours, theirs) in commands.items()}


# --- the command ----------------------------------------------------------------------------------------


def main() -> None:
    """Print what each task takes, and the ratios."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="+", metavar="TEXT", help="tasks whose names contain one of these")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--scale", type=float, default=1.0, help="fraction of the rows; 1 needs 4 GB of disk")
    parser.add_argument("--scratch", type=Path, help="keep the data there, for the next run")
    parser.add_argument("--inside", action="store_true", help="leave out whole processes")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    scratch = arguments.scratch or Path(tempfile.mkdtemp(prefix="groundtruth-bench-"))
    scratch.mkdir(exist_ok=True)
    try:
        found = run_all(arguments, scratch)
    finally:
        if arguments.scratch is None:
            shutil.rmtree(scratch)
    if arguments.json:
        print(json.dumps(found))


def run_all(arguments: argparse.Namespace, scratch: Path) -> dict[str, Any]:
    """Measure what was asked for, printing as it comes unless JSON is wanted."""

    def wanted(name: str) -> bool:
        return not arguments.only or any(text in name for text in arguments.only)

    def say(text: str) -> None:
        if not arguments.json:
            print(text, flush=True)

    found: dict[str, Any] = {}
    for name, task in TASKS.items():
        if wanted(name):
            place = make(scratch, task.data, ROWS[task.data] * arguments.scale)
            sides = measure(task, place, arguments.rounds, scratch, not arguments.inside)
            found[name] = {side: one.as_json() for side, one in sides.items()}
            say(shown(name, task, sides))
    if wanted("start"):
        for name, (ours, theirs) in measure_startup(scratch, arguments.scale, 2 * arguments.rounds).items():
            one, other = median_wall(ours), median_wall(theirs)
            peaks = [max(each.peak for each in runs) for runs in (ours, theirs)]
            found[f"start: {name}"] = {"seconds": one, "peer_seconds": other, "ratio": other / one, "peaks": peaks}
            say(f"{name}: {one * 1000:.0f} ms, {other / one:.1f}x the peer's speed ({other * 1000:.0f} ms); "
                f"peaks {peaks[0]:.0f} and {peaks[1]:.0f} MB")  # fmt: skip
    for name, (work, data, amounts) in GROWTH.items():
        if wanted(f"growth: {name}"):
            before, after = measure_growth(work, data, amounts, scratch, arguments.scale)
            factor = amounts[1] / amounts[0]
            found[f"growth: {name}"] = {"factor": factor, "peaks_mb": [before, after]}
            say(f"growth: {name}: {before:.0f} MB, of {factor:.0f} times as much {after:.0f} MB")
    return found


def shown(name: str, task: Task, sides: dict[str, Side]) -> str:
    """Lines about one task."""
    ours = sides["ours"]
    lines = [f"{name}"]
    for side, one in sides.items():
        times, cpu = one.seconds / ours.seconds, one.cpu / ours.cpu
        ratios = "" if side == "ours" else f"  {times:8.2f} times ours (CPU {cpu:.2f})"
        whole = "" if one.whole is None else f"  whole {one.whole.wall:6.2f} s, peak {one.whole.peak:6.0f} MB"
        lines.append(f"  {side:5} {one.seconds * 1e6:11.2f} µs/unit, {one.seconds * one.units:7.3f} s{whole}{ratios}")
    for other, bound, text in (("bare", task.to_bare, "of bare {:.2f}, asked at most {:.2f}"),
                               ("peer", task.to_peer, "speed to peer {:.1f}, asked at least {:.1f}")):  # fmt: skip
        if bound is not None:
            ratio = sides[other].seconds / ours.seconds
            lines.append("  " + text.format(1 / ratio if other == "bare" else ratio, bound))
    return "\n".join(lines)


if __name__ == "__main__":
    main()
