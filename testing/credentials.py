"""Contract suite of `ports.credentials`: subclass `CredentialsContract`, say how to make a store, run pytest."""

from __future__ import annotations

import abc
from pathlib import Path

import pytest

from ..ports.credentials import CredentialStore

SECRET = "abcdefg.0123456789abcdef"  # noqa: S105 - a made-up value that must never show up


class CredentialsContract(abc.ABC):
    """What every store of credentials that can be written to does."""

    @abc.abstractmethod
    def make_store(self, folder: Path) -> CredentialStore:
        """A new, empty store; `folder` is a folder it may use."""

    def reopen(self, store: CredentialStore, folder: Path) -> CredentialStore:
        """The same store as another process would see it."""
        return store

    @pytest.fixture
    def store(self, tmp_path: Path) -> CredentialStore:
        return self.make_store(tmp_path / "store")

    def test_an_empty_store_has_nothing(self, store: CredentialStore) -> None:
        assert store.get("hub", "team") is None
        assert store.accounts("hub") == []
        assert store.delete("hub", "team") is False

    def test_a_secret_is_kept_for_its_hub_and_account(self, store: CredentialStore, tmp_path: Path) -> None:
        store.set("hub", "team", SECRET)
        store.set("hub", "other", "2")
        store.set("elsewhere", "team", "3")
        again = self.reopen(store, tmp_path / "store")
        assert again.get("hub", "team") == SECRET
        assert again.get("hub", "other") == "2"
        assert again.get("elsewhere", "team") == "3"
        assert again.get("elsewhere", "other") is None

    def test_accounts_are_sorted(self, store: CredentialStore) -> None:
        for account in ("b", "a", "ü", "a"):
            store.set("hub", account, SECRET)
        assert store.accounts("hub") == ["a", "b", "ü"]
        assert store.accounts("other") == []

    def test_a_secret_is_replaced(self, store: CredentialStore) -> None:
        store.set("hub", "team", "old")
        store.set("hub", "team", SECRET)
        assert store.get("hub", "team") == SECRET
        assert store.accounts("hub") == ["team"]

    def test_a_deleted_secret_is_gone(self, store: CredentialStore, tmp_path: Path) -> None:
        store.set("hub", "team", SECRET)
        store.set("hub", "other", "2")
        assert store.delete("hub", "team") is True
        assert store.delete("hub", "team") is False
        again = self.reopen(store, tmp_path / "store")
        assert again.get("hub", "team") is None
        assert again.accounts("hub") == ["other"]

    @pytest.mark.parametrize("account", ["", "a/b", "a b", "a@hub", "ü", 'q"uote', "new\nline", "[x]"])
    def test_any_account_name_is_kept_apart(self, store: CredentialStore, account: str) -> None:
        store.set("hub", account, SECRET)
        store.set("hub/a", account, "2")
        assert store.get("hub", account) == SECRET
        assert store.get("hub/a", account) == "2"
        assert store.accounts("hub") == [account]

    @pytest.mark.parametrize("secret", ["", "ü✓", "a\nb", 'q"\\', "x" * 5000])
    def test_any_text_is_a_secret(self, store: CredentialStore, secret: str) -> None:
        store.set("hub", "team", secret)
        assert store.get("hub", "team") == secret

    def test_a_store_does_not_show_its_secrets(self, store: CredentialStore) -> None:
        store.set("hub", "team", SECRET)
        assert SECRET not in repr(store)
        assert SECRET not in str(store)
