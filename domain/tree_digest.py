"""Digest of a tree of files: what a Zarr archive consists of (reference: Polaris, section 6)."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from json.encoder import encode_basestring_ascii as quoted

import attrs

from .errors import InvalidInput

_MD5 = re.compile(r"[0-9a-f]{32}")
_DIGEST = re.compile(r"[0-9a-f]{32}-[0-9]+-[0-9]+")

_NO_NAMES = frozenset({"", ".", ".."})
_LINES = 1000


def check_md5(value: str) -> str:
    """Return `value` if it is an MD5 in lower-case hex.

    Raises:
        InvalidInput: it is not.
    """
    if not _MD5.fullmatch(value):
        raise InvalidInput(f"md5 {value!r}", "is not 32 lower-case hex digits")
    return value


@attrs.frozen(order=True)
class FileDigest:
    """One file of a tree: path relative to the root with `/`, size in bytes, MD5 of its bytes in hex."""

    path: str
    size: int
    md5: str


def tree_digest(files: Iterable[FileDigest]) -> str:
    """Digest of the whole tree: `<md5>-<number of files>-<bytes>`; the order of the files does not matter.

    Raises:
        InvalidInput: a path occurs twice, is also a folder, or is no relative path.
    """
    return directory_digests(files)[""]


def directory_digests(files: Iterable[FileDigest]) -> dict[str, str]:
    """Digest of every directory that has files below it, by path; the root's path is empty."""
    tree = _tree(files)
    digests: dict[str, str] = {}
    # Deep ones first: a directory's text names the digests of those in it.
    for path in sorted(tree, key=lambda path: path.count("/") + bool(path), reverse=True):
        digests[path] = _digest(path, tree[path], digests)
    return digests


@attrs.define
class _Directory:
    files: dict[str, FileDigest] = attrs.field(factory=dict[str, FileDigest])
    folders: set[str] = attrs.field(factory=set[str])


def _tree(files: Iterable[FileDigest]) -> dict[str, _Directory]:
    tree = {"": _Directory()}
    for file in files:
        folder, slash, name = file.path.rpartition("/")
        if folder not in tree or len(slash) > len(folder):  # `/a` has no folder before its slash
            _grow(tree, folder)
        if name in _NO_NAMES or name in tree[folder].files:
            raise InvalidInput(f"tree path {file.path!r}", "is no relative path, or occurs twice")
        tree[folder].files[name] = file
    for path, directory in tree.items():
        if not directory.folders.isdisjoint(directory.files):
            raise InvalidInput(f"folder {path!r}", "has a file and a folder of the same name")
    return tree


def _grow(tree: dict[str, _Directory], folder: str) -> None:
    above = ""
    for name in folder.split("/"):
        if name in _NO_NAMES:
            raise InvalidInput(f"tree path {folder!r}", "is no relative path")
        tree[above].folders.add(name)
        above = f"{above}/{name}" if above else name
        tree.setdefault(above, _Directory())


def _digest(path: str, directory: _Directory, digests: Mapping[str, str]) -> str:
    """Hash the JSON text of a directory, written by hand: its form is part of the format, and it has many lines."""
    count, size = len(directory.files), sum(file.size for file in directory.files.values())
    folders: list[str] = []
    for name in sorted(directory.folders):
        digest = digests[f"{path}/{name}" if path else name]
        _, below_count, below_size = digest.split("-")
        count, size = count + int(below_count), size + int(below_size)
        folders.append(_entry(digest, name, below_size, below_count))
    md5 = hashlib.md5(f'{{"directories":[{",".join(folders)}],"files":['.encode(), usedforsecurity=False)
    names = sorted(directory.files)
    for start in range(0, len(names), _LINES):
        block = ((name, directory.files[name]) for name in names[start : start + _LINES])
        lines = [_entry(file.md5, name, str(file.size), "0") for name, file in block]
        md5.update(f"{',' if start else ''}{','.join(lines)}".encode())
    md5.update(b"]}")
    return f"{md5.hexdigest()}-{count}-{size}"


def _entry(digest: str, name: str, size: str, count: str) -> str:
    return f'{{"digest":"{digest}","name":{quoted(name)},"size":{size},"count":{count}}}'


def check_tree_digest(value: str) -> str:
    """Return `value` if it has the form of a tree digest.

    Raises:
        InvalidInput: it has not.
    """
    if not _DIGEST.fullmatch(value):
        raise InvalidInput(f"tree digest {value!r}", "is not <md5>-<count>-<size>")
    return value


def manifest_rows(files: Iterable[FileDigest]) -> list[tuple[str, str]]:
    """Rows (path, MD5) of a version 2 manifest, sorted by path so that it is the same everywhere (section 5.6)."""
    return sorted((file.path, file.md5) for file in files)


def manifest_of(files: Iterable[FileDigest]) -> tuple[FileDigest, ...]:
    """The file list of an archive in the order of a version 1 manifest: by path as text."""
    return tuple(sorted(files))


def first_difference(expected: Mapping[str, str], actual: Mapping[str, str]) -> str | None:
    """Path of the first file (in path order) that lacks, is too many or has another MD5; None if there is none."""
    differing = (path for path in expected.keys() | actual.keys() if expected.get(path) != actual.get(path))
    return min(differing, default=None)
