"""Copying files and folders so that they appear whole (reference: Polaris, sections 5.5 and 12.2).

A copy is made beside its destination under a name that the next attempt finds again: files that arrived whole, by
size and time of change, are not copied a second time. The finished copy is renamed.
"""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

from ...domain.errors import Conflict, DiskFull, InvalidInput, NotReadable, NotWritable
from ...domain.policies import ConflictPolicy

COPIERS = 4


@contextlib.contextmanager
def disk_errors(path: Path) -> Iterator[None]:
    """Turn what the operating system refuses into our errors.

    Raises:
        DiskFull, NotReadable, NotWritable: by cause.
    """
    try:
        yield
    except OSError as error:
        where = str(error.filename or path)
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise DiskFull(where, "no room is left", "Make room and run it again; what was copied is kept") from error
        kind = NotReadable if isinstance(error, FileNotFoundError) else NotWritable
        raise kind(where, str(error.strerror or error)) from error


def refuse(paths: list[Path], if_exists: ConflictPolicy) -> None:
    """Raise Conflict, before anything is changed, if one exists and the policy says so."""
    if if_exists is ConflictPolicy.RAISE:
        for path in paths:
            if path.exists():
                raise Conflict(str(path), "exists already", "Choose another folder, or the policy replace or skip")


def staging(destination: Path) -> Path:
    """Name under which a destination is made."""
    return destination.with_name(f".{destination.name}.partial")


def same(one: Path, other: Path) -> bool:
    """Tell whether two paths are one file or folder."""
    try:
        return one.samefile(other)
    except OSError:
        return False


def copy_file(source: Path, destination: Path, if_exists: ConflictPolicy) -> None:
    """Copy a file; a destination that is the source stays as it is."""
    if same(source, destination) or (destination.exists() and if_exists is ConflictPolicy.SKIP):
        return
    with disk_errors(destination):
        destination.parent.mkdir(parents=True, exist_ok=True)
        _copy(str(source), str(destination), str(staging(destination)))


def write_file(destination: Path, data: bytes) -> None:
    """Write a file, whole or not at all."""
    with disk_errors(destination):
        destination.parent.mkdir(parents=True, exist_ok=True)
        partial = destination.with_name(f".{destination.name}.{os.getpid()}.partial")
        partial.write_bytes(data)
        partial.replace(destination)


def _copy(source: str, destination: str, partial: str) -> None:
    """Copy whole or not at all, time of change included: that is how the next attempt knows it."""
    shutil.copyfile(source, partial)
    shutil.copystat(source, partial)
    Path(partial).replace(destination)


def copy_folder(source: Path, destination: Path, if_exists: ConflictPolicy) -> None:
    """Copy a folder, resuming what an earlier attempt left.

    REPLACE makes the destination equal to the source; SKIP leaves the files it has and adds what is missing.

    Raises:
        InvalidInput: one of the two lies within the other.
    """
    if same(source, destination):
        return
    here, there = source.resolve(), destination.resolve()
    if here in there.parents or there in here.parents:
        raise InvalidInput(f"{destination}", f"and {source} lie within each other", "Choose a folder apart")
    files = dict(_files(source))
    kept: set[str] = set()
    if if_exists is ConflictPolicy.SKIP and destination.is_dir():
        kept = {name for name, _ in _files(destination)}
        if not files.keys() - kept:
            return
    wanted = {name: (destination if name in kept else source) / name for name in files.keys() | kept}
    with disk_errors(destination):
        try:
            _fill(staging(destination), wanted)
            publish(staging(destination), destination)
        except (FileNotFoundError, NotReadable):
            # Another process that makes the same copy may have finished first.
            if kept or not all((destination / name).is_file() for name in wanted):
                raise
    shutil.rmtree(_parts(staging(destination)), ignore_errors=True)


def _parts(stage: Path) -> Path:
    """Where files are while they are not whole: apart from the stage, which another process may publish."""
    return stage.with_suffix(".parts")


def _files(root: Path) -> Iterator[tuple[str, os.DirEntry[str]]]:
    """Files below a folder by their path from it, with `/`; links are not followed out of it."""
    waiting = [""]
    while waiting:
        inside = waiting.pop()
        with disk_errors(root), os.scandir(root / inside) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    waiting.append(f"{inside}{entry.name}/")
                elif entry.is_file():
                    yield f"{inside}{entry.name}", entry


def _fill(stage: Path, wanted: dict[str, Path]) -> None:
    parts = _parts(stage)
    for folder in (stage, parts):
        folder.mkdir(parents=True, exist_ok=True)
    there = {name: entry.stat() for name, entry in _files(stage)}
    for stray in there.keys() - wanted.keys():
        (stage / stray).unlink()
    for folder in {str(Path(name).parent) for name in wanted}:
        (stage / folder).mkdir(parents=True, exist_ok=True)

    def fetch(item: tuple[str, Path]) -> None:
        name, source = item
        found, stat = there.get(name), source.stat()
        if found is None or (found.st_size, found.st_mtime_ns) != (stat.st_size, stat.st_mtime_ns):
            _copy(str(source), str(stage / name), f"{parts}/{os.getpid()}.{threading.get_ident()}")

    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(COPIERS) as pool:
        for _ in pool.map(fetch, wanted.items()):
            pass


def publish(stage: Path, destination: Path) -> None:
    """Put a finished folder in the place of its destination."""
    old = destination.with_name(f".{destination.name}.{os.getpid()}.old")
    if destination.exists():
        destination.rename(old)
    try:
        stage.rename(destination)
    except OSError:
        if old.exists():
            old.rename(destination)
        raise
    if old.exists():
        shutil.rmtree(old)


def staged_folder(destination: Path, make: Callable[[Path], None], if_exists: ConflictPolicy) -> None:
    """Make a folder from nothing with `make`, which is given where; a failure leaves no trace."""
    refuse([destination], if_exists)
    if destination.exists() and if_exists is ConflictPolicy.SKIP:
        return
    stage = destination.with_name(f".{destination.name}.{os.getpid()}.partial")
    with disk_errors(destination):
        stage.mkdir(parents=True)
    try:
        make(stage)
        with disk_errors(destination):
            publish(stage, destination)
    finally:
        shutil.rmtree(stage, ignore_errors=True)
