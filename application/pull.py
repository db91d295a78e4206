"""Pull a release: its annotations, its media, and a record of both."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path, PurePosixPath

import attrs

from ..domain.digest import Digest
from ..domain.document import AnnotationDocument
from ..domain.errors import DiskFull, GroundtruthError, InvalidDocument, InvalidInput, NotWritable
from ..domain.names import safe_component, stem_of
from ..domain.placement import FRAME_PATTERN, PlacedFile, PlacedFrames, PlacementOptions, free_name, place
from ..domain.reference import DatasetReference
from ..domain.release import Release
from ..ports.clock import Clock
from ..ports.datasets import DatasetCatalogue
from ..ports.documents import DocumentCodec
from ..ports.library import LocalLibrary, LocalRelease, PullProblem, ReleaseStaging
from ..ports.media import FrameExtractor
from ..ports.progress import Advanced, Finished, Progress, Started, Warned
from ..ports.releases import ReleaseDesk
from ..ports.transfer import FetchOutcome, FetchRequest, FetchStatus, ObjectTransfer
from .releases import FindRelease, Waiting
from .streams import closing
from .targets import Targets

TASK = "pull"
LISTED_KINDS = ("tag", "polygon", "bounding_box")
"""Kinds whose class names are written to `lists/` (reference: V7 Darwin, section 7.2)."""


@attrs.frozen
class PullOptions:
    """How a release is pulled (reference: V7 Darwin, section 7.3).

    `force`: look at the content of every file again instead of trusting size and time.
    `remove_extra`: delete files below `images/` that the release does not name.
    `allow_missing`: publish the release even if media could not be fetched, saying what lacks.
    """

    placement: PlacementOptions = attrs.field(factory=PlacementOptions)
    only_annotations: bool = False
    force: bool = False
    remove_extra: bool = False
    allow_missing: bool = False
    waiting: Waiting = attrs.field(factory=Waiting)

    @property
    def recipe(self) -> str:
        """Text that is equal for pulls with equal outcome."""
        return "annotations" if self.only_annotations else self.placement.key


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
        """
        chosen = options or PullOptions()
        release = FindRelease(self.releases, self.datasets, self.clock, self.progress)(reference, chosen.waiting)
        folder = self.library.folder(release.reference)
        local = None if chosen.force else self._current(release, chosen)
        if local is not None and not chosen.remove_extra:
            if release.latest:
                self.library.set_latest(local)
            return PullReport(release, folder, local, up_to_date=True)
        staging = self.library.stage(release, chosen.recipe)
        try:
            targets = Targets(fold=not self.library.case_sensitive)
            return _Pull(self, release, chosen, staging, targets).run()
        finally:
            staging.abandon()

    def _current(self, release: Release, options: PullOptions) -> LocalRelease | None:
        """The local release, if it is exactly what this pull would make."""
        local = self.library.release(release.reference)
        if local is None or release.digest is None or local.digest != release.digest or not local.is_complete:
            return None
        same = options.only_annotations or local.recipe == options.recipe
        return local if same and self.library.is_intact(local) else None


@attrs.define
class _Pull:
    """One run. Documents are read once, in order; their media are asked for as they come by."""

    pull: PullRelease
    release: Release
    options: PullOptions
    staging: ReleaseStaging
    targets: Targets
    documents: int = 0
    fetched: int = 0
    present: int = 0
    size: int = 0
    invalid: list[PullProblem] = attrs.field(factory=list[PullProblem])
    missing: list[PullProblem] = attrs.field(factory=list[PullProblem])
    names: set[str] = attrs.field(factory=set[str])
    wanted: list[PurePosixPath] = attrs.field(factory=list[PurePosixPath])
    classes: dict[str, set[str]] = attrs.field(factory=lambda: {kind: set[str]() for kind in LISTED_KINDS})
    videos: list[PlacedFrames] = attrs.field(factory=list[PlacedFrames])

    def run(self) -> PullReport:
        self.pull.progress.report(Started(TASK, self.release.item_count, "files"))
        requests = self._requests()
        if self.options.only_annotations:
            for _ in requests:
                raise AssertionError("annotations alone ask for no media")
        else:
            with closing(self.pull.transfer.fetch(requests)) as outcomes:
                for outcome in outcomes:
                    self._take(outcome)
            self._extract_frames()
        self.pull.progress.report(Finished(TASK))
        return self._finish()

    def _finish(self) -> PullReport:
        problems = (*self.invalid, *self.missing)
        local, removed = None, ()
        # A document that is invalid stays so, hence the rest is published. Media that lack may come next time.
        if not self.missing or self.options.allow_missing:
            self._add_companions()
            local = self.staging.publish(self.documents, problems)
            if self.release.latest:
                self.pull.library.set_latest(local)
            if self.options.remove_extra and not problems and not self.options.only_annotations:
                removed = tuple(self.pull.library.remove_extra(self.release.reference, self.wanted))
        return PullReport(
            self.release,
            self.pull.library.folder(self.release.reference),
            local,
            documents=self.documents,
            fetched=self.fetched,
            present=self.present,
            size=self.size,
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

    def _requests(self) -> Iterator[FetchRequest]:
        for raw in self.pull.releases.documents(self.release):
            try:
                document = self.pull.codec.read(raw.data, raw.name)
                placed = [] if self.options.only_annotations else list(place(document.item, self.options.placement))
            except InvalidInput as error:
                kept = self.staging.add_invalid(raw.name, raw.data)
                location = error.message if isinstance(error, InvalidDocument) else str(error)
                self.invalid.append(PullProblem(raw.name, f"{location} (kept as {kept})"))
                continue
            self._add_document(document, raw.data)
            for one in placed:
                yield from self._ask(document, one)

    def _add_document(self, document: AnnotationDocument, data: bytes) -> None:
        wanted = f"{safe_component(stem_of(document.item.name))}.json"
        name = free_name(wanted, self.names, fold=self.targets.fold)
        self.staging.add_document(name.removesuffix(".json"), data)
        self.documents += 1
        if self.options.only_annotations:
            self.pull.progress.report(Advanced(TASK, 1, len(data)))
        for annotation in document.annotations:
            listed = self.classes.get(annotation.kind)
            if listed is not None:
                listed.add(annotation.class_name)

    # --- media --------------------------------------------------------------------------------------

    def _ask(self, document: AnnotationDocument, placed: PlacedFile | PlacedFrames) -> Iterator[FetchRequest]:
        if isinstance(placed, PlacedFile):
            target = self._free_target(document, placed.target)
            if placed.url is None:
                self.missing.append(PullProblem(str(target), "the release gives no address for it"))
                return
            digest = Digest.parse(placed.digest) if placed.digest else None
            yield self._request(target, placed.url, placed.size, digest)
            return
        folder = self._free_target(document, placed.folder)
        if not placed.slot.frame_urls:
            self.videos.append(attrs.evolve(placed, folder=folder))
            return
        for position, url in enumerate(placed.slot.frame_urls):
            yield self._request(folder / FRAME_PATTERN.format(position), url, None, None)

    def _request(self, target: PurePosixPath, url: str, size: int | None, digest: Digest | None) -> FetchRequest:
        self._want(target)
        # Without a digest only the size could vouch for a file that is there; --force does not trust it.
        trusted = None if self.options.force and digest is None else size
        return FetchRequest(url, self.staging.claim(target, size, digest), str(target), trusted, digest)

    def _free_target(self, document: AnnotationDocument, target: PurePosixPath) -> PurePosixPath:
        free = self.targets.free(target)
        if free != target:
            self.pull.progress.report(
                Warned(
                    f"{document.item.full_path}: images/{target} is taken by another item; stored as images/{free}"
                )
            )
        return free

    def _want(self, target: PurePosixPath) -> None:
        if self.options.remove_extra:
            self.wanted.append(target)

    def _take(self, outcome: FetchOutcome) -> None:
        if outcome.status is FetchStatus.FAILED:
            self.missing.append(PullProblem(outcome.request.key, str(outcome.error)))
            return
        if outcome.status is FetchStatus.FETCHED:
            self.fetched += 1
            self.size += outcome.size
        else:
            self.present += 1
        self.staging.add_file(PurePosixPath(outcome.request.key), outcome.size, outcome.mtime_ns, outcome.digest)

    # --- frames -------------------------------------------------------------------------------------

    def _extract_frames(self) -> None:
        """Cut videos whose frames the release does not list one by one into frames here."""
        for placed in self.videos:
            source = next(iter(placed.slot.source_files), None)
            if source is None or source.url is None:
                self.missing.append(PullProblem(str(placed.folder), "the release gives no address for the video"))
                continue
            video = self.staging.scratch(str(placed.folder))
            request = FetchRequest(source.url, video, str(placed.folder), source.size, source.digest)
            try:
                self._extract(placed, request)
            except (DiskFull, NotWritable):
                raise
            except GroundtruthError as error:
                self.missing.append(PullProblem(str(placed.folder), str(error)))

    def _extract(self, placed: PlacedFrames, request: FetchRequest) -> None:
        for outcome in self.pull.transfer.fetch([request]):
            if outcome.error is not None:
                raise outcome.error
        first = self.staging.claim(placed.folder / FRAME_PATTERN.format(0))
        for frame in self.pull.frames.extract(request.destination, first.parent, placed.slot.fps):
            target = placed.folder / frame.name
            self._want(target)
            self.staging.add_file(target, frame.size, frame.mtime_ns, None)
            self.fetched += 1
            self.size += frame.size
