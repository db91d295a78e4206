"""Stores of credentials."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from keyring.backends.fail import Keyring as FailKeyring
from keyring.backends.null import Keyring as NullKeyring
from keyring.errors import KeyringLocked, PasswordDeleteError, PasswordSetError

from groundtruth.adapters.credentials import (
    ChainCredentials,
    EnvironmentCredentials,
    FileCredentials,
    KeyringCredentials,
    default_credentials,
)
from groundtruth.domain.errors import GroundtruthError, InvalidInput, NotReadable, NotWritable
from groundtruth.ports.credentials import CredentialStore
from groundtruth.testing.credentials import SECRET, CredentialsContract

posix = pytest.mark.skipif(sys.platform == "win32", reason="POSIX modes")


class DictKeyring:
    """A keyring in memory. No subclass of keyring's own base, which would enlist it for the whole process."""

    priority = 5

    def __init__(self) -> None:
        self.entries: dict[tuple[str, str], str] = {}

    def get_password(self, service: str, name: str) -> str | None:
        return self.entries.get((service, name))

    def set_password(self, service: str, name: str, password: str) -> None:
        self.entries[service, name] = password

    def delete_password(self, service: str, name: str) -> None:
        if self.entries.pop((service, name), None) is None:
            raise PasswordDeleteError(name)


class LockedKeyring(DictKeyring):
    def get_password(self, service: str, name: str) -> str | None:
        raise KeyringLocked("locked")

    def set_password(self, service: str, name: str, password: str) -> None:
        raise PasswordSetError("locked")


class TestFileCredentials(CredentialsContract):
    def make_store(self, folder: Path) -> CredentialStore:
        return FileCredentials(folder / "credentials.json")

    def reopen(self, store: CredentialStore, folder: Path) -> CredentialStore:
        return FileCredentials(folder / "credentials.json")


class TestKeyringCredentials(CredentialsContract):
    @pytest.fixture(autouse=True)
    def keyring(self) -> None:
        self.backend = DictKeyring()

    def make_store(self, folder: Path) -> CredentialStore:
        return KeyringCredentials(backend=self.backend)

    def reopen(self, store: CredentialStore, folder: Path) -> CredentialStore:
        return KeyringCredentials(backend=self.backend)


class TestChainCredentials(CredentialsContract):
    def make_store(self, folder: Path) -> CredentialStore:
        stores = [EnvironmentCredentials({}), KeyringCredentials(backend=LockedKeyring())]
        return ChainCredentials([*stores, FileCredentials(folder / "credentials.json")])


# --- file -------------------------------------------------------------------------------------------


@posix
def test_file_and_folder_are_private(tmp_path: Path) -> None:
    path = tmp_path / "home" / "secrets" / "credentials.json"
    FileCredentials(path).set("hub", "team", SECRET)
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700
    assert {one.name for one in path.parent.iterdir()} == {"credentials.json", ".credentials.json.lock"}
    assert all(one.stat().st_mode & 0o077 == 0 for one in path.parent.iterdir())


@posix
@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604])
def test_a_file_others_can_read_is_made_private_with_a_warning(
    tmp_path: Path, mode: int, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "credentials.json"
    FileCredentials(path).set("hub", "team", SECRET)
    path.chmod(mode)
    assert FileCredentials(path).get("hub", "team") == SECRET
    assert path.stat().st_mode & 0o777 == 0o600
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    assert SECRET not in caplog.text


DAMAGED = [
    "",
    "{",
    "[]",
    "{}",
    '{"hubs": []}',
    '{"hubs": {"a": "%s"}}',
    '{"hubs": {"a": {"b": ["%s"]}}}',
    "%s",
    '{"%s"',
]


@pytest.mark.parametrize("content", DAMAGED)
def test_a_damaged_file_is_told_without_its_content(tmp_path: Path, content: str) -> None:
    path = tmp_path / "credentials.json"
    path.write_text(content.replace("%s", SECRET))
    path.chmod(0o600)
    for use in (lambda: FileCredentials(path).get("a", "b"), lambda: FileCredentials(path).set("a", "b", "c")):
        with pytest.raises(InvalidInput) as caught:
            use()
        assert str(path) in str(caught.value)
        assert SECRET not in str(caught.value)
        # Nor does it come along in an error that a log would print as the cause.
        assert caught.value.__context__ is None
    assert path.read_text() == content.replace("%s", SECRET)


def test_a_folder_in_the_place_of_the_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(NotReadable):
        FileCredentials(tmp_path).get("a", "b")


def test_a_file_in_the_place_of_the_folder_is_told(tmp_path: Path) -> None:
    (tmp_path / "home").write_text("x")
    with pytest.raises(GroundtruthError):
        FileCredentials(tmp_path / "home" / "credentials.json").set("a", "b", "c")


@pytest.mark.skipif(sys.platform == "win32", reason="forks")
def test_two_processes_lose_nothing(tmp_path: Path) -> None:
    path = tmp_path / "credentials.json"
    children = []
    for process in range(3):
        child = os.fork()
        if not child:
            for number in range(15):
                FileCredentials(path).set("hub", f"{process}-{number}", SECRET)
            os._exit(0)
        children.append(child)
    assert [os.waitpid(child, 0)[1] for child in children] == [0, 0, 0]
    assert len(FileCredentials(path).accounts("hub")) == 45


def test_what_a_killed_writer_left_is_cleared_away(tmp_path: Path) -> None:
    path = tmp_path / "credentials.json"
    leftover = tmp_path / ".credentials.json.0123.tmp"
    leftover.write_text(SECRET)
    FileCredentials(path).set("hub", "team", "other")
    assert not leftover.exists()


@given(st.dictionaries(st.text(), st.dictionaries(st.text(), st.text(), max_size=3), max_size=3))
def test_any_text_survives(known: dict[str, dict[str, str]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "credentials.json"
        for hub, accounts in known.items():
            for account, secret in accounts.items():
                FileCredentials(path).set(hub, account, secret)
        for hub, accounts in known.items():
            assert {name: FileCredentials(path).get(hub, name) for name in accounts} == accounts
            assert FileCredentials(path).accounts(hub) == sorted(accounts)


# --- keyring ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("make", [FailKeyring, NullKeyring])
def test_without_a_real_keyring_nothing_is_kept(make: Callable[[], object]) -> None:
    store = KeyringCredentials(backend=make())
    assert store.get("hub", "team") is None
    assert store.accounts("hub") == []
    assert store.delete("hub", "team") is False
    with pytest.raises(NotWritable):
        store.set("hub", "team", SECRET)


def test_a_locked_keyring_has_nothing_and_says_so(caplog: pytest.LogCaptureFixture) -> None:
    store = KeyringCredentials(backend=LockedKeyring())
    assert store.get("hub", "team") is None
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    with pytest.raises(NotWritable) as caught:
        store.set("hub", "team", SECRET)
    assert SECRET not in str(caught.value)


def test_a_damaged_index_loses_no_secret() -> None:
    keyring = DictKeyring()
    store = KeyringCredentials(backend=keyring)
    store.set("hub", "team", SECRET)
    keyring.entries["groundtruth", "accounts"] = "not json"
    assert store.get("hub", "team") == SECRET
    store.set("hub", "other", SECRET)
    assert store.accounts("hub") == ["other"]


# --- environment and chain ----------------------------------------------------------------------------


def test_the_key_in_the_environment_is_for_every_hub() -> None:
    store = EnvironmentCredentials({"GROUNDTRUTH_API_KEY": SECRET})
    assert store.get("any", "one") == SECRET
    assert store.accounts("any") == []
    assert store.delete("any", "one") is False
    assert SECRET not in repr(store)
    with pytest.raises(NotWritable) as caught:
        store.set("hub", "team", SECRET)
    assert SECRET not in str(caught.value)
    assert EnvironmentCredentials({"GROUNDTRUTH_API_KEY": ""}).get("any", "one") is None


def test_the_first_store_that_has_it_wins(tmp_path: Path) -> None:
    first, second = (FileCredentials(tmp_path / name) for name in ("first.json", "second.json"))
    chain = ChainCredentials([first, second])
    second.set("hub", "team", "from second")
    assert chain.get("hub", "team") == "from second"
    chain.set("hub", "team", "from first")
    assert chain.get("hub", "team") == "from first"
    assert second.get("hub", "team") == "from second"
    assert chain.delete("hub", "team") is True
    assert chain.get("hub", "team") is None


def test_a_chain_nobody_can_write_to_says_why() -> None:
    with pytest.raises(NotWritable, match="GROUNDTRUTH_API_KEY"):
        ChainCredentials([EnvironmentCredentials({})]).set("hub", "team", SECRET)
    with pytest.raises(NotWritable):
        ChainCredentials([]).set("hub", "team", SECRET)


def test_the_default_looks_into_the_environment_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GROUNDTRUTH_API_KEY", SECRET)
    assert default_credentials(tmp_path).get("hub", "team") == SECRET
    assert list(tmp_path.iterdir()) == []


def test_a_chain_says_where_it_looks(tmp_path: Path) -> None:
    stores = [EnvironmentCredentials({"GROUNDTRUTH_API_KEY": SECRET}), KeyringCredentials(backend=FailKeyring())]
    text = ChainCredentials([*stores, FileCredentials(tmp_path / "credentials.json")]).description
    assert text == (
        "variable GROUNDTRUTH_API_KEY (set), then no keyring on this machine, "
        f"then file {tmp_path / 'credentials.json'}"
    )
