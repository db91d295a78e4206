"""One request from beginning to end: is it there already, try, try again, publish."""

from __future__ import annotations

import os
import random
import threading
from collections.abc import Callable, Mapping, Sequence
from http import HTTPStatus
from typing import Any

import attrs

from ...domain.bundle import MAX_OBJECT
from ...domain.digest import Digest
from ...domain.errors import (
    DigestMismatch,
    DiskFull,
    GroundtruthError,
    InvalidInput,
    LinkExpired,
    NotWritable,
    Truncated,
    Unavailable,
)
from ...domain.policies import RetryPolicy
from ...ports.clock import Clock
from ...ports.progress import Advanced, Progress, Retrying
from ...ports.transfer import FetchOutcome, FetchRequest, FetchStatus, LinkRenewer, ObjectSource, ObjectStream
from .ahead import Busy, Flight
from .bundles import BundleFlight, Unpacked
from .existing import Existing, existing
from .job import Job
from .meter import Meter
from .partials import Partial, PartialFolder
from .pool import Cancelled

SMALL = 256 * 1024
"""Objects below this many bytes are held in memory, and fetched again as a whole when they break off."""

HICCUPS = 2
"""How often a fresh address may be refused, or a whole object be the wrong one, before that is believed."""

SLICE = 0.1
"""Seconds slept at a time, so that a wait ends soon when its transfer does."""


@attrs.frozen
class Fetcher:
    """Fetches one request at a time in each thread that calls it.

    Raises:
        DiskFull, NotWritable: no other request would fare better.
        Cancelled: the request is no longer wanted.
    """

    sources: Mapping[str, ObjectSource]
    clock: Clock
    progress: Progress
    retry: RetryPolicy
    renewer: LinkRenewer | None
    task: str
    folder_for: Callable[[str], PartialFolder]
    cancelled: threading.Event

    def __call__(self, request: FetchRequest) -> FetchOutcome:
        """Outcome of a request."""
        return self._outcome(Job(request))

    def begin(self, request: FetchRequest) -> Flight | None:
        """Start on a request without waiting for anything; None if that cannot be done, or is no use.

        Raises:
            Busy: it cannot be done now.
        """
        source = self.sources.get(_scheme(request.url))
        begin = getattr(source, "begin", None)
        if begin is None:
            return None
        if getattr(source, "is_busy", False):
            raise Busy  # before anything is looked at: this is asked again and again
        job = Job(request)
        try:
            job.seen, folder = existing(job.destination), self.folder_for(job.destination)
            if job.seen is not None or (folder.has_orphans and folder.has_orphan(job.key)):
                return None
            job.begun = begin(job.url)
        except GroundtruthError:  # it will be met again where it belongs
            return None
        return Flight(job.begun, lambda: self._outcome(job)) if job.begun is not None else None

    def bundle_address(self, request: FetchRequest) -> str | None:
        """Where the request can be asked for together with others; None if it cannot, or is no use."""
        source = self.sources.get(_scheme(request.url))
        address_of = getattr(source, "bundle_address", None)
        address = address_of and address_of(request.url)
        if address is None or (request.size is not None and request.size > MAX_OBJECT):
            return None
        try:
            destination = os.fspath(request.destination)
            folder = self.folder_for(destination)
            has_begun = folder.has_orphans and folder.has_orphan(Job(request).key)
            is_new = not has_begun and existing(destination) is None
        except GroundtruthError:  # it will be met again where it belongs
            return None
        return address if is_new else None

    def begin_bundle(self, address: str, requests: Sequence[FetchRequest], tries: int = 0) -> BundleFlight:
        """Ask for several objects in one, after so many tries.

        Raises:
            Busy: it cannot be done now.
        """
        source: Any = self.sources[_scheme(requests[0].url)]
        begun = source.begin_bundle(address, [request.url for request in requests])
        return BundleFlight(begun, requests, self._land, tries)

    def _land(self, request: FetchRequest, arrived: Unpacked) -> FetchOutcome | None:
        """Outcome of a request whose object came in a bundle; None if that is not what it should be."""
        job = Job(request, begun=arrived)
        try:
            outcome = self._attempt(job)
        except (DiskFull, NotWritable):
            raise
        except GroundtruthError:  # who waits and tries again is not in the way of the others
            return None
        finally:
            job.keep()
        self.progress.report(Advanced(self.task, 1, outcome.size))
        return outcome

    def _outcome(self, job: Job) -> FetchOutcome:
        try:
            outcome = (None if job.begun is not None else self._present(job)) or self._fetch(job)
        except (DiskFull, NotWritable):
            raise
        except GroundtruthError as error:
            return FetchOutcome(job.request, FetchStatus.FAILED, error=error)
        finally:
            job.keep()
        moved = outcome.size if outcome.status is FetchStatus.FETCHED else 0
        self.progress.report(Advanced(self.task, 1, moved))
        return outcome

    def is_light(self, request: FetchRequest) -> bool:
        """True if little is to be done for the request, as far as this is known beforehand."""
        return request.size is not None and request.size < SMALL

    def check(self) -> None:
        """Raise `Cancelled` if the transfer was stopped."""
        if self.cancelled.is_set():
            raise Cancelled

    # --- what is there already ----------------------------------------------------------------------

    def _present(self, job: Job) -> FetchOutcome | None:
        request, found = job.request, existing(job.destination)
        job.seen = found
        if found is None or (request.size is not None and found.size != request.size):
            return None
        if request.digest is None:
            digest, same = None, request.size is not None
        else:
            digest = found.digest(self.check)
            same = digest == request.digest
        return FetchOutcome(request, FetchStatus.PRESENT, found.size, digest, found.mtime_ns) if same else None

    # --- trying -------------------------------------------------------------------------------------

    def _fetch(self, job: Job) -> FetchOutcome:
        if job.begun is None:
            self._adopt(job)
        failures = 0
        while True:
            self.check()
            try:
                return self._attempt(job)
            except LinkExpired as error:
                # A fresh address that is refused may be a hiccup; the next one that is will not get better.
                if self.renewer is None or job.fresh >= HICCUPS:
                    raise
                job.expired = True
                if job.fresh:
                    failures += 1
                    self._wait(job, error, failures)
                else:
                    self.progress.report(Retrying(job.request.key, kind_of(error), 0.0, failures + 1))
            except (Unavailable, Truncated, DigestMismatch) as error:
                failures += 1
                # A source that says its copy is damaged has looked. The wrong object may be a hiccup; again and
                # again it is what the source has.
                final = not isinstance(error, Unavailable) and (error is not job.finding or job.rejected > HICCUPS)
                if final or failures >= self.retry.max_attempts:
                    raise
                self._wait(job, error, failures)

    def _adopt(self, job: Job) -> None:
        folder = self.folder_for(job.destination)
        if folder.has_orphans:
            job.partial = folder.adopt(job.key)
            if job.partial is not None:
                job.partial.read_again(self.check)

    def _wait(self, job: Job, error: GroundtruthError, failures: int) -> None:
        asked = error.retry_after if isinstance(error, Unavailable) else None
        seconds = self.retry.wait(failures, random.random(), asked)
        self.progress.report(Retrying(job.request.key, kind_of(error), seconds, failures))
        while seconds > 0:
            self.check()
            self.clock.sleep(min(seconds, SLICE))
            seconds -= SLICE

    def _attempt(self, job: Job) -> FetchOutcome:
        partial = job.partial
        if partial is not None and job.is_complete:
            return self._publish(job, partial)
        if job.expired and self.renewer is not None:
            job.url = self.renewer.renew(job.request.url)
            job.expired, job.fresh = False, job.fresh + 1
        source = self._source(job.url)
        begun, job.begun = job.begun, None
        if begun is not None:
            stream = begun.open()
        elif partial is not None and partial.size and partial.validator is not None:
            stream = source.open(job.url, partial.size, partial.validator)
        else:
            stream = source.open(job.url)
        try:
            return self._receive(job, stream)
        finally:
            stream.close()

    def _source(self, url: str) -> ObjectSource:
        scheme = _scheme(url)
        source = self.sources.get(scheme)
        if source is None:
            known = ", ".join(sorted(self.sources))
            raise InvalidInput(f"address scheme '{scheme}'", "is not served", f"Known schemes: {known}")
        return source

    # --- receiving ----------------------------------------------------------------------------------

    def _receive(self, job: Job, stream: ObjectStream) -> FetchOutcome:
        job.content_type = getattr(stream, "content_type", "")
        job.check_announced(stream.size)
        size = stream.size if stream.size is not None else job.request.size
        if size is not None and size < SMALL and stream.start == 0:
            return self._receive_small(job, stream, size)
        return self._receive_large(job, stream, size)

    def _receive_small(self, job: Job, stream: ObjectStream, size: int) -> FetchOutcome:
        data = _gather(stream, size)
        job.fresh = 0
        job.check_received(len(data), size)
        self.check()
        job.drop()
        job.partial = partial = self.folder_for(job.destination).create()
        partial.append(data)
        return self._publish(job, partial)

    def _receive_large(self, job: Job, stream: ObjectStream, size: int | None) -> FetchOutcome:
        partial = self._continue(job, stream)
        meter = Meter(self.clock, self.progress, self.task, job.request.key, size)
        for chunk in stream.chunks():
            self.check()
            partial.append(chunk)
            job.fresh = 0
            meter.add(len(chunk))
            if size is not None and partial.size > size:
                break
        meter.finish()
        job.check_received(partial.size, stream.size)
        self.check()
        return self._publish(job, partial)

    def _continue(self, job: Job, stream: ObjectStream) -> Partial:
        """The partial file that the stream's first byte belongs at the end of."""
        # An empty file is made anew, for its name holds the validator of the object it was made for.
        if job.partial is not None and 0 < job.partial.size == stream.start:
            return job.partial
        job.drop()
        if stream.start:
            raise Unavailable(job.request.key, "was sent from another place than asked for")
        job.partial = self.folder_for(job.destination).create(job.key, stream.validator)
        return job.partial

    # --- publishing ---------------------------------------------------------------------------------

    def _publish(self, job: Job, partial: Partial) -> FetchOutcome:
        size, digest = partial.size, partial.digest
        job.check_digest(digest)
        # Two processes that fetch the same file should agree on its time: the first to publish wins.
        found = existing(job.destination)
        if found is not None and found != job.seen and self._is(found, size, digest):
            job.drop()
            modified = found.mtime_ns
        else:
            modified = partial.publish(job.destination)
            job.partial = None
        return FetchOutcome(job.request, FetchStatus.FETCHED, size, digest, modified, content_type=job.content_type)

    def _is(self, found: Existing, size: int, digest: Digest) -> bool:
        return found.size == size and found.digest(self.check) == digest


def kind_of(error: GroundtruthError) -> str:
    """What kind of failure a retry is for, in a few words."""
    if isinstance(error, LinkExpired):
        return f"link expired (HTTP {error.status})" if error.status else "link expired"
    if isinstance(error, Unavailable):
        return _status(error.status) if error.status else error.reason
    return "truncated" if isinstance(error, Truncated) else "wrong bytes"


def _status(number: int) -> str:
    try:
        return f"HTTP {number} ({HTTPStatus(number).phrase.lower()})"
    except ValueError:
        return f"HTTP {number}"


def _scheme(url: str) -> str:
    return url.partition(":")[0].lower()


def _gather(stream: ObjectStream, size: int) -> bytes:
    """All bytes of the stream, or a few more than `size`, so that too many are noticed but not held."""
    chunks: list[bytes] = []
    received = 0
    for chunk in stream.chunks():
        chunks.append(chunk)
        received += len(chunk)
        if received > size:
            break
    return chunks[0] if len(chunks) == 1 else b"".join(chunks)
