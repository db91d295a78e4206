"""Objects on web servers and object stores."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from functools import lru_cache
from types import TracebackType
from typing import Any, NoReturn
from urllib.parse import urljoin, urlsplit

import attrs
import requests
from requests.adapters import HTTPAdapter

from ...domain.errors import (
    AccessDenied,
    GroundtruthError,
    IntegrityError,
    InvalidInput,
    LinkExpired,
    ObjectNotFound,
    Unavailable,
)
from .headers import content_range, is_validator, retry_after, validator_of

CHUNK = 128 * 1024
MAX_REDIRECTS = 5
REDIRECTS = {301, 302, 303, 307, 308}
WORTH_READING = 64 * 1024
"""Bytes read from an answer that is not wanted, so that its connection can be used again."""

Authorize = Callable[[str], Mapping[str, str]]
"""Headers that prove to the server of a URL who asks."""


def no_credentials(url: str) -> Mapping[str, str]:
    """Headers for a URL that asks for none."""
    return {}


@attrs.define
class HttpStream:
    """The body of an answer; without an answer there are no bytes left to send."""

    _response: requests.Response | None = attrs.field(repr=False)
    _name: str
    start: int
    size: int | None
    validator: str | None

    def chunks(self) -> Iterator[bytes]:
        """The bytes, in pieces of at most 128 KiB.

        Raises:
            Unavailable: the connection broke or fell silent, or the body ended early.
        """
        if self._response is None:
            return
        try:
            yield from self._response.iter_content(CHUNK)
        except requests.RequestException as error:
            raise Unavailable(self._name, f"broke off: {_reason(error)}") from error

    def close(self) -> None:
        """Give the connection back, or close it if the body was not read to its end. Idempotent."""
        if self._response is not None:
            self._response.close()


class HttpSource:
    """Serves `http` and `https` addresses over pooled connections, at most `connections` to one host.

    `authorize` is asked for headers once for every address that is contacted, each one redirected to included, so a
    key goes to the hosts it names and to no other. Proxies and certificates are taken from the environment,
    passwords are not. Times in seconds. Close it when done.
    """

    def __init__(
        self,
        authorize: Authorize = no_credentials,
        *,
        connections: int = 16,
        connect_timeout: float = 10.0,
        read_timeout: float = 60.0,
        user_agent: str = "groundtruth",
    ) -> None:
        self._authorize = authorize
        self._timeout = (connect_timeout, read_timeout)
        # Without 'identity' a server may send other bytes than those of the object.
        self._headers = {"User-Agent": user_agent, "Accept": "*/*", "Accept-Encoding": "identity"}
        # The session only knows the environment. Requests go to the adapter, for a session would keep cookies,
        # look for passwords in ~/.netrc, and follow redirects with headers that are not meant for the next host.
        self._session = requests.Session()
        self._adapter = HTTPAdapter(pool_connections=64, pool_maxsize=connections, max_retries=0, pool_block=True)
        self._settings = lru_cache(maxsize=64)(self._environment)

    @property
    def schemes(self) -> frozenset[str]:
        """`http` and `https`."""
        return frozenset({"http", "https"})

    def open(self, url: str, start: int = 0, validator: str | None = None) -> HttpStream:
        """Open an object.

        Raises:
            ObjectNotFound: 404 or 410.
            AccessDenied: 401, or another refusal that is not of a signed address.
            LinkExpired: 403, which is how stores answer for a signed address that is too old.
            Unavailable: 408, 429, 5xx, a broken or silent connection, or an answer that makes no sense.
            IntegrityError: the server insists on an encoding.
            InvalidInput: the address is not one, or the server does not understand the request.
        """
        if start > 0 and validator is not None and is_validator(validator):
            stream = self._resume(url, start, validator)
            if stream is not None:
                return stream
        return self._begin(url)

    def close(self) -> None:
        """Close all connections."""
        self._adapter.close()
        self._session.close()

    def __enter__(self) -> HttpSource:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _begin(self, url: str) -> HttpStream:
        response, last = self._get(url, {})
        if response.status_code != 200:
            _refuse(response, last)
        return _stream(response, last, 0)

    def _resume(self, url: str, start: int, validator: str) -> HttpStream | None:
        """The rest of the object, or all of it if that is what the server sends; None if it sends neither."""
        response, last = self._get(url, {"Range": f"bytes={start}-", "If-Range": validator})
        if response.status_code == 200:
            return _stream(response, last, 0)
        if response.status_code not in {206, 416}:
            _refuse(response, last)
        first, final, size = content_range(response.headers.get("Content-Range"))
        now = validator_of(response.headers)
        if response.status_code == 206 and first == start and now in {validator, None}:
            whole = size if size is not None else final + 1 if final is not None else None
            if final is not None and whole == final + 1:
                return _stream(response, last, start, whole, validator)
        if response.status_code == 416 and size == start and now == validator:
            _finish(response)
            return HttpStream(None, public(last), start, start, validator)
        _finish(response)
        return None

    def _get(self, url: str, headers: Mapping[str, str]) -> tuple[requests.Response, str]:
        """Answer to a request, and the address it came from after redirects."""
        for _ in range(MAX_REDIRECTS + 1):
            response = self._send(url, headers)
            location = self._session.get_redirect_target(response)
            if response.status_code not in REDIRECTS or not location:
                return response, url
            _finish(response)
            url = self._target(url, location)
        raise Unavailable(public(url), f"was redirected to more than {MAX_REDIRECTS} times")

    def _target(self, url: str, location: str) -> str:
        try:
            target = urljoin(url, location)
        except ValueError as error:
            raise Unavailable(public(url), "redirects to something that is not an address") from error
        if target.partition(":")[0].lower() not in self.schemes:
            raise Unavailable(public(url), "redirects to an address that is not of the web")
        return target

    def _send(self, url: str, headers: Mapping[str, str]) -> requests.Response:
        sent = {**self._headers, **headers, **self._authorize(url)}
        try:
            request = requests.Request("GET", url, headers=sent).prepare()
            parts = urlsplit(request.url or url)
            settings = self._settings(f"{parts.scheme}://{parts.netloc}")
            return self._adapter.send(request, stream=True, timeout=self._timeout, **settings)
        except (requests.exceptions.InvalidURL, requests.exceptions.MissingSchema, UnicodeError) as error:
            raise InvalidInput(f"address {public(url)!r}", "is not a web address") from error
        except requests.RequestException as error:
            raise Unavailable(public(url), _reason(error)) from error

    def _environment(self, origin: str) -> dict[str, Any]:
        """Proxies and certificates for a host; looking for them costs more than a small object."""
        settings = self._session.merge_environment_settings(origin, {}, None, None, None)
        return {"proxies": settings["proxies"], "verify": settings["verify"], "cert": settings["cert"]}


def _stream(
    response: requests.Response, url: str, start: int, size: int | None = None, validator: str | None = None
) -> HttpStream:
    encoding = response.headers.get("Content-Encoding", "identity").strip().lower()
    if encoding not in {"", "identity"}:
        response.close()
        raise IntegrityError(public(url), f"is sent encoded as '{encoding}' though its plain bytes were asked for")
    if size is None:
        length = response.headers.get("Content-Length", "")
        size = int(length) if length.isascii() and length.isdigit() else None
    return HttpStream(response, public(url), start, size, validator or validator_of(response.headers))


def _refuse(response: requests.Response, url: str) -> NoReturn:
    """Raise what the answer's status means."""
    error = _error(response, public(url))
    _finish(response)
    raise error


def _error(response: requests.Response, name: str) -> GroundtruthError:
    status = response.status_code
    if status in {404, 410}:
        return ObjectNotFound("object", name)
    if status == 403:
        return LinkExpired(name, "is not (or no longer) a valid address", status)
    if status in {401, 407, 451}:
        return AccessDenied(name.split("/")[2], f"refuses to give out {name} (HTTP {status})")
    if 400 <= status < 500 and status not in {408, 421, 425, 429}:
        return InvalidInput(name, f"cannot be asked for like this (HTTP {status})")
    wait = retry_after(response.headers.get("Retry-After"), datetime.now(UTC))
    return Unavailable(name, "is not to be had now", status, wait)


def _finish(response: requests.Response) -> None:
    """Be done with an answer; a short one is read to its end, so that its connection can be used again."""
    with suppress(requests.RequestException):
        next(response.iter_content(WORTH_READING), b"")
    response.close()


def _reason(error: requests.RequestException) -> str:
    """What went wrong, without the address: its query may hold a signature."""
    if isinstance(error, requests.ConnectTimeout):
        return "did not take the connection in time"
    if isinstance(error, requests.Timeout) or "Read timed out" in str(error):
        return "fell silent"
    if isinstance(error, requests.exceptions.SSLError):
        return "has no trusted certificate, or broke the secure connection"
    if isinstance(error, requests.exceptions.ProxyError):
        return "cannot be reached through the proxy"
    return "is not reachable" if isinstance(error, requests.ConnectionError) else "broke the connection"


def public(url: str) -> str:
    """The address without what may be secret: password, query, fragment."""
    scheme, _, rest = re.split("[?#]", url, maxsplit=1)[0].partition("://")
    host, slash, path = rest.partition("/")
    return f"{scheme}://{host.rpartition('@')[2]}{slash}{path}"
