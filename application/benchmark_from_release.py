"""From labels to a benchmark: a release becomes an array dataset with a benchmark on it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs

from ..domain.array_dataset import ArrayDataset, ColumnAnnotation, Modality
from ..domain.arrays import np
from ..domain.artifact import LONGEST, ArtifactMeta
from ..domain.benchmark import Benchmark
from ..domain.columns import object_array
from ..domain.errors import Conflict, IntegrityError, InvalidInput
from ..domain.labelled_targets import LabelTask, Targets, make_targets
from ..domain.picture_labels import PictureLabel
from ..domain.policies import ConflictPolicy
from ..domain.reference import DatasetReference
from ..ports.arrays import ArrayFiles, ZarrLayout
from ..ports.documents import DocumentCodec
from ..ports.files import WritableFiles
from ..ports.library import LocalLibrary, LocalRelease
from ..ports.media import MediaProbe
from ..ports.pictures import PictureReader, VideoReader
from ..ports.progress import Advanced, Finished, Progress, Started, Warned
from ..ports.runner import Runner
from .pull import PullOptions, PullRelease
from .release_rows import Choice, FindRows, ReleaseRows, Row, slot_labels
from .release_split import SplitChoice, SplitRows
from .verify import find_local

if TYPE_CHECKING:
    from numpy.typing import NDArray

TASK = "benchmark"
IMAGE = "image"
FAST = 1
"""Compression of photos: level 5 takes six times as long for a seventh less."""
PIXELS = "image/x-rgb"
"""Content type of the pictures: red, green and blue in 8 bits each."""

_ANNOTATIONS = {
    "height": ColumnAnnotation(description="height of the picture in pixels"),
    IMAGE: ColumnAnnotation(
        False, Modality.IMAGE, "picture as shown, height x width x 3, uint8", content_type=PIXELS
    ),
    "name": ColumnAnnotation(description="full path of the item; of a video, the frame in it"),
    "width": ColumnAnnotation(description="width of the picture in pixels"),
}


@attrs.frozen(kw_only=True)
class FromReleaseOptions:
    """What to make of a release.

    `name` is that of dataset and benchmark (None: made of dataset, release and task), `owner` theirs. `metrics` go
    before those of the task; the first is the main one. `multi_label`: a picture may have any number of tags.
    `batch_bytes` bounds the pixels in memory (a larger picture is a batch of its own).
    """

    task: LabelTask
    split: SplitChoice = attrs.field(factory=SplitChoice)
    choice: Choice = attrs.field(factory=Choice)
    name: str | None = None
    owner: str | None = None
    description: str = ""
    metrics: tuple[str, ...] = ()
    multi_label: bool = False
    layout: ZarrLayout = attrs.field(factory=lambda: ZarrLayout(level=FAST))
    if_exists: ConflictPolicy = ConflictPolicy.RAISE
    batch_bytes: int = 32 << 20


@attrs.frozen
class FromRelease:
    """What was made: the benchmark, its dataset, the class names by number, and frames left out as unclear.

    Of a segmentation, number 0 is the background, and the names begin with 1.
    """

    benchmark: Benchmark
    classes: tuple[str, ...]
    skipped: int = 0

    @property
    def dataset(self) -> ArrayDataset:
        """The dataset, whose archive is in the folder that was given."""
        return self.benchmark.dataset


@attrs.frozen
class BenchmarkFromRelease:
    """Make a benchmark of a release.

    A release that is not on this machine is pulled first, if `pull` gives what does it.
    """

    library: LocalLibrary
    codec: DocumentCodec
    files: WritableFiles
    probe: MediaProbe
    pictures: PictureReader
    videos: VideoReader
    arrays: ArrayFiles
    runner: Runner
    progress: Progress
    pull: Callable[[], PullRelease] | None = None

    def __call__(self, reference: DatasetReference, folder: Path, options: FromReleaseOptions) -> FromRelease:
        """Write the archive `<slug>.zarr` into `folder`; the benchmark itself is only returned.

        The same release with the same options gives the same bytes. Rows are in the order of the documents, slots
        and frames; class numbers follow the sorted names of all labels of the task that the release has, or of
        those chosen. The archive appears whole or not at all. Memory follows the batch.

        Raises:
            ReleaseNotFound: it is not on this machine, and cannot be pulled.
            Conflict: the archive exists, and the policy is to raise.
            InvalidInput: labels, split or name do not make a benchmark; names the item.
            As FindRows and SplitRows, and what pulling raises.
        """
        release = self._release(reference)
        meta = _meta(release, options)
        find = FindRows(self.library, self.codec, self.files, self.probe, self.pictures, self.runner)
        found = find(release, options.task, options.choice)
        if not found.rows:
            raise InvalidInput(f"release {release.reference}", "has no picture for this benchmark", _FEW)
        targets = make_targets(options.task, found.classes, found.most_labels, options.multi_label)
        split = SplitRows(self.files)(options.split, found.rows, release)
        if found.skipped:
            self.progress.report(Warned(f"{found.skipped} frames are labelled only in part and were left out"))
        archive = self.arrays.write_zarr(
            folder / f"{meta.slug}.zarr", self._batches(found, targets, options), options.layout, options.if_exists
        )
        dataset = attrs.evolve(
            self._loaded(archive, found),
            meta=meta,
            annotations={**_ANNOTATIONS, **targets.columns()},
            readme=_readme(release, found, targets, options),
        )
        columns, metrics = tuple(targets.columns()), options.metrics or targets.metrics
        benchmark = Benchmark(
            version=2,
            meta=attrs.evolve(meta, user_attributes={**meta.user_attributes, "split": str(options.split)}),
            dataset=dataset,
            target_cols=columns,
            input_cols=(IMAGE,),
            split=split,
            metrics=metrics,
            main_metric=metrics[0],
            target_types=dict.fromkeys(columns, targets.target_type),
            n_classes=targets.n_classes(),
            readme=dataset.readme,
        )
        return FromRelease(benchmark, targets.classes, found.skipped)

    def _loaded(self, archive: Path, found: ReleaseRows) -> ArrayDataset:
        """Open the archive; one that was there already has to have the same rows."""
        dataset = self.arrays.load(archive)
        if dataset.read(slice(None), "name").tolist() != [row.name for row in found.rows]:
            raise Conflict(str(archive), "was made of something else", "Choose another name, or the policy replace")
        return dataset

    def _release(self, reference: DatasetReference) -> LocalRelease:
        release = self.library.release(reference)
        has_media = release is not None and release.recipe != PullOptions(only_annotations=True).recipe
        if release is not None and has_media:
            return release
        if self.pull is None:
            found = find_local(self.library, reference)
            raise InvalidInput(
                f"release {found.reference}",
                "was pulled without its media",
                f"Pull it: groundtruth dataset pull {found.reference}",
            )
        # Videos come as they are: their frames are read one after the other, and need no files.
        report = self.pull()(reference, PullOptions())
        if report.local is None:
            lacking = report.problems[0]
            raise IntegrityError(f"release {reference}", f"lacks {lacking.name}: {lacking.reason}", "Pull it again")
        return report.local

    # --- rows ------------------------------------------------------------------------------------------

    def _batches(self, found: ReleaseRows, targets: Targets, options: FromReleaseOptions) -> Iterator[dict[str, Any]]:
        """Columns of some rows at a time; a picture is decoded once."""
        labels = _Labels(self.codec, self.files, options.task, options.choice)
        self.progress.report(Started(TASK, len(found.rows), "pictures"))
        with closing(_Pixels(self.pictures, self.videos, self.runner)) as pixels:
            for rows in _in_batches(found.rows, options.batch_bytes):
                images = pixels.read(rows)
                columns: dict[str, Any] = {
                    "height": np.array([row.height for row in rows], dtype=np.int32),
                    IMAGE: np.stack(images) if found.same_size else object_array(images),
                    "name": np.array([row.name for row in rows]),
                    "width": np.array([row.width for row in rows], dtype=np.int32),
                }
                del images
                yield columns | _columns([_values(targets, row, labels(row)) for row in rows], found.same_size)
                self.progress.report(Advanced(TASK, len(rows)))
        self.progress.report(Finished(TASK))


_FEW = "Look at what was chosen: items, classes, --skip-empty, --skip-videos"


def _in_batches(rows: Sequence[Row], most_bytes: int) -> Iterator[Sequence[Row]]:
    start = size = 0
    for position, row in enumerate(rows):
        added = row.width * row.height * 3
        if position > start and size + added > most_bytes:
            yield rows[start:position]
            start, size = position, 0
        size += added
    yield rows[start:]


def _values(targets: Targets, row: Row, labels: Sequence[PictureLabel]) -> Mapping[str, Any]:
    """Targets of a row; what is wrong with them is told with the name of the item."""
    try:
        return targets.values(labels, row.width, row.height)
    except InvalidInput as error:
        raise InvalidInput(f"item '{row.name}'", f"{error.what} {error.reason}".strip(), error.advice) from error


def _columns(values: Sequence[Mapping[str, Any]], same_size: bool) -> dict[str, Any]:
    """Columns of the targets: label images are as large as their pictures, everything else is of one size."""
    names = values[0]
    return {
        name: object_array(one[name] for one in values)
        if name == "mask" and not same_size
        else np.stack([one[name] for one in values])
        for name in names
    }


@attrs.define
class _Labels:
    """Reads the labels of rows; those of the slot before are kept, since a video has many rows."""

    codec: DocumentCodec
    files: WritableFiles
    task: LabelTask
    choice: Choice
    _slot: tuple[Path, str] | None = None
    _labels: Mapping[int, Sequence[PictureLabel]] = attrs.field(factory=dict[int, Sequence[PictureLabel]])

    def __call__(self, row: Row) -> Sequence[PictureLabel]:
        if self._slot != (row.document, row.slot):
            document = self.codec.read(self.files.read(row.document), str(row.document))
            self._labels, self._slot = slot_labels(document, row.slot, self.task), (row.document, row.slot)
        return self.choice.labels(self._labels[row.frame])


@attrs.define
class _Pixels:
    """Reads the pictures of rows: still images several at a time, the frames of a video one after the other."""

    pictures: PictureReader
    videos: VideoReader
    runner: Runner
    _video: tuple[Path, Iterator[Any]] | None = None
    _next: int = 0

    def read(self, rows: Sequence[Row]) -> list[NDArray[np.uint8]]:
        """Pixels of each row.

        Raises:
            IntegrityError: a picture is damaged or has another size than before.
        """
        images: dict[int, Any] = {}
        stills = [(place, row) for place, row in enumerate(rows) if not row.is_video]
        images.update(self.runner.map(self._still, stills))
        for place, row in enumerate(rows):
            if row.is_video:
                images[place] = self._frame(row)
            if images[place].shape != (row.height, row.width, 3):
                raise IntegrityError(
                    f"picture of '{row.name}'",
                    f"has the shape {images[place].shape}, it said {row.height} x {row.width}",
                )
        return [images[place] for place in range(len(rows))]

    def _still(self, numbered: tuple[int, Row]) -> tuple[int, Any]:
        place, row = numbered
        return place, self.pictures.read(row.picture)

    def _frame(self, row: Row) -> Any:
        if self._video is None or self._video[0] != row.picture or self._next > row.frame:
            self.close()
            self._video, self._next = (row.picture, self.videos.frames(row.picture, row.fps)), 0
        for pixels in self._video[1]:
            self._next += 1
            if self._next > row.frame:
                return pixels
        raise IntegrityError(f"video {row.picture}", f"has {self._next} frames, frame {row.frame} is labelled")

    def close(self) -> None:
        """Let go of the video."""
        end = None if self._video is None else getattr(self._video[1], "close", None)
        self._video = None
        if end is not None:
            end()


# --- what it is called --------------------------------------------------------------------------------


def _meta(release: LocalRelease, options: FromReleaseOptions) -> ArtifactMeta:
    reference = release.reference
    name = options.name
    if name is None:
        parts = (reference.dataset, reference.release or "", options.task.value)
        name = re.sub(r"[^A-Za-z0-9_-]+", "-", "-".join(parts))[:LONGEST].strip("-_")
    source = f"{reference.identifier}:{reference.release}"
    attributes = {"release": source}
    if release.digest is not None:
        attributes["release_digest"] = str(release.digest)
    return ArtifactMeta(
        name=name,
        owner=options.owner,
        description=options.description or f"{options.task.capitalize()} on the release {source}",
        tags=(options.task.value,),
        user_attributes=attributes,
    )


def _readme(release: LocalRelease, found: ReleaseRows, targets: Targets, options: FromReleaseOptions) -> str:
    many = f"{len(found.rows)} pictures, {len(targets.classes)} classes: {', '.join(targets.classes)}."
    return f"Made of the release {release.reference} for {options.task}.\n\n{many}\n"
