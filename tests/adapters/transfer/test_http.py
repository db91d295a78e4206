"""The HTTP source against a real server."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest

from groundtruth.adapters.transfer.http import HttpSource
from groundtruth.adapters.web import CurlWeb
from groundtruth.domain.errors import (
    AccessDenied,
    GroundtruthError,
    IntegrityError,
    InvalidInput,
    LinkExpired,
    ObjectNotFound,
    Unavailable,
)
from groundtruth.domain.web import public
from groundtruth.testing.transfer import ObjectSourceContract, content

DATA = content(300_000)


class TestHttpSource(ObjectSourceContract):
    @pytest.fixture(autouse=True)
    def _site(self, site: Any) -> Iterator[None]:
        self.site = site
        with CurlWeb(8) as self.web:
            yield

    def make_source(self, folder: Path) -> HttpSource:
        return HttpSource(self.web)

    def add(self, source: object, data: bytes) -> str:
        return self.site.add(data)

    def change(self, source: object, url: str, data: bytes) -> None:
        self.site.objects[self.site.path(url)] = data

    def missing(self, source: object) -> str:
        return f"{self.site.root}/nothing"


class TestHttpSourceOfServerWithoutRanges(TestHttpSource):
    resumes = False

    def make_source(self, folder: Path) -> HttpSource:
        self.site.ranges = False
        return super().make_source(folder)


@pytest.fixture
def source() -> Iterator[HttpSource]:
    with CurlWeb(8, connect_timeout=2, read_timeout=0.1) as web:
        yield HttpSource(web)


def read(source: HttpSource, url: str, start: int = 0, validator: str | None = None) -> tuple[int, bytes]:
    stream = source.open(url, start, validator)
    try:
        return stream.start, b"".join(stream.chunks())
    finally:
        stream.close()


def error_of(source: HttpSource, url: str, start: int = 0, validator: str | None = None) -> GroundtruthError:
    with pytest.raises(GroundtruthError) as caught:
        read(source, url, start, validator)
    return caught.value


# --- resuming ----------------------------------------------------------------------------------------


def test_only_the_rest_is_asked_for_and_sent(source: HttpSource, site: Any) -> None:
    url, etag = site.add(DATA), site.etag(DATA)
    assert read(source, url, 200_000, etag) == (200_000, DATA[200_000:])
    (seen,) = site.requests
    assert (seen.headers["range"], seen.headers["if-range"]) == ("bytes=200000-", etag)
    assert seen.sent == 100_000


def test_the_date_of_an_old_object_is_as_good_as_a_tag(source: HttpSource, site: Any) -> None:
    url = site.add(DATA)
    date = format_datetime(datetime.now(UTC) - timedelta(hours=1), usegmt=True)
    for _ in range(2):
        site.answer(url, 200, {"Last-Modified": date}, DATA)
    stream = source.open(url)
    assert stream.validator == date
    stream.close()
    read(source, url, 5, date)
    assert site.requests[1].headers["if-range"] == date


def test_a_validator_of_another_kind_is_never_sent(source: HttpSource, site: Any) -> None:
    url = site.add(DATA)
    assert read(source, url, 5, "a\r\nX-Evil: 1") == (0, DATA)
    assert "range" not in site.requests[0].headers


@pytest.mark.parametrize(
    "headers",
    [
        {"Content-Range": "bytes 4-299999/300000"},
        {"Content-Range": "bytes 5-9/300000"},
        {"Content-Range": "bytes 5-299999/300000", "ETag": '"another"'},
        {"Content-Range": "bytes */300000"},
        {"Content-Type": "multipart/byteranges; boundary=x"},
    ],
    ids=["elsewhere", "not to the end", "another object", "nowhere", "several"],
)
def test_a_partial_answer_that_does_not_fit_is_not_used(
    source: HttpSource, site: Any, headers: dict[str, str]
) -> None:
    url = site.add(DATA)
    site.answer(url, 206, headers, DATA[5:])
    assert read(source, url, 5, site.etag(DATA)) == (0, DATA)
    assert [("range" in seen.headers) for seen in site.requests] == [True, False]


def test_a_partial_answer_need_not_tell_the_size(source: HttpSource, site: Any) -> None:
    url = site.add(DATA)
    site.answer(url, 206, {"Content-Range": "bytes 5-299999/*"}, DATA[5:])
    stream = source.open(url, 5, site.etag(DATA))
    assert (stream.start, stream.size, stream.validator) == (5, 300_000, site.etag(DATA))
    stream.close()


def test_a_partial_answer_to_a_whole_request_makes_no_sense(source: HttpSource, site: Any) -> None:
    url = site.add(DATA)
    site.answer(url, 206, {"Content-Range": "bytes 5-299999/300000"}, DATA[5:])
    assert isinstance(error_of(source, url), Unavailable)


def test_nothing_left_to_send_is_the_end(source: HttpSource, site: Any) -> None:
    url = site.add(DATA)
    assert read(source, url, len(DATA), site.etag(DATA)) == (len(DATA), b"")
    assert len(site.requests) == 1


def test_nothing_left_to_send_of_another_object_begins_again(source: HttpSource, site: Any) -> None:
    url = site.add(DATA)
    site.answer(url, 416, {"Content-Range": f"bytes */{len(DATA)}"})
    assert read(source, url, len(DATA), site.etag(DATA)) == (0, DATA)


# --- what a status means ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (404, ObjectNotFound),
        (410, ObjectNotFound),
        (401, AccessDenied),
        (403, LinkExpired),
        (400, InvalidInput),
        (414, InvalidInput),
        (408, Unavailable),
        (429, Unavailable),
        (500, Unavailable),
        (503, Unavailable),
        (204, Unavailable),
        (304, Unavailable),
        (302, Unavailable),
    ],
)
@pytest.mark.parametrize("start", [0, 5])
def test_each_status_has_its_error(
    source: HttpSource, site: Any, status: int, kind: type[GroundtruthError], start: int
) -> None:
    url = site.add(DATA)
    body = b"" if status in {204, 304} else b"a short explanation"
    site.answer(url, status, {} if body else {"Content-Length": "0"}, body)
    error = error_of(source, f"{url}?signature=secret", start, site.etag(DATA) if start else None)
    assert type(error) is kind
    assert "secret" not in str(error)
    assert site.path(url) in error.message
    # The connection of a refusal is used again.
    assert read(source, url) == (0, DATA)
    assert site.connections == 1


@pytest.mark.parametrize(("value", "seconds"), [("7", 7.0), ("soon", None), (None, None)])
@pytest.mark.parametrize("status", [429, 503])
def test_the_wait_asked_for_is_passed_on(
    source: HttpSource, site: Any, status: int, value: str | None, seconds: float | None
) -> None:
    url = site.add(DATA)
    site.answer(url, status, {"Retry-After": value} if value else {})
    error = error_of(source, url)
    assert isinstance(error, Unavailable)
    assert (error.status, error.retry_after) == (status, seconds)


def test_a_wait_may_be_asked_for_as_a_date(source: HttpSource, site: Any) -> None:
    url = site.add(DATA)
    date = format_datetime(datetime.now(UTC) + timedelta(seconds=100), usegmt=True)
    site.answer(url, 503, {"Retry-After": date})
    error = error_of(source, url)
    assert isinstance(error, Unavailable)
    assert 50 < (error.retry_after or 0) <= 100


# --- connections that break ---------------------------------------------------------------------------


@pytest.mark.parametrize("reset", [True, False])
def test_a_body_that_breaks_off_yields_what_came(source: HttpSource, site: Any, reset: bool) -> None:
    url = site.add(DATA)
    site.cut(url, 150_000, reset)
    stream = source.open(url)
    received = b""
    with pytest.raises(Unavailable) as caught:
        for chunk in stream.chunks():
            received += chunk
    stream.close()
    assert DATA.startswith(received)
    assert site.path(url) in caught.value.message


@pytest.mark.parametrize("size", [0, 1000])
def test_a_silent_server_is_unavailable(source: HttpSource, site: Any, size: int) -> None:
    url = site.add(DATA)
    site.stall(url, size)
    assert "silent" in error_of(source, url).message


def test_a_server_that_never_answers_is_unavailable(source: HttpSource, site: Any) -> None:
    url = site.add(DATA)
    site.script(url, lambda handler: site.released.wait(30))
    assert isinstance(error_of(source, url), Unavailable)


def test_a_server_that_is_not_there_is_unavailable(source: HttpSource, site: Any) -> None:
    site.close()
    error = error_of(source, f"{site.root}/a?signature=secret")
    assert isinstance(error, Unavailable)
    assert "secret" not in str(error)


def test_gibberish_is_unavailable(source: HttpSource, site: Any) -> None:
    url = site.add(DATA)

    def script(handler: Any) -> None:
        handler.wfile.write(b"gibberish\r\n\r\n")
        handler.close_connection = True

    site.script(url, script)
    assert isinstance(error_of(source, url), Unavailable)


def test_chunked_bodies_of_unknown_size(source: HttpSource, site: Any) -> None:
    url = site.add(DATA)

    def script(end: bytes) -> Any:
        def send(handler: Any) -> None:
            handler.begin(200, {"Transfer-Encoding": "chunked"})
            handler.body(b"5\r\nhello\r\n" + end)
            handler.close_connection = True

        return send

    site.script(url, script(b"0\r\n\r\n"), script(b""))
    stream = source.open(url)
    assert stream.size is None
    stream.close()
    assert isinstance(error_of(source, url), Unavailable)


def test_encoded_bytes_are_refused(source: HttpSource, site: Any) -> None:
    url = site.add(DATA)
    site.answer(url, 200, {"Content-Encoding": "gzip"}, b"whatever")
    assert "gzip" in error_of(source, url).message
    assert isinstance(error_of(source, site.root + "/x"), ObjectNotFound)
    assert site.requests[0].headers["accept-encoding"] == "identity"
    assert issubclass(IntegrityError, GroundtruthError)


@pytest.mark.parametrize("url", ["http://", "http://[::1", "https://a b/", "http:///x", "http://exa mple/ä"])
def test_what_is_no_address_is_invalid_input(source: HttpSource, url: str) -> None:
    assert isinstance(error_of(source, url), InvalidInput)


# --- redirects and keys -------------------------------------------------------------------------------


@contextmanager
def key_for(site: Any) -> Iterator[HttpSource]:
    def authorize(url: str) -> Mapping[str, str]:
        return {"Authorization": "ApiKey k"} if url.startswith(site.root + "/") else {}

    with CurlWeb(8) as web:
        yield HttpSource(web, authorize)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_the_key_does_not_follow_to_another_host(site: Any, other_site: Any, status: int) -> None:
    target = other_site.add(DATA)
    url = f"{site.root}/item"
    headers = {"Location": f"{target}?signature=1", "Set-Cookie": "session=1"}
    site.answer(url, status, headers, b"over there")
    site.answer(url, status, headers, b"over there")
    with key_for(site) as source:
        assert read(source, url) == (0, DATA)
        assert read(source, url, 5, other_site.etag(DATA)) == (5, DATA[5:])
    assert [seen.headers["authorization"] for seen in site.requests] == ["ApiKey k"] * 2
    for seen in other_site.requests:
        assert "authorization" not in seen.headers
        assert "cookie" not in seen.headers
    assert [seen.path for seen in other_site.requests] == [f"{other_site.path(target)}?signature=1"] * 2
    assert not any("cookie" in seen.headers for seen in site.requests)
    assert other_site.requests[1].headers["range"] == "bytes=5-"


def test_passwords_of_the_machine_are_not_used(
    source: HttpSource, site: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login user password secret\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    read(source, site.add(DATA))
    assert "authorization" not in site.requests[0].headers


def test_the_proxy_of_the_environment_is_used(source: HttpSource, site: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", site.root)
    site.objects["http://elsewhere.invalid/a"] = DATA
    assert read(source, "http://elsewhere.invalid/a") == (0, DATA)


def test_a_redirect_within_the_host_keeps_the_key(site: Any) -> None:
    target = site.add(DATA)
    site.answer(f"{site.root}/item", 302, {"Location": site.path(target)})
    with key_for(site) as source:
        assert read(source, f"{site.root}/item") == (0, DATA)
    assert [seen.headers["authorization"] for seen in site.requests] == ["ApiKey k"] * 2
    assert site.connections == 1


def test_redirects_come_to_an_end(source: HttpSource, site: Any) -> None:
    url = site.add(DATA)
    for _ in range(5):
        site.answer(url, 302, {"Location": url})
    assert read(source, url) == (0, DATA)
    for _ in range(6):
        site.answer(url, 302, {"Location": url})
    assert "redirected" in error_of(source, url).message


@pytest.mark.parametrize("location", ["file:///etc/hostname", "ftp://host/a", "http://[::1", "data:,x"])
def test_a_redirect_leads_to_the_web_only(source: HttpSource, site: Any, location: str) -> None:
    url = site.add(DATA)
    site.answer(url, 302, {"Location": location})
    assert isinstance(error_of(source, url), Unavailable)


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://user:password@host:1/a/b?signature=1#x", "https://host:1/a/b"),
        ("https://host?a@b", "https://host"),
        ("nonsense", "nonsense://"),
    ],
)
def test_messages_show_no_secret(url: str, shown: str) -> None:
    assert public(url) == shown
