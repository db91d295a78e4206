"""Files in bundles on groundtruth's own hubs: which, with whose key, and what each thread learns of its own."""

from __future__ import annotations

import random
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from groundtruth.adapters.clock import SystemClock
from groundtruth.adapters.darwin.api import Api
from groundtruth.adapters.darwin.bundles import LANES, FileBundles, UploadBundles
from groundtruth.adapters.formats.darwin_json import DarwinJsonCodec
from groundtruth.adapters.memory import MemoryHub, MemoryProgress
from groundtruth.adapters.web import CurlWeb
from groundtruth.domain.bundle import MAX_CONTENT, MAX_OBJECT, MAX_OBJECTS, unpack_frames
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
        self.sizes: list[int] = []
        self.now = self.most = 0
        self.lock = threading.Lock()
        self.answer = answer
        self.web = FakeWeb(self._take)
        self.bundles = UploadBundles(self.hub.api(**options), self.web, "acme")

    def _take(self, sent: Sent) -> Any:
        with self.lock:
            self.now += 1
            self.most = max(self.most, self.now)
        try:
            found = self.answer(sent) if self.answer is not None else None
            if found is not None:
                return found
            frames = list(unpack_frames(sent.body))
            with self.lock:
                self.sizes.append(len(frames))
                self.taken.update({frame.label: bytes(frame.content) for frame in frames})
            return {"refused": {}}
        finally:
            with self.lock:
                self.now -= 1

    def lanes_are_whole(self) -> bool:
        return (self.bundles._lanes, len(self.bundles._waiting)) == (LANES, 0)

    def send_all(self, contents: dict[str, bytes], threads: int = 32) -> dict[str, Any]:
        """What each file's thread learnt: taken or not, or an error."""

        def send(upload_id: str) -> Any:
            try:
                return self.bundles.send(upload_id, contents[upload_id])
            except Exception as error:  # noqa: BLE001 - looked at by the test
                return error

        with ThreadPoolExecutor(threads) as pool:
            return dict(zip(contents, pool.map(send, contents, timeout=WAIT), strict=True))


def slowly(sent: Sent) -> None:
    time.sleep(0.002)


@pytest.fixture(autouse=True)
def _impatient() -> Iterator[None]:
    """Threads take turns as often as they can."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    yield
    sys.setswitchinterval(before)


def test_one_alone_is_sent_alone() -> None:
    store = Store()
    assert store.bundles.send("a", b"content")
    (sent,) = store.web.sent
    assert (sent.method, sent.url) == ("POST", f"{HUB}/api/v2/teams/acme/items/uploads/bundle")
    assert sent.headers["Authorization"] == f"ApiKey {KEY}"
    assert store.taken == {"a": b"content"}
    assert store.lanes_are_whole()


@pytest.mark.parametrize("threads", [1, 2, 5, 64])
@pytest.mark.parametrize("answer", [None, slowly])
def test_each_file_is_sent_once(answer: Any, threads: int) -> None:
    store = Store(answer)
    contents = {f"u{number}": b"%d" % number * (number % 50) for number in range(600)}
    assert set(store.send_all(contents, threads).values()) == {True}
    assert store.taken == contents
    assert sum(store.sizes) == len(contents)
    assert max(store.sizes) <= min(threads, MAX_OBJECTS)
    assert store.most <= LANES
    assert store.lanes_are_whole()
    assert all(one.closed == 1 for one in store.web.replies)


def test_what_comes_meanwhile_goes_along() -> None:
    gate, begun = threading.Event(), threading.Semaphore(0)

    def wait(sent: Sent) -> None:
        begun.release()
        assert gate.wait(WAIT)

    store = Store(wait)
    with ThreadPoolExecutor(LANES + 50) as pool:
        done = [pool.submit(store.bundles.send, f"u{number}", b"x") for number in range(LANES)]
        for _ in range(LANES):
            assert begun.acquire(timeout=WAIT)
        done += [pool.submit(store.bundles.send, f"v{number}", b"x") for number in range(50)]
        deadline = time.monotonic() + WAIT
        while len(store.bundles._waiting) < 50:
            assert time.monotonic() < deadline
            time.sleep(0.001)
        gate.set()
        assert all(one.result(WAIT) for one in done)
    assert sorted(store.sizes) == [*[1] * LANES, 50]
    assert store.lanes_are_whole()


def test_bundles_stay_within_their_size() -> None:
    store = Store(slowly)
    contents = {f"u{number}": bytes(MAX_OBJECT - number) for number in range(60)}
    assert set(store.send_all(contents, 60).values()) == {True}
    assert store.taken == contents
    assert max(len(sent.body) for sent in store.web.sent) <= MAX_CONTENT + 60 * 20


@pytest.mark.parametrize(("upload_id", "size"), [("a", MAX_OBJECT + 1), ("a" * 70_000, 1)])
def test_what_does_not_fit_goes_alone(upload_id: str, size: int) -> None:
    store = Store()
    assert store.bundles.send(upload_id, bytes(size)) is False
    assert store.web.sent == []
    assert store.bundles.send("b", b"")


def test_refused_ones_go_alone() -> None:
    def refuse(sent: Sent) -> Any:
        labels = [frame.label for frame in unpack_frames(sent.body)]
        return {"refused": {label: 404 for label in labels if int(label) % 3 == 0} | {"never sent": 413}}

    store = Store(refuse)
    found = store.send_all({str(number): b"x" for number in range(200)})
    assert found == {str(number): number % 3 != 0 for number in range(200)}
    assert store.lanes_are_whole()


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
    assert store.bundles.send("a", b"x") is False
    assert set(store.send_all({str(number): b"x" for number in range(100)}).values()) == {False}
    assert len(store.web.sent) == 1
    assert store.lanes_are_whole()


def test_id_that_cannot_be_written_goes_alone() -> None:
    assert Store().bundles.send("\ud800", b"x") is False


def test_trouble_is_tried_again() -> None:
    draw = random.Random(3)
    store = Store(lambda sent: reply({}, 503) if draw.random() < 0.3 else None, retry=RetryPolicy(max_attempts=30))
    contents = {str(number): b"x" for number in range(300)}
    assert set(store.send_all(contents).values()) == {True}
    assert store.taken == contents
    assert store.lanes_are_whole()


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (lambda sent: reply({}, 503), Unavailable),
        (lambda sent: reply({"errors": {"code": "INSUFFICIENT_REMAINING_STORAGE"}}, 429), DiskFull),
    ],
)
def test_errors_reach_every_thread(answer: Any, kind: type[Exception]) -> None:
    store = Store(answer)
    found = store.send_all({str(number): b"x" for number in range(100)})
    assert {type(error) for error in found.values()} == {kind}
    assert store.lanes_are_whole()
    store.answer = None
    assert set(store.send_all({str(number): b"x" for number in range(100)}).values()) == {True}


def test_even_errors_that_nobody_thought_of() -> None:
    def fail(sent: Sent) -> Any:
        raise ZeroDivisionError

    store = Store(fail)
    found = store.send_all({str(number): b"x" for number in range(100)})
    assert {type(error) for error in found.values()} == {ZeroDivisionError}
    assert store.lanes_are_whole()


def test_error_of_one_bundle_is_not_that_of_another() -> None:
    def some(sent: Sent) -> Any:
        time.sleep(0.001)
        frames = list(unpack_frames(sent.body))
        return reply({}, 500) if any(frame.content == b"bad" for frame in frames) else None

    store = Store(some)
    contents = {str(number): b"bad" if number % 40 == 0 else b"good" for number in range(400)}
    found = store.send_all(contents, 16)
    assert all(isinstance(found[name], Unavailable) for name, content in contents.items() if content == b"bad")
    good = [name for name, content in contents.items() if content == b"good" and found[name] is True]
    assert len(good) > 50
    assert all(store.taken[name] == b"good" for name in good)
    assert all(found[name] is True or isinstance(found[name], Unavailable) for name in contents)


def test_no_lane_is_lost_however_threads_take_turns() -> None:
    """Files that are sent in one lane while their own thread was chosen to lead in another."""
    store = Store()
    for _ in range(30):
        assert set(store.send_all({f"u{number}": b"" for number in range(100)}, 32).values()) == {True}
        assert store.lanes_are_whole()


def test_a_thread_that_was_chosen_too_late_hands_its_lane_on() -> None:
    store = Store()
    bundles = store.bundles
    taken = bundles._send

    def late(batch: Any) -> Any:
        # As if this thread had been chosen to lead, and another lane had been quicker than it woke.
        with bundles._lock:
            bundles._lanes -= 1
            batch[0].leads = True
        return taken(batch)

    bundles._send = late  # type: ignore[method-assign]
    assert bundles.send("a", b"x")
    assert store.lanes_are_whole()


@pytest.mark.skipif(not hasattr(signal, "pthread_kill"), reason="a thread cannot be interrupted there")
def test_interrupt_while_waiting_leaves_the_lanes_to_the_others() -> None:
    gate, begun = threading.Event(), threading.Semaphore(0)

    def wait(sent: Sent) -> None:
        begun.release()
        assert gate.wait(WAIT)

    store = Store(wait)
    with ThreadPoolExecutor(LANES + 20) as pool:
        done = [pool.submit(store.bundles.send, f"u{number}", b"x") for number in range(LANES)]
        for _ in range(LANES):
            assert begun.acquire(timeout=WAIT)
        timer = threading.Timer(0.05, signal.pthread_kill, (threading.main_thread().ident, signal.SIGINT))
        timer.start()
        with pytest.raises(KeyboardInterrupt):
            store.bundles.send("interrupted", b"x")
        timer.join()
        done += [pool.submit(store.bundles.send, f"v{number}", b"x") for number in range(20)]
        gate.set()
        assert all(one.result(WAIT) for one in done)
    assert "interrupted" not in store.taken
    assert store.lanes_are_whole()


# --- against a real server ----------------------------------------------------------------------------


@pytest.fixture
def served() -> Iterator[Serving]:
    with serving(MemoryHub(DarwinJsonCodec(), SystemClock())) as served:
        yield served


def test_client_and_server_understand_each_other(served: Serving) -> None:
    record = served.post("datasets", {"name": "set"})
    bench = Bench(served, record["id"], record["slug"])
    items = bench.register(*(f"/{number}.png" for number in range(90)))["items"]
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
        with ThreadPoolExecutor(16) as pool:
            assert all(pool.map(lambda pair: bundles.send(*pair), contents.items()))
        assert bundles.send("unknown", b"x") is False
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
