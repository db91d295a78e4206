"""What the answers of a Darwin hub mean when they are not what was asked for (reference: section 1.5)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgspec

from ...domain.errors import (
    AccessDenied,
    Conflict,
    DiskFull,
    GroundtruthError,
    InvalidInput,
    NameTaken,
    NotFound,
    Unavailable,
    exception,
)
from ...domain.web import retry_after

NAME_TAKEN = ["has already been taken"]
NO_STORAGE = "INSUFFICIENT_REMAINING_STORAGE"
MAX_WORDS = 300
"""Characters of a hub's own words that are shown."""


@exception
class TooLarge(InvalidInput):
    """The hub does not take a request of that size; ask for less at a time."""

    status: int = 413


@exception
class Rejected(InvalidInput):
    """The hub understood the request and does not take it. `errors` is what it says about it, as it sent it."""

    status: int = 422
    errors: Any = None


@exception
class Unsure(Unavailable):
    """The hub failed while it was asked to do something that must not be done twice: it may have done it."""

    @property
    def remedy(self) -> str:
        return "It may have been done or not: look on the hub before you repeat it"


def refusal(
    status: int, headers: Mapping[str, str], body: bytes, *, hub: str, asked: str, now: datetime
) -> GroundtruthError:
    """The error that an answer with a status other than 2xx stands for. `asked` is method and path."""
    said = _read(headers, body)
    errors = said.get("errors", said) if isinstance(said, dict) else said
    words = _words(errors)
    if status in {429, 507} and (status == 507 or _code(errors) == NO_STORAGE):
        return DiskFull("", f"{hub} has no storage left for this team", "Delete items there, or ask for more")
    if status == 401:
        return AccessDenied(hub, f"does not know the key ({asked}: HTTP 401)")
    if status == 403:
        return AccessDenied(hub, f"does not let this key do that ({asked}: HTTP 403)")
    if status in {404, 410}:
        return NotFound("address", asked, hub)
    if status in {413, 414}:
        return TooLarge(f"request {asked}", f"is too large for {hub}", "Send less at a time", status)
    if status == 422 and isinstance(errors, dict) and errors.get("name") == NAME_TAKEN:
        return NameTaken("name", f"is taken on {hub} already", "Choose another name")
    if status == 409:
        return Conflict(f"request {asked}", f"conflicts with what is on {hub}{words}")
    if status in {408, 421, 425, 429} or status >= 500:
        wait = retry_after(headers.get("retry-after"), now)
        return Unavailable(hub, f"did not do what it was asked for ({asked})", status, wait)
    return Rejected(f"request {asked}", f"was refused by {hub}{words} (HTTP {status})", "", status, errors)


def _read(headers: Mapping[str, str], body: bytes) -> Any:
    if "json" not in headers.get("content-type", ""):
        return None
    try:
        return msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


def _code(errors: Any) -> Any:
    return errors.get("code") if isinstance(errors, dict) else None


def _words(errors: Any) -> str:
    """The hub's own words, on one line and cut short."""
    if not errors:
        return ""
    text = errors if isinstance(errors, str) else msgspec.json.encode(errors).decode()
    shown = "".join(letter if letter.isprintable() else " " for letter in text[:MAX_WORDS])
    return f": {shown}{'…' if len(text) > MAX_WORDS else ''}"
