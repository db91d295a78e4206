"""What a file is, and what is wrong with it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from ...domain.errors import IntegrityError, NotReadable, UnsupportedFile

KINDS: Mapping[str, str] = {
    ".csv": "csv", ".tsv": "tsv", ".parquet": "parquet", ".pq": "parquet",
    ".npy": "npy", ".npz": "npz", ".json": "json",
}  # fmt: skip
ADVICE = "Fetch or write it again"


def kind_of(path: Path, given: str | None, allowed: frozenset[str]) -> str:
    """Tell what a file is: what is said, else by the ending of its name.

    Raises:
        UnsupportedFile: neither is known here.
    """
    kind = given if given is not None else KINDS.get(path.suffix.lower())
    if kind not in allowed:
        raise UnsupportedFile(
            f"file {path}",
            "is of a kind that is not read here",
            f"Use one of: {', '.join(sorted(allowed))}",
            str(path),
        )
    return kind


def check_size(path: Path, most: int, size: int | None = None) -> None:
    """Refuse a file larger than `most` bytes; `size` is what it holds where that is not its own size.

    Raises:
        NotReadable: there is no such file.
        UnsupportedFile: it is too large.
    """
    with reading(path):
        held = path.stat().st_size if size is None else size
        if path.is_dir():
            raise NotReadable(str(path), "is a folder", "Name a file in it")
    if held > most:
        raise UnsupportedFile(f"file {path}", f"holds {held} bytes, more than {most}", "Split it", str(path))


@contextmanager
def reading(path: Path) -> Iterator[None]:
    """Raise what the disk or a reader of the format refuses as typed errors."""
    try:
        yield
    except FileNotFoundError as error:
        raise NotReadable(str(path), "does not exist", "Check the path") from error
    except OSError as error:
        raise NotReadable(str(path), error.strerror or str(error), "Check the path and its permissions") from error


def damaged(path: Path, why: object) -> IntegrityError:
    """The error for a file that is not what its name says."""
    return IntegrityError(f"file {path}", f"is damaged or no such file: {why}", ADVICE)
