from __future__ import annotations

import copy
import inspect
import pickle

import attrs
import pytest

from groundtruth.domain import errors
from groundtruth.domain.errors import (
    AccessDenied,
    Conflict,
    DatasetNotFound,
    DigestMismatch,
    GroundtruthError,
    IntegrityError,
    InvalidDocument,
    InvalidInput,
    MissingExtra,
    NotFound,
    NotWritable,
    StorageError,
    Truncated,
    Unavailable,
)

CLASSES = [
    one
    for _, one in inspect.getmembers(errors, inspect.isclass)
    if issubclass(one, GroundtruthError) and one.__module__ == errors.__name__
]
BRANCHES = (
    InvalidInput, NotFound, Conflict, AccessDenied, Unavailable, IntegrityError, StorageError, MissingExtra,
)  # fmt: skip


def filled(kind: type[GroundtruthError]) -> GroundtruthError:
    """An error with a value of its own in every field."""
    fields = attrs.fields_dict(kind)
    values = {name: f"<{name}>" if isinstance(one.default, str) else 7 for name, one in fields.items()}
    return kind(**values)


def test_there_are_errors() -> None:
    assert len(CLASSES) > 20


@pytest.mark.parametrize("kind", CLASSES)
def test_every_error_is_in_one_branch(kind: type[GroundtruthError]) -> None:
    assert sum(issubclass(kind, branch) for branch in BRANCHES) == (0 if kind is GroundtruthError else 1)
    assert kind.__doc__


@pytest.mark.parametrize("kind", CLASSES)
@pytest.mark.parametrize("make", [lambda kind: kind(), filled])
def test_every_error_reads_well(kind: type[GroundtruthError], make) -> None:
    error = make(kind)
    assert error.message and error.message == error.message.strip(" .:,")
    assert error.remedy == error.remedy.strip(" .:,")
    assert str(error) == (f"{error.message}. {error.remedy}" if error.remedy else error.message)
    assert "None" not in str(error) and "\n" not in str(error)


@pytest.mark.parametrize("kind", CLASSES)
@pytest.mark.parametrize("again", [lambda error: pickle.loads(pickle.dumps(error)), copy.copy])
def test_every_error_survives_the_way_to_another_process(kind: type[GroundtruthError], again) -> None:
    error = filled(kind)
    received = again(error)
    assert type(received) is kind
    assert attrs.asdict(received) == attrs.asdict(error)
    assert str(received) == str(error)


def test_errors_are_raised_by_their_standard_names_too() -> None:
    with pytest.raises(ValueError, match="input is not valid"):
        raise InvalidInput
    with pytest.raises(LookupError, match="dataset 'a' not found in team t"):
        raise DatasetNotFound("dataset", "a", "team t")


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (InvalidInput("seed -1", "is out of range", "Use 0"), "seed -1 is out of range. Use 0"),
        (
            InvalidDocument("number", "expected", "", "a.json", "$.annotations[3]"),
            "number a.json at $.annotations[3]: expected",
        ),
        (DatasetNotFound("dataset", "a", "", "List them"), "dataset 'a' not found. List them"),
        (Unavailable("the hub", "does not answer", 503).message, "the hub does not answer (HTTP 503)"),
        (Truncated("a.jpg", expected_size=5, actual_size=3), "a.jpg has 3 bytes, expected 5"),
        (DigestMismatch("a.jpg", expected="x"), "a.jpg has digest unknown, expected x"),
        (NotWritable("/a", "read-only"), "/a: read-only"),
        (MissingExtra("video", "video").remedy, "Install it with: pip install 'groundtruth[video]'"),
    ],
)
def test_messages(error: GroundtruthError | str, text: str) -> None:
    assert str(error) == text


def test_causes_are_kept() -> None:
    with pytest.raises(NotWritable) as caught:
        try:
            raise PermissionError(13, "no")
        except OSError as error:
            raise NotWritable("/a", "no") from error
    assert isinstance(caught.value.__cause__, PermissionError)
