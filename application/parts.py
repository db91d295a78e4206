"""Files that a hub gives out in several parts (reference: V7 Darwin, section 7.6).

Instead of the file it then answers JSON, `{"urls": [...]}`; each part goes to a folder named like the file without
its suffix, under the last part of its address.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import PurePosixPath
from typing import Any, cast
from urllib.parse import urlsplit

from ..domain.errors import IntegrityError
from ..domain.names import safe_component
from ..ports.transfer import FetchOutcome, FetchStatus

LARGEST_LIST = 16 * 1024 * 1024
"""Bytes of a list of parts that is believed to be one."""


def is_list(outcome: FetchOutcome, target: PurePosixPath) -> bool:
    """True if the file that was fetched is not the one asked for but a list of its parts."""
    if outcome.status is not FetchStatus.FETCHED or outcome.request.digest is not None or not outcome.content_type:
        return False
    kind = outcome.content_type.partition(";")[0].strip().lower()
    return kind == "application/json" and target.suffix.lower() != ".json"


def read_list(pieces: Iterable[bytes], what: str) -> list[str]:
    """Addresses of the parts.

    Raises:
        IntegrityError: it is no such list.
    """
    data = bytearray()
    for piece in pieces:
        data += piece
        if len(data) > LARGEST_LIST:
            raise IntegrityError(what, "was answered with more JSON than a list of parts has")
    try:
        answer: Any = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise IntegrityError(what, "was answered with JSON that cannot be read") from error
    urls: Any = cast("dict[str, Any]", answer).get("urls") if isinstance(answer, dict) else None
    if not isinstance(urls, list) or not urls or not all(isinstance(url, str) for url in cast("list[Any]", urls)):
        raise IntegrityError(what, "was answered with JSON that is no list of parts")
    return cast("list[str]", urls)


def part_target(target: PurePosixPath, url: str) -> PurePosixPath:
    """Where a part of the file at `target` goes."""
    try:
        path = urlsplit(url).path
    except ValueError:
        path = ""
    return target.with_name(safe_component(target.stem)) / safe_component(path.rpartition("/")[2])
