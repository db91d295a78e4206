"""The real darwin-py, in a virtual environment of its own, reads what we write."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from groundtruth.adapters.formats.darwin_json import DarwinJsonCodec
from groundtruth.domain.annotation import is_supported
from support.peer import darwin_interpreter
from support.program import Program

READ = """
import json, sys
from pathlib import Path
from darwin.utils import parse_darwin_json
found = {}
for path in sorted(Path(sys.argv[1]).glob("*.json")):
    document = parse_darwin_json(path)
    kinds = [one.annotation_class for one in document.annotations]
    classes = sorted((one.name, one.annotation_type) for one in kinds)
    found[path.name] = [document.full_path, classes]
print("FOUND" + json.dumps(found))
"""


@pytest.fixture(scope="module")
def darwin_python() -> Path:
    return darwin_interpreter()


@pytest.mark.slow
@pytest.mark.timeout(900)  # the first run installs the peer
def test_darwin_py_reads_a_pulled_release(
    program: Program, pictures: Callable[..., Path], darwin_python: Path, vectors: Path
) -> None:
    """Every document of the golden cases that the peer can read, sent through import, export and pull."""
    codec = DarwinJsonCodec()
    originals = [
        (path, codec.read(path.read_bytes()))
        for path in sorted((vectors / "darwin" / "annotations").rglob("*.json"))
        if not path.name.endswith(".facts.json") and is_readable(path)
    ]
    unique = {document.item.full_path: (path, document) for path, document in originals if document.item.name}
    media = {full: f"{full.lstrip('/')}" if full.lower().endswith((".png", ".jpg")) else None for full in unique}
    chosen = {full: unique[full] for full, name in media.items() if name is not None}
    folder = pictures(names=[name for name in media.values() if name is not None])
    program.run("dataset", "create", "test")
    program.run("dataset", "push", "test", folder, "--preserve-folders")
    program.run("dataset", "import", "test", "darwin", *(path for path, _ in chosen.values()), "--overwrite")
    program.run("dataset", "export", "test", "0.1", "--include-authorship")
    program.run("dataset", "pull", "test:0.1", "--only-annotations")
    done = subprocess.run(
        [darwin_python, "-c", READ, program.datasets / "local/test/releases/0.1/annotations"],
        capture_output=True,
        text=True,
        check=True,
    )
    line = next(line for line in done.stdout.splitlines() if line.startswith("FOUND"))
    found = {full: [tuple(one) for one in classes] for full, classes in json.loads(line[5:]).values()}
    expected = {
        full: sorted((one.class_name.strip(), one.kind) for one in document.annotations if is_supported(one))
        for full, (_, document) in chosen.items()
    }
    assert len(found) > 10
    assert found == expected


def is_readable(path: Path) -> bool:
    facts = json.loads(path.with_suffix(".facts.json").read_text())
    return facts["error"] is None and facts["file"] is not None
