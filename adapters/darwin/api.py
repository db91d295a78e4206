"""Requests to the API of a Darwin hub, each answered with JSON or with a domain error."""

from __future__ import annotations

import random
import threading
import zlib
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any, TypeVar
from urllib.parse import urlencode, urljoin, urlsplit

import attrs
import msgspec

from ...domain.errors import (
    AccessDenied,
    GroundtruthError,
    IntegrityError,
    InvalidInput,
    NotFound,
    NotSent,
    Unavailable,
)
from ...domain.policies import RetryPolicy
from ...domain.web import public
from ...ports.clock import Clock
from ...ports.progress import Progress, Retrying
from ...ports.web import Web, WebAnswer, WebRequest
from .origin import check_hub_url, origin_of, segment
from .refusals import Rejected, TooLarge, Unsure, refusal

__all__ = ["Api", "Query", "Rejected", "TooLarge", "Unsure", "segment"]

T = TypeVar("T")
Query = Sequence[tuple[str, str | int]]

MAX_ANSWER = 64 * 1024 * 1024
"""Bytes of an answer, as sent and unpacked."""
TRIES_UNHEARD = 3
"""Tries to connect to a hub that has not answered anything yet."""
MAX_REFUSAL = 64 * 1024
MAX_REDIRECTS = 3
REDIRECTS = frozenset({301, 302, 303, 307, 308})
NATIVE = "GROUNDTRUTH_NATIVE"
USER_AGENT = "groundtruth"

_REPEATABLE = frozenset({"GET", "PUT", "DELETE"})


@attrs.frozen
class _Ask:
    """A request. `name` is how messages call it; one that `may_leave` follows redirects to other hosts, keyless."""

    method: str
    url: str = attrs.field(repr=False)
    headers: Mapping[str, str] = attrs.field(repr=False)
    body: bytes | None = attrs.field(repr=False)
    repeatable: bool
    name: str
    may_leave: bool = False


class Api:
    """Asks a hub, with the key of the team that a request is about. Thread-safe.

    `keys` are API keys by team; without one the hub sees a guest. They are sent to the hub's own origin only.
    `compression` 0..9 is the zlib level of POST bodies. `native` says whether the hub is one of groundtruth's; None:
    ask it.

    What a request may raise: AccessDenied (401, 403, or no key for the team), NotFound (404), TooLarge (413, 414),
    NameTaken and Rejected (422), Conflict (409), DiskFull (no storage left), Unavailable (429, 5xx, or no connection)
    once the retry policy gives up, IntegrityError (an answer that is too long or no JSON), InvalidInput.
    """

    def __init__(
        self,
        url: str,
        keys: Mapping[str, str],
        web: Web,
        *,
        clock: Clock,
        retry: RetryPolicy,
        progress: Progress,
        compression: int = 0,
        native: bool | None = None,
        name: str = "darwin",
    ) -> None:
        self._base = check_hub_url(url)
        self._origin = origin_of(self._base)
        # An address that begins like this needs no further look: nothing can follow the slash that changes the host.
        self._own = "{0.scheme}://{0.netloc}/".format(urlsplit(self._base))
        self._keys = dict(keys)
        self._web = web
        self._clock = clock
        self._retry = retry
        self._progress = progress
        self._compression = compression
        self._native = native
        self._name = name
        self._features: dict[str, Mapping[str, bool]] = {}
        self._lock = threading.Lock()
        self._answered = False
        self._headers = {team: _headers(key) for team, key in self._keys.items()}

    def __repr__(self) -> str:
        return f"Api({self._base!r}, name={self._name!r})"

    @property
    def name(self) -> str:
        """Name of the hub in messages."""
        return self._name

    @property
    def base_url(self) -> str:
        """Address of the hub, without a slash at its end."""
        return self._base

    @property
    def teams(self) -> tuple[str, ...]:
        """Teams there is a key for, sorted."""
        return tuple(sorted(self._keys))

    # --- requests -----------------------------------------------------------------------------------

    def get(self, team: str, path: str, query: Query = ()) -> Any:
        """The decoded answer to a GET; None without a body. `path` is below `<base>/api/`, its pieces quoted."""
        return self._ask("GET", team, path, query=query)

    def get_as(self, kind: type[T], team: str, path: str, query: Query = ()) -> T:
        """As `get`, with the answer read into a msgspec type.

        Raises:
            IntegrityError: the answer is not of that type; it names the field.
        """
        return self._ask("GET", team, path, query=query, kind=kind)

    def get_bytes(self, team: str, path: str, query: Query = ()) -> bytes:
        """As `get`, with the answer's JSON as it was sent."""
        return bytes(self._ask("GET", team, path, query=query, kind=msgspec.Raw))

    def post(self, team: str, path: str, body: Any, *, repeatable: bool) -> Any:
        """The decoded answer to a POST. `body` may hold `msgspec.Raw` JSON.

        Raises:
            Unsure: it is not `repeatable`, and the hub failed after the request may have reached it.
        """
        return self._ask("POST", team, path, body=body, repeatable=repeatable)

    def post_as(self, kind: type[T], team: str, path: str, body: Any, *, repeatable: bool) -> T:
        """As `post`, with the answer read into a msgspec type."""
        return self._ask("POST", team, path, body=body, repeatable=repeatable, kind=kind)

    def put(self, team: str, path: str, body: Any) -> Any:
        """The decoded answer to a PUT."""
        return self._ask("PUT", team, path, body=body)

    def delete(self, team: str, path: str, body: Any) -> Any:
        """The decoded answer to a DELETE."""
        return self._ask("DELETE", team, path, body=body)

    def fetch(self, url: str, limit: int = MAX_ANSWER) -> bytes:
        """Bytes at an address that the hub gave, on any host; with the key only if it is the hub's own."""
        own = self.authorize(url)
        headers = {"User-Agent": USER_AGENT, "Accept-Encoding": "identity", **own}
        return self._repeat(_Ask("GET", url, headers, None, True, f"GET {public(url)}", True), limit)

    def team_of_key(self, key: str) -> str:
        """The team that a key belongs to.

        Raises:
            AccessDenied: the hub does not know the key.
        """
        asked = "GET users/token_info"
        url = f"{self._base}/api/users/token_info"
        answer = self._repeat(_Ask("GET", url, _headers(key), None, True, asked))
        return _decode(_TokenInfo, answer, f"{self._name} ({asked})").selected_team.slug

    # --- what the hub can do ------------------------------------------------------------------------

    def features(self, team: str) -> Mapping[str, bool]:
        """Which features are switched on and off for a team; empty if the hub does not tell. Asked once."""
        with self._lock:
            known = self._features.get(team)
        if known is None:
            try:
                answer = self.get_as(list[_Feature], team, f"teams/{segment(team)}/features")
            except (NotFound, AccessDenied, Rejected):
                answer = []
            known = {feature.name: feature.enabled for feature in answer}
            with self._lock:
                self._features[team] = known
        return known

    def is_native(self, team: str) -> bool:
        """True if the hub is one of groundtruth's, which takes and tells more than Darwin does."""
        return self.features(team).get(NATIVE, False) if self._native is None else self._native

    # --- keys ---------------------------------------------------------------------------------------

    def is_own(self, url: str) -> bool:
        """True if the address is of the hub's own scheme, host and port."""
        return url.startswith(self._own) or origin_of(url) == self._origin

    def authorize(self, url: str) -> Mapping[str, str]:
        """Headers for a URL: the key if it is of the hub's own origin, else none.

        The team is taken from `/teams/<team>/` in its path; a path without one gets the key if there is only one.
        """
        if not self.is_own(url):
            return {}
        _, marker, rest = public(url).partition("/teams/")
        team = rest.partition("/")[0] if marker else next(iter(self._keys)) if len(self._keys) == 1 else ""
        key = self._keys.get(team)
        return {"Authorization": f"ApiKey {key}"} if key else {}

    # --- how it is done -----------------------------------------------------------------------------

    def repeat(self, work: Callable[[], T], name: str, *, repeatable: bool = True) -> T:
        """Do something until it is not `Unavailable` or the retry policy gives up. `name` is how events call it.

        Raises:
            Unsure: it is not repeatable, and may have been done.
        """
        attempt = 1
        while True:
            try:
                return work()
            except Unavailable as error:
                if not (repeatable or isinstance(error, NotSent) or error.status == 429):
                    raise Unsure(error.what, error.reason, error.status, error.retry_after) from error
                if attempt >= self._tries(error):
                    raise
                wait = self._retry.wait(attempt, random.random(), error.retry_after)
                self._progress.report(Retrying(name, kind_of(error), wait, attempt))
                self._clock.sleep(wait)
                attempt += 1

    def _tries(self, error: Unavailable) -> int:
        """How often to try in all. A hub that never answered is more likely misspelt than restarting."""
        unheard = isinstance(error, NotSent) and not self._answered
        return min(self._retry.max_attempts, TRIES_UNHEARD) if unheard else self._retry.max_attempts

    def _ask(
        self,
        method: str,
        team: str,
        path: str,
        *,
        query: Query = (),
        body: Any = None,
        repeatable: bool = False,
        kind: Any = Any,
    ) -> Any:
        headers = self._headers.get(team, _headers(""))
        asked = f"{method} {path}"
        data = None if method == "GET" else _encode(body, asked)
        if method == "POST" and data is not None and self._compression > 0:
            data = zlib.compress(data, self._compression)
            headers = {**headers, "X-Darwin-Payload-Compression-Version": "1"}
        url = f"{self._base}/api/{path}" + (f"?{urlencode(query)}" if query else "")
        ask = _Ask(method, url, headers, data, repeatable or method in _REPEATABLE, asked)
        try:
            answer = self._repeat(ask)
        except AccessDenied as error:
            if "Authorization" in headers:
                raise
            raise AccessDenied(self._name, f"wants a key for team '{team}', and there is none") from error
        return _decode(kind, answer, f"{self._name} ({asked})")

    def _repeat(self, ask: _Ask, limit: int = MAX_ANSWER) -> bytes:
        return self.repeat(lambda: self._exchange(ask, limit), ask.name, repeatable=ask.repeatable)

    def _exchange(self, ask: _Ask, limit: int) -> bytes:
        """One request, redirects within the hub included."""
        url, headers = ask.url, ask.headers
        for _ in range(MAX_REDIRECTS + 1):
            answer = self._web.send(WebRequest(ask.method, url, headers, ask.body))
            self._answered = True
            try:
                if 200 <= answer.status < 300:
                    return _body(answer, limit, ask.name)
                if answer.status not in REDIRECTS:
                    raise self.refusal(answer, ask.name)
                url = self._target(ask, url, answer.headers.get("location", ""))
                if not self.is_own(url):
                    headers = {name: value for name, value in headers.items() if name != "Authorization"}
            finally:
                answer.close()
        raise Unavailable(self._name, f"redirects {ask.name} again and again")

    def refusal(self, answer: WebAnswer, asked: str) -> GroundtruthError:
        """The error that an answer with a status other than 2xx stands for."""
        try:
            body = _body(answer, MAX_REFUSAL, asked)
        except (IntegrityError, Unavailable):
            body = b""  # the status says what happened; only the hub's own words are lost
        now = self._clock.now()
        return refusal(answer.status, answer.headers, body, hub=self._name, asked=asked, now=now)

    def _target(self, ask: _Ask, url: str, location: str) -> str:
        """Where a redirect leads, if it may be followed: a key is not for others, and a change is not repeated."""
        try:
            target = urljoin(url, location)
        except ValueError:
            target = ""
        allowed = ask.method == "GET" and (origin_of(target) if ask.may_leave else self.is_own(target))
        if not location or not allowed:
            advice = "If that is where the hub is now, use it as the hub's address"
            where = public(target)[:200] or "nowhere"
            raise InvalidInput(f"{self._name} ({ask.name})", f"redirects to {where}, which is not followed", advice)
        return target


def kind_of(error: Unavailable) -> str:
    """What kind of failure it is that a retry is for, in a few words."""
    return f"HTTP {error.status}" if error.status is not None else error.reason


class _Feature(msgspec.Struct):
    name: str
    enabled: bool = False


class _Team(msgspec.Struct):
    slug: str


class _TokenInfo(msgspec.Struct):
    selected_team: _Team


def _headers(key: str) -> dict[str, str]:
    plain = {
        "Content-Type": "application/json",
        "Accept": "application/json",
        "Accept-Encoding": "gzip",
        "User-Agent": USER_AGENT,
    }
    # Anything else would end the header and begin another.
    if not key.isascii() or not key.isprintable():
        raise InvalidInput("an API key", "holds characters that no key has", "Copy the key again")
    return {**plain, "Authorization": f"ApiKey {key}"} if key else plain


def _encode(body: Any, asked: str) -> bytes:
    try:
        return msgspec.json.encode(body)
    except (TypeError, ValueError, RecursionError) as error:
        raise InvalidInput(f"the body of {asked}", f"cannot be written as JSON ({type(error).__name__})") from error


@lru_cache(maxsize=64)
def _decoder(kind: Any) -> Callable[[bytes], Any]:
    return msgspec.json.Decoder(kind).decode


def _decode(kind: Any, data: bytes, source: str) -> Any:
    if not data.strip():
        data = b"null"
    try:
        return _decoder(kind)(data)
    except msgspec.ValidationError as error:
        advice = "Check that the hub's address is that of a Darwin hub"
        raise IntegrityError(f"the answer of {source}", f"is not as it should be: {error}", advice) from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        what = "a web page" if data.lstrip()[:1] == b"<" else "something that is not JSON"
        advice = "Check the hub's address, and that no proxy or log-in page is in between"
        raise IntegrityError(source, f"answers with {what}", advice) from error


def _body(answer: WebAnswer, limit: int, asked: str) -> bytes:
    """The whole body, unpacked."""
    encoding = answer.headers.get("content-encoding", "").strip().lower()
    if encoding in {"", "identity"}:
        return answer.read(limit)
    if encoding not in {"gzip", "x-gzip"}:
        raise IntegrityError(f"the answer to {asked}", f"is encoded as '{encoding[:40]}', which was not asked for")
    packed = answer.read(limit)
    unpacker = zlib.decompressobj(16 + zlib.MAX_WBITS)
    try:
        data = unpacker.decompress(packed, limit)
    except zlib.error as error:
        raise IntegrityError(f"the answer to {asked}", "cannot be unpacked") from error
    if unpacker.unconsumed_tail or not unpacker.eof:
        raise IntegrityError(f"the answer to {asked}", f"has more than {limit} bytes, or ends early")
    return data
