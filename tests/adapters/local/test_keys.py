from __future__ import annotations

import os
import stat
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from groundtruth.adapters.local import LocalHub
from groundtruth.domain.access import Role
from groundtruth.domain.errors import IntegrityError

REVOKE = """
import sys
from pathlib import Path
from groundtruth.adapters.clock import SystemClock
from groundtruth.adapters.formats.darwin_json import DarwinJsonCodec
from groundtruth.adapters.local import LocalHub
from groundtruth.adapters.memory import MemoryProbe
with LocalHub(Path(sys.argv[1]), DarwinJsonCodec(), MemoryProbe(), SystemClock()) as hub:
    hub.revoke_key(sys.argv[2])
    print(hub.signing_secret().hex())
"""


def test_another_process_revokes_a_key(hub: LocalHub, root: Path) -> None:
    key, text = hub.create_key("team", Role.OWNER, "")
    kept, kept_text = hub.create_key("team", Role.OWNER, "")
    assert hub.find_key(text) == key
    secret = hub.signing_secret().hex()
    command = [sys.executable, "-c", REVOKE, str(root), key.id]
    assert subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip() == secret
    assert hub.find_key(text) is None
    assert hub.find_key(kept_text) == kept


def test_secrets_are_nowhere_in_the_folder(hub: LocalHub, root: Path) -> None:
    texts = [hub.create_key("team", Role.OWNER, "label")[1] for _ in range(3)]
    hub.close()
    content = b"".join(path.read_bytes() for path in root.rglob("*") if path.is_file())
    assert b"label" in content
    for text in texts:
        assert text.partition(".")[2].encode() not in content


def test_signing_secret_is_for_its_owner_only(hub: LocalHub, open_hub: Callable[[], LocalHub], root: Path) -> None:
    before = os.umask(0)
    try:
        with ThreadPoolExecutor(6) as pool:
            found = set(pool.map(lambda one: one.signing_secret(), [open_hub() for _ in range(6)]))
    finally:
        os.umask(before)
    assert found == {hub.signing_secret()}
    assert stat.S_IMODE((root / "signing.key").stat().st_mode) == 0o600
    assert not list(root.glob("*.part"))


def test_signing_secret_cut_short(hub: LocalHub, open_hub: Callable[[], LocalHub], root: Path) -> None:
    hub.signing_secret()
    os.truncate(root / "signing.key", 5)
    with pytest.raises(IntegrityError, match=r"signing\.key"):
        open_hub().signing_secret()


def test_absent_hub_has_no_keys(hub: LocalHub, root: Path) -> None:
    assert list(hub.list_keys()) == []
    assert hub.find_key(f"abcdefg.{'x' * 32}") is None
    assert list(hub.list_storages("team")) == []
    assert not root.exists()
