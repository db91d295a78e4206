"""Addresses of files in documents that leave the server: those of the hub become those of the server."""

from __future__ import annotations

import json
import re

import attrs
import msgspec

from ....domain.errors import IntegrityError
from ..links import Links


class _Document(msgspec.Struct):
    item: msgspec.Raw


_read = msgspec.json.Decoder(_Document).decode

# What a JSON string may hold. A quote in it has a backslash before it, so that one after "{" or "," begins a key.
_TEXT = rb'[^"\\]*+(?:\\.[^"\\]*+)*+'
_TEXTS = re.compile(rb'"(%b)"' % _TEXT)
_LIST = re.compile(rb'"frame_urls":\[("%b"(?:,"%b")*+)\]' % (_TEXT, _TEXT))
_THUMBNAIL = re.compile(rb'"thumbnail_url":"(%b)"' % _TEXT)
_URL = re.compile(rb'"url":"(%b)"' % _TEXT)


@attrs.frozen
class FileAddresses:
    """Rewrites documents of a team.

    URLs of the `schemes` become addresses that `links` gives them, for holders of a key or, with a `token`, for
    everybody until the token expires. Documents are compact JSON, as the codec writes it; only their item is changed.
    """

    links: Links
    team: str
    schemes: frozenset[str]
    token: str = ""

    def rewrite(self, document: bytes) -> bytes:
        """The document with the server's addresses.

        Raises:
            IntegrityError: it is no document.
        """
        try:
            item = bytes(_read(document).item)
        except msgspec.MsgspecError as error:
            raise IntegrityError("a document of the hub", "has no item") from error
        changed = _URL.sub(self._replace, item)
        if b'"thumbnail_url":' in item:
            changed = _THUMBNAIL.sub(self._replace, changed)
        if b'"frame_urls":' in item:
            changed = _LIST.sub(self._replace, changed)
        start = document.index(b'"item":') + len(b'"item":')
        if not document.startswith(item, start):  # not as the codec writes it, where the item comes first
            start = document.index(item)
        return b"".join((document[:start], changed, document[start + len(item) :]))

    def _replace(self, found: re.Match[bytes]) -> bytes:
        """A key with its URL or list of URLs, as it should be."""
        start = found.start()
        if found.string[start - 1] not in b"{,":
            return found[0]
        key, value = found.string[start : found.start(1)], found[1]
        if key.endswith(b"["):
            return b"%b%b]" % (key, _TEXTS.sub(lambda one: b'"%b"' % self._address(one[1]), value))
        return b'%b%b"' % (key, self._address(value))

    def _address(self, text: bytes) -> bytes:
        url = json.loads(b'"%b"' % text) if b"\\" in text else text.decode()
        if url.partition(":")[0] not in self.schemes:
            return text
        address = self.links.file(self.team, url)
        return (f"{address}?token={self.token}" if self.token else address).encode()
