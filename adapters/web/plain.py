"""The web over requests: where libcurl is not to be had. Slower than `CurlWeb`, and otherwise the same."""

from __future__ import annotations

import http.client
from collections.abc import Iterator, Mapping
from functools import lru_cache
from types import TracebackType
from typing import Any
from urllib.parse import urlsplit

import requests
import urllib3
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

from ...domain.errors import InvalidInput, NotSent, Unavailable
from ...domain.web import public
from ...ports.web import WebBody, WebRequest
from .environment import ca_bundle
from .head import add
from .reading import whole
from .request import BodyReader, address_of, fields_of

CHUNK = 128 * 1024
HOSTS = 64
"""Servers to which connections are kept."""


class _Response(http.client.HTTPResponse):
    """Takes no answer that is not the last for one: the standard library only knows 100."""

    def _read_status(self) -> tuple[str, int, str]:
        version, status, reason = super()._read_status()  # type: ignore[misc]
        while 100 < status < 200 and status != 101:
            http.client.parse_headers(self.fp)
            version, status, reason = super()._read_status()  # type: ignore[misc]
        return version, status, reason


class _Connection(HTTPConnection):
    response_class = _Response


class _SecureConnection(HTTPSConnection):
    response_class = _Response


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Connection  # type: ignore[assignment]  # as urllib3 does


class _SecurePool(HTTPSConnectionPool):
    ConnectionCls = _SecureConnection  # type: ignore[assignment]


class _Adapter(HTTPAdapter):
    """What requests are sent with: a session would keep cookies, look for passwords and follow redirects."""

    def init_poolmanager(self, *arguments: Any, **options: Any) -> None:
        super().init_poolmanager(*arguments, **options)
        self.poolmanager.pool_classes_by_scheme = {"http": _Pool, "https": _SecurePool}

    def proxy_manager_for(self, *arguments: Any, **options: Any) -> Any:
        manager = super().proxy_manager_for(*arguments, **options)
        manager.pool_classes_by_scheme = {"http": _Pool, "https": _SecurePool}
        return manager


class _Sending:
    """A body in the way of requests; bytes were sent when more are asked for."""

    def __init__(self, reader: BodyReader) -> None:
        self._reader = reader
        self._size = len(reader)
        self._taken = 0

    def __len__(self) -> int:
        return self._size

    def read(self, size: int = -1) -> bytes:
        self._reader.sent(self._taken)
        data = self._reader.read(size)
        self._taken = len(data)
        return data


class PlainAnswer:
    """The answer to one request. Used by one thread at a time."""

    def __init__(self, response: requests.Response, name: str, reader: BodyReader | None) -> None:
        self._response = response
        self._name = name
        self._reader = reader
        self._headers: dict[str, str] = {}
        for field, value in response.raw.headers.iteritems():
            add(self._headers, field.lower(), value.strip())

    @property
    def status(self) -> int:
        """HTTP status."""
        return self._response.status_code

    @property
    def headers(self) -> Mapping[str, str]:
        """Headers by name in lower case."""
        return self._headers

    def chunks(self) -> Iterator[bytes]:
        """The body, in pieces of at most 128 KiB."""
        try:
            yield from self._response.raw.stream(CHUNK, decode_content=False)
        except (urllib3.exceptions.HTTPError, http.client.HTTPException, OSError) as error:
            raise Unavailable(self._name, _broken(error)) from error

    def read(self, limit: int) -> bytes:
        """The whole body of at most `limit` bytes."""
        return whole(self.chunks(), self.headers, limit, self._name)

    def close(self) -> None:
        """Give the connection back; close it if there is more to come. Idempotent."""
        self._response.close()
        if self._reader is not None:
            self._reader.close()


class RequestsWeb:
    """Sends requests over at most `connections` connections to one host at a time.

    Proxies and the file of trusted certificates come from the environment (`REQUESTS_CA_BUNDLE`, `CURL_CA_BUNDLE`,
    `SSL_CERT_FILE`). Times in seconds: `read_timeout` is the longest that nothing may happen. Close it when done.
    """

    def __init__(
        self,
        connections: int = 64,
        connect_timeout: float = 10.0,
        read_timeout: float = 60.0,
        user_agent: str = "groundtruth",
    ) -> None:
        if connections < 1:
            raise InvalidInput("web", "needs at least one connection")
        self._timeout = (connect_timeout, read_timeout)
        self._user_agent = user_agent
        self._ca_bundle = ca_bundle()
        self._adapter = _Adapter(pool_connections=HOSTS, pool_maxsize=connections, max_retries=0, pool_block=True)
        # Looking for proxies costs more than a small object.
        self._proxies = lru_cache(maxsize=HOSTS)(requests.utils.get_environ_proxies)
        self._closed = False

    def send(self, request: WebRequest) -> PlainAnswer:
        """Send a request; return when the headers of the answer are there."""
        name, reader = public(request.url), None
        if self._closed:
            raise NotSent(name, "was not asked: its connections are closed")
        address = address_of(request.url)
        fields = dict(fields_of(request.headers))
        body: Any = request.body
        if isinstance(body, WebBody):
            reader = BodyReader(body)
            body = _Sending(reader)
        try:
            return PlainAnswer(self._exchange(request.method, address, fields, body, name), name, reader)
        except BaseException:
            if reader is not None:
                reader.close()
            raise

    def close(self) -> None:
        """Close all connections. Idempotent."""
        self._closed = True
        self._adapter.close()

    def __enter__(self) -> RequestsWeb:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _exchange(
        self, method: str, address: str, fields: Mapping[str, bytes], body: Any, name: str
    ) -> requests.Response:
        headers: dict[str, Any] = {"User-Agent": self._user_agent, "Accept": "*/*"}
        prepared = requests.Request(method, address, headers=headers, data=body).prepare()
        for field, value in fields.items():
            prepared.headers[field] = value  # type: ignore[assignment]  # bytes go out as they are
        parts = urlsplit(address)
        proxies = self._proxies(f"{parts.scheme}://{parts.netloc}")
        try:
            return self._adapter.send(
                prepared, stream=True, timeout=self._timeout, verify=self._ca_bundle, proxies=proxies
            )
        except requests.exceptions.InvalidURL as error:
            raise InvalidInput(f"address {name!r}", "is not a web address") from error
        except (requests.RequestException, urllib3.exceptions.HTTPError, OSError) as error:
            raise _unavailable(error, name) from error


def _unavailable(error: BaseException, name: str) -> Unavailable:
    causes = list(_causes(error))
    unmade = (urllib3.exceptions.NewConnectionError, urllib3.exceptions.ConnectTimeoutError)
    if isinstance(error, requests.ConnectTimeout):
        return NotSent(name, "did not take the connection in time")
    if isinstance(error, requests.exceptions.ProxyError):
        return NotSent(name, "cannot be reached through the proxy")
    if any(isinstance(cause, unmade) for cause in causes):
        refused = any(isinstance(cause, ConnectionRefusedError) for cause in causes)
        return NotSent(name, "is not reachable: connection refused" if refused else "is not reachable")
    if isinstance(error, requests.exceptions.SSLError):
        return Unavailable(name, "has no trusted certificate, or broke off the secure connection")
    return Unavailable(name, _broken(error))


def _broken(error: BaseException) -> str:
    """What went wrong, without the address: its query may hold a signature."""
    causes = list(_causes(error))
    for kinds, reason in (
        ((TimeoutError, urllib3.exceptions.ReadTimeoutError), "fell silent"),
        ((ConnectionResetError, BrokenPipeError), "broke off: connection reset"),
        ((http.client.RemoteDisconnected,), "broke off: connection closed without an answer"),
        ((http.client.IncompleteRead, urllib3.exceptions.InvalidChunkLength), "broke off: truncated"),
        ((http.client.HTTPException,), "did not answer in the way of the web"),
    ):
        if any(isinstance(cause, kinds) for cause in causes):
            return reason
    return "broke off: connection lost"


def _causes(error: BaseException) -> Iterator[BaseException]:
    """An error and what led to it; urllib3 also keeps causes among the arguments and as a reason."""
    pending, seen = [error], set[int]()
    while pending:
        one = pending.pop(0)
        if id(one) in seen:
            continue
        seen.add(id(one))
        yield one
        related = [one.__cause__, one.__context__, getattr(one, "reason", None), *one.args]
        pending.extend(other for other in related if isinstance(other, BaseException))
