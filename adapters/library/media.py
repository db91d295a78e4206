"""Media of a dataset: where a file goes so that no published release loses what it needs."""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path, PurePosixPath

import msgspec

from ...domain.digest import Digest
from ...domain.errors import IntegrityError, InvalidName, NotWritable
from ...domain.names import safe_component
from ...domain.reference import LATEST
from ...ports.library import LocalFile, PlaceTaken
from .atomic import storage_error, writing
from .contents import ContentIndex
from .records import ARRIVED, BOOKS, FILES_FILE, IMAGES
from .swap import PREFIXES

MOVES_FILE = "replacing.jsonl"
"""In a release: targets whose file waits in `replacing/` and has to be moved to `images/`."""

_KNOWN_FOLDERS = 4096


def replacing_folder(dataset: Path, release: str) -> Path:
    """Where files wait that replace another release's at publish. The same in every attempt."""
    return dataset / BOOKS / "replacing" / release


def scratch_folder(dataset: Path, release: str) -> Path:
    """Where files are that are only needed while the release is put together. The same in every attempt."""
    return dataset / BOOKS / "scratch" / release


def clear_aside(dataset: Path, chosen: Callable[[str], bool]) -> None:
    """Delete what waits, is scratch or was noted for the chosen releases. Only when nobody stages anything."""
    for folder in (dataset / BOOKS / "replacing", dataset / BOOKS / "scratch", dataset / ARRIVED):
        if folder.is_dir():
            for name in filter(chosen, os.listdir(folder)):
                shutil.rmtree(folder / name, ignore_errors=True)


def checked(target: PurePosixPath) -> str:
    """The target as text, if each part is a plain file name.

    Raises:
        InvalidName: absolute, empty, `..`, a part over 255 bytes, a character no file name may have.
    """
    text = str(target)
    if not _is_inside(text):
        raise InvalidName(f"target {text!r}", "cannot be a file below images/", "Use plain file names")
    return text


@lru_cache(maxsize=4096)  # asked when a file is planned, claimed and recorded
def _is_inside(text: str) -> bool:
    return all(safe_component(part) == part for part in text.split("/"))


class MediaPlaces:
    """Places for the media of one release that is being put together."""

    def __init__(self, dataset: Path, release: str, key: Callable[[str], str]) -> None:
        self._dataset = dataset
        self._images = str(dataset / IMAGES)
        self._replacing = str(replacing_folder(dataset, release))
        self._release = release
        self._key = key
        self._prepared: dict[tuple[str, str], Path] = {}
        self._contents: ContentIndex | None = None
        self._any_replacing = os.path.isdir(self._replacing)
        self._absent = ""

    def claim(self, target: PurePosixPath, size: int | None, digest: Digest | None) -> Path:
        """As `ReleaseStaging.claim`."""
        text = checked(target)
        final = self._prepare(self._images, text)
        # Who asked a moment ago whether it is known need not look again.
        if text == self._absent or not self._needed_by_others(final, text, size, digest):
            return final
        self._any_replacing = True
        return self._prepare(self._replacing, text)

    def known(self, target: PurePosixPath, origin: str) -> LocalFile | None:
        """As `ReleaseStaging.known`."""
        text = checked(target)
        try:
            there = os.stat(self.place(text))
        except OSError:
            self._absent = text
            return None
        contents = self._known_contents()
        if not contents.is_from(text, there, origin):
            return None
        return LocalFile(f"{IMAGES}/{text}", there.st_size, there.st_mtime_ns, contents.digest(text, there))

    def replaces(self, target: str) -> bool:
        """True if the target's new file waits in `replacing/`."""
        return self._any_replacing and os.path.lexists(os.path.join(self._replacing, target))

    def place(self, target: str) -> str:
        """Where the target's new file is now."""
        return f"{self._replacing if self.replaces(target) else self._images}{os.sep}{target}"

    def _prepare(self, base: str, target: str) -> Path:
        """Path of the target below `base`; its folder exists then."""
        inside, _, name = target.rpartition("/")
        folder = self._prepared.get((base, inside))
        if folder is None:
            folder = Path(base, inside)
            make_folder(base, str(folder))
            if len(self._prepared) >= _KNOWN_FOLDERS:
                self._prepared.clear()
            self._prepared[base, inside] = folder
        return folder / name

    def _needed_by_others(self, final: Path, target: str, size: int | None, digest: Digest | None) -> bool:
        try:
            there = os.stat(final)
        except OSError:
            return False
        if stat.S_ISDIR(there.st_mode):
            raise _taken(target, is_file=False)
        return self._known_contents().needs(target, there, size, digest)

    def _known_contents(self) -> ContentIndex:
        """What the books of the dataset say of its media; read when the first file is there already."""
        if self._contents is None:
            self._contents = ContentIndex(self._key)
            releases = self._dataset / "releases"
            for name in os.listdir(releases):
                if name != LATEST and not name.startswith(PREFIXES):
                    self._contents.add(releases / name / BOOKS / FILES_FILE, needed=name != self._release)
            for notes in sorted((self._dataset / ARRIVED / self._release).glob("*")):
                self._contents.add(notes, needed=False)
        return self._contents


def _taken(place: str, is_file: bool) -> PlaceTaken:
    what = "is a file where a folder is needed" if is_file else "is a folder where a file is needed"
    return PlaceTaken(f"{IMAGES}/{place}", what, "Pull with another layout, or move it away", place, is_file)


def make_folder(base: str, folder: str) -> None:
    """Make `folder`, which is `base` or below it, unless a link on the way leads out of `base`.

    Raises:
        NotWritable: naming the link, or the folder that cannot be made.
    """
    real_base, real = os.path.realpath(base), os.path.realpath(folder)
    if real != real_base and not real.startswith(real_base + os.sep):
        link = _first_link(base, folder)
        raise NotWritable(link, "is a link that leads out of the images folder", "Remove the link, then pull again")
    try:
        os.makedirs(folder, exist_ok=True)
    except (FileExistsError, NotADirectoryError) as error:
        place = _first_file(base, folder)
        if place is None:
            raise storage_error(error, folder) from error
        raise _taken(place, is_file=True) from error
    except OSError as error:
        raise storage_error(error, folder) from error


def _first_file(base: str, folder: str) -> str | None:
    """The part of the way from `base` to `folder`, relative to `base`, that is no folder."""
    inside = ""
    for part in os.path.relpath(folder, base).split(os.sep):
        inside = f"{inside}/{part}" if inside else part
        if os.path.lexists(os.path.join(base, inside)) and not os.path.isdir(os.path.join(base, inside)):
            return inside
    return None


def _first_link(base: str, folder: str) -> str:
    path = base
    for part in os.path.relpath(folder, base).split(os.sep):
        path = os.path.join(path, part)
        if os.path.islink(path):
            return path
    return folder


def write_moves(release: Path, targets: list[str]) -> None:
    """Note in a release that is still out of sight which files have to be moved once it is published."""
    with open(release / BOOKS / MOVES_FILE, "wb") as file:
        file.writelines(msgspec.json.encode(target) + b"\n" for target in targets)
        file.flush()
        os.fsync(file.fileno())


def finish_moves(dataset: Path, release: str) -> None:
    """Move the files a published release replaces. What was moved before is no longer there to move.

    Raises:
        NotWritable, DiskFull: a file cannot be moved; the note stays.
        IntegrityError: the note is damaged.
    """
    note = dataset / "releases" / release / BOOKS / MOVES_FILE
    try:
        lines = note.read_bytes().splitlines()
    except (FileNotFoundError, NotADirectoryError):
        return
    images, waiting = str(dataset / IMAGES), str(replacing_folder(dataset, release))
    for line in lines:
        try:
            target = checked(PurePosixPath(msgspec.json.decode(line, type=str)))
        except (msgspec.DecodeError, InvalidName) as error:
            raise IntegrityError(str(note), "is damaged", "Delete it, then pull the release again") from error
        source, final = os.path.join(waiting, target), os.path.join(images, target)
        if os.path.lexists(source):
            make_folder(images, os.path.dirname(final))
            with writing(final):
                _move(source, final)
    note.unlink(missing_ok=True)


def _move(source: str, target: str) -> None:
    try:
        os.replace(source, target)
    except FileNotFoundError:
        if os.path.lexists(source):
            raise
