"""Making a staged release visible, and healing what a killed process left half way.

Beside `releases/<release>` there may be, each under a name of its own:

    .incoming-<release>-<unique>        a release being put together, with a lock file `....lock` of its owner
    .old-<release>-<unique>             an earlier pull that was moved aside
    .trash-<unique>                     something to be deleted; whoever sees it may do so

Publishing moves the old release aside and the new one in. Both moves are atomic; the second is the moment the
release is published. Killed between them, there is an old one and no new one: healing moves it back. Killed
after them, there are both: healing carries over what users keep in the old one, and deletes it.
"""

from __future__ import annotations

import contextlib
import errno
import os
import re
import shutil
from datetime import UTC, datetime
from pathlib import Path

from ...domain.errors import Conflict
from .atomic import unique
from .leases import reap
from .records import ARRIVED, BOOKS, FILES_FILE, read_release

INCOMING, OLD, TRASH, LOCK = ".incoming-", ".old-", ".trash-", ".lock"
PREFIXES = (INCOMING, OLD, TRASH)
MADE_BY_PULL = {"annotations", "invalid", BOOKS}

_CLASS_LIST = re.compile(r"classes_.*\.txt")
_IN_THE_WAY = {errno.ENOTEMPTY, errno.EEXIST, errno.ENOTDIR, errno.EISDIR}
_ATTEMPTS = 1000


def incoming_name(release: str) -> str:
    """A new name for a release being put together."""
    return f"{INCOMING}{release}-{unique()}"


def trash_name() -> str:
    """A new name for something to be deleted."""
    return f"{TRASH}{unique()}"


def swap_in(staged: Path, target: Path) -> None:
    """Move `staged` to `target`, moving aside what is there.

    Raises:
        OSError: the file system refuses; the earlier release is at `target` then, or moved back by `heal`.
    """
    for _ in range(_ATTEMPTS):
        try:
            os.rename(staged, target)  # the step that publishes; os.replace means the same here
            return
        except OSError as error:
            if error.errno not in _IN_THE_WAY:
                raise
        # Another process may put the same release there, or move it aside, at the same time: try again then.
        _rename(target, target.with_name(f"{OLD}{target.name}-{unique()}"))
    raise Conflict(f"release {target.name}", "is published by others without a break", "Run the command again")


def heal(releases: Path) -> None:
    """Bring `releases` into a state in which every release is whole and at its place.

    Safe while others publish: every step is one atomic move that either happens or is found to have happened.
    """
    old: dict[str, list[Path]] = {}
    for name in _names(releases):
        if name.startswith(OLD):
            old.setdefault(name[len(OLD) :].rpartition("-")[0], []).append(releases / name)
    for release, folders in old.items():
        target = releases / release
        if not os.path.lexists(target):
            _rename(max(folders, key=_age), target)
        for folder in folders:
            if os.path.lexists(folder) and os.path.lexists(target) and _carry_over(folder, target):
                discard(folder)


def sweep(releases: Path) -> bool:
    """Delete what dead processes left in `releases`; True if no living one stages anything there."""
    names = _names(releases)
    alone = True
    for name in names:
        if name.startswith(INCOMING) and not name.endswith(LOCK):
            if reap(releases / (name + LOCK)):
                keep_arrived(releases / name)
                discard(releases / name)
            else:
                alone = False
        elif name.startswith(TRASH):
            _delete(releases / name)
    for name in names:
        # The folder of such a lock was published, or never made.
        if name.startswith(INCOMING) and name.endswith(LOCK) and name.removesuffix(LOCK) not in names:
            alone = reap(releases / name) and alone
    return alone


def keep_arrived(incoming: Path) -> None:
    """Keep the file records of a release that is not being put together any more, for the next attempt."""
    release, _, token = incoming.name.removeprefix(INCOMING).rpartition("-")
    notes = incoming.parent.parent / ARRIVED / release / token
    # Without them that attempt fetches again what nothing else can vouch for.
    with contextlib.suppress(OSError):
        notes.parent.mkdir(parents=True, exist_ok=True)
        os.replace(incoming / BOOKS / FILES_FILE, notes)


def discard(path: Path) -> None:
    """Delete a file or folder that is in `releases`: out of the way in one step, then bit by bit."""
    trash = path.with_name(trash_name())
    if _rename(path, trash):
        _delete(trash)


def _delete(path: Path) -> None:
    if path.is_symlink() or path.is_file():
        path.unlink(missing_ok=True)
    else:
        # Somebody else may be deleting it too. What cannot be deleted now stays trash for the next sweep.
        shutil.rmtree(path, ignore_errors=True)


def _names(folder: Path) -> set[str]:
    return {name for name in _listed(folder) if name.startswith(PREFIXES)}


def _age(release: Path) -> datetime:
    record = read_release(release)
    return record.pulled_at if record else datetime.min.replace(tzinfo=UTC)


def _rename(source: Path, target: Path) -> bool:
    """Rename unless another process did it first; False then."""
    try:
        os.rename(source, target)  # never replaces: targets are new names or missing releases
    except OSError as error:
        if error.errno == errno.ENOENT or error.errno in _IN_THE_WAY:
            return False
        raise
    return True


def _carry_over(old: Path, new: Path) -> bool:
    """Move what users keep in `old` to `new`; False if `new` was moved aside meanwhile."""
    if old.is_symlink():
        return True
    kept = [name for name in _listed(old) if name not in MADE_BY_PULL and name != "lists"]
    return all(_merge(old / name, new / name) for name in kept) and _carry_over_lists(old / "lists", new / "lists")


def _carry_over_lists(old: Path, new: Path) -> bool:
    # Lists of classes belong to the pull, splits to the user.
    splits = [name for name in _listed(old) if not _CLASS_LIST.fullmatch(name)]
    if splits and not os.path.lexists(new):
        try:
            new.mkdir(exist_ok=True)
        except FileNotFoundError:
            return False
    return all(_merge(old / name, new / name) for name in splits)


def _merge(source: Path, target: Path) -> bool:
    """Move `source` to `target`; what `target` has already stays as it is there."""
    if not os.path.lexists(target):
        return _rename(source, target) or not os.path.lexists(source)
    if source.is_symlink() or target.is_symlink() or not (source.is_dir() and target.is_dir()):
        return True
    return all(_merge(source / name, target / name) for name in _listed(source))


def _listed(folder: Path) -> list[str]:
    """Names in a folder; none if it is no folder (any more)."""
    try:
        return os.listdir(folder)
    except (FileNotFoundError, NotADirectoryError):
        return []
