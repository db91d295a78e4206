"""Files in bundles on groundtruth's own hubs: which, with whose key, and what each thread learns of its own."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from groundtruth.adapters.clock import SystemClock
from groundtruth.adapters.darwin.api import Api
from groundtruth.adapters.darwin.bundles import FileBundles, UploadBundles
from groundtruth.adapters.formats.darwin_json import DarwinJsonCodec
from groundtruth.adapters.memory import MemoryHub, MemoryProgress
from groundtruth.adapters.web import CurlWeb
from groundtruth.domain.bundle import unpack_frames
from groundtruth.domain.errors import DiskFull, Unavailable
from groundtruth.domain.policies import RetryPolicy
from support.bench import Bench, links_of
from support.fake_hub import HUB, KEY, FakeHub
from support.fake_web import FakeWeb, Reply, Sent, reply
from support.serving import Serving, serving

FILES = f"{HUB}/api/v2/teams/acme/files"
NATIVE = {"GET teams/acme/features": [{"name": "GROUNDTRUTH_NATIVE", "enabled": True}]}
WAIT = 20.0


# --- files that are asked for -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("url", "address"),
    [
        (f"{FILES}/a.b", FILES),
        (f"{FILES}/a.b?token=old", FILES),
        (f"{FILES}/", None),
        (FILES, None),
        (f"{FILES}/a/b", None),
        (f"{FILES}/a.b/original", None),
        (f"{HUB}/x/api/v2/teams/acme/files/a", None),
        (f"{HUB}/1/teams/acme/files/a", None),
        (f"{HUB}/api/v2/teams/others/files/a", None),
        (f"{HUB}/api/v2/teams/acme/items/a", None),
        ("https://store.example/api/v2/teams/acme/files/a", None),
        (f"{HUB}.evil.example/api/v2/teams/acme/files/a", None),
        (f"{HUB}:444/api/v2/teams/acme/files/a", None),
        ("blob:sha256/00", None),
        ("", None),
    ],
)
def test_files_of_the_hub_have_an_address_in_common(url: str, address: str | None) -> None:
    assert FileBundles(FakeHub(dict(NATIVE)).api()).address(url) == address


def test_other_hubs_are_not_asked_for_bundles() -> None:
    hub = FakeHub({"GET teams/acme/features": []})
    files = FileBundles(hub.api())
    assert [files.address(f"{FILES}/{number}") for number in range(3)] == [None] * 3
    assert hub.asked == ["GET teams/acme/features"]


def test_hub_that_does_not_say_what_it_is_stops_nothing() -> None:
    hub = FakeHub({"GET teams/acme/features": reply({}, 503)})
    files = FileBundles(hub.api())
    assert files.address(f"{FILES}/1") is None
    asked = len(hub.asked)
    assert files.address(f"{FILES}/2") is None
    assert len(hub.asked) == asked


def test_request_has_the_ids_and_the_key() -> None:
    request = FileBundles(FakeHub(dict(NATIVE)).api()).request(FILES, [f"{FILES}/a.b", f"{FILES}/c.d?token=t"])
    assert (request.method, request.url, request.body) == ("POST", FILES, b'{"files":["a.b","c.d"]}')
    assert request.headers["Authorization"] == f"ApiKey {KEY}"
    assert request.headers["Accept-Encoding"] == "identity"


# --- files that are sent ------------------------------------------------------------------------------


class Store:
    """The place that takes bundles; `answer` may say something else than that all is well."""

    def __init__(self, answer: Callable[[Sent], Any] | None = None, **options: Any) -> None:
        self.hub = FakeHub()
        self.taken: dict[str, bytes] = {}
        self.answer = answer
        self.web = FakeWeb(self._take)
        self.bundles = UploadBundles(self.hub.api(**options), self.web, "acme")

    def _take(self, sent: Sent) -> Any:
        found = self.answer(sent) if self.answer is not None else None
        if found is not None:
            return found
        self.taken.update({frame.label: bytes(frame.content) for frame in unpack_frames(sent.body)})
        return {"refused": {}}


CONTENTS = {f"u{number}": b"%d" % number * (number % 50) for number in range(60)}


def test_files_are_sent_in_one_request() -> None:
    store = Store()
    assert store.bundles.send(CONTENTS) == CONTENTS.keys()
    (sent,) = store.web.sent
    assert (sent.method, sent.url) == ("POST", f"{HUB}/api/v2/teams/acme/items/uploads/bundle")
    assert sent.headers["Authorization"] == f"ApiKey {KEY}"
    assert store.taken == CONTENTS
    assert all(one.closed == 1 for one in store.web.replies)


def test_nothing_is_sent_for_nothing() -> None:
    store = Store()
    assert list(store.bundles.send({})) == []
    assert store.web.sent == []


def test_an_id_that_fits_no_label_goes_alone() -> None:
    store = Store()
    assert set(store.bundles.send({"a" * 70_000: b"x", "b": b"y"})) == {"b"}
    assert store.taken == {"b": b"y"}


def test_refused_ones_go_alone() -> None:
    def refuse(sent: Sent) -> Any:
        labels = [frame.label for frame in unpack_frames(sent.body)]
        return {"refused": {label: 404 for label in labels if int(label) % 3 == 0} | {"never sent": 413}}

    found = Store(refuse).bundles.send({str(number): b"x" for number in range(60)})
    assert set(found) == {str(number) for number in range(60) if number % 3}


@pytest.mark.parametrize(
    "answer",
    [
        reply({"errors": {}}, 401),
        reply({"errors": {}}, 403),
        reply({"errors": {}}, 404),
        reply({"errors": {}}, 405),
        reply({"errors": {}}, 409),
        reply({"errors": {}}, 413),
        reply({"errors": {}}, 422),
        Reply(302, headers={"location": "https://elsewhere.example/"}),
        Reply(200, b"<html>Log in</html>"),
        Reply(200, b""),
        Reply(200, b"\xff"),
        Reply(200, b"[" * 100_000),
        Reply(200, bytes(2 << 20)),
        reply({}),
        reply({"refused": None}),
        reply({"refused": ["a"]}),
        reply([]),
    ],
    ids=repr,
)
def test_a_hub_that_takes_no_bundles_is_not_asked_again(answer: Reply) -> None:
    store = Store(lambda sent: Reply(answer.status, answer.body, answer.headers))
    assert list(store.bundles.send({"a": b"x"})) == []
    assert list(store.bundles.send(CONTENTS)) == []
    assert len(store.web.sent) == 1


def test_an_id_that_cannot_be_written_goes_alone() -> None:
    assert list(Store().bundles.send({"\ud800": b"x"})) == []


def test_trouble_is_tried_again() -> None:
    draw = random.Random(3)
    store = Store(lambda sent: reply({}, 503) if draw.random() < 0.5 else None, retry=RetryPolicy(max_attempts=30))
    for number in range(20):
        assert set(store.bundles.send({str(number): b"x"})) == {str(number)}
    assert len(store.taken) == 20 < len(store.web.sent)


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (lambda sent: reply({}, 503), Unavailable),
        (lambda sent: reply({"errors": {"code": "INSUFFICIENT_REMAINING_STORAGE"}}, 429), DiskFull),
    ],
)
def test_lasting_trouble_is_told(answer: Any, kind: type[Exception]) -> None:
    store = Store(answer)
    with pytest.raises(kind):
        store.bundles.send(CONTENTS)
    store.answer = None
    assert store.bundles.send(CONTENTS) == CONTENTS.keys()


# --- against a real server ----------------------------------------------------------------------------


@pytest.fixture
def served() -> Iterator[Serving]:
    with serving(MemoryHub(DarwinJsonCodec(), SystemClock())) as served:
        yield served


def test_client_and_server_understand_each_other(served: Serving) -> None:
    record = served.post("datasets", {"name": "set"})
    bench = Bench(served, record["id"], record["slug"])
    items = bench.register(*(f"/{number}.png" for number in range(60)))["items"]
    contents = {item["slots"][0]["upload_id"]: item["name"].encode() * 9 for item in items}
    with CurlWeb() as web:
        api = Api(
            served.url,
            {"acme": served.key()},
            web,
            clock=SystemClock(),
            retry=RetryPolicy(1),
            progress=MemoryProgress(),
        )
        bundles = UploadBundles(api, web, "acme")
        assert set(bundles.send({**contents, "unknown": b"x"})) == contents.keys()
        served.post("v2/teams/acme/items/uploads/confirm", {"upload_ids": list(contents)})
        files = FileBundles(api)
        urls = [bench.file(f"/{number}.png") for number in (3, 1)]
        address = files.address(urls[0])
        assert address == f"{served.url}/api/v2/teams/acme/files"
        stolen = links_of(served).file("others", "memory:1")
        answer = web.send(files.request(address, [*urls, stolen]))
        frames = list(unpack_frames(answer.read(1 << 20)))
    assert [(frame.status, bytes(frame.content)) for frame in frames] == [
        (200, b"3.png" * 9),
        (200, b"1.png" * 9),
        (404, b""),
    ]
