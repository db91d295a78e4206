"""Push local files into a dataset."""

from __future__ import annotations

import fnmatch
import itertools
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path

import attrs

from ..domain.bundle import MAX_OBJECT
from ..domain.dataset import Dataset
from ..domain.errors import DiskFull, GroundtruthError, InvalidInput, InvalidName, ObjectNotFound
from ..domain.media import is_supported
from ..domain.names import ROOT, RemotePath, check_item_name
from ..domain.reference import DatasetReference
from ..domain.upload import (
    BlockReason,
    MergeMode,
    NewItem,
    NewSlot,
    PendingUpload,
    UploadOptions,
    check_fps,
    merged_item,
)
from ..ports.datasets import DatasetCatalogue
from ..ports.files import FoundFile, LocalFiles
from ..ports.progress import Advanced, Finished, Progress, Started, Transferred
from ..ports.runner import Runner
from ..ports.uploads import UploadDesk
from .streams import closing

TASK = "push"
REGISTER_BATCH = 500
CONFIRM_BATCH = 250
CONFIRM_BYTES = 64 << 20
"""Finished uploads are confirmed at the latest after this many files or bytes: what a crash makes us send again."""
BUNDLE_SLOTS = 32
BUNDLE_BYTES = 2 << 20
"""Where the hub is quicker that way, small slots are put together: at most so many, and so many bytes."""


@attrs.frozen
class PushOptions:
    """How files become items (reference: V7 Darwin, section 5.1)."""

    path: RemotePath = ROOT
    preserve_folders: bool = False
    exclude: tuple[str, ...] = ()
    fps: float | str = "native"
    as_frames: bool = False
    extract_views: bool = False
    handle_as_slices: bool = False
    merge: MergeMode | None = None

    def __attrs_post_init__(self) -> None:
        clashing = [
            flag
            for flag, given in (
                ("--preserve-folders", self.preserve_folders),
                ("--frames", self.as_frames),
                ("--extract-views", self.extract_views),
            )
            if given and self.merge is not None
        ]
        if clashing:
            raise InvalidInput("--item-merge-mode", f"cannot be combined with {clashing[0]}", "Drop one of the two")
        if self.preserve_folders and self.path != ROOT:
            raise InvalidInput("--preserve-folders", "cannot be combined with --path", "Drop one of the two")
        check_fps(self.fps)

    def excludes(self, file: FoundFile) -> bool:
        """True if a pattern fits: an ending (`.jpg`), or a path or glob on name, relative or whole path."""
        names = (file.path.name, file.relative.as_posix(), str(file.path))
        return any(
            names[0].lower().endswith(pattern.lower())
            if pattern.startswith(".") and "/" not in pattern
            # A name such as `a[1].jpg` fits itself, though it does not as a glob.
            else pattern in names or any(fnmatch.fnmatchcase(name, pattern) for name in names)
            for pattern in self.exclude
        )


@attrs.frozen
class PushIssue:
    """A file that was not uploaded: which, at what stage, and why."""

    path: str
    stage: str
    reason: str


@attrs.define
class PushReport:
    """What a push did. `present` were in the dataset already; `skipped` were passed over on purpose."""

    dataset: Dataset
    items: int = 0
    files: int = 0
    size: int = 0
    present: list[str] = attrs.field(factory=list[str])
    skipped: list[PushIssue] = attrs.field(factory=list[PushIssue])
    failed: list[PushIssue] = attrs.field(factory=list[PushIssue])

    @property
    def is_complete(self) -> bool:
        """True if nothing failed."""
        return not self.failed


@attrs.frozen
class PushItems:
    """Find media files, register them as items, upload and confirm them.

    Registration, upload and confirmation overlap; memory follows the batch. A push that was interrupted is
    continued by the same call: what is complete is not sent again.
    """

    datasets: DatasetCatalogue
    uploads: UploadDesk
    files: LocalFiles
    runner: Runner
    progress: Progress

    def __call__(
        self, reference: DatasetReference, paths: Sequence[Path], options: PushOptions | None = None
    ) -> PushReport:
        """Push files and folders.

        Raises:
            DatasetNotFound: create it first.
            DiskFull: the hub has no room; what was confirmed stays.
        """
        chosen = options or PushOptions()
        report = PushReport(self.datasets.get_dataset(reference))
        planner = _Planner(self.files, paths, chosen, report, self.progress, frozenset(paths))
        self.progress.report(Started(TASK, planner.count(), "files"))
        _Upload(self, planner, report, _Confirmer(self.uploads)).run()
        self.progress.report(Finished(TASK))
        return report


@attrs.frozen
class _Planner:
    """Turns files into items, reporting every file that becomes none."""

    files: LocalFiles
    paths: Sequence[Path]
    options: PushOptions
    report: PushReport
    progress: Progress
    named: frozenset[Path]
    sizes: dict[Path, int] = attrs.field(factory=dict[Path, int])

    def count(self) -> int:
        """Number of files that will be considered, by a quick look that keeps nothing."""
        looks = [self.files.find(self.paths)] if self.options.merge is None else map(self.files.children, self.paths)
        return sum(
            not isinstance(found, OSError) and is_supported(found.path) and not self.options.excludes(found)
            for found in itertools.chain.from_iterable(looks)
        )

    def items(self) -> Iterator[NewItem]:
        """Items, lazily, each full path once."""
        source = self._merged() if self.options.merge else self._single()
        # A name that stands for two files would silently lose one of them, so the second is refused.
        seen: set[str] = set()
        for item in source:
            if item.full_path in seen:
                self._fail(
                    str(item.slots[0].sources[0]),
                    f"another file of this push has the name {item.full_path}; keep folders with --preserve-folders",
                )
                self._pass(sum(len(slot.sources) for slot in item.slots))
                continue
            seen.add(item.full_path)
            yield item

    def _usable(self, found: FoundFile | OSError) -> FoundFile | None:
        if isinstance(found, OSError):
            self._fail(str(found.filename), found.strerror or str(found))
            return None
        if self.options.excludes(found):
            self.report.skipped.append(PushIssue(str(found.path), "exclude", "excluded"))
            return None
        if not is_supported(found.path):
            # A file the user named must not be dropped in silence; one met in a folder may be.
            if found.path in self.named:
                self._fail(str(found.path), "is of an unsupported type")
            else:
                self.report.skipped.append(PushIssue(str(found.path), "find", "unsupported type"))
            return None
        if found.size == 0:
            self._fail(str(found.path), "is empty (0 bytes)")
            self._pass(1)
            return None
        self.sizes[found.path] = found.size
        return found

    def size(self, slot: NewSlot) -> int:
        """Bytes of a slot of one of the latest items."""
        return sum(self.sizes.get(path, 0) for path in slot.sources)

    def _single(self) -> Iterator[NewItem]:
        for candidate in self.files.find(self.paths):
            found = self._usable(candidate)
            if found is None:
                continue
            try:
                name = check_item_name(found.path.name)
                yield NewItem(name, [self._slot(found)], self._folder(found))
            except InvalidName as error:
                self._fail(str(found.path), error.message)
                self._pass(1)

    def _slot(self, found: FoundFile) -> NewSlot:
        options = self.options
        return NewSlot("0", found.path.name, (found.path,), options.fps, options.as_frames, options.extract_views)

    def _folder(self, found: FoundFile) -> RemotePath:
        if not self.options.preserve_folders:
            return self.options.path
        return RemotePath(found.relative.parent.as_posix())

    def _merged(self) -> Iterator[NewItem]:
        mode = self.options.merge
        assert mode is not None
        for path in self.paths:
            known = len(self.report.failed)
            usable = [found.path for file in self.files.children(path) if (found := self._usable(file)) is not None]
            item = None
            if len(self.report.failed) == known:
                item = self._merge(path, usable, mode)
            elif self.report.failed[-1].path != str(path):
                # Pushed without one of its files, the item could not be completed afterwards.
                self._fail(str(path), "was left out as a whole, because a file in it cannot be taken")
            if item is None:
                self._pass(len(usable))
            else:
                yield attrs.evolve(item, path=self.options.path)

    def _merge(self, path: Path, usable: Sequence[Path], mode: MergeMode) -> NewItem | None:
        # The name that was given counts, also where it is a link; `.` and `..` have none.
        name = path.name if path.name not in {"", ".."} else path.resolve().name
        try:
            item = merged_item(name, usable, mode, self.options.fps)
        except InvalidInput as error:
            self._fail(str(path), str(error))
            return None
        if item is None:
            self._fail(str(path), "has no files that can be merged")
        return item

    def _fail(self, path: str, reason: str) -> None:
        self.report.failed.append(PushIssue(path, "find", reason))

    def _pass(self, count: int) -> None:
        """Count files that were announced and come to nothing, or progress would never reach its end."""
        if count:
            self.progress.report(Advanced(TASK, count))


@attrs.define
class _Sent:
    """Outcome of sending one slot, and of confirming it."""

    upload: PendingUpload
    size: int = 0
    error: GroundtruthError | None = None
    stage: str = "upload"


@attrs.define
class _Confirmer:
    """Confirms uploads in batches. Whoever completes a batch confirms it, while others go on sending."""

    uploads: UploadDesk
    waiting: list[_Sent] = attrs.field(factory=list[_Sent], init=False)
    size: int = attrs.field(default=0, init=False)
    lock: threading.Lock = attrs.field(factory=threading.Lock, init=False)

    def keep(self, sent: Sequence[_Sent]) -> None:
        """Take note of slots that were sent."""
        with self.lock:
            self.waiting.extend(sent)
            self.size += sum(one.size for one in sent)

    def due(self) -> list[_Sent]:
        """Confirm what there is, if it is enough; return what was confirmed (or refused) now."""
        with self.lock:
            if len(self.waiting) < CONFIRM_BATCH and self.size < CONFIRM_BYTES:
                return []
            batch = self._taken()
        try:
            self._confirm(batch)
        except BaseException:
            with self.lock:
                self.waiting.extend(batch)  # the last confirmation repeats it
            raise
        return batch

    def rest(self) -> list[_Sent]:
        """Confirm what is left."""
        with self.lock:
            batch = self._taken()
        self._confirm(batch)
        return batch

    def _taken(self) -> list[_Sent]:
        batch, self.waiting, self.size = self.waiting, [], 0
        return batch

    def _confirm(self, batch: list[_Sent]) -> None:
        unknown = self._declare(batch) if batch else {}
        for sent in batch:
            sent.error, sent.stage = unknown.get(sent.upload.upload_id), "confirm"

    def _declare(self, batch: Sequence[_Sent]) -> dict[str, ObjectNotFound]:
        """Confirm uploads; return the errors of those the hub does not know any more, by upload id."""
        try:
            self.uploads.confirm([sent.upload for sent in batch])
        except ObjectNotFound as error:
            if len(batch) == 1:
                return {batch[0].upload.upload_id: error}
            # An item that was deleted meanwhile must not hold back the others: none of them is confirmed yet.
            unknown: dict[str, ObjectNotFound] = {}
            for sent in batch:
                unknown.update(self._declare([sent]))
            return unknown
        return {}


@attrs.define
class _Upload:
    """One run: registers ahead of the uploads, confirms behind them."""

    push: PushItems
    planner: _Planner
    report: PushReport
    confirmer: _Confirmer
    slots_left: dict[str, int] = attrs.field(factory=dict[str, int])

    def run(self) -> None:
        try:
            with closing(self.push.runner.map(self._send, self._bundles())) as results:
                for ended in results:
                    self._take(ended)
        finally:
            # Also on Ctrl-C and on a full disk: what was sent whole is not sent again next time.
            self._take(self.confirmer.rest())

    def _bundles(self) -> Iterator[list[PendingUpload]]:
        """Slots to be put at once: small ones together, where the hub wants them so."""
        bundle: list[PendingUpload] = []
        size = 0
        small: int | None = None
        for upload, weight in self._register():
            if small is None:
                small = MAX_OBJECT if self.push.uploads.takes_bundles(self.report.dataset) else 0
            if weight > small:
                yield [upload]
                continue
            if len(bundle) == BUNDLE_SLOTS or size + weight > BUNDLE_BYTES:
                yield bundle
                bundle, size = [], 0
            bundle.append(upload)
            size += weight
        if bundle:
            yield bundle

    def _register(self) -> Iterator[tuple[PendingUpload, int]]:
        """Slots the hub waits for, each with its size."""
        upload_options = UploadOptions(self.planner.options.handle_as_slices)
        items = self.planner.items()
        while batch := list(itertools.islice(items, REGISTER_BATCH)):
            answer = self.push.uploads.register(self.report.dataset, batch, upload_options)
            for blocked in answer.blocked:
                if blocked.reason is BlockReason.ALREADY_EXISTS:
                    self.report.present.append(blocked.item.full_path)
                else:
                    reason = f"{blocked.reason.value.lower().replace('_', ' ')} {blocked.detail}".strip()
                    self.report.failed.append(PushIssue(blocked.item.full_path, "register", reason))
                self.push.progress.report(Advanced(TASK, sum(len(slot.sources) for slot in blocked.item.slots)))
            for upload in answer.uploads:
                self.slots_left[upload.item_id] = self.slots_left.get(upload.item_id, 0) + 1
            weighed = [(upload, self.planner.size(upload.slot)) for upload in answer.uploads]
            self.planner.sizes.clear()
            yield from weighed

    def _send(self, uploads: Sequence[PendingUpload]) -> list[_Sent]:
        """Send slots; return the slots whose end this brought about."""
        sent = {upload.upload_id: _Sent(upload) for upload in uploads}

        def on_bytes(upload: PendingUpload, count: int) -> None:
            sent[upload.upload_id].size += count
            self.push.progress.report(Transferred(TASK, upload.slot.file_name, count))

        errors = self.push.uploads.put_all(uploads, on_bytes)
        self.confirmer.keep([one for upload_id, one in sent.items() if upload_id not in errors])
        failed: list[_Sent] = []
        for upload_id, error in errors.items():
            if isinstance(error, DiskFull):
                raise error
            sent[upload_id].error = error
            failed.append(sent[upload_id])
        return failed + self.confirmer.due()

    def _take(self, ended: Sequence[_Sent]) -> None:
        for sent in ended:
            if sent.error is None:
                self._count(sent)
            else:
                self._refuse(sent, sent.error)

    def _count(self, sent: _Sent) -> None:
        files = len(sent.upload.slot.sources)
        self.report.files += files
        self.report.size += sent.size
        self.push.progress.report(Advanced(TASK, files, sent.size))
        self.slots_left[sent.upload.item_id] -= 1
        if self.slots_left[sent.upload.item_id] == 0:
            del self.slots_left[sent.upload.item_id]
            self.report.items += 1

    def _refuse(self, sent: _Sent, error: GroundtruthError) -> None:
        sources = sent.upload.slot.sources
        self.report.failed.append(PushIssue(str(sources[0]), sent.stage, error.message))
        self.push.progress.report(Advanced(TASK, len(sources)))
