"""How long `groundtruth --help` and `groundtruth version` take, against `darwin --help`, in one run."""

from __future__ import annotations

import argparse
import json

from peers import darwin_python
from processes import median_wall, pairs, program


def main() -> None:
    """Print medians and ratios."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    peer = [darwin_python().parent / "darwin", "--help"]
    results = []
    for command in ("--help", "version"):
        ours, theirs = pairs([*program(), command], peer, arguments.rounds)
        results.append(
            {
                "command": f"groundtruth {command}",
                "seconds": round(median_wall(ours), 4),
                "darwin_help_seconds": round(median_wall(theirs), 4),
                "ratio": round(median_wall(theirs) / median_wall(ours), 1),
                "peak_mb": round(max(one.peak for one in ours), 1),
                "darwin_peak_mb": round(max(one.peak for one in theirs), 1),
            }
        )
    if arguments.json:
        print(json.dumps(results))
        return
    for one in results:
        print(
            f"{one['command']:22} {one['seconds'] * 1000:6.0f} ms   darwin --help "
            f"{one['darwin_help_seconds'] * 1000:6.0f} ms   {one['ratio']:.1f}x faster   "
            f"peak {one['peak_mb']} MB, darwin {one['darwin_peak_mb']} MB"
        )


if __name__ == "__main__":
    main()
