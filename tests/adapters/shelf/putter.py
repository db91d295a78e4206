"""A process that puts an archive into a shelf, and may be killed at any moment.

    putter.py SHELF ARCHIVE POLICY

Says "ready" before it begins, and "written" or "kept" or "taken" at the end.
"""

from __future__ import annotations

import sys
from pathlib import Path

import attrs
from opening import array_files, open_shelf

from groundtruth.domain.artifact import ArtifactMeta
from groundtruth.domain.errors import NameTaken
from groundtruth.domain.policies import Access, ConflictPolicy
from groundtruth.domain.publication import Publication


def main(root: str, archive: str, policy: str) -> None:
    hub = open_shelf(Path(root))
    dataset = attrs.evolve(
        array_files().load(Path(archive)), meta=ArtifactMeta(name="pictures", owner="example-team")
    )
    print("ready", flush=True)
    try:
        receipt = hub.put_dataset(dataset, Publication(Access.PUBLIC, ConflictPolicy(policy)))
        print("written" if receipt.written else "kept")
    except NameTaken:
        print("taken")


if __name__ == "__main__":
    main(*sys.argv[1:])
