"""`DiskFiles`: find and read files on disk."""

from __future__ import annotations

import errno
import os
import secrets
import stat
from collections.abc import Iterator, Sequence
from pathlib import Path

import attrs

from ...domain.errors import DiskFull, NotReadable, NotWritable
from ...ports.files import FoundFile


@attrs.frozen
class DiskFiles:
    """Implements `ports.files.WritableFiles`.

    Hidden files are found as well, as the Darwin client does. Of a folder only the names are held, so a folder
    of 100,000 files costs a few megabytes. A folder that is named may be a link; below it, links to folders are
    not entered, so no loop of links is ever walked.
    """

    def find(self, paths: Sequence[Path]) -> Iterator[FoundFile | OSError]:
        """As `LocalFiles.find`. What is neither file nor folder (a pipe, a device) is yielded as an OSError."""
        for path in paths:
            try:
                status = path.stat()
            except (OSError, ValueError) as error:
                yield _as_os_error(error, path)
                continue
            if stat.S_ISDIR(status.st_mode):
                yield from _walk(path, deep=True)
            else:
                yield _found(path, path.parent, status)

    def children(self, folder: Path) -> Iterator[FoundFile | OSError]:
        """As `LocalFiles.children`."""
        return _walk(folder, deep=False)

    def read(self, path: Path) -> bytes:
        """As `LocalFiles.read`."""
        try:
            return path.read_bytes()
        except (OSError, ValueError) as error:
            reason = _as_os_error(error, path).strerror
            raise NotReadable(
                str(path), f"cannot be read: {reason}", "Check that it exists and that you may read it"
            ) from error

    def exists(self, path: Path) -> bool:
        """As `WritableFiles.exists`."""
        return path.is_file()

    def write(self, path: Path, data: bytes) -> None:
        """As `WritableFiles.write`."""
        partial = path.with_name(f".tmp-{os.getpid()}.{secrets.token_hex(6)}")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            try:
                partial.write_bytes(data)
                partial.replace(path)
            finally:
                partial.unlink(missing_ok=True)
        except (OSError, ValueError) as error:
            refused = _as_os_error(error, path)
            if refused.errno in {errno.ENOSPC, errno.EDQUOT}:
                raise DiskFull(str(path), "no room is left on the device", "Make room, then try again") from error
            reason = f"cannot be written: {refused.strerror}"
            raise NotWritable(str(path), reason, "Check the folder and its permissions") from error


def _walk(root: Path, deep: bool) -> Iterator[FoundFile | OSError]:
    """Files below `root` in the order of their names; folders wait on a stack of their own, not Python's."""
    stack = [iter([("", True)])]
    while stack:
        entry = next(stack[-1], None)
        if entry is None:
            stack.pop()
            continue
        relative, is_folder = entry
        if not is_folder:
            yield _look(root, root / relative)
        elif deep or not relative:
            try:
                stack.append(iter(_names(root, relative)))
            except OSError as error:
                yield error


def _names(root: Path, relative: str) -> list[tuple[str, bool]]:
    """Sorted (path relative to `root`, is a folder) of what is in a folder; links to folders are left out."""
    prefix = f"{relative}{os.sep}" if relative else ""
    with os.scandir(root / relative) as entries:
        return sorted(
            (prefix + entry.name, entry.is_dir(follow_symlinks=False))
            for entry in entries
            if not (entry.is_symlink() and _leads_to_folder(entry))
        )


def _leads_to_folder(link: os.DirEntry[str]) -> bool:
    try:
        return link.is_dir()
    except OSError:
        return False  # a loop of links: looking at it as a file tells what is wrong


def _look(root: Path, path: Path) -> FoundFile | OSError:
    try:
        return _found(path, root, path.stat())
    except OSError as error:
        return error


def _found(path: Path, root: Path, status: os.stat_result) -> FoundFile | OSError:
    if not stat.S_ISREG(status.st_mode):
        # Reading a pipe or a device may never end.
        return OSError(errno.EINVAL, "is neither a file nor a folder", str(path))
    return FoundFile(path, root, status.st_size)


def _as_os_error(error: OSError | ValueError, path: Path) -> OSError:
    # Python refuses paths with NUL before the operating system sees them.
    return error if isinstance(error, OSError) else OSError(errno.EINVAL, str(error), str(path))
