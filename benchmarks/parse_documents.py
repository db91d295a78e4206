"""Reading annotation documents from disk: DarwinJsonCodec against darwin-py's `parse_darwin_json`, in one run.

Documents are made from a seed: ten annotations each, boxes first of all, then polygons of 8 to 12 points, tags,
keypoints, lines, ellipses and skeletons; two of the ten have sub-annotations, properties and authors. Each side
runs in a process of its own, and they take turns on the same few documents, so that a drifting machine slows them
alike. "read" validates everything; "read, all values" makes every item, annotation and array as well.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import resource
import statistics
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

CHUNK = 2000

Results = dict[str, tuple[list[float], float]]
"""Microseconds per document of every turn, and peak memory in MB, of each side."""

# --- documents --------------------------------------------------------------------------------------


def number(rng: random.Random, top: int) -> float:
    return round(rng.uniform(0, top), 2)


def point(rng: random.Random) -> dict[str, Any]:
    return {"x": number(rng, 1920), "y": number(rng, 1080)}


def path(rng: random.Random, least: int, most: int) -> list[dict[str, Any]]:
    return [point(rng) for _ in range(rng.randint(least, most))]


def box(rng: random.Random) -> dict[str, Any]:
    return {"bounding_box": {"h": number(rng, 400), "w": number(rng, 400), **point(rng)}}


def skeleton(rng: random.Random) -> dict[str, Any]:
    return {"nodes": [{"name": f"joint-{k}", "occluded": rng.random() < 0.2, **point(rng)} for k in range(5)]}


SHAPES: dict[str, Callable[[random.Random], dict[str, Any]]] = {
    "bounding_box": box,
    "polygon": lambda rng: {**box(rng), "polygon": {"paths": [path(rng, 8, 12)]}},
    "tag": lambda rng: {"tag": {}},
    "keypoint": lambda rng: {"keypoint": point(rng)},
    "line": lambda rng: {"line": {"path": path(rng, 2, 5)}},
    "ellipse": lambda rng: {"ellipse": {"angle": number(rng, 3), "center": point(rng), "radius": point(rng)}},
    "skeleton": lambda rng: {"skeleton": skeleton(rng)},
}
MIX = 10 * ("bounding_box",) + 2 * ("polygon", "tag", "keypoint", "line") + ("ellipse", "skeleton")
"""Main types of two documents together."""

SAID = {
    "annotators": [{"email": "ann@example.com", "full_name": "Ann Example"}],
    "attributes": ["occluded", "truncated"],
    "instance_id": {"value": 7},
    "properties": [
        {"frame_index": 0, "name": "Colour", "type": "string", "value": "red"},
        {"frame_index": "global", "name": "Damage", "type": "string", "value": "none"},
    ],
    "reviewers": [{"email": "rev@example.com", "full_name": "Rev Example"}],
    "text": {"text": "seen twice"},
}


def documents(count: int, kinds: list[str]) -> Iterator[dict[str, Any]]:
    """Make documents as a hub exports them: keys of annotations sorted, no blanks."""
    rng = random.Random(20)
    team = "https://hub.example/api/v2/teams/example-team"
    deck: list[str] = []
    for position in range(count):
        if not deck:
            deck = (kinds * 20)[:20]
            rng.shuffle(deck)
        chosen, deck = deck[:10], deck[10:]
        name, identity = f"photo_{position:06}.jpg", _identity(rng)
        slot = {
            "type": "image", "slot_name": "0", "width": 1920, "height": 1080,
            "thumbnail_url": f"{team}/files/{identity}/thumbnail",
            "source_files": [{"file_name": name, "url": f"{team}/uploads/{_identity(rng)}"}],
        }  # fmt: skip
        source = {
            "item_id": identity,
            "dataset": {
                "name": "Street scenes",
                "slug": "street-scenes",
                "dataset_management_url": "https://hub.example/datasets/7/dataset-management",
            },
            "team": {"name": "Example Team", "slug": "example-team"},
            "workview_url": f"https://hub.example/workview?dataset=7&item={identity}",
        }
        yield {
            "version": "2.0",
            "schema_ref": "https://darwin-public.s3.eu-west-1.amazonaws.com/darwin_json/2.0/schema.json",
            "item": {"name": name, "path": f"/day{position % 7}", "source_info": source, "slots": [slot]},
            "annotations": [_annotation(rng, kind, k in {3, 6}) for k, kind in enumerate(chosen)],
            "properties": [],
        }


def _identity(rng: random.Random) -> str:
    return str(uuid.UUID(int=rng.getrandbits(128), version=4))


def _annotation(rng: random.Random, kind: str, said: bool) -> dict[str, Any]:
    common = {"id": _identity(rng), "name": f"class {rng.randrange(20)}", "properties": [], "slot_names": ["0"]}
    return dict(sorted({**common, **SHAPES[kind](rng), **(SAID if said else {})}.items()))


# --- the sides --------------------------------------------------------------------------------------


def reader(side: str) -> Callable[[str], object]:
    """The function that is measured; runs in the interpreter of its side."""
    if side == "darwin-py":
        from darwin.utils import parse_darwin_json

        return lambda name: parse_darwin_json(Path(name))
    from groundtruth.adapters.formats.darwin_json import DarwinJsonCodec

    read = DarwinJsonCodec().read_file
    if side == "read":
        return read

    def read_all(name: str) -> object:
        document = read(name)
        return document.item, document.properties, list(document.annotations)

    return read_all


def serve(side: str, folder: str) -> None:
    """Read the chunks named on stdin; answer with microseconds per document, at the end with the peak in MB."""
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)
    read = reader(side)
    os.chdir(folder)
    names = sorted(os.listdir())
    for line in sys.stdin:
        chunk = names[int(line) : int(line) + CHUNK]
        started = time.perf_counter()
        for name in chunk:
            read(name)
        answers.write(f"{(time.perf_counter() - started) / len(chunk) * 1e6}\n")
    answers.write(f"{resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}\n")


def measure(
    interpreters: dict[str, str], folder: str, count: int, rounds: int
) -> dict[str, tuple[list[float], float]]:
    """Microseconds per document of every chunk, and the peak, of each side."""
    sides = {
        side: subprocess.Popen(
            [python, __file__, "--serve", side, folder], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        for side, python in interpreters.items()
    }
    times: dict[str, list[float]] = {side: [] for side in sides}
    starts = [0, *range(0, count, CHUNK), *list(range(0, count, CHUNK)) * (rounds - 1)]
    for start in starts:
        for side, process in sides.items():
            process.stdin.write(f"{start}\n")
            process.stdin.flush()
            times[side].append(float(process.stdout.readline() or "nan"))
    results = {}
    for side, process in sides.items():
        peak, _ = process.communicate()
        if process.returncode:
            raise SystemExit(f"{side} failed")
        results[side] = (times[side][1:], float(peak))
    return results


# --- the command ------------------------------------------------------------------------------------


def report(results: Results) -> list[dict[str, Any]]:
    """A row per side. `ratio` compares the best turns, the least disturbed ones; `median_ratio` turn by turn."""
    peer, _ = results["darwin-py"]
    return [
        {
            "side": side,
            "min_us": round(min(times), 1),
            "median_us": round(statistics.median(times), 1),
            "ratio": round(min(peer) / min(times), 2),
            "median_ratio": round(statistics.median(a / b for a, b in zip(peer, times, strict=True)), 2),
            "peak_mb": round(peak, 1),
        }
        for side, (times, peak) in results.items()
    ]


def main() -> None:
    """Print time per document and the ratio to darwin-py."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--documents", type=int, default=20_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--shapes", nargs="+", choices=list(SHAPES), default=list(MIX), help="main types, in turn")
    parser.add_argument("--peer-python", help="interpreter that has darwin-py; made on first use when not given")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--serve", nargs=2, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.serve:
        serve(*arguments.serve)
        return
    from peers import darwin_python

    peer = arguments.peer_python or str(darwin_python())
    interpreters = {"darwin-py": peer, "read": sys.executable, "read, all values": sys.executable}
    with tempfile.TemporaryDirectory(prefix="groundtruth-bench-") as folder:
        for position, document in enumerate(documents(arguments.documents, arguments.shapes)):
            (Path(folder) / f"{position:06}.json").write_text(json.dumps(document, separators=(",", ":")))
        rows = report(measure(interpreters, folder, arguments.documents, arguments.rounds))
    if arguments.json:
        print(json.dumps(rows))
        return
    print(f"{'µs per document':20} {'min':>8} {'median':>8} {'ratio':>8} {'by turns':>9} {'peak MB':>8}")
    for row in rows:
        print(
            f"{row['side']:20} {row['min_us']:8.1f} {row['median_us']:8.1f} {row['ratio']:7.1f}x "
            f"{row['median_ratio']:8.1f}x {row['peak_mb']:8.1f}"
        )


if __name__ == "__main__":
    main()
