"""The whole pull, on a real disk and through the real transfer, against the golden layouts."""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import attrs
import pytest
from PIL import Image

from groundtruth.adapters.formats.darwin_json import DarwinJsonCodec
from groundtruth.adapters.library import FileLibrary
from groundtruth.adapters.memory import FakeClock, MemoryHub, MemoryProgress
from groundtruth.adapters.transfer import TransferEngine
from groundtruth.adapters.video import PyAvFrameExtractor
from groundtruth.application.pull import PullOptions, PullRelease, PullReport
from groundtruth.application.verify import VerifyRelease
from groundtruth.domain.dataset import Dataset
from groundtruth.domain.errors import MissingExtra, ObjectNotFound
from groundtruth.domain.placement import PlacementOptions
from groundtruth.domain.reference import DatasetReference
from groundtruth.domain.release import Release, ReleaseStatus
from groundtruth.ports.releases import ReleaseDocument

REFERENCE = DatasetReference("team", "set", "rel1")
LAYOUT = ("use_folders", "force_slots", "ignore_slots", "video_frames")


@attrs.frozen
class Stream:
    """An answer of the files' host."""

    data: bytes = attrs.field(repr=False)
    content_type: str
    start: int = 0
    validator: str | None = None

    @property
    def size(self) -> int:
        return len(self.data)

    def chunks(self) -> Iterator[bytes]:
        yield self.data

    def close(self) -> None:
        pass


@attrs.frozen
class Files:
    """The host of the golden releases' files: blobs, what is missing, what is empty, else the address itself."""

    blobs: Path
    asked: list[str] = attrs.field(factory=list)

    @property
    def schemes(self) -> frozenset[str]:
        return frozenset({"https"})

    def open(self, url: str, start: int = 0, validator: str | None = None) -> Stream:
        self.asked.append(url)
        path = urlsplit(url).path
        if path.startswith("/missing/"):
            raise ObjectNotFound("object", path)
        if path.startswith("/empty/"):
            return Stream(b"", "application/octet-stream")
        if path.startswith("/json/"):
            return Stream((self.blobs / path.removeprefix("/json/")).read_bytes(), "application/json; charset=utf-8")
        if path.startswith("/blob/"):
            return Stream((self.blobs / path.removeprefix("/blob/")).read_bytes(), "application/octet-stream")
        return Stream(url.encode(), "application/octet-stream")


@attrs.frozen
class Desk:
    """Gives out the members of a golden release as its archive would."""

    folder: Path

    def list_releases(self, dataset: Dataset) -> Sequence[Release]:
        made_at = FakeClock().now()
        return [Release("rel1", "team", "set", ReleaseStatus.COMPLETE, made_at, True, len(self.members()))]

    def documents(self, release: Release) -> Iterator[ReleaseDocument]:
        for path in self.members():
            yield ReleaseDocument(path.name, path.read_bytes())

    def metadata(self, release: Release) -> bytes | None:
        path = self.folder / ".v7" / "metadata.json"
        return path.read_bytes() if path.is_file() else None

    def members(self) -> list[Path]:
        return sorted(self.folder.glob("*.json"))


class NoDecoder(PyAvFrameExtractor):
    """Frames where the extra is not installed."""

    def check(self) -> None:
        raise MissingExtra("video frames", "video")


@attrs.frozen
class Pulled:
    """What a case left: the report or error, and every file below the dataset's folder."""

    datasets: Path
    report: PullReport | None
    error: Exception | None
    asked: list[str]

    @property
    def dataset(self) -> Path:
        return self.datasets / "team" / "set"

    @property
    def files(self) -> dict[str, Path]:
        found = (path for path in self.dataset.rglob("*") if path.is_symlink() or path.is_file())
        return {path.relative_to(self.dataset).as_posix(): path for path in found if ".groundtruth" not in path.parts}

    @property
    def documents(self) -> dict[str, dict[str, Any]]:
        return {name: json.loads(path.read_bytes()) for name, path in self.files.items() if is_document(name)}

    @property
    def local_paths(self) -> list[list[str]]:
        """As the cases write it: document, slot, URL, path."""
        return sorted(
            [name, slot["slot_name"], file["url"], file["local_path"].replace(str(self.datasets), "$DATASETS")]
            for name, document in self.documents.items()
            for slot in document["item"].get("slots", [])
            for file in slot.get("source_files", [])
            if "local_path" in file
        )

    def differences(self, expected: dict[str, Any]) -> set[str]:
        """Names of the fields of a case that are not as expected."""
        files = {name: path for name, path in self.files.items() if not is_document(name)}
        wanted = {name: in_place(value, self.datasets) for name, value in expected["files"].items()}
        found = {name: described(path, wanted.get(name)) for name, path in files.items()}
        for target, urls in expected.get("any_of", {}).items():
            name = target.removeprefix("$DATASETS/team/set/")
            if found.get(name) in urls:
                wanted[name] = found[name]
        items = {name: document["item"]["source_info"]["item_id"] for name, document in self.documents.items()}
        failed = self.error is not None or bool(self.report and self.report.problems)
        same = {
            "files": found == wanted,
            "annotations": items == expected["annotations"],
            "local_path": self.local_paths == sorted(expected["local_path"]),
            "requests": sorted(self.asked) == sorted(url for _, url in expected["requests"]),
            "error": failed == bool(expected["error"]),
        }
        return {field for field, is_same in same.items() if not is_same}


def is_document(name: str) -> bool:
    return name.startswith("releases/rel1/annotations/") and "/.v7/" not in name


def in_place(expected: Any, datasets: Path) -> Any:
    """What a case expects of a file, a link by where it leads."""
    if isinstance(expected, dict) and "link" in expected:
        return {"link": str(datasets.resolve()) + expected["link"].removeprefix("$DATASETS")}
    return expected


def described(path: Path, expected: Any) -> Any:
    """A file in the words in which the case describes it."""
    if path.is_symlink():
        return {"link": str(path.resolve())}
    if not isinstance(expected, dict):
        return path.read_text()
    if "text" in expected:
        return {"text": path.read_text()}
    if "image" in expected:
        with Image.open(path) as image:
            pixels = hashlib.sha256(image.tobytes()).hexdigest()
            # Another version of the decoder may round colours otherwise; what was computed from bytes is exact.
            exact = image.mode == "L" or pixels == expected["pixels_sha256"]
            told = pixels if exact else expected["pixels_sha256"]
            return {"image": image.mode, "size": list(image.size), "pixels_sha256": told}
    data = path.read_bytes()
    return {"bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}


def cases() -> list[Path]:
    named = os.environ.get("GROUNDTRUTH_VECTORS")
    folder = Path(named) if named else Path(__file__).parents[3] / "shared" / "vectors"
    return sorted((folder / "darwin" / "pull_layout" / "cases").glob("*.json"))


BETTER = {
    "again_(extra|flat_extra|replace|suffix)": (
        {"files", "local_path", "requests"},
        "a file of unknown origin is not taken for the one wanted; every document gets its paths",
    ),
    "(chars|chars_slots|dot_dot)_.*": (
        {"files", "annotations", "local_path", "requests"},
        "folders and documents are made safe like other names, an item's whole name counts, '..' leads nowhere",
    ),
    "flat_same_flat": ({"files", "local_path", "requests"}, "items that clash are all kept"),
    "stem_clash_.*": ({"files", "annotations", "local_path", "requests"}, "a real x_2 is not lost"),
    "nifti_.0.*": ({"files", "local_path"}, "only .nii.gz is taken off a name, not its last 7 characters"),
    "odd_.*": (
        {"files", "annotations", "local_path", "requests", "error"},
        "two files of one name are both kept; a release that lacks a file is not published and says so",
    ),
    "real_single_slot_multiple_source_files_.1": ({"error"}, "a frame that is no picture is told"),
    "not_blocking": ({"files", "local_path", "requests"}, "a pull that does not wait is the caller's to make"),
    "subset": ({"files", "annotations", "local_path"}, "a release is pulled as a whole"),
    # Not marked as quirks:
    "bad_long_name.*": (
        {"files", "annotations", "local_path", "requests", "error"},
        "a name that is too long for the disk is cut; the peer stops half way",
    ),
    "bad_no_manifest.*": ({"requests"}, "a video of which the hub lists no frames is cut here"),
}
"""Cases that come out otherwise on purpose: the fields that differ, and why (ADR 8)."""


def better(case: str) -> set[str]:
    return next((fields for pattern, (fields, _) in BETTER.items() if re.match(pattern, case)), set())


@pytest.fixture
def golden(vectors: Path) -> Path:
    return vectors / "darwin" / "pull_layout"


def pull(golden: Path, case: dict[str, Any], root: Path, **changes: Any) -> Pulled:
    """Run a case."""
    options, clock, progress = case["options"], FakeClock(), MemoryProgress()
    hub = MemoryHub(DarwinJsonCodec(), clock)
    hub.create_dataset("team", "set")
    files = Files(golden / "blobs")
    use_case = PullRelease(
        hub,
        Desk(golden / "releases" / case["release"]),
        FileLibrary(root, clock),
        TransferEngine([files], clock=clock, progress=progress, incoming=root / ".incoming", workers=4),
        DarwinJsonCodec(),
        NoDecoder() if case.get("opencv") is False else PyAvFrameExtractor(),
        clock,
        progress,
    )
    chosen = PullOptions(
        placement=PlacementOptions(**{name: value for name, value in options.items() if name in LAYOUT}),
        only_annotations=options.get("only_annotations", False),
        force=options.get("force_replace", False),
        remove_extra=options.get("remove_extra", False),
    )
    try:
        return Pulled(root, use_case(REFERENCE, attrs.evolve(chosen, **changes)), None, files.asked)
    except MissingExtra as error:
        return Pulled(root, None, error, files.asked)


def prepare(case: dict[str, Any], root: Path) -> None:
    """What was there before."""
    for name, text in (case.get("before") or {}).items():
        path = root / "team" / "set" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


@pytest.mark.skipif(not cases(), reason="no golden cases; set GROUNDTRUTH_VECTORS")
@pytest.mark.parametrize("path", cases(), ids=lambda path: path.stem)
def test_layout(path: Path, golden: Path, tmp_path: Path) -> None:
    case = json.loads(path.read_text())
    prepare(case, tmp_path)
    pulled = pull(golden, case, tmp_path)
    unlike = pulled.differences({**case["expected"], "any_of": case.get("any_of", {})})
    assert unlike <= better(case["id"])
    assert set(os.listdir(tmp_path)) <= {"team", ".incoming"}
    if pulled.report is None or not pulled.report.published:
        return
    assert VerifyRelease(FileLibrary(tmp_path, FakeClock()))(REFERENCE).faults == ()
    before = {name: file.stat().st_mtime_ns for name, file in pulled.files.items() if name.startswith("images/")}
    again = pull(golden, {**case, "options": {**case["options"], "force_replace": False}}, tmp_path)
    if pulled.report.is_complete and not case["options"].get("force_replace"):
        # The release has no digest, and its files have none: what is here is known by where it came from.
        assert [url for url in again.asked if not re.search(r"/json/|\.txt", url)] == []
        after = {name: file.stat().st_mtime_ns for name, file in again.files.items() if name.startswith("images/")}
        assert after == before
        assert again.differences({**case["expected"], "any_of": case.get("any_of", {})}) <= unlike | {"requests"}


@pytest.mark.parametrize("release", ["flat_same", "stem_same", "stem_clash", "plain"])
def test_no_file_of_an_item_is_lost(release: str, golden: Path, tmp_path: Path) -> None:
    pulled = pull(golden, {"release": release, "options": {"use_folders": False}}, tmp_path)
    contents = sorted(path.read_text() for name, path in pulled.files.items() if name.startswith("images/"))
    urls = [file[2] for file in pulled.local_paths]
    members = list((golden / "releases" / release).glob("*.json"))
    assert contents == sorted(urls)
    assert len(urls) == len(pulled.documents) == len(members) > 2


def test_documents_can_stay_as_they_are(golden: Path, tmp_path: Path) -> None:
    case = {"release": "slots", "options": {}}
    pulled = pull(golden, case, tmp_path, local_paths=False)
    names = sorted(path.read_bytes() for path in (golden / "releases/slots").glob("*.json"))
    assert sorted(pulled.files[name].read_bytes() for name in pulled.documents) == names
    assert pull(golden, case, tmp_path).local_paths
