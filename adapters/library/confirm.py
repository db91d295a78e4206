"""A last look at the recorded media before a release is published.

Two processes that pull the same release fetch the same files; the one that comes later replaces a file the
other has recorded already. Content is the same then, the time is not. The record is brought up to date here,
so that the release counts as intact and the next pull has nothing to do.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from pathlib import Path

import msgspec

from ...ports.library import PullProblem
from .records import IMAGES, FileRecord, FileRecorder, read_records


def confirm(files: Path, place: Callable[[str], str]) -> list[PullProblem]:
    """Bring the media records in `files` up to date; return what is not (any more) what was recorded."""
    if all(_is_current(record, place) for record in read_records(files)):
        return []
    problems: list[PullProblem] = []
    renewed = files.with_name(f"{files.name}.new")
    recorder = FileRecorder(renewed)
    try:
        for record in read_records(files):
            current = _renew(record, place)
            if current is None:
                problems.append(PullProblem(record.path, "was changed or deleted by another program during the pull"))
            recorder.add(current or record)
    finally:
        recorder.close()
    os.replace(renewed, files)
    return problems


def _media_place(record: FileRecord, place: Callable[[str], str]) -> str | None:
    prefix = f"{IMAGES}/"
    return place(record.path[len(prefix) :]) if record.path.startswith(prefix) else None


def _is_current(record: FileRecord, place: Callable[[str], str]) -> bool:
    path = _media_place(record, place)
    if path is None:
        return True
    try:
        status = os.stat(path)
    except OSError:
        return False
    return status.st_size == record.size and status.st_mtime_ns == record.mtime_ns


def _renew(record: FileRecord, place: Callable[[str], str]) -> FileRecord | None:
    """The record as the file is now; None if the content is another."""
    path = _media_place(record, place)
    if path is None or _is_current(record, place):
        return record
    try:
        with open(path, "rb") as file:
            status = os.fstat(file.fileno())
            if status.st_size != record.size:
                return None
            if record.digest and hashlib.file_digest(file, "sha256").hexdigest() != record.digest[7:]:
                return None
    except OSError:
        return None
    return msgspec.structs.replace(record, mtime_ns=status.st_mtime_ns)
