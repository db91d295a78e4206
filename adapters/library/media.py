"""Media of a dataset: where a file goes so that no published release loses what it needs."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path, PurePosixPath

import msgspec

from ...domain.digest import Digest
from ...domain.errors import IntegrityError, InvalidName, NotWritable
from ...domain.names import safe_component
from ...domain.reference import LATEST
from .atomic import writing
from .records import BOOKS, read_files
from .swap import PREFIXES

IMAGES = "images"
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
    """Delete what waits or is scratch for the chosen releases. Only when nobody stages anything."""
    for folder in (dataset / BOOKS / "replacing", dataset / BOOKS / "scratch"):
        if folder.is_dir():
            for name in filter(chosen, os.listdir(folder)):
                shutil.rmtree(folder / name, ignore_errors=True)


def checked(target: PurePosixPath) -> str:
    """The target as text, if each part is a plain file name.

    Raises:
        InvalidName: absolute, empty, `..`, a part over 255 bytes, a character no file name may have.
    """
    text = str(target)
    if not all(map(_is_file_name, text.split("/"))):
        raise InvalidName(f"target {text!r}", "cannot be a file below images/", "Use plain file names")
    return text


@lru_cache(maxsize=4096)
def _is_file_name(part: str) -> bool:
    return safe_component(part) == part


class MediaPlaces:
    """Places for the media of one release that is being put together."""

    def __init__(self, dataset: Path, release: str, key: Callable[[str], str]) -> None:
        self._images = str(dataset / IMAGES)
        self._replacing = str(replacing_folder(dataset, release))
        self._releases = dataset / "releases"
        self._release = release
        self._key = key
        self._prepared: set[str] = set()
        self._others: ContentIndex | None = None
        self._any_replacing = False

    def claim(self, target: PurePosixPath, size: int | None, digest: Digest | None) -> Path:
        """As `ReleaseStaging.claim`."""
        text = checked(target)
        final = os.path.join(self._images, text)
        self._prepare(self._images, final)
        if not self._needed_by_others(final, text, size, digest):
            return Path(final)
        place = os.path.join(self._replacing, text)
        self._any_replacing = True
        self._prepare(self._replacing, place)
        return Path(place)

    def replaces(self, target: str) -> bool:
        """True if the target's new file waits in `replacing/`."""
        return self._any_replacing and os.path.lexists(os.path.join(self._replacing, target))

    def place(self, target: str) -> str:
        """Where the target's new file is now."""
        return os.path.join(self._replacing if self.replaces(target) else self._images, target)

    def _prepare(self, base: str, place: str) -> None:
        folder = os.path.dirname(place)
        if folder in self._prepared:
            return
        make_folder(base, folder)
        if len(self._prepared) >= _KNOWN_FOLDERS:
            self._prepared.clear()
        self._prepared.add(folder)

    def _needed_by_others(self, final: str, target: str, size: int | None, digest: Digest | None) -> bool:
        try:
            there = os.stat(final)
        except OSError:
            return False
        if self._others is None:
            self._others = ContentIndex(self._key)
            for name in os.listdir(self._releases):
                if name not in {self._release, LATEST} and not name.startswith(PREFIXES):
                    self._others.add_release(self._releases / name)
        return self._others.needs(target, there, size, digest)


class ContentIndex:
    """Which files releases need as they are, in about 100 bytes a file however many releases share it."""

    def __init__(self, key: Callable[[str], str]) -> None:
        self._key = key
        self._digests: dict[int, int] = {}

    def add_release(self, release: Path) -> None:
        """Take in the media a release lists. One that keeps no books lists none."""
        prefix = f"{IMAGES}/"
        try:
            for record in read_files(release):
                if record.path.startswith(prefix):
                    position = self._position(record.path[len(prefix) :], record.size, record.mtime_ns)
                    self._digests[position] = _number(record.digest or "")
        except (FileNotFoundError, NotADirectoryError, msgspec.DecodeError):
            return

    def needs(self, target: str, there: os.stat_result, size: int | None, digest: Digest | None) -> bool:
        """True if the file `there` at the target is one a release pulled, and other content is to come."""
        known = self._digests.get(self._position(target, there.st_size, there.st_mtime_ns))
        if known is None:
            return False
        if digest is not None and known != _number(""):
            return _number(str(digest)) != known
        return size is None or size != there.st_size

    def _position(self, target: str, size: int, mtime_ns: int) -> int:
        # A release does not need a file that was replaced since it was pulled: hence size and time.
        return _number(f"{self._key(target)}\0{size}\0{mtime_ns}")


def _number(text: str) -> int:
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest())


def make_folder(base: str, folder: str) -> None:
    """Make `folder`, which is `base` or below it, unless a link on the way leads out of `base`.

    Raises:
        NotWritable: naming the link, or the folder that cannot be made.
    """
    real_base, real = os.path.realpath(base), os.path.realpath(folder)
    if real != real_base and not real.startswith(real_base + os.sep):
        link = _first_link(base, folder)
        raise NotWritable(link, "is a link that leads out of the images folder", "Remove the link, then pull again")
    with writing(folder):
        os.makedirs(folder, exist_ok=True)


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
