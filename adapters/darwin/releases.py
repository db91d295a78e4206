"""Releases of a Darwin hub (reference: sections 6 and 7.2)."""

from __future__ import annotations

import contextlib
import hashlib
import json
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec

from ...domain.dataset import Dataset
from ...domain.digest import Digest
from ...domain.errors import (
    Conflict,
    IntegrityError,
    InvalidInput,
    LinkExpired,
    NameTaken,
    NotFound,
    NothingToExport,
    ReleaseNotFound,
    ReleasePending,
    Unavailable,
)
from ...domain.release import ExportOptions, Release, ReleaseStatus, check_release_name
from ...ports.releases import ReleaseDocument
from ...ports.transfer import FetchRequest, ObjectSource, ObjectTransfer
from .api import Api, Rejected, Unsure, segment
from .archive import ReleaseArchive
from .arrival import Arrival
from .arriving import ArrivingArchive, Given
from .listing import no_dataset

ATTEMPTS = 3
"""How often a release is asked for when the hub fails and turns out not to have made it."""
LEFTOVER_NS = 24 * 3600 * 10**9
"""Age in ns of an archive that no run will come back for."""
LEFTOVERS = ("zip", "part", "arriving")
"""Kinds of files that runs which stopped may leave."""
REMEMBERED = 8
"""Companions of releases that are kept for the question that follows the documents."""

READABLE = frozenset({"darwin_json_2", "json"})
FIELDS = frozenset({"name", "format", "filters", "annotation_filters"})
"""What of an export may be at fault. A refusal that names none of them means that there is nothing to export."""


class _Class(msgspec.Struct):
    name: str


class _Metadata(msgspec.Struct):
    num_images: int | None = None
    annotation_classes: list[_Class] | None = None
    digest: str | None = None


class _Record(msgspec.Struct):
    """A release as the hub sends it."""

    name: str
    status: ReleaseStatus
    inserted_at: str
    version: int | None = None
    format: str | None = None
    latest: bool | None = None
    download_url: str | None = None
    metadata: _Metadata | None = None


class DarwinReleases:
    """Implements `ports.releases.ReleaseDesk`.

    Archives are read from `source` while they come, through a file in `folder`; without one, `transfer` fetches them
    there first. An archive is deleted when it was read to its end. If reading stopped before that, it stays for a
    day, so that the next run need not fetch it again. Thread-safe.
    """

    def __init__(self, api: Api, transfer: ObjectTransfer, folder: Path, source: ObjectSource | None = None) -> None:
        self._api = api
        self._source = source
        self._transfer = transfer
        self._folder = folder
        self._metadata: dict[Path, bytes | None] = {}

    def list_releases(self, dataset: Dataset) -> Sequence[Release]:
        """All releases, newest first; none of a dataset that the hub does not know.

        Raises:
            IntegrityError: a record is not as it should be.
        """
        found = [
            (record.version or 0, self._release(dataset.team, dataset.slug, record))
            for record in self._records(dataset.team, dataset.slug)
        ]
        found.sort(key=lambda pair: (pair[0], pair[1].created_at), reverse=True)
        return [release for _, release in found]

    def create_release(self, dataset: Dataset, name: str, options: ExportOptions) -> Release:
        """Ask for a release. On a hub that takes its time it is pending at first."""
        check_release_name(name)
        # Only who knows that it was not there before can tell, after a failure, who made it.
        if self._named(dataset, name) is not None:
            raise _taken(dataset, name)
        self._create(dataset, name, options)
        made = self._named(dataset, name)
        if made is None:
            raise Unavailable(
                f"release '{dataset.reference.at(name)}'", "was asked for, but the hub does not list it"
            )
        return made

    def documents(self, release: Release) -> Iterator[ReleaseDocument]:
        """The annotation documents, in the order of the archive."""
        if self._source is not None and not self._path(release).exists():
            yield from self._arriving(release, self._source)
            return
        path, archive = self._open(release)
        try:
            with archive:
                yield from archive.documents()
        except IntegrityError:
            _delete(path)
            raise
        _delete(path)

    def metadata(self, release: Release) -> bytes | None:
        """The companion; after the documents were asked for, it is known already."""
        path = self._path(release)
        if path not in self._metadata:
            self._open(release)[1].close()
        return self._metadata[path]

    # --- records ------------------------------------------------------------------------------------

    def _records(self, team: str, slug: str) -> list[_Record]:
        try:
            return self._api.get_as(list[_Record], team, _path_of(team, slug))
        except NotFound:
            return []

    def _named(self, dataset: Dataset, name: str) -> Release | None:
        return next((release for release in self.list_releases(dataset) if release.name == name), None)

    def _release(self, team: str, slug: str, record: _Record) -> Release:
        what = f"release '{record.name[:100]}' of {team}/{slug}"
        created_at = _moment(record.inserted_at, what)
        format_ = record.format or "json"
        if record.download_url is None or record.status is not ReleaseStatus.COMPLETE:
            # Complete without an address is as good as not complete: there is nothing to be had yet.
            status = ReleaseStatus.FAILED if record.status is ReleaseStatus.FAILED else ReleaseStatus.PENDING
            return Release(record.name, team, slug, status, created_at, format=format_)
        facts = record.metadata or _Metadata()
        if facts.num_images is None or facts.annotation_classes is None:
            raise IntegrityError(what, "lacks 'num_images' or 'annotation_classes' in what the hub says of it")
        names = {one.name for one in facts.annotation_classes}
        return Release(
            record.name,
            team,
            slug,
            ReleaseStatus.COMPLETE,
            created_at,
            bool(record.latest),
            facts.num_images,
            len(facts.annotation_classes),
            self._digest(team, slug, record, facts, what),
            format_,
            tuple(sorted(names)),
        )

    def _digest(self, team: str, slug: str, record: _Record, facts: _Metadata, what: str) -> Digest:
        if facts.digest is not None:
            try:
                return Digest.parse(facts.digest)
            except InvalidInput as error:
                raise IntegrityError(what, "has a digest that is none") from error
        # Darwin tells none. A complete release never changes, so that what identifies it identifies its content.
        identity = [self._api.base_url, team, slug, record.name, record.version, record.inserted_at, record.format]
        return Digest(hashlib.sha256(json.dumps(identity).encode()).hexdigest())

    # --- making -------------------------------------------------------------------------------------

    def _create(self, dataset: Dataset, name: str, options: ExportOptions) -> None:
        doubt: Unsure | None = None
        for _ in range(ATTEMPTS):
            try:
                self._post(dataset, _body(name, options))
                return
            except Unsure as error:
                doubt = error
                if self._named(dataset, name) is not None:
                    return
            except NameTaken as error:
                # The hub may have been at it still when it was looked at after a failure.
                if doubt is None:
                    raise _taken(dataset, name) from error
                return
        if doubt is not None:
            raise doubt

    def _post(self, dataset: Dataset, body: Any) -> None:
        try:
            self._api.post(dataset.team, _path_of(dataset.team, dataset.slug), body, repeatable=False)
        except NotFound as error:
            raise no_dataset(dataset, self._api.name) from error
        except Rejected as error:
            at_fault = isinstance(error.errors, dict) and not FIELDS.isdisjoint(error.errors)
            if at_fault or error.status != 422:
                raise
            reason = "has nothing that could be exported"
            advice = "Push files first, or export other statuses or classes"
            raise NothingToExport(f"dataset '{dataset.reference}'", reason, advice) from error

    # --- archives -----------------------------------------------------------------------------------

    def _arriving(self, release: Release, source: ObjectSource) -> Iterator[ReleaseDocument]:
        """The documents, while the archive comes. One that is damaged is fetched once more."""
        given = Given(f"the archive of release '{release.reference}'")
        try:
            yield from given.fresh(self._coming(release, source))
        except IntegrityError:
            yield from given.fresh(self._coming(release, source))
        _sweep(self._folder, time.time_ns() - LEFTOVER_NS)

    def _coming(self, release: Release, source: ObjectSource) -> Generator[ReleaseDocument, None, None]:
        path, name = self._path(release), f"annotations of {release.reference}"
        url = self._find(release).download_url or ""

        def address(expired: bool) -> str:
            nonlocal url
            if expired:
                url = self._find(release).download_url or ""
            return url

        def repeat(work: Callable[[], bytes | None]) -> bytes | None:
            return self._api.repeat(work, name)

        what = f"the archive of release '{release.reference}'"
        with contextlib.closing(Arrival(source, address, path, what, repeat)) as arrival:
            archive = ArrivingArchive(arrival, what)
            try:
                yield from archive.documents()
            except IntegrityError:  # or the next run would go on with the same bytes
                arrival.discard()
                raise
            self._remember(path, archive.metadata)
            arrival.discard()

    def _open(self, release: Release) -> tuple[Path, ReleaseArchive]:
        """The archive's path, and the archive to be closed. Its companion is read and remembered."""
        record = self._find(release)
        path = self._path(release)
        if not path.exists():
            self._fetch(release, record, path)
        what = f"the archive of release '{release.reference}'"
        try:
            archive = ReleaseArchive(path, what)
            try:
                self._remember(path, archive.metadata())
            except BaseException:
                archive.close()
                raise
        except IntegrityError:
            _delete(path)
            raise
        except FileNotFoundError as error:
            raise Unavailable(what, "was deleted by another process that read it") from error
        return path, archive

    def _find(self, release: Release) -> _Record:
        """The record of a release whose documents can be had."""
        where = f"{release.team}/{release.dataset}"
        records = self._records(release.team, release.dataset)
        record = next((one for one in records if one.name == release.name), None)
        name = f"release '{where}:{release.name}'"
        if record is None:
            raise ReleaseNotFound(
                "release", release.name, where, "List what there is with 'groundtruth dataset releases'"
            )
        if record.status is ReleaseStatus.FAILED:
            raise Conflict(name, "failed on the hub", "Export it again under another name")
        if record.status is not ReleaseStatus.COMPLETE or record.download_url is None:
            raise ReleasePending(name, "is still being made", "Try again later")
        if (record.format or "json") not in READABLE:
            raise InvalidInput(name, f"is in the format '{record.format}'", "Export it again as Darwin JSON 2.0")
        # Nothing of this machine may pass for something that the hub sent.
        if not record.download_url.lower().startswith(("https://", "http://")):
            raise IntegrityError(name, "has a download address that is not one of the web")
        return record

    def _fetch(self, release: Release, record: _Record, path: Path) -> None:
        try:
            self._download(release, record, path)
        except LinkExpired:
            self._download(release, self._find(release), path)

    def _download(self, release: Release, record: _Record, path: Path) -> None:
        request = FetchRequest(record.download_url or "", path, f"annotations of {release.reference}")
        for outcome in self._transfer.fetch([request]):
            if outcome.error is not None:
                raise outcome.error
            _sweep(self._folder, outcome.mtime_ns - LEFTOVER_NS)

    def _path(self, release: Release) -> Path:
        """Where the archive is kept: under another name for every other content."""
        digest = release.digest and str(release.digest)
        moment = release.created_at.isoformat()
        identity = [self._api.base_url, release.team, release.dataset, release.name, moment, digest]
        return self._folder / f"release-{hashlib.sha256(json.dumps(identity).encode()).hexdigest()[:32]}.zip"

    def _remember(self, path: Path, metadata: bytes | None) -> None:
        self._metadata[path] = metadata
        for oldest in list(self._metadata)[:-REMEMBERED]:
            self._metadata.pop(oldest, None)


def _path_of(team: str, slug: str) -> str:
    return f"v2/teams/{segment(team)}/datasets/{segment(slug)}/exports"


def _body(name: str, options: ExportOptions) -> dict[str, Any]:
    filters: dict[str, Any] = {}
    if options.class_ids:
        filters["annotation_class_ids"] = list(options.class_ids)
    if options.statuses is not None:
        filters["statuses"] = [status.value for status in options.statuses]
    body: dict[str, Any] = {
        "name": name,
        "include_authorship": options.include_authorship,
        "include_export_token": options.include_url_token,
        "annotation_filters": {},
    }
    if options.format is not None:
        body["format"] = options.format
    # Without filters the hub applies those it has by default; an empty object would replace them.
    return {**body, "filters": filters} if filters else body


def _moment(text: str, what: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise IntegrityError(what, f"was made at {text[:40]!r}, which is no time") from error
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)


def _taken(dataset: Dataset, name: str) -> NameTaken:
    return NameTaken(f"release '{dataset.reference.at(name)}'", "exists already", "Choose another name")


def _delete(path: Path) -> None:
    # On some systems not while another process reads it, which then deletes it itself.
    with contextlib.suppress(OSError):
        path.unlink()


def _sweep(folder: Path, before_ns: int) -> None:
    """Delete archives that were left behind. What cannot be deleted now is left for the next time."""
    for path in (found for kind in LEFTOVERS for found in folder.glob(f"release-*.{kind}")):
        with contextlib.suppress(OSError):
            if path.stat().st_mtime_ns < before_ns:
                path.unlink()
