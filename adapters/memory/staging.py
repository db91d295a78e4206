"""A release being put together: documents wait in memory, media arrive in the folder of the library."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

import attrs

from ...domain.digest import Digest
from ...domain.errors import InvalidName, NameTaken, NotReadable
from ...domain.names import safe_component
from ...domain.release import Release, check_release_name
from ...ports.library import LocalFile, LocalRelease, PlaceTaken, PullProblem

if TYPE_CHECKING:
    from .library import MemoryLibrary


@attrs.define
class MemoryStaging:
    """What `MemoryLibrary.stage` gives. `folder` is the dataset's."""

    library: MemoryLibrary
    folder: Path
    release: Release
    recipe: str
    texts: dict[str, bytes] = attrs.field(factory=dict[str, bytes], init=False)
    media: dict[str, LocalFile] = attrs.field(factory=dict[str, LocalFile], init=False)
    beside: dict[str, Path] = attrs.field(factory=dict[str, Path], init=False)

    def __attrs_post_init__(self) -> None:
        check_release_name(self.release.name)

    # --- documents ----------------------------------------------------------------------------------

    def add_document(self, name: str, data: bytes) -> str:
        """Keep an annotation document."""
        self.library.faults.check("add_document", name, data)
        path = f"annotations/{safe_component(f'{name}.json')}"
        if path in self.texts:
            raise NameTaken(f"document '{name}'", "was added before")
        self.texts[path] = data
        return path

    def add_metadata(self, data: bytes) -> None:
        """Keep the metadata."""
        self.texts["annotations/.v7/metadata.json"] = data

    def add_invalid(self, name: str, data: bytes) -> str:
        """Keep the bytes of a document that cannot be read."""
        path = f"invalid/{safe_component(f'{name}.json')}"
        self.texts[path] = data
        return path

    def add_class_list(self, kind: str, names: Sequence[str]) -> None:
        """Keep a class list."""
        self.texts[f"lists/{safe_component(f'classes_{kind}.txt')}"] = "\n".join(names).encode()

    # --- media --------------------------------------------------------------------------------------

    def claim(self, target: PurePosixPath, size: int | None = None, digest: Digest | None = None) -> Path:
        """Where to fetch the media file that belongs at `images/<target>`."""
        self.library.faults.check("claim", target, size, digest)
        _check_target(target)
        path = f"images/{target}"
        final = self.folder / path
        known = self.library.needed(self.release.reference, path)
        if known is not None and final.exists() and not _is_same(known, size, digest):
            place = self._beside(target)
            place.parent.mkdir(parents=True, exist_ok=True)
            return place
        self._check_way(target)
        final.parent.mkdir(parents=True, exist_ok=True)
        return final

    def known(self, target: PurePosixPath, origin: str) -> LocalFile | None:
        """The media file, if it was recorded with that origin or digest and is as it was."""
        path = f"images/{target}"
        known = self._arrived(path).get(origin)
        place = self._beside(target) if self._beside(target).exists() else self.folder / path
        if known is None or not place.is_file():
            return None
        status = place.stat()
        return known if (status.st_size, status.st_mtime_ns) == (known.size, known.mtime_ns) else None

    def add_file(
        self, target: PurePosixPath, size: int, mtime_ns: int, digest: Digest | None, origin: str | None = None
    ) -> None:
        """Record a media file that is now at the place `claim` gave, or was `known`."""
        self.library.faults.check("add_file", target, size, mtime_ns, digest)
        path = f"images/{target}"
        self.media[path] = file = LocalFile(path, size, mtime_ns, digest)
        self._arrived(path).update({key: file for key in (origin, str(digest) if digest else None) if key})
        if self._beside(target).exists():
            self.beside[path] = self._beside(target)

    def scratch(self, key: str) -> Path:
        """A place for a file that is only needed until `publish`."""
        return self._hidden(f"scratch of {key}")

    def lines(self, place: Path) -> Iterator[bytes]:
        """Lines of a file."""
        try:
            with place.open("rb") as file:
                while line := file.readline(1 << 16):
                    yield line
        except OSError as error:
            raise NotReadable(str(place), "cannot be read") from error

    def drop(self, place: Path) -> None:
        """Delete a file."""
        place.unlink(missing_ok=True)

    def _arrived(self, path: str) -> dict[str, LocalFile]:
        return self.library.arrived.setdefault((self.release.reference.identifier, path), {})

    def _check_way(self, target: PurePosixPath) -> None:
        images = self.folder / "images"
        for folder in target.parents:
            if (images / folder).is_file():
                raise PlaceTaken(f"images/{folder}", "is a file", place=str(folder), is_file=True)
        if (images / target).is_dir():
            raise PlaceTaken(f"images/{target}", "is a folder", place=str(target))

    def _beside(self, target: PurePosixPath) -> Path:
        # Laid out as `images/` is, so that all frames of a video may go where the first of them was claimed.
        return self._hidden("replacing") / target

    def _hidden(self, key: str) -> Path:
        name = hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()[:32]
        place = self.library.root / ".staging" / hashlib.sha256(str(self.release.reference).encode()).hexdigest()[:16]
        place.mkdir(parents=True, exist_ok=True)
        return place / name

    # --- the end ------------------------------------------------------------------------------------

    def publish(self, item_count: int, problems: Sequence[PullProblem]) -> LocalRelease:
        """Make the release visible."""
        self.library.faults.check("publish", item_count, problems)
        for path, place in self.beside.items():
            (self.folder / path).parent.mkdir(parents=True, exist_ok=True)
            # Another staging of the same release may have moved it already.
            if place.exists():
                place.replace(self.folder / path)
        root = self.folder / "releases" / self.release.name
        shutil.rmtree(root / "annotations", ignore_errors=True)
        files = dict(self.media)
        for name, data in self.texts.items():
            file = _write(root / name, data)
            path = f"releases/{self.release.name}/{name}"
            files[path] = LocalFile(path, len(data), file.stat().st_mtime_ns, _digest(data))
        shutil.rmtree(self._hidden("").parent, ignore_errors=True)
        local = LocalRelease(
            self.release.reference,
            root,
            self.release.digest,
            self.recipe,
            item_count,
            len(self.media),
            self.library.clock.now(),
            tuple(problems),
        )
        self.library.keep(local, files)
        return local

    def abandon(self) -> None:
        """Forget the documents; media that arrived stay where they are."""
        self.texts.clear()


def _check_target(target: PurePosixPath) -> None:
    bad = target.is_absolute() or not target.parts
    if bad or any(part == ".." or "\x00" in part or len(part.encode()) > 255 for part in target.parts):
        raise InvalidName(f"target {str(target)!r}", "cannot be a file of the library")


def _is_same(known: LocalFile, size: int | None, digest: Digest | None) -> bool:
    if known.digest is not None and digest is not None:
        return known.digest == digest
    return size is not None and known.size == size


def _write(path: Path, data: bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path


def _digest(data: bytes) -> Digest:
    return Digest(hashlib.sha256(data).hexdigest())
