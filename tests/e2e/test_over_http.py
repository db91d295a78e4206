"""The command line on a hub that another process serves."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from support.peer import Served, serve
from support.program import Program, tree

TEAM = "example-team"


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    root = tmp_path_factory.mktemp("served")
    (root / "work").mkdir()
    server = serve(Program(root / "home", root / "work"))
    yield server
    assert "Traceback" not in server.stop()


@pytest.fixture
def client(program: Program, served: Served) -> Program:
    """The program with the hub added and a key kept."""
    program.run("hub", "add", "lab", "--url", served.url)
    program.run("authenticate", "--hub", "lab", "--api_key", served.key(TEAM))
    program.run("hub", "use", "lab")
    return program


def test_the_main_job(client: Program, pictures: Callable[..., Path]) -> None:
    folder = pictures(names=["a.png", "day1/b.png", "day1/día ☀.png"])
    assert client.run("team", "--current").stdout == f"{TEAM}\n"
    client.run("dataset", "create", "main")
    assert client.json("dataset", "push", "main", folder, "--preserve-folders")["items"] == 3
    assert client.json("dataset", "push", "main", folder, "--preserve-folders")["present"] == [
        "/a.png", "/day1/b.png", "/day1/día ☀.png",
    ]  # fmt: skip
    document = {
        "version": "2.0",
        "item": {"name": "a.png", "path": "/"},
        "annotations": [{"name": "sun", "tag": {}, "slot_names": ["0"], "note": "unknown to anyone"}],
    }
    (client.folder / "a.json").write_text(json.dumps(document))
    client.run("dataset", "import", "main", "darwin", client.folder / "a.json")
    client.run("dataset", "export", "main", "1.0")
    pulled = client.json("dataset", "pull", f"lab:{TEAM}/main:1.0")
    assert (pulled["fetched"], pulled["problems"]) == (3, [])
    images = Path(pulled["path"]) / "images"
    assert tree(images) == tree(folder)
    annotations = json.loads((Path(pulled["path"]) / "releases/1.0/annotations/a.json").read_text())["annotations"]
    assert annotations[0]["note"] == "unknown to anyone"
    assert client.json("dataset", "verify", "main:1.0")["clean"]
    assert client.json("dataset", "pull", "main:1.0")["up_to_date"]


def test_items_change(client: Program, pictures: Callable[..., Path]) -> None:
    client.run("dataset", "create", "items")
    client.run("dataset", "push", "items", pictures(3))
    client.run("dataset", "set-file-status", "items", "complete", "img00000.png")
    client.run("dataset", "set-file-status", "items", "archived", "img00001.png")
    client.run("dataset", "comment", "items", "img00002.png", "--text", "blurry")
    client.run("dataset", "delete-files", "items", "img00002.png", "--yes")
    found = {
        one["name"]: one["status"]
        for one in client.json("dataset", "files", "items", "--status", "complete,archived,new")
    }
    assert found == {"img00000.png": "complete", "img00001.png": "archived"}
    rows = client.run(
        "report",
        "annotators",
        "--start",
        "2026-01-01T00:00:00Z",
        "--stop",
        "2030-01-01T00:00:00Z",
        "--group-by",
        "stages",
    ).stdout
    assert rows.startswith("timestamp,dataset_id,")
    client.run("dataset", "remove", "items", "--yes")
    assert "items" not in client.run("dataset", "remote").stdout


def test_a_wrong_key_is_not_kept(program: Program, served: Served) -> None:
    program.run("hub", "add", "lab", "--url", served.url)
    done = program.run("authenticate", "--hub", "lab", "--api_key", "abcdefg." + "0" * 32, code=1)
    assert "error:" in done.stderr
    assert "0" * 32 not in done.stdout + done.stderr
    assert "authenticate" in program.run("--hub", "lab", "dataset", "remote", code=1).stderr


def test_a_key_in_the_environment_needs_no_setting_up(program: Program, served: Served) -> None:
    program.run("hub", "add", "lab", "--url", served.url)
    bare = Program(program.home, program.folder, {"GROUNDTRUTH_API_KEY": served.key("other-team")})
    bare.run("--hub", "lab", "dataset", "create", "mine")
    assert "other-team/mine" in bare.run("--hub", "lab", "dataset", "remote").stdout


def test_a_team_sees_its_own_data_only(client: Program, served: Served) -> None:
    client.run("dataset", "create", "secret")
    stranger = Program(client.home, client.folder, {"GROUNDTRUTH_API_KEY": served.key("strangers")})
    assert "secret" not in stranger.run("dataset", "remote", "--team", "strangers").stdout
    stranger.run("dataset", "files", f"{TEAM}/secret", code=1)


def test_a_revoked_key_is_refused_at_once(program: Program, served: Served) -> None:
    key = served.key(TEAM)
    program.run("hub", "add", "lab", "--url", served.url)
    program.run("authenticate", "--hub", "lab", "--api_key", key)
    program.run("--hub", "lab", "dataset", "remote")
    served.program.run("hub", "key", "revoke", key.partition(".")[0])
    listed = served.program.json("hub", "key", "list")
    assert [one["revoked_at"] is None for one in listed if one["id"] == key.partition(".")[0]] == [False]
    done = program.run("--hub", "lab", "dataset", "remote", code=1)
    assert "authenticate" in done.stderr


def test_the_hub_called_darwin(program: Program, served: Served) -> None:
    """Address, key, team and folder of the Darwin SDK's configuration, which stays as it is."""
    config = program.home / ".darwin/config.yaml"
    config.parent.mkdir(parents=True)
    config.write_text(
        f"global:\n  api_endpoint: {served.url}/api/\n  base_url: {served.url}\n  default_team: {TEAM}\n"
        f"teams:\n  {TEAM}:\n    api_key: {served.key(TEAM)}\n    datasets_dir: {program.folder}/theirs\n"
    )
    before = config.read_bytes()
    program.run("--hub", "darwin", "dataset", "create", "sdk")
    (program.folder / "a.png").write_bytes(b"not looked at")
    program.run("--hub", "darwin", "dataset", "push", "sdk", program.folder / "a.png")
    program.run("--hub", "darwin", "dataset", "export", "sdk", "1")
    one_at_a_time = Program(program.home, program.folder, {"DARWIN_DOWNLOAD_FILES_CONCURRENCY": "1"})
    pulled = one_at_a_time.json("--hub", "darwin", "dataset", "pull", "sdk:1")
    assert pulled["path"] == f"{program.folder}/theirs/{TEAM}/sdk"
    program.run("--hub", "darwin", "authenticate", "--api_key", served.key(TEAM))
    assert config.read_bytes() == before


def test_media_registered_where_they_are(client: Program, served: Served, pictures: Callable[..., Path]) -> None:
    folder = pictures(names=["raw/a.png", "raw/b.png"], folder="bucket")
    served.program.run(
        "hub", "storage", "add", "shelf", "--provider", "folder", "--bucket", folder, "--default", "--team", TEAM
    )
    assert [one["name"] for one in client.json("hub", "storage", "list")] == ["shelf"]
    client.run("dataset", "create", "stored")
    done = client.json("dataset", "register", "stored", "raw/a.png", "raw/b.png")
    assert len(done["registered"]) == 2
    client.run("dataset", "export", "stored", "1")
    pulled = client.json("dataset", "pull", "stored:1")
    assert sorted(tree(Path(pulled["path"]) / "images").values()) == sorted(tree(folder).values())


def test_the_health_of_a_server_is_public(served: Served) -> None:
    import urllib.request

    with urllib.request.urlopen(f"{served.url}/health") as answer:
        assert json.load(answer)["status"] == "ok"
