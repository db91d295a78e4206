"""Looking through the folders of a dataset: linear, without following links to folders."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import attrs

from ...domain.errors import NotReadable
from ...domain.media import is_supported

LEFT_BY_MACOS = ".DS_Store"

Visit = tuple[str, list[os.DirEntry[str]]]


def walk(folder: str) -> Iterator[Visit]:
    """Each folder below `folder`, that one first, as (path relative to it, what is not a folder).

    Folders above come before those below. What vanishes meanwhile is left out.

    Raises:
        NotReadable: a folder may not be looked into.
    """
    waiting = [""]
    while waiting:
        inside = waiting.pop()
        entries: list[os.DirEntry[str]] = []
        try:
            with os.scandir(os.path.join(folder, inside)) as listing:
                for entry in listing:
                    if entry.is_dir(follow_symlinks=False):
                        waiting.append(f"{inside}/{entry.name}" if inside else entry.name)
                    else:
                        entries.append(entry)
        except (FileNotFoundError, NotADirectoryError):
            continue
        except OSError as error:
            raise NotReadable(os.path.join(folder, inside), f"cannot be read: {error.strerror or error}") from error
        yield inside, entries


def is_folder(entry: os.DirEntry[str]) -> bool:
    """True for folders and links to folders; a link that leads nowhere, or in a circle, is none."""
    try:
        return entry.is_dir()
    except OSError:
        return False


@attrs.frozen
class Usage:
    """Number of media files, and bytes of all files."""

    media: int
    size: int


def usage(folder: Path) -> Usage:
    """Count what is below a folder; nothing if it does not exist."""
    media = size = 0
    for _, entries in walk(str(folder)):
        for entry in entries:
            try:
                # A link to a folder is a way to elsewhere, not a file of the dataset.
                if not entry.is_file():
                    continue
                size += entry.stat().st_size
            except OSError:
                continue  # vanished, or a link in a circle
            media += is_supported(entry.name)
    return Usage(media, size)


def annotation_files(annotations: Path) -> list[Path]:
    """Annotation documents below a folder, sorted by their path's parts."""
    found: list[tuple[str, ...]] = []
    for inside, entries in walk(str(annotations)):
        parts = tuple(inside.split("/")) if inside else ()
        if ".v7" not in parts:
            found.extend((*parts, entry.name) for entry in entries if entry.name.endswith(".json"))
    return [annotations.joinpath(*parts) for parts in sorted(found)]


def remove_unwanted(images: Path, is_wanted: Callable[[str], bool]) -> list[str]:
    """Delete media that are not wanted and folders left empty; links to folders stay."""
    removed: list[str] = []
    folders: list[str] = []
    for inside, entries in walk(str(images)):
        folders.append(inside)
        for entry in entries:
            path = f"{inside}/{entry.name}" if inside else entry.name
            if is_supported(entry.name) and not is_wanted(path) and not is_folder(entry):
                os.unlink(entry.path)
                removed.append(path)
    for folder in reversed(folders[1:]):
        _remove_if_empty(os.path.join(images, folder))
    return removed


def _remove_if_empty(folder: str) -> None:
    try:
        if os.listdir(folder) == [LEFT_BY_MACOS]:
            os.unlink(os.path.join(folder, LEFT_BY_MACOS))
        os.rmdir(folder)
    except OSError:
        # Not empty, or in use by another process: it is not ours to remove then.
        return
