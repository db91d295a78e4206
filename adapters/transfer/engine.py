"""The transfer engine: many objects, several at a time."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from pathlib import Path

import attrs

from ...domain.errors import InvalidInput
from ...domain.policies import RetryPolicy
from ...ports.clock import Clock
from ...ports.progress import Progress
from ...ports.transfer import FetchOutcome, FetchRequest, LinkRenewer, ObjectSource
from .fetcher import Fetcher
from .partials import PartialFolder
from .pool import Pool


def _by_scheme(sources: Iterable[ObjectSource]) -> dict[str, ObjectSource]:
    found: dict[str, ObjectSource] = {}
    for source in sources:
        for scheme in source.schemes:
            if scheme in found:
                raise InvalidInput(f"address scheme '{scheme}'", "is served by two sources", "Pass one of them")
            found[scheme] = source
    return found


@attrs.frozen
class TransferEngine:
    """Fetches objects from the sources of their addresses' schemes, `workers` at a time.

    Files on their way are kept in `incoming`, a folder on the file system of the destinations, or beside their
    destinations if it is None. A file that was not finished, in this process or one that was killed, is taken up
    again where it stopped if its source can. Requests are drawn in the thread that takes the outcomes; that thread
    also fetches small objects, many at once, if their source can be asked ahead, or several in one answer.
    `task` names the transfer in events: `Transferred` for files that take a while, `Advanced` for each that is
    fetched or present, `Retrying` before each further try.
    """

    sources: dict[str, ObjectSource] = attrs.field(converter=_by_scheme)
    clock: Clock = attrs.field(kw_only=True)
    progress: Progress = attrs.field(kw_only=True)
    retry: RetryPolicy = attrs.field(factory=RetryPolicy, kw_only=True)
    workers: int = attrs.field(default=16, kw_only=True)
    incoming: Path | None = attrs.field(kw_only=True)
    renewer: LinkRenewer | None = attrs.field(default=None, kw_only=True)
    task: str = attrs.field(default="download", kw_only=True)

    def __attrs_post_init__(self) -> None:
        if self.workers < 1:
            raise InvalidInput("transfer", "needs at least one worker")

    def fetch(self, requests: Iterable[FetchRequest]) -> Iterator[FetchOutcome]:
        """Fetch each request's object to its destination.

        Raises:
            DiskFull, NotWritable: the destination's device or `incoming` refuses; what arrived is kept.
        """
        cancelled = threading.Event()
        fetcher = Fetcher(
            self.sources,
            self.clock,
            self.progress,
            self.retry,
            self.renewer,
            self.task,
            self._folders(),
            cancelled,
        )
        pool = Pool(fetcher, self.workers, cancelled, fetcher.is_light, begin=fetcher.begin, bundler=fetcher)
        yield from pool.run(requests)

    def _folders(self) -> Callable[[str], PartialFolder]:
        """Where files on their way to a destination are kept. Each folder is looked through once."""
        now = self.clock.now().timestamp()

        def scanned(folder: str) -> PartialFolder:
            partials = PartialFolder(folder)
            partials.scan(now)
            return partials

        if self.incoming is not None:
            only = scanned(os.fspath(self.incoming))
            return lambda _: only
        # Plans go folder by folder, so a few are remembered, however many there are.
        remembered = lru_cache(maxsize=64)(scanned)
        return lambda destination: remembered(os.path.dirname(destination))
