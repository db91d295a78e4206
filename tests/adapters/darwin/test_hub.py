"""The hub as a whole: keys, addresses and how it is closed off from others."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from groundtruth.adapters.darwin import DarwinHub
from groundtruth.adapters.formats.darwin_json import DarwinJsonCodec
from groundtruth.domain.upload import NewSlot, PendingUpload
from groundtruth.ports.hub import AnnotationHub
from groundtruth.ports.transfer import FetchOutcome, FetchRequest, LinkRenewer
from support.fake_hub import HUB, KEY, RETRY, FakeHub
from support.fake_web import FakeWeb, Reply

FILES = f"{HUB}/api/v2/teams/acme/files"


class NoTransfer:
    def fetch(self, requests: Iterable[FetchRequest]) -> Iterator[FetchOutcome]:
        raise AssertionError("nothing is to be fetched")


def made(fake: FakeHub, folder: Path, **options: object) -> DarwinHub:
    hub = DarwinHub(
        HUB, {"acme": KEY}, fake.web, codec=DarwinJsonCodec(), clock=fake.clock, progress=fake.progress, retry=RETRY,
        transfer=NoTransfer(), folder=folder, **options,
    )  # fmt: skip
    ports: tuple[AnnotationHub, LinkRenewer] = (hub, hub)
    assert ports[0] is hub
    return hub


def test_making_a_hub_asks_nothing_and_writes_nothing(tmp_path: Path) -> None:
    fake = FakeHub()
    hub = made(fake, tmp_path / "archives", name="mine")
    assert hub.name == "mine"
    assert KEY not in repr(hub)
    assert (fake.web.sent, list(tmp_path.iterdir())) == ([], [])


@pytest.mark.parametrize(
    ("url", "fresh"),
    [
        (f"{FILES}/1?token=old", f"{FILES}/1"),
        (f"{FILES}/1?a=1&token=old&b=%2F", f"{FILES}/1?a=1&b=%2F"),
        (f"{FILES}/1", f"{FILES}/1"),
        ("https://store.example/1?token=old", "https://store.example/1?token=old"),
        (f"{HUB}/api/v2/teams/others/files/1?token=old", f"{HUB}/api/v2/teams/others/files/1?token=old"),
    ],
)
def test_own_address_is_tried_with_the_key_instead_of_its_token(tmp_path: Path, url: str, fresh: str) -> None:
    assert made(FakeHub(), tmp_path).renew(url) == fresh


def test_headers_and_teams_of_keys(tmp_path: Path) -> None:
    hub = made(FakeHub({"GET users/token_info": {"selected_team": {"slug": "acme"}}}), tmp_path)
    assert hub.team_of_key("k") == "acme"
    assert hub.authorize(f"{FILES}/1") == {"Authorization": f"ApiKey {KEY}"}
    assert hub.authorize("https://store.example/1") == {}


def test_bytes_travel_apart_from_requests(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(b"a")
    fake = FakeHub({"GET v2/teams/acme/items/uploads/u/sign": {"upload_url": "https://store.example/u"}})
    bulk = FakeWeb(lambda sent: Reply())
    made(fake, tmp_path, bulk=bulk).put(
        PendingUpload("u", "i", "/a.png", NewSlot("0", "a.png", (tmp_path / "a.png",))), lambda count: None
    )
    assert ([sent.method for sent in fake.web.sent], [sent.method for sent in bulk.sent]) == (["GET"], ["PUT"])
