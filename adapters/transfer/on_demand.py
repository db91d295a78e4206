"""A source that is made when its first object is asked for."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Any

import attrs

from ...ports.transfer import ObjectSource, ObjectStream


@attrs.define
class OnDemand:
    """Stands for a source that costs time to import or connections to open, until somebody needs it.

    A pull from the embedded hub then never loads the HTTP stack. Thread-safe.
    """

    schemes: frozenset[str] = attrs.field(converter=frozenset)
    make: Callable[[], Any]
    _source: Any = attrs.field(default=None, init=False)
    _lock: threading.Lock = attrs.field(factory=threading.Lock, init=False, repr=False)

    def open(self, url: str, start: int = 0, validator: str | None = None) -> ObjectStream:
        """Open an object of the source, which is made if it is the first."""
        return self._made().open(url, start, validator)

    @property
    def is_busy(self) -> bool:
        """As the source's."""
        return getattr(self._source, "is_busy", False)

    def begin(self, url: str) -> Any:
        """As the source's `begin`; None if it has none."""
        begin = getattr(self._made(), "begin", None)
        return begin and begin(url)

    def bundle_address(self, url: str) -> str | None:
        """As the source's; None if it gives out no bundles."""
        address = getattr(self._made(), "bundle_address", None)
        return address and address(url)

    def begin_bundle(self, address: str, urls: Sequence[str]) -> Any:
        """As the source's, which gave the address."""
        source: Any = self._made()
        return source.begin_bundle(address, urls)

    def close(self) -> None:
        """Close the source, if it was made and has anything to close. Idempotent."""
        with self._lock:
            source, self._source = self._source, None
        close = getattr(source, "close", None)
        if close is not None:
            close()

    def _made(self) -> ObjectSource:
        with self._lock:
            if self._source is None:
                self._source = self.make()
            return self._source
