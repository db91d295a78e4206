"""`groundtruth serve` under load: many clients that push and pull at once, and what that does to the server's memory.

Each client has a home of its own and does in turn what a user does: push a few new pictures, list the dataset, pull a
release. Any error ends the run. Memory is the server's resident set, sampled every second.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import multiprocessing
import os
import shutil
import statistics
import tempfile
import threading
import time
from pathlib import Path

from over_http import TEAM, Place, pictures, prepare, serving

PROCESSES = 4


def client(place: Place, number: int, until: float, counts: dict[str, int], errors: list[str]) -> None:
    """One client's loop."""
    from groundtruth import Client

    home = place.scratch / f"client-{number}"
    home.mkdir()
    environ = {
        "GROUNDTRUTH_HOME": str(home / "gt"),
        "GROUNDTRUTH_WORKERS": "4",
        "HOME": str(home),
        "DARWIN_API_KEY": place.key,
        "DARWIN_BASE_URL": place.url,
        "DARWIN_TEAM": TEAM,
    }
    try:
        with Client.local(hub="darwin", environ=environ) as session:
            dataset = session.get_remote_dataset(f"{TEAM}/pushed")
            released = session.get_remote_dataset(f"{TEAM}/released")
            turn = 0
            while time.time() < until:
                folder = home / f"new-{turn}"
                folder.mkdir()
                for position in range(5):
                    (folder / f"{number}-{turn}-{position}.jpg").write_bytes(os.urandom(40_000))
                pushed = dataset.push(folder)
                if pushed.failed or pushed.files != 5:
                    raise RuntimeError(f"push: {pushed.failed or pushed.files}")
                listed = sum(1 for _ in zip(dataset.items(), range(200), strict=False))
                report = released.pull(force=True)
                if not report.is_complete:
                    raise RuntimeError(f"pull: {report.problems[:3]}")
                shutil.rmtree(released.local_path)
                shutil.rmtree(folder)
                counts["pushed"] += pushed.files
                counts["listed"] += listed
                counts["pulled"] += report.fetched
                turn += 1
    except Exception as error:  # noqa: BLE001 - reported as the outcome of the run
        errors.append(f"client {number}: {type(error).__name__}: {error}")


def process(place: Place, numbers: range, until: float, results: multiprocessing.Queue) -> None:
    """Some of the clients, each in a thread."""
    counts = dict.fromkeys(("pushed", "listed", "pulled"), 0)
    errors: list[str] = []
    threads = [threading.Thread(target=client, args=(place, one, until, counts, errors)) for one in numbers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    results.put((counts, errors))


def resident(pid: int) -> float:
    """Resident memory of a process in MB."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    return 0.0


def main() -> None:
    """Run the clients and print what they did."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clients", type=int, default=64)
    parser.add_argument("--seconds", type=float, default=120)
    arguments = parser.parse_args()
    scratch = Path(tempfile.mkdtemp(prefix="groundtruth-bench-"))
    try:
        with serving(scratch) as place:
            print(json.dumps(run(place, scratch, arguments.clients, arguments.seconds), indent=2))
    finally:
        shutil.rmtree(scratch)


def run(place: Place, scratch: Path, clients: int, seconds: float) -> dict[str, object]:
    """The load, and its figures."""
    prepare(place, "released", pictures(scratch / "released", 50, 40_000))
    prepare(place, "pushed", pictures(scratch / "pushed", 1, 40_000))
    context = multiprocessing.get_context("spawn")
    results = context.Queue()
    until = time.time() + seconds
    workers = [
        context.Process(target=process, args=(place, range(one, clients, PROCESSES), until, results))
        for one in range(PROCESSES)
    ]
    started = time.time()
    for worker in workers:
        worker.start()
    memory: list[float] = []
    while any(worker.is_alive() for worker in workers) and results.qsize() < PROCESSES:
        with contextlib.suppress(FileNotFoundError):
            memory.append(resident(place.pid))
        time.sleep(1)
    outcomes = [results.get() for _ in workers]
    for worker in workers:
        worker.join()
    third = max(len(memory) // 3, 1)
    return {
        "clients": clients,
        "seconds": round(time.time() - started, 1),
        **{name: sum(counts[name] for counts, _ in outcomes) for name in ("pushed", "listed", "pulled")},
        "errors": [error for _, errors in outcomes for error in errors],
        "server_mb": {
            "first third": round(statistics.median(memory[:third]), 1),
            "last third": round(statistics.median(memory[-third:]), 1),
            "peak": round(max(memory), 1),
        },
    }


if __name__ == "__main__":
    main()
