"""Which addresses are a hub's own. A key goes to these and to no other."""

from __future__ import annotations

import re
from urllib.parse import quote, urlsplit

from ...domain.errors import InvalidInput, NotFound
from ...domain.web import public

Origin = tuple[str, str, int]
"""Scheme, host and port."""

_PORTS = {"http": 80, "https": 443}

# Programs disagree about where the host ends in such addresses, so none of them is anybody's own.
_AMBIGUOUS = re.compile(r"[\x00-\x20\x7f\\]")


def origin_of(url: str) -> Origin | None:
    """Scheme, host and port of an address of the web; None for any other, and for one that could be misread."""
    if _AMBIGUOUS.search(url):
        return None
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        return None
    if parts.scheme not in _PORTS or not host or "@" in parts.netloc:
        return None
    return parts.scheme, host, port if port is not None else _PORTS[parts.scheme]


def check_hub_url(url: str) -> str:
    """The address of a hub without slashes at its end.

    Raises:
        InvalidInput: not an address of the web, or with a user, a query or a fragment.
    """
    if origin_of(url) is None or "?" in url or "#" in url:
        advice = "Give scheme and host, for example https://darwin.v7labs.com"
        raise InvalidInput(f"hub address {public(url)!r}", "cannot be used", advice)
    return url.rstrip("/")


def segment(text: str) -> str:
    """A name or id from elsewhere as one piece of a path, quoted.

    Raises:
        NotFound: nothing can have such a name, for it would lead to another address.
    """
    # A quoted slash is no protection: many servers undo the quoting before they look at the path.
    if re.fullmatch(r"\.{0,2}", text) or re.search(r"[\x00-\x1f\x7f\\/]", text):
        raise NotFound("id", text)
    try:
        return quote(text, safe="")
    except UnicodeEncodeError as error:
        raise NotFound("id", repr(text)) from error
