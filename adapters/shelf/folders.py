"""Folders of files: put together out of sight, made visible whole, taken away whole.

A revision is put together in `staging/<key>.<token>/data` and renamed to `<kind>/<owner>/<slug>/<revision>`. Renaming
to and from there happens only inside a write transaction of the catalogue, so that putting and collecting never
cross. Whoever works in a staging area holds a lock on its folder, which ends with the process: what dead ones left is
taken over by the next one with the same key, or cleared away. Nothing else rests on that lock.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import attrs

from ...domain.errors import Conflict
from ...domain.tree_digest import FileDigest
from .durability import make_durable, sync
from .faults import writing_to

if sys.platform != "win32":
    import fcntl

STAGING = "staging"
_TRASH = "trash"
_DATA = "data"


@attrs.frozen
class Staged:
    """A folder out of sight that is complete, and the files it holds."""

    folder: Path
    files: list[FileDigest]


class Folders:
    """Folders of one shelf. Thread-safe."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._staging = root / STAGING

    def path(self, folder: str) -> Path:
        """Where a revision is, by the name the catalogue has for it."""
        return self.root / folder

    # --- coming -------------------------------------------------------------------------------------

    @contextlib.contextmanager
    def stage(self, key: str) -> Iterator[Path]:
        """A folder to put files into; with what is there of an earlier attempt of that key.

        After an error what is there is kept for the next attempt, unless the error is that others were first.
        """
        with writing_to(self._staging):
            self._staging.mkdir(parents=True, exist_ok=True)
            area, handle = self._adopt(key) or self._new_area(key)
        try:
            with writing_to(area):
                (area / _DATA).mkdir(exist_ok=True)
            yield area / _DATA
            shutil.rmtree(area, ignore_errors=True)
        except Conflict:
            # Others were first: there is nothing to be taken up again.
            shutil.rmtree(area, ignore_errors=True)
            raise
        finally:
            if handle is not None:
                os.close(handle)

    def _new_area(self, key: str) -> tuple[Path, int | None]:
        area = self._staging / f"{key}.{secrets.token_hex(6)}"
        # Nobody else's business until it is known whose it is.
        area.mkdir(mode=0o700)
        return area, _lock(area)

    def _adopt(self, key: str) -> tuple[Path, int] | None:
        for area in sorted(self._staging.glob(f"{key}.*")):
            handle = _lock(area)
            if handle is not None:
                return area, handle
        return None

    def publish(self, staged: Path, parent: str, secret: bool = False) -> str:
        """Give a staged folder its final place below `parent`; return its name. Call it inside a write transaction.

        `secret`: only the user that this process runs as can look into it.
        """
        name = f"{parent}/{secrets.token_hex(8)}"
        final = self.root / name
        with writing_to(final):
            final.parent.mkdir(parents=True, exist_ok=True)
            if secret:
                staged.chmod(0o700)
            staged.rename(final)
            for folder in list(final.parents)[:4]:  # up to the root: any of them may be new
                sync(str(folder))
        return name

    def harden(self, staged: Path) -> None:
        """Have the disk keep a staged folder."""
        with writing_to(staged):
            make_durable(str(staged), [entry.path for entry in _files(staged)])

    # --- going --------------------------------------------------------------------------------------

    def published(self) -> Iterator[str]:
        """Names of all folders that are where revisions belong, known to the catalogue or not."""
        for kind in _folders(self.root):
            if kind.name != STAGING:
                for owner in _folders(kind):
                    for slug in _folders(owner):
                        yield from (f"{kind.name}/{owner.name}/{slug.name}/{one.name}" for one in _folders(slug))

    def leftovers(self, before: float) -> Iterator[Path]:
        """Staging areas that nobody works in, untouched since `before` (seconds since 1970)."""
        for entry in _folders(self._staging):
            area = Path(entry.path)
            with contextlib.suppress(FileNotFoundError):
                if entry.name.startswith(_TRASH) or (_last_change(area) < before and not _is_worked_in(area)):
                    yield area

    def take_away(self, folder: str) -> Path | None:
        """Move a revision out of sight; None if it is gone. Call it inside a write transaction, `erase` after it."""
        trash = self._staging / f"{_TRASH}.{secrets.token_hex(6)}"
        with writing_to(self._staging):
            self._staging.mkdir(exist_ok=True)
            try:
                (self.root / folder).rename(trash)
            except FileNotFoundError:
                return None
            for parent in list((self.root / folder).parents)[:3]:
                with contextlib.suppress(OSError):  # not empty
                    parent.rmdir()
        return trash

    def erase(self, folder: Path) -> None:
        """Delete a folder that is out of sight; others may be doing the same."""
        shutil.rmtree(folder, ignore_errors=True)


def size_of(folder: Path) -> int:
    """Bytes of all files below a folder that may be vanishing."""
    total = 0
    for entry in _files(folder):
        with contextlib.suppress(FileNotFoundError):
            total += entry.stat(follow_symlinks=False).st_size
    return total


def _lock(folder: Path) -> int | None:
    """Lock a folder for this process; None if another one has it, or where folders cannot be locked."""
    if sys.platform == "win32":
        return None
    try:
        handle = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        # It may have been cleared away meanwhile.
        if os.path.samestat(os.fstat(handle), folder.stat()):
            return handle
    except OSError:
        pass
    os.close(handle)
    return None


def _is_worked_in(area: Path) -> bool:
    if sys.platform == "win32":
        return False
    handle = _lock(area)
    if handle is None:
        return True
    os.close(handle)
    return False


def _last_change(area: Path) -> float:
    return max(path.stat().st_mtime for path in (area, area / _DATA) if path.exists())


def _folders(path: str | Path | os.DirEntry[str]) -> list[os.DirEntry[str]]:
    with contextlib.suppress(FileNotFoundError, NotADirectoryError), os.scandir(path) as entries:
        return sorted((one for one in entries if one.is_dir(follow_symlinks=False)), key=lambda one: one.name)
    return []


def _files(folder: Path) -> Iterator[os.DirEntry[str]]:
    waiting = [str(folder)]
    while waiting:
        with contextlib.suppress(FileNotFoundError), os.scandir(waiting.pop()) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    waiting.append(entry.path)
                else:
                    yield entry
