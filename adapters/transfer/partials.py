"""Files on their way to their destination.

A file that is being received has a name that no other process writes to. That name says all that is needed to
go on with it: the request it is for, and the validator of the object it is the beginning of. So there is no
second file that could be lost, or belong to something else.

A lock tells whether a process is still at work on a file. It only saves work: were it not to hold, two processes
would write the same bytes to the same places, and the one that moves the file first would win.
"""

from __future__ import annotations

import base64
import contextlib
import errno
import hashlib
import itertools
import os
import re
import secrets
from collections.abc import Callable

import attrs

from ...domain.digest import Digest
from ...domain.errors import Unavailable
from .refusals import refusal

try:
    import fcntl
except ImportError:  # Windows: a file that a process has open can be neither renamed nor deleted
    fcntl = None

CHUNK = 1024 * 1024
LONGEST_VALIDATOR = 90
"""In bytes. A longer one does not fit into a file name; such an object is not resumed by a later run."""

KEPT_SECONDS = 30 * 24 * 3600.0
"""A partial file that nobody has come back for in this time is deleted."""

_PARTIAL = re.compile(r"\.groundtruth-(?P<key>[0-9a-f]{32})\.(?P<validator>[\w-]+={0,2})\.[0-9a-f]+\.part", re.ASCII)
_TEMPORARY = re.compile(r"\.groundtruth-[0-9a-f]+\.tmp")
_OPEN = os.O_RDWR | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)


class PartialFolder:
    """A folder of files on their way, some perhaps left by processes that are gone. Thread-safe."""

    def __init__(self, folder: str) -> None:
        self._folder = folder
        self._token = secrets.token_hex(8)
        self._numbers = itertools.count()
        self._orphans: dict[str, list[str]] = {}

    def scan(self, now: float) -> None:
        """Look for what was left behind: delete what is of no use, remember the rest. `now` in seconds UTC."""
        try:
            names = os.listdir(self._folder)
        except FileNotFoundError:
            return
        except OSError as error:
            raise refusal(error, self._folder) from error
        for name in names:
            if partial := _PARTIAL.fullmatch(name):
                path = os.path.join(self._folder, name)
                if _modified(path) < now - KEPT_SECONDS:
                    _sweep(path)
                else:
                    self._orphans.setdefault(partial["key"], []).append(name)
            elif _TEMPORARY.fullmatch(name):
                _sweep(os.path.join(self._folder, name))

    @property
    def has_orphans(self) -> bool:
        """True if something was left behind that can be gone on with."""
        return bool(self._orphans)

    def has_orphan(self, key: str) -> bool:
        """True if something was left behind for `key`."""
        return key in self._orphans

    def create(self, key: str = "", validator: str | None = None) -> Partial:
        """A new, empty file. With key and validator, a later run can go on with it.

        Raises:
            DiskFull, NotWritable: the folder refuses.
        """
        encoded = base64.urlsafe_b64encode(validator.encode()).decode() if validator else ""
        lasting = fcntl is not None and bool(key) and 0 < len(encoded) <= LONGEST_VALIDATOR * 4 // 3
        path = self._name(f"{key}.{encoded}." if lasting else "", "part" if lasting else "tmp")
        try:
            descriptor = self._open_new(path)
        except OSError as error:
            raise refusal(error, self._folder) from error
        _lock(descriptor)
        return Partial(path, descriptor, validator, lasting)

    def adopt(self, key: str) -> Partial | None:
        """The longest file left behind for `key` that nobody is at work on; shorter ones are deleted."""
        found = [self._take_over(name) for name in self._orphans.pop(key, ())]
        by_size = sorted((one for one in found if one is not None), key=lambda one: one.size)
        for shorter in by_size[:-1]:
            shorter.discard()
        return by_size[-1] if by_size else None

    def _name(self, middle: str, suffix: str) -> str:
        return f"{self._folder}{os.sep}.groundtruth-{middle}{self._token}{next(self._numbers):x}.{suffix}"

    def _open_new(self, path: str) -> int:
        try:
            return os.open(path, _OPEN | os.O_CREAT | os.O_EXCL, 0o666)
        except FileNotFoundError:
            os.makedirs(self._folder, exist_ok=True)
            return os.open(path, _OPEN | os.O_CREAT | os.O_EXCL, 0o666)

    def _take_over(self, name: str) -> Partial | None:
        """Rename a file left behind, which only one process can do; None if that was not this one."""
        partial = _PARTIAL.fullmatch(name)
        old = os.path.join(self._folder, name)
        if partial is None or (descriptor := _claim(old)) is None:
            return None
        try:
            validator = base64.urlsafe_b64decode(partial["validator"]).decode()
            path = self._name(f"{partial['key']}.{partial['validator']}.", "part")
            os.rename(old, path)
            size = os.lseek(descriptor, 0, os.SEEK_END)
        except (OSError, ValueError):  # taken or finished by another process meanwhile, or a name we never gave
            os.close(descriptor)
            return None
        return Partial(path, descriptor, validator, True, size)


@attrs.define
class Partial:
    """A file being received. `size` bytes are in it; its digest covers what was appended or read again.

    `lasting`: it stays for a later run if it is not finished.
    """

    path: str
    _descriptor: int
    validator: str | None = None
    lasting: bool = False
    size: int = 0
    _hasher: hashlib._Hash = attrs.field(factory=hashlib.sha256, init=False, repr=False)

    @property
    def digest(self) -> Digest:
        """Digest of the bytes so far."""
        return Digest(self._hasher.hexdigest())

    def read_again(self, check: Callable[[], None]) -> None:
        """Bring the digest up to date with a file taken over; `check` is called once in a while."""
        try:
            os.lseek(self._descriptor, 0, os.SEEK_SET)
            self.size = 0
            while chunk := os.read(self._descriptor, CHUNK):
                self._hasher.update(chunk)
                self.size += len(chunk)
                check()
        except OSError as error:
            raise refusal(error, self.path) from error

    def append(self, data: bytes) -> None:
        """Write more bytes.

        Raises:
            DiskFull, NotWritable: the device refuses; what was written before stays.
        """
        self._hasher.update(data)
        try:
            written = os.write(self._descriptor, data)
            while written < len(data):
                written += os.write(self._descriptor, memoryview(data)[written:])
        except OSError as error:
            raise refusal(error, self.path) from error
        self.size += len(data)

    def publish(self, destination: str) -> int:
        """Move the file to its destination in one step; return its modification time in ns.

        Raises:
            Unavailable: the file is gone; another process took it for left behind.
            StorageError: the destination cannot be replaced.
        """
        try:
            modified = os.fstat(self._descriptor).st_mtime_ns
            if fcntl is None:
                self.close()
            _replace(self.path, destination)
        except FileNotFoundError as error:
            raise Unavailable(destination, "lost its partial file to another process") from error
        except OSError as error:
            if error.errno != errno.EXDEV:
                raise refusal(error, destination) from error
            return self._publish_across(destination)
        self.close()
        return modified

    def keep(self) -> None:
        """Stop for now. Idempotent, and nothing after `publish`."""
        if self._descriptor >= 0 and not (self.lasting and self.size):
            self.discard()
        self.close()

    def discard(self) -> None:
        """Stop and delete the file."""
        if fcntl is None:
            self.close()
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self.path)
        self.close()

    def close(self) -> None:
        """Let go of the file. Idempotent."""
        descriptor, self._descriptor = self._descriptor, -1
        if descriptor >= 0:
            os.close(descriptor)

    def _publish_across(self, destination: str) -> int:
        """Copy to the destination's file system first: a file can only be moved within one."""
        copy = PartialFolder(os.path.dirname(destination)).create()
        try:
            with open(self.path, "rb") as file:
                while chunk := file.read(CHUNK):
                    copy.append(chunk)
            modified = copy.publish(destination)
        finally:
            copy.keep()
        self.discard()
        return modified


def _replace(path: str, destination: str) -> None:
    try:
        os.replace(path, destination)
    except FileNotFoundError:
        os.makedirs(os.path.dirname(destination), exist_ok=True)
        os.replace(path, destination)


def _modified(path: str) -> float:
    try:
        return os.stat(path, follow_symlinks=False).st_mtime
    except OSError:  # gone meanwhile; taking it over will find out
        return float("inf")


def _lock(descriptor: int) -> bool:
    """Lock a file until it is closed; False if another process has."""
    if fcntl is None:
        return True
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:  # a file system without locks: see the top of this module
        return True
    return True


def _claim(path: str) -> int | None:
    """Descriptor of a file that no process is at work on, locked; None otherwise."""
    try:
        descriptor = os.open(path, _OPEN)
    except OSError:  # gone meanwhile, or another user's
        return None
    if _lock(descriptor):
        return descriptor
    os.close(descriptor)
    return None


def _sweep(path: str) -> None:
    """Delete a file that no process is at work on. Not being able to is no reason to stop."""
    descriptor = _claim(path)
    if descriptor is None:
        return
    if fcntl is None:
        os.close(descriptor)
    with contextlib.suppress(OSError):
        os.unlink(path)
    if fcntl is not None:
        os.close(descriptor)
