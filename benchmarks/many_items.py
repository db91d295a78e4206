"""Push, export and pull many small items through the embedded hub: time per item, and peak memory.

Linear means: the time per item at the larger count is within 1.5 times that at the smaller one.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import tempfile
from pathlib import Path

from processes import Run, program, run

SIZE = 1024


def pictures(folder: Path, count: int) -> Path:
    """Make `count` distinct files of 1 KB, 1,000 to a folder."""
    for number in range(count):
        path = folder / f"{number // 1000:04d}" / f"image{number:07d}.png"
        if number % 1000 == 0:
            path.parent.mkdir(parents=True)
        path.write_bytes(os.urandom(SIZE))
    return folder


def measure(count: int, scratch: Path) -> dict[str, Run]:
    """Run the commands for `count` items in a home of their own."""
    folder = pictures(scratch / "pictures", count)
    environment = {**os.environ, "GROUNDTRUTH_HOME": str(scratch / "home")}
    dataset = [*program(), "--quiet", "dataset"]
    run([*dataset, "create", "many"], environment)
    steps = {
        "push": ["push", "many", folder, "--preserve-folders"],
        "export": ["export", "many", "1.0"],
        "pull": ["pull", "many:1.0"],
        "pull again": ["pull", "many:1.0"],
        "push again": ["push", "many", folder, "--preserve-folders"],
    }
    return {name: run([*dataset, *step], environment) for name, step in steps.items()}


def main() -> None:
    """Print time per item and peak memory for each count, and the ratio between them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--counts", type=int, nargs="+", default=[10_000, 20_000, 100_000])
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    results: dict[int, dict[str, Run]] = {}
    for count in arguments.counts:
        scratch = Path(tempfile.mkdtemp(prefix="groundtruth-bench-"))
        try:
            results[count] = measure(count, scratch)
        finally:
            shutil.rmtree(scratch)
        if not arguments.json:
            for name, one in results[count].items():
                print(
                    f"{count:>7,} items  {name:10} {one.wall:7.2f} s  {one.wall / count * 1e6:7.1f} µs/item  "
                    f"cpu {one.cpu:6.1f} s  peak {one.peak:5.0f} MB",
                    flush=True,
                )
    small, large = min(results), max(results)
    ratios = {
        name: (results[large][name].wall / large) / (results[small][name].wall / small) for name in results[small]
    }
    if arguments.json:
        print(
            json.dumps(
                {
                    "counts": {
                        count: {name: {"wall": r.wall, "cpu": r.cpu, "peak_mb": r.peak} for name, r in steps.items()}
                        for count, steps in results.items()
                    },
                    "per_item_ratio": ratios,
                }
            )
        )
        return
    for name, ratio in ratios.items():
        print(f"{name:10} time per item at {large:,} is {ratio:.2f} times that at {small:,}")


if __name__ == "__main__":
    main()
