"""Contract of `ports.access.KeyRegister`."""

from __future__ import annotations

import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from ..domain.access import KEY_SHAPE, Permission, Role
from ..domain.errors import InvalidName, NotFound
from ..ports.hub import ServableHub
from .scenario import HubContract

TIMESTAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")


class KeyRegisterContract(HubContract):
    """What every register of keys does."""

    def test_key_is_found_by_its_text(self, hub: ServableHub) -> None:
        key, text = hub.create_key(self.team, Role.MEMBER, "Ada's laptop ☀️")
        assert KEY_SHAPE.fullmatch(text)
        assert text[0].isalnum()
        assert text.startswith(f"{key.id}.")
        assert (key.team, key.role, key.label, key.revoked_at) == (self.team, Role.MEMBER, "Ada's laptop ☀️", None)
        assert TIMESTAMP.fullmatch(key.created_at)
        assert hub.find_key(text) == key
        assert key.may(Permission.CONTRIBUTE) and not key.may(Permission.MANAGE)

    def test_secret_is_given_out_once(self, hub: ServableHub) -> None:
        key, text = hub.create_key(self.team, Role.OWNER, "")
        secret = text.partition(".")[2]
        assert secret not in repr(key)
        assert secret not in repr(hub.list_keys())

    def test_other_texts_are_no_keys(self, hub: ServableHub) -> None:
        (one, text), (_, other) = (hub.create_key(self.team, Role.ADMIN, "") for _ in range(2))
        secret = text.partition(".")[2]
        changed = f"{text[:-1]}{'A' if text[-1] != 'A' else 'B'}"
        crossed = f"{one.id}.{other.partition('.')[2]}"
        garbage = (
            "",
            ".",
            text[:-1],
            text + "A",
            f" {text}",
            f"{text}\n",
            secret,
            f"{one.id}.",
            "ü" * 40,
            "x" * 10_000,
        )
        for wrong in (changed, crossed, f"unknown.{secret}", text.swapcase(), *garbage):
            assert hub.find_key(wrong) is None
        assert hub.find_key(text) == one

    def test_keys_are_listed_oldest_first(self, hub: ServableHub, later: Callable[[], None]) -> None:
        assert list(hub.list_keys()) == []
        made = []
        for team in (self.team, "another-team", self.team):
            made.append(hub.create_key(team, Role.ANNOTATOR, f"of {team}")[0])
            later()
        assert list(hub.list_keys()) == made
        assert list(hub.list_keys(self.team)) == [made[0], made[2]]
        assert list(hub.list_keys("no-such-team")) == []

    def test_revoked_key_is_invalid_and_listed(self, hub: ServableHub, later: Callable[[], None]) -> None:
        key, text = hub.create_key(self.team, Role.OWNER, "")
        kept, kept_text = hub.create_key(self.team, Role.OWNER, "")
        later()
        revoked = hub.revoke_key(key.id)
        assert revoked.id == key.id
        assert TIMESTAMP.fullmatch(revoked.revoked_at or "")
        assert not revoked.may(Permission.READ)
        assert hub.find_key(text) is None
        later()
        assert hub.revoke_key(key.id) == revoked
        assert list(hub.list_keys(self.team)) == [revoked, kept]
        assert hub.find_key(kept_text) == kept

    def test_unknown_key_cannot_be_revoked(self, hub: ServableHub) -> None:
        with pytest.raises(NotFound):
            hub.revoke_key("unknown")

    @pytest.mark.parametrize("team", ["", "..", "a/b", "ü"])
    def test_key_needs_a_team(self, hub: ServableHub, team: str) -> None:
        with pytest.raises(InvalidName):
            hub.create_key(team, Role.OWNER, "")
        assert list(hub.list_keys()) == []

    def test_keys_differ(self, hub: ServableHub) -> None:
        with ThreadPoolExecutor(4) as pool:
            made = list(pool.map(lambda _: hub.create_key(self.team, Role.MEMBER, ""), range(20)))
            assert list(pool.map(lambda one: hub.find_key(one[1]), made)) == [key for key, _ in made]
        assert len({text for _, text in made}) == len({key.id for key, _ in made}) == 20

    def test_signing_secret_belongs_to_the_hub(self, hub: ServableHub) -> None:
        with ThreadPoolExecutor(4) as pool:
            found = set(pool.map(lambda _: hub.signing_secret(), range(8)))
        (secret,) = found
        assert len(secret) == 32
        assert len(set(secret)) > 8
