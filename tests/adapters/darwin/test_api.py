"""Requests, refusals and repetitions."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from groundtruth.adapters.darwin.api import TRIES_UNHEARD, Api, Rejected, TooLarge, Unsure, segment
from groundtruth.adapters.darwin.origin import origin_of
from groundtruth.adapters.memory import FakeClock, MemoryProgress
from groundtruth.domain.errors import (
    AccessDenied,
    Conflict,
    DiskFull,
    GroundtruthError,
    IntegrityError,
    InvalidInput,
    NameTaken,
    NotFound,
    NotSent,
    Unavailable,
)
from groundtruth.domain.policies import RetryPolicy
from groundtruth.domain.web import retry_after
from groundtruth.ports.progress import Retrying
from support.fake_web import FakeWeb, Reply, Sent, reply

HUB = "https://hub.example"
KEY = "abcdefg.0123456789abcdef0123456789abcdef"
RETRY = RetryPolicy(max_attempts=4, initial_wait=2.0, max_wait=10.0, jitter=0.0)


class World:
    """An API over a fake web, and what it was made with."""

    def __init__(self, answer: Callable[[Sent], Any], keys: dict[str, str] | None = None, **options: Any) -> None:
        self.web = FakeWeb(answer)
        self.clock = FakeClock()
        self.progress = MemoryProgress()
        url = options.pop("url", HUB)
        self.api = Api(
            url,
            {"acme": KEY} if keys is None else keys,
            self.web,
            clock=self.clock,
            progress=self.progress,
            **{"retry": RETRY, **options},
        )


def failing(*outcomes: Any, then: Any = None) -> Callable[[Sent], Any]:
    """Answers in this order: an exception is raised, anything else returned."""
    left = list(outcomes)

    def answer(_: Sent) -> Any:
        outcome = left.pop(0) if left else then
        if isinstance(outcome, BaseException):
            raise outcome
        return outcome

    return answer


# --- what is sent -----------------------------------------------------------------------------------


def test_requests_are_as_darwin_expects_them() -> None:
    world = World(lambda sent: {"ok": True})
    assert world.api.get("acme", "v2/teams/acme/items", [("page[size]", 500), ("n[]", "a b&c")]) == {"ok": True}
    (sent,) = world.web.sent
    assert sent.url == f"{HUB}/api/v2/teams/acme/items?page%5Bsize%5D=500&n%5B%5D=a+b%26c"
    assert sent.headers["Authorization"] == f"ApiKey {KEY}"
    assert sent.headers["Content-Type"] == "application/json"
    assert sent.body == b""
    world.api.delete("acme", "v2/teams/acme/items", {"filters": {"item_ids": ["é"]}})
    assert (world.web.sent[1].method, world.web.sent[1].json) == ("DELETE", {"filters": {"item_ids": ["é"]}})
    assert all(reply.closed for reply in world.web.replies)


def test_hub_below_a_path_and_without_trailing_slash() -> None:
    world = World(lambda sent: {}, url="http://127.0.0.1:8000/darwin/")
    world.api.get("acme", "datasets")
    assert world.web.sent[0].url == "http://127.0.0.1:8000/darwin/api/datasets"


@pytest.mark.parametrize(
    "url",
    ["", "hub.example", "ftp://hub.example", "https://", "https://me:secret@hub.example", "https://hub.example?x=1",
     "https://hub.example\\@evil.example", "https://hub.example:port", "https://[1"],
)  # fmt: skip
def test_address_of_a_hub_must_be_one(url: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        World(lambda sent: {}, url=url)
    assert "secret" not in str(caught.value)


def test_only_posts_are_compressed() -> None:
    world = World(lambda sent: {}, compression=5)
    world.api.post("acme", "x", {"a": 1}, repeatable=True)
    world.api.put("acme", "x", {"a": 1})
    post, put = world.web.sent
    assert post.headers["X-Darwin-Payload-Compression-Version"] == "1"
    assert zlib.decompress(post.body) == b'{"a":1}'
    assert "X-Darwin-Payload-Compression-Version" not in put.headers
    assert put.body == b'{"a":1}'


def test_body_takes_json_that_is_written_already() -> None:
    world = World(lambda sent: {})
    world.api.post("acme", "x", {"overwrite": "true", "document": msgspec.Raw(b'{"version":"2.0"}')}, repeatable=True)
    assert world.web.sent[0].json == {"overwrite": "true", "document": {"version": "2.0"}}


@pytest.mark.parametrize("body", [{"a": object()}, "\ud800"])
def test_body_that_is_no_json(body: Any) -> None:
    world = World(lambda sent: {})
    with pytest.raises(InvalidInput, match="POST x"):
        world.api.post("acme", "x", body, repeatable=True)
    assert world.web.sent == []


def test_each_team_has_its_key() -> None:
    world = World(lambda sent: {}, {"acme": KEY, "zebra": "zzzzzzz.key", "guests": ""})
    for team in ("zebra", "acme", "guests", "others"):
        world.api.get(team, "datasets")
    keys = [sent.headers.get("Authorization") for sent in world.web.sent]
    assert keys == ["ApiKey zzzzzzz.key", f"ApiKey {KEY}", None, None]
    assert world.api.teams == ("acme", "guests", "zebra")


def test_team_of_a_key_is_asked_for_with_that_key() -> None:
    world = World(lambda sent: {"selected_team": {"slug": "zebra"}}, {})
    assert world.api.team_of_key("other.key") == "zebra"
    (sent,) = world.web.sent
    assert (sent.path, sent.headers["Authorization"]) == ("/api/users/token_info", "ApiKey other.key")


@pytest.mark.parametrize("key", ["a\r\nX: 1", "é", "a\n"])
def test_key_that_would_be_another_header(key: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        World(lambda sent: {}, {"acme": key})
    assert key not in str(caught.value)


def test_no_repr_and_no_message_shows_the_key() -> None:
    world = World(lambda sent: reply({"errors": {"detail": "no"}}, 401))
    with pytest.raises(AccessDenied) as caught:
        world.api.get("acme", "datasets")
    assert KEY not in f"{world.api!r} {caught.value} {caught.value!r}"


# --- what is answered -------------------------------------------------------------------------------


def test_answers_without_a_body_are_none() -> None:
    assert World(lambda sent: Reply(204)).api.get("acme", "x") is None
    assert World(lambda sent: Reply(200, b"  ")).api.post("acme", "x", {}, repeatable=True) is None


def test_answers_may_be_packed() -> None:
    packed = Reply(200, gzip.compress(b'{"a": 1}'), {"content-encoding": "gzip"})
    assert World(lambda sent: packed).api.get("acme", "x") == {"a": 1}


@pytest.mark.parametrize(
    "answer",
    [
        Reply(200, gzip.compress(bytes(100_000_000)), {"content-encoding": "gzip"}),
        Reply(200, gzip.compress(b"{}")[:-4], {"content-encoding": "gzip"}),
        Reply(200, b"no gzip", {"content-encoding": "gzip"}),
        Reply(200, b"{}", {"content-encoding": "br"}),
        Reply(200, b"<!doctype html><title>Log in</title>", {"content-type": "text/html"}),
        Reply(200, b'{"a":'),
        Reply(200, b"\xff"),
        Reply(200, b"[" * 100_000),
    ],
    ids=["bomb", "cut", "not-gzip", "other", "page", "half", "no-text", "deep"],
)
def test_answer_that_is_no_json(answer: Reply) -> None:
    world = World(lambda sent: answer)
    with pytest.raises(IntegrityError) as caught:
        world.api.get("acme", "v2/x", [("secret", "s3cret")])
    assert "GET v2/x" in str(caught.value)
    assert "s3cret" not in str(caught.value)


def test_answer_of_another_shape_names_the_field() -> None:
    class Record(msgspec.Struct):
        id: int

    world = World(lambda sent: [{"id": 1, "more": 2}, {"id": "two"}])
    with pytest.raises(IntegrityError, match=r"\$\[1\]\.id"):
        world.api.get_as(list[Record], "acme", "x")


def test_bytes_of_an_answer() -> None:
    assert World(lambda sent: Reply(200, b' {"a" :1}')).api.get_bytes("acme", "x").strip() == b'{"a" :1}'


JSON = {"content-type": "application/json; charset=utf-8"}


@pytest.mark.parametrize(
    ("status", "body", "kind", "words"),
    [
        (400, b'{"errors":{"name":["is odd"]}}', Rejected, "is odd"),
        (401, b"{}", AccessDenied, "does not know the key"),
        (403, b"{}", AccessDenied, "does not let"),
        (404, b"{}", NotFound, "GET x"),
        (409, b'{"errors":{"detail":"busy"}}', Conflict, "busy"),
        (410, b"{}", NotFound, "GET x"),
        (413, b"", TooLarge, "too large"),
        (414, b"", TooLarge, "too large"),
        (422, b'{"errors":{"name":["has already been taken"]}}', NameTaken, "taken"),
        (422, b'{"errors":["odd"]}', Rejected, "odd"),
        (422, b"not json", Rejected, "422"),
        (429, b'{"errors":{"code":"INSUFFICIENT_REMAINING_STORAGE"}}', DiskFull, "storage"),
        (507, b"{}", DiskFull, "storage"),
        (429, b"{}", Unavailable, "HTTP 429"),
        (500, b"<html>", Unavailable, "HTTP 500"),
        (503, b"{}", Unavailable, "HTTP 503"),
    ],
)
def test_refusals(status: int, body: bytes, kind: type[GroundtruthError], words: str) -> None:
    world = World(lambda sent: Reply(status, body, JSON))
    with pytest.raises(kind) as caught:
        world.api.get("acme", "x")
    assert type(caught.value) is kind
    assert words in str(caught.value)
    assert len(world.web.sent) == (RETRY.max_attempts if kind is Unavailable else 1)


def test_words_of_a_hub_are_cut_short_and_on_one_line() -> None:
    world = World(lambda sent: Reply(422, b'{"errors":"a\\n\\u001b[31m' + b"x" * 9000 + b'"}', JSON))
    with pytest.raises(Rejected) as caught:
        world.api.get("acme", "x")
    assert len(str(caught.value)) < 500
    assert caught.value.message.isprintable()


def test_refusal_without_a_key_says_so() -> None:
    world = World(lambda sent: reply({}, 401), {})
    with pytest.raises(AccessDenied, match="wants a key for team 'acme'"):
        world.api.get("acme", "datasets")


# --- repetitions ------------------------------------------------------------------------------------


def test_what_can_be_repeated_is_repeated() -> None:
    for method in ("get", "put", "delete"):
        world = World(
            failing(Unavailable("x", "fell silent"), reply({}, 503), reply({}, 429, retry_after="7"), then={"a": 1})
        )
        ask = getattr(world.api, method)
        assert ask("acme", "x", *([{"b": 2}] if method != "get" else [])) == {"a": 1}
        assert world.clock.sleeps == [2.0, 4.0, 7.0]
        assert len({sent.body for sent in world.web.sent}) == 1
        events = world.progress.of(Retrying)
        assert [(event.reason, event.wait, event.attempt) for event in events] == [
            ("fell silent", 2.0, 1), ("HTTP 503", 4.0, 2), ("HTTP 429", 7.0, 3),
        ]  # fmt: skip
        assert {event.key for event in events} == {f"{method.upper()} x"}


def test_waiting_is_bounded() -> None:
    world = World(failing(reply({}, 503, retry_after="86400"), then={}))
    world.api.get("acme", "x")
    assert world.clock.sleeps == [RETRY.max_wait]


def test_the_last_failure_is_raised() -> None:
    world = World(lambda sent: reply({}, 503))
    with pytest.raises(Unavailable) as caught:
        world.api.get("acme", "x")
    assert caught.value.status == 503
    assert len(world.clock.sleeps) == RETRY.max_attempts - 1


@pytest.mark.parametrize("failure", [Unavailable("hub", "broke off"), reply({}, 500), reply({}, 503)])
def test_what_must_not_be_done_twice_is_not_repeated_blindly(failure: Any) -> None:
    world = World(failing(failure))
    with pytest.raises(Unsure, match="may have been done"):
        world.api.post("acme", "x", {}, repeatable=False)
    assert len(world.web.sent) == 1


@pytest.mark.parametrize("failure", [NotSent("hub", "refused"), reply({}, 429)])
def test_what_certainly_did_nothing_is_repeated(failure: Any) -> None:
    world = World(failing(failure, then={"id": 1}))
    assert world.api.post("acme", "x", {}, repeatable=False) == {"id": 1}


def test_a_hub_that_never_answered_is_not_waited_for_long() -> None:
    world = World(failing(then=NotSent("hub", "refused")))
    with pytest.raises(NotSent):
        world.api.get("acme", "x")
    assert len(world.web.sent) == TRIES_UNHEARD < RETRY.max_attempts


def test_a_hub_that_answered_before_is_waited_for() -> None:
    world = World(failing({"id": 1}, then=NotSent("hub", "refused")))
    world.api.get("acme", "x")
    with pytest.raises(NotSent):
        world.api.get("acme", "x")
    assert len(world.web.sent) == 1 + RETRY.max_attempts


def test_posts_that_may_be_repeated_are() -> None:
    world = World(failing(reply({}, 502), then={"id": 1}))
    assert world.api.post("acme", "x", {}, repeatable=True) == {"id": 1}


def test_retry_after_as_number_date_or_nonsense() -> None:
    now = datetime(2026, 1, 1, tzinfo=UTC)
    assert retry_after("3", now) == 3.0
    assert retry_after("Thu, 01 Jan 2026 00:00:30 GMT", now) == 30.0
    assert retry_after("Thu, 01 Jan 2025 00:00:30 GMT", now) == 0.0
    assert [retry_after(value, now) for value in (None, "soon", "nan", "inf", "")] == [None] * 5


# --- redirects and keys -----------------------------------------------------------------------------


def test_redirects_within_the_hub_are_followed() -> None:
    def answer(sent: Sent) -> Any:
        return {"a": 1} if sent.path == "/api/y" else Reply(302, headers={"location": "/api/y"})

    world = World(answer)
    assert world.api.get("acme", "x") == {"a": 1}
    assert world.web.sent[1].headers["Authorization"] == f"ApiKey {KEY}"


@pytest.mark.parametrize(
    "location",
    ["https://evil.example/api/x", "http://hub.example/api/x", "https://hub.example:444/", "//evil.example/", "",
     "file:///etc/passwd", "https://hub.example@evil.example/", "https://[", "https://evil.example\\@hub.example/"],
)  # fmt: skip
def test_redirects_elsewhere_are_not_followed(location: str) -> None:
    world = World(lambda sent: Reply(302, headers={"location": location}))
    with pytest.raises(InvalidInput, match="redirects to"):
        world.api.get("acme", "x")
    assert len(world.web.sent) == 1


def test_changes_are_not_redirected() -> None:
    world = World(lambda sent: Reply(307, headers={"location": "/api/y"}))
    with pytest.raises(InvalidInput, match="redirects to"):
        world.api.post("acme", "x", {}, repeatable=True)


def test_redirects_in_a_circle_end() -> None:
    world = World(lambda sent: Reply(302, headers={"location": "/api/x"}), retry=RetryPolicy(max_attempts=1))
    with pytest.raises(Unavailable, match="again and again"):
        world.api.get("acme", "x")


def test_what_a_hub_refers_to_is_fetched_without_the_key_elsewhere() -> None:
    def answer(sent: Sent) -> Any:
        if sent.url.startswith(HUB):
            return Reply(302, headers={"location": "https://files.example/r.csv?signature=1"})
        return Reply(200, b"rows")

    world = World(answer)
    assert world.api.fetch(f"{HUB}/api/report") == b"rows"
    own, other = world.web.sent
    assert own.headers["Authorization"] == f"ApiKey {KEY}"
    assert "Authorization" not in other.headers
    assert world.api.fetch("https://files.example/r.csv") == b"rows"
    assert "Authorization" not in world.web.sent[-1].headers


def test_key_goes_to_the_own_origin_only() -> None:
    api = World(lambda sent: {}).api
    for url in (
        "https://hub.example/x",
        "https://HUB.example:443/x?y",
        "https://hub.example/api/v2/teams/acme/files/1",
    ):
        assert api.authorize(url) == {"Authorization": f"ApiKey {KEY}"}, url
    for url in (
        "http://hub.example/x", "https://hub.example:8443/x", "https://hub.example.evil.example/x",
        "https://sub.hub.example/", "https://evil.example/https://hub.example/", "https://hub.example@evil.example/",
        "https://me@hub.example/", "https://evil.example\\@hub.example/", "https://hub.example\n.evil.example/",
        "https://hub.examplé/", "hub.example/x", "", "https://[", "https://hub.example\\.evil.example/",
    ):  # fmt: skip
        assert api.authorize(url) == {}, url


def test_key_is_that_of_the_team_in_the_address() -> None:
    api = World(lambda sent: {}, {"acme": KEY, "zebra": "z", "guests": ""}).api
    assert api.authorize(f"{HUB}/api/v2/teams/zebra/files/1?token=/teams/acme/") == {"Authorization": "ApiKey z"}
    assert api.authorize(f"{HUB}/api/v2/teams/others/files/1") == {}
    assert api.authorize(f"{HUB}/api/v2/teams/guests/files/1") == {}
    assert api.authorize(f"{HUB}/files/1") == {}


@given(st.text(), st.sampled_from(["@", "\\", "/", "?", "#", ":", ".", "%2f", "\t", ""]))
def test_no_text_makes_another_host_the_own_one(text: str, mark: str) -> None:
    from urllib3.util import parse_url

    url = f"https://hub.example{mark}{text}"
    if World(lambda sent: {}).api.authorize(url):
        assert origin_of(HUB) == ("https", "hub.example", 443)
        assert parse_url(url).host == "hub.example"


@pytest.mark.parametrize("text", ["", ".", "..", "a/b", "a\\b", "a\x00", "\n", "\ud800"])
def test_ids_that_lead_elsewhere_are_ids_of_nothing(text: str) -> None:
    with pytest.raises(NotFound):
        segment(text)


def test_ids_are_quoted() -> None:
    assert segment("018f-a_b.c~") == "018f-a_b.c~"
    assert segment("a b?c#d%2f") == "a%20b%3Fc%23d%252f"


# --- features ---------------------------------------------------------------------------------------


def test_features_are_asked_for_once_per_team() -> None:
    features = [{"name": "GROUNDTRUTH_NATIVE", "enabled": True}, {"name": "OTHER", "enabled": False}]
    world = World(lambda sent: features, {"acme": KEY, "zebra": "z"})
    assert world.api.is_native("acme")
    assert world.api.is_native("acme")
    assert world.api.features("zebra") == {"GROUNDTRUTH_NATIVE": True, "OTHER": False}
    assert [sent.path for sent in world.web.sent] == ["/api/teams/acme/features", "/api/teams/zebra/features"]


@pytest.mark.parametrize("status", [401, 403, 404, 422])
def test_hub_without_features_is_not_native(status: int) -> None:
    assert not World(lambda sent: reply({}, status)).api.is_native("acme")


def test_features_that_could_not_be_asked_for_are_asked_for_again() -> None:
    world = World(failing(reply({}, 503), then=[{"name": "GROUNDTRUTH_NATIVE", "enabled": True}]))
    world.api._retry = RetryPolicy(max_attempts=1)
    with pytest.raises(Unavailable):
        world.api.is_native("acme")
    assert world.api.is_native("acme")


@pytest.mark.parametrize("native", [True, False])
def test_native_may_be_said(native: bool) -> None:
    world = World(lambda sent: [{"name": "GROUNDTRUTH_NATIVE", "enabled": not native}], native=native)
    assert world.api.is_native("acme") is native
    assert world.web.sent == []
