"""What a user of the SDK has set up."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from groundtruth.adapters.darwin.config import (
    DEFAULT_URL,
    DarwinConfig,
    DarwinTeam,
    config_file,
    from_environment,
    read_config,
)
from groundtruth.domain.errors import GroundtruthError, InvalidInput, NotReadable
from groundtruth.domain.policies import RetryPolicy

KEY = "abcdefg.0123456789abcdef0123456789abcdef"
OTHER = "hijklmn.fedcba9876543210fedcba9876543210"
FILE = f"""\
global:
  api_endpoint: https://hub.example/api/
  base_url: https://hub.example
  default_team: acme
  payload_compression_level: '5'
teams:
  acme:
    api_key: {KEY}
    datasets_dir: /data/darwin
  other-team:
    api_key: {OTHER}
    datasets_dir: /data/darwin
"""


def written(home: Path, text: str | bytes) -> Path:
    path = config_file(home)
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def test_file_of_the_sdk(tmp_path: Path) -> None:
    path = written(tmp_path, FILE)
    before = path.stat()
    config = from_environment({}, tmp_path)
    folder = Path("/data/darwin")
    teams = {"acme": DarwinTeam(KEY, folder), "other-team": DarwinTeam(OTHER, folder)}
    assert config == DarwinConfig("https://hub.example", "acme", teams, 5)
    assert config.api_endpoint == "https://hub.example/api/"
    assert config.keys == {"acme": KEY, "other-team": OTHER}
    assert (path.read_text(), path.stat().st_mtime_ns) == (FILE, before.st_mtime_ns)


def test_nothing_set_up(tmp_path: Path) -> None:
    assert from_environment({}, tmp_path) == DarwinConfig(DEFAULT_URL)
    assert from_environment({"DARWIN_API_KEY": "", "DARWIN_BASE_URL": ""}, tmp_path) == DarwinConfig(DEFAULT_URL)
    assert list(tmp_path.iterdir()) == []


def test_keys_are_not_shown(tmp_path: Path) -> None:
    written(tmp_path, FILE)
    config = from_environment({"DARWIN_API_KEY": OTHER}, tmp_path)
    assert KEY not in repr(config)
    assert OTHER not in repr(config)


def test_only_team_is_the_default(tmp_path: Path) -> None:
    written(tmp_path, "teams:\n  2024:\n    api_key: k\n")
    config = from_environment({}, tmp_path)
    assert (config.default_team, config.keys, config.base_url) == ("2024", {"2024": "k"}, DEFAULT_URL)


def test_several_teams_and_no_default(tmp_path: Path) -> None:
    written(tmp_path, "teams:\n  a: {api_key: ''}\n  b:\n")
    config = from_environment({}, tmp_path)
    assert (config.default_team, config.keys) == (None, {"a": "", "b": ""})
    assert from_environment({"DARWIN_TEAM": "b"}, tmp_path).default_team == "b"


def test_address_in_the_environment_counts_without_a_file_only(tmp_path: Path) -> None:
    environ = {"DARWIN_BASE_URL": "http://127.0.0.1:8000/"}
    assert from_environment(environ, tmp_path).base_url == "http://127.0.0.1:8000"
    written(tmp_path, FILE)
    assert from_environment(environ, tmp_path).base_url == "https://hub.example"


def test_key_in_the_environment_comes_with_the_address_there(tmp_path: Path) -> None:
    written(tmp_path, FILE)
    config = from_environment({"DARWIN_API_KEY": OTHER, "DARWIN_BASE_URL": "https://test.example"}, tmp_path)
    # The file's keys are for another host, where they are not sent to.
    assert (config.base_url, config.teams, config.key, config.default_team) == (
        "https://test.example",
        {},
        OTHER,
        None,
    )
    assert config.with_team("zebra").keys == {"zebra": OTHER}
    assert config.with_team("zebra").default_team == "zebra"
    same = from_environment({"DARWIN_API_KEY": "k", "DARWIN_BASE_URL": "https://hub.example"}, tmp_path)
    assert same.keys == {"acme": KEY, "other-team": OTHER}
    assert same.with_team("acme").keys == {"acme": "k", "other-team": OTHER}


def test_key_and_team_in_the_environment(tmp_path: Path) -> None:
    config = from_environment({"DARWIN_API_KEY": KEY, "DARWIN_TEAM": "acme"}, tmp_path)
    assert (config.key, config.keys, config.default_team) == (None, {"acme": KEY}, "acme")


def test_folder_in_the_environment(tmp_path: Path) -> None:
    written(tmp_path, FILE)
    config = from_environment({"DARWIN_DATASETS_DIR": str(tmp_path / "sets")}, tmp_path)
    assert config.datasets_dir == tmp_path / "sets"
    assert {team.datasets_dir for team in config.teams.values()} == {tmp_path / "sets"}


def test_retries_are_not_slower_than_those_of_the_sdk(tmp_path: Path) -> None:
    policy = from_environment({}, tmp_path).retry
    assert policy == RetryPolicy(max_attempts=10, initial_wait=1.0, max_wait=300.0)
    given = {"DARWIN_RETRY_INITIAL_WAIT": "60", "DARWIN_RETRY_MAX_WAIT": "0.5", "DARWIN_RETRY_MAX_ATTEMPTS": "3"}
    assert from_environment(given, tmp_path).retry == RetryPolicy(3, 60.0, 0.5)


def test_sizes(tmp_path: Path) -> None:
    config = from_environment({}, tmp_path)
    assert (config.upload_chunk, config.download_concurrency) == (500, None)
    environ = {"DARWIN_UPLOAD_CHUNK_SIZE": "7", "DARWIN_DOWNLOAD_FILES_CONCURRENCY": "4"}
    config = from_environment(environ, tmp_path)
    assert (config.upload_chunk, config.download_concurrency) == (7, 4)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DARWIN_RETRY_MAX_ATTEMPTS", "0"),
        ("DARWIN_RETRY_MAX_ATTEMPTS", "2.5"),
        ("DARWIN_RETRY_INITIAL_WAIT", "-1"),
        ("DARWIN_RETRY_MAX_WAIT", "nan"),
        ("DARWIN_RETRY_MAX_WAIT", "inf"),
        ("DARWIN_UPLOAD_CHUNK_SIZE", "many"),
        ("DARWIN_UPLOAD_CHUNK_SIZE", "0"),
        ("DARWIN_DOWNLOAD_FILES_CONCURRENCY", "0"),
        ("DARWIN_BASE_URL", "hub.example"),
        ("DARWIN_BASE_URL", "https://user:pw@hub.example"),
        ("DARWIN_TEAM", "a/b"),
    ],
)
def test_variable_that_cannot_be_used_is_named(tmp_path: Path, name: str, value: str) -> None:
    with pytest.raises(InvalidInput, match=name):
        from_environment({name: value}, tmp_path)


@pytest.mark.parametrize("text", ["", "---\n", "# nothing\n", "{}", "global:\nteams:\n"])
def test_file_that_says_nothing(tmp_path: Path, text: str) -> None:
    assert read_config(written(tmp_path, text)) == DarwinConfig(DEFAULT_URL)


@pytest.mark.parametrize(
    "text",
    [
        "[]",
        "text",
        "global: []",
        "teams: text",
        "teams: {a: text}",
        "teams: {a: {api_key: 5}}",
        "teams: {a: {api_key: k, datasets_dir: []}}",
        "teams: {a/b: {api_key: k}}",
        "teams: {true: {api_key: k}}",
        "teams: {[1]: {}}",
        "global: {default_team: [a]}\n",
        "global: {payload_compression_level: 10}",
        "global: {payload_compression_level: fast}",
        "global: {payload_compression_level: -1}",
        "global: {payload_compression_level: true}",
        "global: {api_endpoint: 'https://hub.example/'}",
        "global: {api_endpoint: 'ftp://hub.example/api/'}",
        "global: {base_url: 7}",
        f"teams:\n  a:\n    api_key: '{KEY}\n",
        f"teams: !!python/object:os.system {{k: {KEY}}}",
        b"\xff\xfe\xff",
        b"a: \x01",
        "[" * 5000,
        "#" * (1 << 20) + "#",
    ],
)
def test_malformed_file_is_named_and_its_key_is_not_shown(tmp_path: Path, text: str | bytes) -> None:
    path = written(tmp_path, text)
    with pytest.raises(InvalidInput) as caught:
        read_config(path)
    assert str(path) in str(caught.value)
    shown, error = "", caught.value
    while error is not None:
        shown, error = f"{shown} {error!r} {error}", error.__cause__
    assert KEY not in shown


@given(st.text(alphabet="abz:{}[]'\"-#&*!|>%@ \n\t0.", max_size=60))
def test_any_text_is_read_or_refused(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    path = written(tmp_path_factory.getbasetemp(), text)
    try:
        assert isinstance(read_config(path), DarwinConfig)
    except GroundtruthError as error:
        assert str(path) in str(error)


def test_file_that_is_none(tmp_path: Path) -> None:
    config_file(tmp_path).mkdir(parents=True)
    with pytest.raises(NotReadable, match=r"config\.yaml"):
        from_environment({}, tmp_path)


@pytest.mark.skipif(os.name == "nt", reason="a path below a file is reported otherwise")
def test_home_that_is_no_folder(tmp_path: Path) -> None:
    (tmp_path / "home").write_text("")
    assert from_environment({}, tmp_path / "home") == DarwinConfig(DEFAULT_URL)
