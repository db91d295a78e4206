"""The pictures of a pulled release with their labels: what rows a dataset made of it has.

A first pass over the documents finds the rows and what has to be known before the first of them is written: sizes,
classes, the most labels of one picture. Labels are read again when they are written, document by document.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from itertools import islice
from pathlib import Path

import attrs

from ..domain.document import AnnotationDocument
from ..domain.errors import IntegrityError, InvalidInput, NotFound, UnsupportedFile
from ..domain.item import ItemDescription, Slot
from ..domain.labelled_targets import LabelTask
from ..domain.media import SlotType
from ..domain.picture_labels import PictureLabel, frame_labels, still_labels
from ..domain.placement import FRAME_PATTERN, PlacedFile, PlacedFrames, PlacementOptions, place
from ..ports.documents import DocumentCodec
from ..ports.files import WritableFiles
from ..ports.library import LocalLibrary, LocalRelease
from ..ports.media import MediaProbe
from ..ports.pictures import PictureReader
from ..ports.runner import Runner

STILL = -1
"""Frame of a still image."""


@attrs.frozen
class Choice:
    """Which items and labels of a release are taken.

    `items` are patterns (`*`, `?`, `[...]`) of full paths, `classes` names; empty: all. `skip_empty` leaves out
    pictures without a label of the task, `skip_videos` everything that is not a still image.
    """

    items: tuple[str, ...] = ()
    classes: tuple[str, ...] = ()
    skip_empty: bool = False
    skip_videos: bool = False

    def takes(self, path: str) -> bool:
        """True for items whose full path is asked for."""
        return not self.items or any(fnmatchcase(path, pattern) for pattern in self.items)

    def labels(self, labels: Sequence[PictureLabel]) -> tuple[PictureLabel, ...]:
        """The labels whose class is asked for; layers of pixels belong to no class."""
        if not self.classes:
            return tuple(labels)
        return tuple(one for one in labels if one.class_name in self.classes or one.shape.kind == "raster_layer")


@attrs.frozen
class Row:
    """A picture that becomes a row.

    `picture` is its file; with `is_video` that is a video, whose frame number `frame` it is, at `fps` frames per
    second. `classes` are the names of its labels, each once, `count` how many labels it has.
    """

    name: str
    item: str
    document: Path
    slot: str
    picture: Path
    width: int
    height: int
    classes: tuple[str, ...] = ()
    count: int = 0
    frame: int = STILL
    is_video: bool = False
    fps: float | None = None


@attrs.frozen
class ReleaseRows:
    """Rows in the order of the documents, slots and frames; the class names of the whole release, sorted.

    `skipped` counts frames that are labelled only in part.
    """

    rows: tuple[Row, ...]
    classes: tuple[str, ...]
    skipped: int = 0

    @property
    def same_size(self) -> bool:
        """True if all pictures have one size."""
        return len({(row.width, row.height) for row in self.rows}) == 1

    @property
    def most_labels(self) -> int:
        """Labels of the picture that has most of them."""
        return max((row.count for row in self.rows), default=0)


@attrs.frozen
class FindRows:
    """Find the rows of a release."""

    library: LocalLibrary
    codec: DocumentCodec
    files: WritableFiles
    probe: MediaProbe
    pictures: PictureReader
    runner: Runner

    def __call__(self, release: LocalRelease, task: LabelTask, choice: Choice) -> ReleaseRows:
        """Find the rows for a task.

        Raises:
            NotFound: a picture is not where the pull put it.
            UnsupportedFile: an item is neither still image nor video.
            InvalidInput: two items share a picture, or a picture has another size than its document says.
            InvalidDocument, IntegrityError: a document or a picture is damaged.
        """
        search = _Search(self, release, task, choice)
        rows = list(search.run())
        if search.unknown:
            known = ", ".join(sorted(search.classes)) or "none"
            raise NotFound(
                "class", sorted(search.unknown)[0], f"the labels of {release.reference}", f"It has: {known}"
            )
        sizes = dict(self.runner.map(self._size, {row.picture: row for row in rows}.values()))
        sized = (attrs.evolve(row, width=sizes[row.picture][0], height=sizes[row.picture][1]) for row in rows)
        return ReleaseRows(tuple(sized), tuple(sorted(set(choice.classes) or search.classes)), search.skipped)

    def _size(self, row: Row) -> tuple[Path, tuple[int, int]]:
        """Size of a picture, after the document's was compared with it."""
        if row.is_video:
            info = self.probe.probe(row.picture, row.picture.name)
            if info.width is None or info.height is None:
                raise IntegrityError(
                    f"video {row.picture}", "cannot be read", "Install the extra 'video', or use --skip-videos"
                )
            return row.picture, (info.width, info.height)
        size = self.pictures.size(row.picture)
        # A hub may tell the size as stored of a picture that its EXIF orientation turns.
        if row.width and row.height and (row.width, row.height) not in {size, size[::-1]}:
            raise InvalidInput(
                f"picture of item '{row.name}'",
                f"has {size[0]} x {size[1]} pixels, its document says {row.width} x {row.height}",
                "Pull the release again",
            )
        return row.picture, size


def slot_labels(document: AnnotationDocument, name: str, task: LabelTask) -> Mapping[int, tuple[PictureLabel, ...]]:
    """The labels of the rows of a slot, by frame, each in the order of the document."""
    slot = next(one for one in document.item.slots if one.name == name)
    if slot.type == SlotType.IMAGE:
        return {STILL: still_labels(document, slot, task.kinds)}
    return frame_labels(document, slot, task.kinds).labels


@attrs.define
class _Search:
    """One pass over the documents of a release."""

    find: FindRows
    release: LocalRelease
    task: LabelTask
    choice: Choice
    classes: set[str] = attrs.field(factory=set[str])
    skipped: int = 0
    owners: dict[Path, str] = attrs.field(factory=dict[Path, str])
    images: Path = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        self.images = self.find.library.folder(self.release.reference) / "images"

    @property
    def unknown(self) -> set[str]:
        """Classes that were asked for and never seen."""
        return set(self.choice.classes) - self.classes

    def run(self) -> Iterator[Row]:
        for path in self.find.library.annotation_files(self.release):
            document = self.find.codec.read(self.find.files.read(path), str(path))
            taken = self.choice.takes(document.item.full_path)
            for slot in sorted(document.item.slots, key=lambda one: one.name):
                yield from self._rows(path, document, slot, taken)

    def _rows(self, path: Path, document: AnnotationDocument, slot: Slot, taken: bool) -> Iterator[Row]:
        item = document.item
        name = item.full_path if len(item.slots) == 1 else f"{item.full_path}/{slot.name}"
        row = Row(name, item.full_path, path, slot.name, Path(), slot.width or 0, slot.height or 0)
        if slot.type == SlotType.IMAGE:
            labels = still_labels(document, slot, self.task.kinds)
            self.classes.update(self.task.names(labels))
            if taken and (found := self._labelled(row, labels)) is not None:
                yield attrs.evolve(found, picture=self._still(item, slot, name))
            return
        frames = frame_labels(document, slot, self.task.kinds)
        for labels in frames.labels.values():
            self.classes.update(self.task.names(labels))
        if taken and not self.choice.skip_videos:
            self.skipped += frames.unclear
            yield from self._frames(attrs.evolve(row, fps=slot.fps), item, slot, frames.labels)

    def _frames(
        self, row: Row, item: ItemDescription, slot: Slot, labels: Mapping[int, tuple[PictureLabel, ...]]
    ) -> Iterator[Row]:
        """Rows of the labelled frames, named by the video and the frame."""
        listed = [(frame, self._labelled(row, found)) for frame, found in labels.items()]
        # Frames without a label of the chosen classes are no rows: of a video only labelled frames are.
        listed = [(frame, found) for frame, found in listed if found is not None and found.count]
        if not listed:
            return
        folder, video = self._video(item, slot, row.name)
        for frame, found in listed:
            file = FRAME_PATTERN.format(frame)
            assert found is not None
            yield attrs.evolve(
                found, name=f"{row.name}/{file}", frame=frame,
                picture=video or folder / file, is_video=video is not None,
            )  # fmt: skip

    def _labelled(self, row: Row, labels: Sequence[PictureLabel]) -> Row | None:
        """The row with what is known of its labels; None if it is left out."""
        names = self.task.names(self.choice.labels(labels))
        if self.choice.skip_empty and not names:
            return None
        return attrs.evolve(row, classes=tuple(sorted(set(names))), count=len(names))

    # --- where the files are ---------------------------------------------------------------------------

    def _still(self, item: ItemDescription, slot: Slot, name: str) -> Path:
        for path in self._candidates(item, slot):
            if self.find.files.exists(path):
                return self._own(path, name)
        raise self._missing(name)

    def _video(self, item: ItemDescription, slot: Slot, name: str) -> tuple[Path, Path | None]:
        """Folder of the frames, or the video itself where the release was pulled without cutting it."""
        for placed in self._placed(item, slot, video_frames=True):
            if not isinstance(placed, PlacedFile):
                folder = self.images / placed.folder
                if self.find.files.exists(folder / FRAME_PATTERN.format(0)):
                    return self._own(folder, name), None
        if slot.type != SlotType.VIDEO:
            raise UnsupportedFile(
                f"item '{name}'",
                f"is a {slot.type}, neither still image nor video",
                "Pull the release with --video-frames to have it as pictures, or leave it out with --skip-videos",
                name,
            )
        return Path(), self._still(item, slot, name)

    def _candidates(self, item: ItemDescription, slot: Slot) -> Iterator[Path]:
        """Where the file of a slot may be: as the document says, if that is among what was pulled, or as placed."""
        for source in slot.source_files[:1]:
            said = next((value for key, value in source.extra.items() if key[-1] == "local_path"), None)
            if isinstance(said, str) and ".." not in Path(said).parts:
                yield from self._inside(Path(said))
        for placed in self._placed(item, slot):
            if isinstance(placed, PlacedFile):
                yield self.images / placed.target

    def _inside(self, path: Path) -> Iterator[Path]:
        """A path that is among the pulled media, or was before the library was moved."""
        if path.is_relative_to(self.images.absolute()):
            yield path
        elif "images" in path.parts:
            last = len(path.parts) - 1 - path.parts[::-1].index("images")
            yield self.images.joinpath(*path.parts[last + 1 :])

    def _placed(
        self, item: ItemDescription, slot: Slot, video_frames: bool = False
    ) -> Iterator[PlacedFile | PlacedFrames]:
        """The place of a slot in each layout; only its first file counts."""
        alone, several = attrs.evolve(item, slots=(slot,)), len(item.slots) > 1
        for options in self._layouts():
            if several and not options.ignore_slots:
                options = attrs.evolve(options, force_slots=True)
            elif several and slot.name != min(one.name for one in item.slots):
                continue
            yield from islice(place(alone, attrs.evolve(options, video_frames=video_frames), strict=False), 1)

    def _layouts(self) -> tuple[PlacementOptions, PlacementOptions]:
        """The layout the release was pulled with, and another: nobody knows that of another program's."""
        parts = set(self.release.recipe.split(","))
        said = PlacementOptions("use_folders" in parts, "force_slots" in parts, "ignore_slots" in parts)
        return said, PlacementOptions(use_folders=not said.use_folders)

    def _own(self, path: Path, name: str) -> Path:
        """Note whose picture this is.

        Raises:
            InvalidInput: it is another item's already.
        """
        owner = self.owners.setdefault(path, name)
        if owner != name:
            raise InvalidInput(
                f"items '{owner}' and '{name}'", f"have one picture, {path}", "Pull the release again, with folders"
            )
        return path

    def _missing(self, name: str) -> NotFound:
        where = f"the pulled media of {self.release.reference}"
        return NotFound(
            "picture of item", name, where, f"Pull it again: groundtruth dataset pull {self.release.reference}"
        )
