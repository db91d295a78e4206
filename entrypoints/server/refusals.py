"""What a domain error means to the client: status and JSON body (reference: V7 Darwin, section 1.5)."""

from __future__ import annotations

import logging
import math
import secrets
from collections.abc import Mapping
from typing import Any

import attrs

from ...domain.errors import (
    AccessDenied,
    Conflict,
    DiskFull,
    GroundtruthError,
    IntegrityError,
    InvalidInput,
    LinkExpired,
    MissingExtra,
    NameTaken,
    NotFound,
    NothingToExport,
    Unavailable,
    exception,
)
from .replies import Reply, json_reply

log = logging.getLogger("groundtruth.server")

Errors = Mapping[str, Any]

KEY_NEEDED = (b"www-authenticate", b"ApiKey")


@exception
class Refused(GroundtruthError):
    """A request is answered with this status and these errors."""

    status: int = 400
    errors: Errors = attrs.field(factory=dict)
    headers: tuple[tuple[bytes, bytes], ...] = ()


def refused(status: int, detail: str, **more: Any) -> Refused:
    """A refusal in words."""
    return Refused(status, {"detail": detail, **more})


def unknown() -> Refused:
    """What is not there, or not for this team: nobody can tell which."""
    return refused(404, "not found")


def no_key() -> Refused:
    """No valid key came along."""
    return Refused(401, {"detail": "a valid key is needed: 'Authorization: ApiKey <key>'"}, (KEY_NEEDED,))


def reply_to_error(error: GroundtruthError) -> Reply:
    """The answer to a request that ended in this error. What is not the client's concern is logged instead."""
    if isinstance(error, Refused):
        return json_reply({"errors": error.errors}, error.status, error.headers)
    for kind, status, errors in _TABLE:
        if isinstance(error, kind):
            return json_reply({"errors": errors(error)}, status, _headers(error))
    return reply_to_fault(error)


def reply_to_fault(error: Exception) -> Reply:
    """The answer to a request that failed unexpectedly: a number under which the log tells more."""
    number = secrets.token_hex(6)
    log.error("error %s while answering a request: %s", number, type(error).__name__, exc_info=error)
    detail = "the hub failed; its log says more under this error id"
    return json_reply({"errors": {"detail": detail, "error_id": number}}, 500)


def _said(error: GroundtruthError) -> Errors:
    return {"detail": str(error)}


def _missing(error: NotFound) -> Errors:
    # Neither where it was looked for, nor the advice: both are about this machine.
    return {"detail": f"{error.kind} '{error.name}' not found"}


def _damaged(error: GroundtruthError) -> Errors:
    log.error("%s", error)
    return {"detail": "the hub's copy is damaged"}


_TABLE: tuple[tuple[type[GroundtruthError], int, Any], ...] = (
    (NameTaken, 422, lambda _: {"name": ["has already been taken"]}),
    (NothingToExport, 422, _said),
    (InvalidInput, 422, _said),
    (NotFound, 404, _missing),
    (Conflict, 409, _said),
    (AccessDenied, 403, lambda error: {"detail": error.message}),
    (LinkExpired, 403, lambda error: {"detail": "this address is no longer valid", "code": "EXPIRED"}),
    (Unavailable, 503, lambda error: {"detail": "the hub cannot do this now; try again"}),
    # Not 5xx: asking again would not mend it, and Darwin's own client would wait for minutes before it does.
    (IntegrityError, 410, _damaged),
    (DiskFull, 429, lambda _: {"code": "INSUFFICIENT_REMAINING_STORAGE"}),
    (MissingExtra, 501, lambda error: {"detail": f"the hub lacks a part: {error.message}"}),
)
"""The first that fits counts: LinkExpired is an Unavailable."""


def _headers(error: GroundtruthError) -> tuple[tuple[bytes, bytes], ...]:
    wait = error.retry_after if isinstance(error, Unavailable) else None
    return ((b"retry-after", str(math.ceil(wait)).encode()),) if wait else ()
