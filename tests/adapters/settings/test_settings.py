"""Settings: where they come from, and that the file survives being written."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Mapping
from pathlib import Path

import attrs
import pytest
import tomli_w
from hypothesis import given
from hypothesis import strategies as st

from groundtruth.adapters.settings import HubSettings, Settings, load_settings, save_settings
from groundtruth.domain.errors import InvalidInput, InvalidName, NotReadable, NotWritable
from groundtruth.domain.policies import RetryPolicy

posix = pytest.mark.skipif(sys.platform == "win32", reason="POSIX modes")


@pytest.fixture
def home(tmp_path: Path) -> Path:
    made = tmp_path / "home"
    made.mkdir()
    return made


def load(home: Path, flags: Mapping[str, object] | None = None, **environ: str) -> Settings:
    return load_settings(flags or {}, {"GROUNDTRUTH_HOME": str(home), **environ})


def write(home: Path, text: str) -> Path:
    file = home / "config.toml"
    file.write_text(text)
    return file


# --- defaults and provenance --------------------------------------------------------------------------


def test_everything_has_a_default(home: Path) -> None:
    settings = load(home)
    assert (settings.hub, settings.team, settings.workers) == ("local", "local", 16)
    assert settings.home == home
    assert settings.file == home / "config.toml"
    assert settings.datasets_dir == home / "datasets"
    assert settings.hub_path == home / "hub"
    assert settings.hubs == {
        "local": HubSettings("embedded", home / "hub"),
        "darwin": HubSettings("darwin", url="https://darwin.v7labs.com"),
    }
    assert settings.retry == RetryPolicy()
    assert settings.warnings == ()
    assert list(home.iterdir()) == []


def test_without_a_home_the_platform_says_where() -> None:
    settings = load_settings({}, {})
    assert settings.home.name == "groundtruth"
    assert settings.file.name == "config.toml"
    assert settings.datasets_dir == settings.home / "datasets"
    assert settings.origin("home") == "default"


def test_flag_beats_environment_beats_file_beats_default(home: Path) -> None:
    steps = [("local", "default")]
    file = write(home, 'team = "from-file"')
    steps.append(("from-file", f"file {file}"))
    environ = {"GROUNDTRUTH_TEAM": "from-environment"}
    steps.append(("from-environment", "environment GROUNDTRUTH_TEAM"))
    steps.append(("from-flag", "flag"))
    seen = [
        load(home / "other"),
        load(home),
        load(home, **environ),
        load(home, {"team": "from-flag"}, **environ),
    ]
    assert [(one.team, one.origin("team")) for one in seen] == steps


@pytest.mark.parametrize(
    ("name", "variable", "text", "value"),
    [
        ("hub", "GROUNDTRUTH_HUB", "lab", "lab"),
        ("team", "GROUNDTRUTH_TEAM", "us", "us"),
        ("datasets_dir", "GROUNDTRUTH_DATASETS_DIR", "/data", Path("/data").absolute()),
        ("workers", "GROUNDTRUTH_WORKERS", "3", 3),
    ],
)
def test_every_variable_is_read(home: Path, name: str, variable: str, text: str, value: object) -> None:
    settings = load(home, **{variable: text})
    assert getattr(settings, name) == value
    assert settings.origin(name) == f"environment {variable}"
    unset = load(home, **{variable: ""})
    assert unset.origin(name) == "default"


def test_a_home_flag_beats_the_variable(home: Path, tmp_path: Path) -> None:
    settings = load(tmp_path / "other", {"home": home})
    assert (settings.home, settings.origin("home")) == (home, "flag")


def test_every_setting_that_is_shown_has_an_origin(home: Path) -> None:
    write(home, "[retry]\njitter = 0.5\n[hubs.lab]\npath = 'x'\n")
    settings = load(home, {"workers": 2})
    origins = {name: settings.origin(name) for name in settings.shown()}
    assert {name for name, origin in origins.items() if origin.startswith("file")} == {"retry.jitter", "hubs.lab"}
    assert origins["workers"] == "flag"
    assert origins["home"] == origins["file"] == "environment GROUNDTRUTH_HOME"
    assert origins["retry.max_wait"] == "default"


def test_paths_are_those_of_where_they_are_written(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path / "me"))
    write(home, "datasets_dir = 'data'\n[hubs.lab]\npath = 'lab'\n[hubs.mine]\npath = '~/hub'\n")
    settings = load(home)
    assert settings.datasets_dir == home / "data"
    assert settings.hubs["lab"].path == home / "lab"
    assert settings.hubs["mine"].path == tmp_path / "me" / "hub"
    assert load(home, {"datasets_dir": "data"}).datasets_dir == tmp_path / "data"


# --- hubs -------------------------------------------------------------------------------------------


def test_hubs_of_the_file_join_the_built_in_one(home: Path) -> None:
    write(home, 'hub = "v7"\n[hubs.v7]\nkind = "darwin"\nurl = "https://hub.example.org"\n')
    settings = load(home)
    assert settings.hubs["v7"] == HubSettings("darwin", None, "https://hub.example.org")
    assert settings.hubs["local"].path == home / "hub"
    with pytest.raises(InvalidInput, match="darwin"):
        _ = settings.hub_path
    assert settings.at_hub("local").hub_path == home / "hub"


def test_an_unknown_hub_is_told_where_it_was_asked_for(home: Path) -> None:
    with pytest.raises(InvalidInput, match="local"):
        load(home, {"hub": "lab"})
    with pytest.raises(InvalidInput, match="lab"):
        load(home).at_hub("lab")
    # In file or environment it must not keep the command that corrects it from running.
    settings = load(home, GROUNDTRUTH_HUB="lab")
    with pytest.raises(InvalidInput, match="GROUNDTRUTH_HUB"):
        _ = settings.hub_path
    settings.with_hub("lab", home / "lab").save()
    assert load(home, GROUNDTRUTH_HUB="lab").hub_path == home / "lab"


# --- malformed --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "key", "expected"),
    [
        ("hub = 3", "hub", "text"),
        ("team = ['a']", "team", "text"),
        ("workers = '3'", "workers", "whole number"),
        ("workers = true", "workers", "whole number"),
        ("datasets_dir = 1.5", "datasets_dir", "text"),
        ("hubs = 3", "hubs", "table"),
        ("[hubs]\nlab = 'x'", "hubs.lab", "table"),
        ("[hubs.lab]\nkind = 3", "hubs.lab.kind", "text"),
        ("[hubs.'a b']\nkind = 3", "hubs.a b.kind", "text"),
        ("retry = [1]", "retry", "table"),
        ("[retry]\njitter = 'x'", "retry.jitter", "number"),
        ("[retry]\nmax_wait = inf", "retry.max_wait", "number"),
        ("[retry]\nmax_attempts = 1.0", "retry.max_attempts", "whole number"),
        ("[retry]\njitter = 3", "retry", "jitter"),
        ("[hubs.lab]\nkind = 'x'\nurl = 'y'", "lab", "embedded"),
        ("[hubs.lab]\nkind = 'darwin'", "lab", "url"),
        ("[hubs.lab]", "lab", "path"),
        ("workers = 0", "workers", "1 to"),
        ("hub = 'a/b'", "hub", "not a valid name"),
        ("team = ''", "team", "not a valid name"),
        ("nonsense", "config.toml", "not valid TOML"),
        ("x = '\x00'", "config.toml", "not valid TOML"),
    ],
)
def test_a_malformed_file_is_told_with_file_key_and_expectation(
    home: Path, text: str, key: str, expected: str
) -> None:
    file = write(home, text)
    with pytest.raises(InvalidInput) as caught:
        load(home)
    assert str(file) in str(caught.value)
    assert key in str(caught.value)
    assert expected in str(caught.value)


def test_a_file_that_is_no_text_is_told(home: Path) -> None:
    (home / "config.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(InvalidInput, match=r"config\.toml"):
        load(home)


def test_a_folder_in_the_place_of_the_file_is_told(home: Path) -> None:
    (home / "config.toml").mkdir()
    with pytest.raises(NotReadable):
        load(home)


@pytest.mark.parametrize("text", ["three", "1.5", "-1", "100000"])
def test_a_wrong_number_of_workers_is_told_with_its_origin(home: Path, text: str) -> None:
    with pytest.raises(InvalidInput, match="GROUNDTRUTH_WORKERS"):
        load(home, GROUNDTRUTH_WORKERS=text)


def test_a_flag_that_is_no_setting_is_refused(home: Path) -> None:
    with pytest.raises(InvalidInput, match="colour"):
        load(home, {"colour": "red"})


# --- saving -----------------------------------------------------------------------------------------


def test_only_what_was_changed_is_written(home: Path) -> None:
    load(home, {"workers": 3}, GROUNDTRUTH_TEAM="temporary").with_values(hub="lab").save()
    assert tomllib.loads((home / "config.toml").read_text()) == {"hub": "lab"}


def test_unknown_keys_are_kept_and_told(home: Path) -> None:
    text = 'future = 1\nteam = "a"\n[hubs.lab]\npath = "x"\ncolour = "red"\n[retry]\nx = 1\n[other]\ny = [1, 2]\n'
    file = write(home, text)
    settings = load(home)
    assert [warning.split("'")[1] for warning in settings.warnings] == [
        "future",
        "other",
        "hubs.lab.colour",
        "retry.x",
    ]
    assert all(str(file) in warning for warning in settings.warnings)
    settings.with_values(team="b").with_hub("lab", home / "elsewhere").save()
    kept = tomllib.loads(text)
    kept["team"] = "b"
    kept["hubs"]["lab"] |= {"kind": "embedded", "path": str(home / "elsewhere")}
    assert tomllib.loads(file.read_text()) == kept


@posix
def test_the_file_is_private_and_nothing_else_is_left(home: Path) -> None:
    file = write(home, "")
    file.chmod(0o644)
    load(home).with_values(team="b").save()
    assert file.stat().st_mode & 0o777 == 0o600
    assert list(home.iterdir()) == [file]


def test_saving_nothing_writes_nothing(home: Path) -> None:
    load(home).save()
    assert list(home.iterdir()) == []


def test_saving_makes_the_folder(tmp_path: Path) -> None:
    load(tmp_path / "new" / "home").with_values(team="b").save()
    assert load(tmp_path / "new" / "home").team == "b"


def test_a_key_can_be_taken_out(home: Path) -> None:
    file = write(home, 'team = "a"\n[hubs.lab]\npath = "x"\n[hubs.lab2]\npath = "y"\n')
    save_settings(file, {"team": None, "hubs.lab": None, "workers": None})
    assert tomllib.loads(file.read_text()) == {"hubs": {"lab2": {"path": "y"}}}


def test_a_malformed_file_is_not_overwritten(home: Path) -> None:
    file = write(home, "hubs = 3")
    with pytest.raises(InvalidInput):
        save_settings(file, {"hubs.lab": HubSettings(path=home)})
    assert file.read_text() == "hubs = 3"


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises((NotWritable, NotReadable)):
        save_settings(tmp_path / "file" / "config.toml", {"team": "a"})


@posix
def test_a_path_that_is_no_text_is_refused(home: Path) -> None:
    with pytest.raises(InvalidInput):
        load(home).with_values(datasets_dir=Path("/data/\udcff")).save()
    assert list(home.iterdir()) == []


def test_values_are_checked_before_they_are_kept(home: Path) -> None:
    settings = load(home)
    for change in ({"team": "a/b"}, {"workers": 0}, {"hub": ""}):
        with pytest.raises(InvalidInput):
            settings.with_values(**change)
    with pytest.raises(InvalidName):
        settings.with_hub("a b", home)
    with pytest.raises(InvalidInput, match="home"):
        settings.with_values(home=home)


slugs = st.from_regex(r"[A-Za-z0-9_.\-]{1,30}", fullmatch=True).filter(lambda text: text not in {".", ".."})
paths = st.text(st.characters(codec="utf-8", exclude_characters="\x00/"), min_size=1).map(
    lambda name: Path("/d") / name
)
hubs = st.one_of(
    paths.map(lambda path: HubSettings(path=path)),
    st.builds(
        HubSettings,
        st.just("darwin"),
        st.none(),
        st.text().map(lambda host: f"https://{host}"),
        st.none() | slugs,
        st.none() | st.integers(0, 9),
    ),
)


@given(slugs, slugs, paths, st.integers(1, 256), st.dictionaries(slugs, hubs, max_size=3))
def test_what_was_saved_is_loaded(
    hub: str, team: str, datasets_dir: Path, workers: int, known: dict[str, HubSettings]
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        changed = load(Path(folder)).with_values(hub=hub, team=team, datasets_dir=datasets_dir, workers=workers)
        for name, settings in known.items():
            changed = changed.with_hub(name, settings)
        changed.save()
        chosen = changed.hubs.get(hub)
        changed = changed if chosen is None else changed.at_home(chosen.team)
        loaded = load(Path(folder))
        assert attrs.evolve(loaded, origins={}, changed={}) == attrs.evolve(changed, origins={}, changed={})
        assert all(loaded.origin(name) == changed.origin(name) for name in changed.shown())


values = st.recursive(
    st.one_of(st.booleans(), st.integers(-(2**60), 2**60), st.text(), st.floats(allow_nan=False)),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(), inner, max_size=3)),
    max_leaves=8,
)


@given(st.dictionaries(st.text().map(lambda text: f"x{text}"), values, max_size=4), slugs)
def test_what_is_not_understood_survives_saving(unknown: dict[str, object], team: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "config.toml"
        file.write_bytes(tomli_w.dumps(unknown).encode())
        before = tomllib.loads(file.read_bytes().decode())
        load(Path(folder)).with_values(team=team).save()
        assert tomllib.loads(file.read_bytes().decode()) == {**before, "team": team}


def test_importing_is_cheap() -> None:
    code = "import sys, groundtruth.adapters.settings; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert not {"cattrs", "tomllib", "tomli_w", "platformdirs", "numpy", "structlog", "msgspec"} & set(loaded)


REMOTE = '[hubs.lab]\nkind = "darwin"\nurl = "https://hub.example.org"\nteam = "example-team"\n'


def test_a_hub_brings_its_team_unless_someone_says_otherwise(home: Path) -> None:
    (home / "config.toml").write_text(f'team = "mine"\n{REMOTE}')
    assert load(home).team == "mine"
    chosen = load(home).at_hub("lab")
    assert (chosen.team, chosen.origin("team")) == ("example-team", f"file {home / 'config.toml'}")
    assert load(home, GROUNDTRUTH_HUB="lab").team == "example-team"
    assert load(home, GROUNDTRUTH_HUB="lab", GROUNDTRUTH_TEAM="other").team == "other"
    assert load_settings({"team": "flagged"}, {"GROUNDTRUTH_HOME": str(home)}).at_hub("lab").team == "flagged"


def test_more_files_at_once_from_a_hub_elsewhere(home: Path) -> None:
    (home / "config.toml").write_text(REMOTE)
    assert load(home).transfers == 16
    assert load(home).at_hub("lab").transfers == 64
    assert load(home, GROUNDTRUTH_WORKERS="3").at_hub("lab").transfers == 3


@pytest.mark.parametrize(
    "hub", ['url = "ftp://a"', 'url = "https://a"\ncompression = 10', 'url = "https://a"\nteam = "a b"']
)
def test_odd_hubs_are_refused(home: Path, hub: str) -> None:
    (home / "config.toml").write_text(f'[hubs.lab]\nkind = "darwin"\n{hub}\n')
    with pytest.raises(InvalidInput):
        load(home)
