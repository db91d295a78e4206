"""Pull a release: its annotations, its media, and a record of both."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

import attrs

from ..domain.errors import IntegrityError, InvalidDocument, InvalidInput, MissingExtra
from ..domain.item import Slot
from ..domain.placement import (
    FRAME_PATTERN,
    PlacedFile,
    PlacedFrames,
    PlacementOptions,
    document_name,
    free_name,
    place,
)
from ..domain.reference import DatasetReference
from ..domain.release import Release
from ..ports.clock import Clock
from ..ports.datasets import DatasetCatalogue
from ..ports.documents import DocumentCodec
from ..ports.library import LocalLibrary, LocalRelease, PlaceTaken, PullProblem, ReleaseStaging
from ..ports.media import ExtractedFrame, FrameExtractor
from ..ports.progress import Advanced, Finished, Progress, Started, Warned
from ..ports.releases import ReleaseDesk
from ..ports.transfer import FetchOutcome, FetchRequest, FetchStatus, ObjectTransfer
from .arrivals import TASK, Arrivals, MediaRequest
from .parts import is_list, part_target, read_list
from .releases import FindRelease, Waiting
from .streams import closing
from .targets import Targets

if TYPE_CHECKING:
    from ..domain.document import AnnotationDocument

LISTED_KINDS = ("tag", "polygon", "bounding_box")
"""Kinds whose class names are written to `lists/` (reference: V7 Darwin, section 7.2)."""


@attrs.frozen
class PullOptions:
    """How a release is pulled (reference: V7 Darwin, section 7.3).

    `force`: look at the content of every file again instead of trusting size and time, and take all files of a slot
    even if they make no whole.
    `remove_extra`: delete files below `images/` that the release does not name.
    `allow_missing`: publish the release even if media could not be fetched, saying what lacks.
    `local_paths`: say in each document where its source files are here, as `local_path`; without, documents stay
    byte for byte what the release has.
    """

    placement: PlacementOptions = attrs.field(factory=PlacementOptions)
    only_annotations: bool = False
    force: bool = False
    remove_extra: bool = False
    allow_missing: bool = False
    local_paths: bool = True
    waiting: Waiting = attrs.field(factory=Waiting)

    @property
    def recipe(self) -> str:
        """Text that is equal for pulls with equal outcome."""
        if self.only_annotations:
            return "annotations"
        return self.placement.key if self.local_paths else f"{self.placement.key},untouched"


@attrs.frozen
class PullReport:
    """What a pull did. `published` is False when media lack and the release was therefore not made visible."""

    release: Release
    path: Path
    local: LocalRelease | None
    up_to_date: bool = False
    documents: int = 0
    fetched: int = 0
    present: int = 0
    size: int = 0
    problems: tuple[PullProblem, ...] = ()
    removed: tuple[str, ...] = ()

    @property
    def published(self) -> bool:
        """True if the release can be used."""
        return self.local is not None

    @property
    def is_complete(self) -> bool:
        """True if everything the release holds is here."""
        return self.published and not self.problems


@attrs.frozen
class PullRelease:
    """Bring a release to this machine.

    The release appears as a whole, after its last file. Until then an earlier pull of it stays as it was;
    files that arrived are kept, so the next pull goes on where this one stopped. When nothing changed, no file
    is asked for.
    """

    datasets: DatasetCatalogue
    releases: ReleaseDesk
    library: LocalLibrary
    transfer: ObjectTransfer
    codec: DocumentCodec
    frames: FrameExtractor
    clock: Clock
    progress: Progress

    def __call__(self, reference: DatasetReference, options: PullOptions | None = None) -> PullReport:
        """Pull the release the reference names, the newest if it names none.

        Raises:
            DatasetNotFound, ReleaseNotFound, ReleasePending: nothing to pull (yet).
            Conflict: making the release failed on the hub.
            IntegrityError: a document of the release is damaged on the hub.
            NotWritable, DiskFull: the library cannot take it; what arrived is kept.
            MissingExtra: frames are wanted and no decoder is installed; nothing was fetched.
        """
        chosen = options or PullOptions()
        release = FindRelease(self.releases, self.datasets, self.clock, self.progress)(reference, chosen.waiting)
        folder = self.library.folder(release.reference)
        local = None if chosen.force else self._current(release, chosen)
        if local is not None and not chosen.remove_extra:
            if release.latest:
                self.library.set_latest(local)
            return PullReport(release, folder, local, up_to_date=True)
        self._check_decoder(release, chosen)
        staging = self.library.stage(release, chosen.recipe)
        try:
            targets = Targets(fold=not self.library.case_sensitive)
            arrivals = Arrivals(staging, targets, self.progress, chosen.force, chosen.remove_extra)
            images = _prefix(folder.absolute() / "images") if chosen.local_paths else None
            return _Pull(self, release, chosen, staging, arrivals, images).run()
        finally:
            staging.abandon()

    def _current(self, release: Release, options: PullOptions) -> LocalRelease | None:
        """The local release, if it is exactly what this pull would make."""
        local = self.library.release(release.reference)
        if local is None or release.digest is None or local.digest != release.digest or not local.is_complete:
            return None
        same = options.only_annotations or local.recipe == options.recipe
        return local if same and self.library.is_intact(local) else None

    def _check_decoder(self, release: Release, options: PullOptions) -> None:
        """Make sure that frames can be cut if some have to be."""
        if options.only_annotations or not options.placement.video_frames:
            return
        try:
            self.frames.check()
        except MissingExtra:
            # Only then is it worth going through all documents before the first file is fetched.
            for raw in self.releases.documents(release):
                with contextlib.suppress(InvalidInput):
                    item = self.codec.read(raw.data, raw.name).item
                    if any(_is_to_be_cut(one) for one in place(item, options.placement)):
                        raise


def _is_to_be_cut(placed: PlacedFile | PlacedFrames) -> bool:
    return isinstance(placed, PlacedFrames) and not placed.slot.frame_urls


@attrs.define
class _Pull:
    """One run. Documents are read once, in order; their media are asked for as they come by."""

    pull: PullRelease
    release: Release
    options: PullOptions
    staging: ReleaseStaging
    arrivals: Arrivals
    images: str | None
    documents: int = 0
    names: set[str] = attrs.field(factory=set[str])
    classes: dict[str, set[str]] = attrs.field(factory=lambda: {kind: set[str]() for kind in LISTED_KINDS})
    videos: list[tuple[PurePosixPath, Path, Slot]] = attrs.field(factory=list[tuple[PurePosixPath, Path, Slot]])
    parts: list[tuple[PurePosixPath, list[str]]] = attrs.field(factory=list[tuple[PurePosixPath, list[str]]])

    def run(self) -> PullReport:
        self.pull.progress.report(Started(TASK, self.release.item_count, "files"))
        if self.options.only_annotations:
            self._copy_documents()
        else:
            self._fetch(self._requests())
            self._fetch(self._part_requests())
            if self.videos:
                self._cut()
        self.pull.progress.report(Finished(TASK))
        return self._finish()

    def _cut(self) -> None:
        from .frames import FrameCutter

        cut = FrameCutter(self.pull.transfer, self.pull.frames, self.arrivals)
        for folder, at, slot in self.videos:
            cut(folder, at, slot)

    def _finish(self) -> PullReport:
        arrivals = self.arrivals
        problems = (*arrivals.lasting, *arrivals.missing)
        local, removed = None, ()
        # What asking again would not change keeps nothing back. Media that lack may come next time.
        if not arrivals.missing or self.options.allow_missing:
            self._add_companions()
            local = self.staging.publish(self.documents, problems)
            if self.release.latest:
                self.pull.library.set_latest(local)
            if self.options.remove_extra and not problems and not self.options.only_annotations:
                removed = tuple(self.pull.library.remove_extra(self.release.reference, arrivals.wanted))
        return PullReport(
            self.release,
            self.pull.library.folder(self.release.reference),
            local,
            documents=self.documents,
            fetched=arrivals.fetched,
            present=arrivals.present,
            size=arrivals.size,
            problems=problems,
            removed=removed,
        )

    def _add_companions(self) -> None:
        metadata = self.pull.releases.metadata(self.release)
        if metadata is not None:
            self.staging.add_metadata(metadata)
        for kind, names in self.classes.items():
            if names:
                self.staging.add_class_list(kind, sorted(names))

    # --- annotations --------------------------------------------------------------------------------

    def _read(self) -> Iterator[tuple[AnnotationDocument, bytes]]:
        """Documents that can be used, each with its bytes."""
        for raw in self.pull.releases.documents(self.release):
            try:
                yield self.pull.codec.read(raw.data, raw.name), raw.data
            except InvalidDocument as error:
                if _is_annotation_document(raw.data):
                    kept = self.staging.add_invalid(raw.name, raw.data)
                    self.arrivals.lacks(raw.name, f"{error.message} (kept as {kept})", lasting=True)
                else:
                    self.pull.progress.report(Warned(f"{raw.name} is left out: it is no annotation document"))

    def _copy_documents(self) -> None:
        for document, data in self._read():
            self._add_document(document, self._free_name(document), data)
            self.pull.progress.report(Advanced(TASK, 1, len(data)))

    def _free_name(self, document: AnnotationDocument) -> str:
        return free_name(document_name(document.name), self.names, fold=self.arrivals.targets.fold)

    def _add_document(self, document: AnnotationDocument, name: str, data: bytes) -> None:
        self.staging.add_document(name.removesuffix(".json"), data)
        self.documents += 1
        for class_name, kind in document.classes():
            if kind in self.classes:
                self.classes[kind].add(class_name)

    # --- media --------------------------------------------------------------------------------------

    def _requests(self) -> Iterator[FetchRequest]:
        for document, data in self._read():
            name = self._free_name(document)
            plan = _Plan()
            try:
                for placed in list(place(document.item, self.options.placement, name, not self.options.force)):
                    self._plan(document.item.full_path, placed, plan)
            except InvalidInput as error:
                self.arrivals.lacks(document.item.full_path, error, lasting=True)
            if plan.paths:
                data = self.pull.codec.add_local_paths(data, plan.paths)
            self._add_document(document, name, data)
            yield from plan.requests
            for folder, slot in plan.frames:
                yield from self._frame_requests(folder, slot)

    def _plan(self, owner: str, placed: PlacedFile | PlacedFrames, plan: _Plan) -> None:
        """Find a place for a file or frames, and note what has to be fetched."""
        try:
            if isinstance(placed, PlacedFrames):
                folder, at = self.arrivals.prepare_folder(owner, placed.folder, FRAME_PATTERN.format(0))
                if placed.slot.frame_urls:
                    plan.frames.append((folder, placed.slot))
                else:
                    self.videos.append((folder, at, placed.slot))
            elif placed.url is None:
                self.arrivals.lacks(placed.target, "the release gives no address for it", lasting=True)
            else:
                target, request = self.arrivals.prepare(owner, placed, placed.url)
                if request is not None:
                    plan.requests.append(request)
                if self.images is not None:
                    plan.paths[placed.url] = _joined(self.images, target)
        except PlaceTaken as error:
            self.arrivals.lacks(error.place, error)

    def _frame_requests(self, folder: PurePosixPath, slot: Slot) -> Iterator[FetchRequest]:
        packed = (slot.metadata or {}).get("colorspace") == "RG16"
        for position, url in enumerate(slot.frame_urls):
            yield from self._request(folder / FRAME_PATTERN.format(position), url, packed=packed)

    def _part_requests(self) -> Iterator[FetchRequest]:
        for whole, urls in self.parts:
            for url in urls:
                yield from self._request(self.arrivals.targets.free(part_target(whole, url)), url, part=True)

    def _request(
        self, target: PurePosixPath, url: str, packed: bool = False, part: bool = False
    ) -> Iterator[FetchRequest]:
        try:
            request = self.arrivals.request(target, url, packed=packed, part=part)
        except PlaceTaken as error:
            self.arrivals.lacks(target, error)
        else:
            if request is not None:
                yield request

    def _fetch(self, requests: Iterator[FetchRequest]) -> None:
        with closing(self.pull.transfer.fetch(requests)) as outcomes:
            for outcome in outcomes:
                request = outcome.request
                assert isinstance(request, MediaRequest)
                if outcome.error is not None:
                    self.arrivals.lacks(request.target, outcome.error)
                elif outcome.status is FetchStatus.PRESENT:
                    self._add(request, outcome, fetched=False)
                elif not request.part and is_list(outcome, request.target):
                    self._take_list(request)
                elif request.packed:
                    self._take_packed(request)
                else:
                    self._add(request, outcome)

    def _add(self, request: MediaRequest, file: FetchOutcome | ExtractedFrame, fetched: bool = True) -> None:
        self.arrivals.add(request.target, file.size, file.mtime_ns, file.digest, request.origin, fetched)

    def _take_packed(self, request: MediaRequest) -> None:
        try:
            self._add(request, self.pull.frames.unpack_grey(request.destination))
        except IntegrityError as error:
            self.arrivals.lacks(request.target, error, lasting=True)

    def _take_list(self, request: MediaRequest) -> None:
        try:
            urls = read_list(self.staging.lines(request.destination), f"images/{request.target}")
            self.parts.append((request.target, urls))
        except IntegrityError as error:
            self.arrivals.lacks(request.target, error)
        finally:
            self.staging.drop(request.destination)
            self.arrivals.targets.give_back(request.target)


@attrs.define
class _Plan:
    """What one document asks for: files, frames with their folder, and the path of each file by its address."""

    requests: list[FetchRequest] = attrs.field(factory=list[FetchRequest])
    frames: list[tuple[PurePosixPath, Slot]] = attrs.field(factory=list[tuple[PurePosixPath, Slot]])
    paths: dict[str, str] = attrs.field(factory=dict[str, str])


def _is_annotation_document(data: bytes) -> bool:
    """False for a JSON object without annotations, which is none (reference: V7 Darwin, section 7.2)."""
    try:
        tree: Any = json.loads(data)
    except (ValueError, RecursionError):
        return True
    return not isinstance(tree, dict) or "annotations" in tree


def _prefix(folder: Path) -> str | None:
    """What the paths of files in a folder begin with; None if JSON cannot hold it."""
    prefix = str(folder / "_")[:-1]
    try:
        prefix.encode()
    except UnicodeEncodeError:
        return None
    return prefix


def _joined(prefix: str, target: PurePosixPath) -> str:
    # Several times faster than joining paths.
    return prefix + str(target).replace("/", prefix[-1])
