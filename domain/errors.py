"""The error tree: one class per cause, grouped by what the reader can do about it.

    GroundtruthError
    ├── InvalidInput        the call or the data is wrong: correct it
    ├── NotFound            the thing named does not exist: look for the right name
    ├── Conflict            it exists already or is in the wrong state: choose another
    ├── AccessDenied        the hub refuses: authenticate, or ask for the right
    ├── Unavailable         the world failed for now: try again
    ├── IntegrityError      bytes are not what they should be: fetch or repair them
    ├── StorageError        this machine's disk refuses: make room, change permissions
    └── MissingExtra        an optional part is not installed: install it

Every error carries its facts as fields; `message` says what is wrong and where, `remedy` what to do next.
"""

from __future__ import annotations

from typing import TypeVar, dataclass_transform

import attrs

C = TypeVar("C", bound=type)


@dataclass_transform(eq_default=False)
def exception(cls: C) -> C:
    """Make an error class out of its fields; type checkers then know how it is constructed.

    A class that adds none is made like its base without this, which takes time whenever a program starts.
    """
    return attrs.define(cls, auto_exc=True, eq=False, slots=False)


@exception
class GroundtruthError(Exception):
    """Root of every error this library raises on purpose."""

    @property
    def message(self) -> str:
        """What is wrong, and where, in one line."""
        return type(self).__name__

    @property
    def remedy(self) -> str:
        """What to do next, in one line; empty when there is nothing to advise."""
        return ""

    def __str__(self) -> str:
        return f"{self.message}. {self.remedy}" if self.remedy else self.message


# --- the call or the data is wrong ------------------------------------------------------------------


@exception
class InvalidInput(GroundtruthError, ValueError):
    """A value given by the caller cannot be used."""

    what: str = "input"
    reason: str = "is not valid"
    advice: str = ""

    @property
    def message(self) -> str:
        return f"{self.what} {self.reason}"

    @property
    def remedy(self) -> str:
        return self.advice


class InvalidName(InvalidInput):
    """A name (slug, item name, path) breaks a rule of names."""


class InvalidReference(InvalidInput):
    """A dataset reference is not `[hub:]team/dataset[:release]`."""


@exception
class InvalidDocument(InvalidInput):
    """A document (annotations, metadata, manifest) does not have the shape it must have.

    `location` is a JSON path such as `$.annotations[3].polygon`; `source` names the file.
    """

    source: str = ""
    location: str = "$"

    @property
    def message(self) -> str:
        where = f"{self.source} at {self.location}" if self.source else f"at {self.location}"
        return f"{self.what} {where}: {self.reason}"


@exception
class UnsupportedFile(InvalidInput):
    """A file is of a kind that cannot be uploaded or read."""

    path: str = ""


class InvalidDataset(InvalidInput):
    """An array dataset breaks a rule: its columns, its archive, its annotations."""


class InvalidBenchmark(InvalidInput):
    """A benchmark contradicts itself or its dataset: its columns, split, metrics or target types."""


@exception
class InvalidPredictions(InvalidInput):
    """Predictions do not fit the test rows: their keys, number, type or values.

    `test_set` and `target` name the array that is wrong; empty where all of them are meant.
    """

    test_set: str = ""
    target: str = ""


class UndefinedScore(InvalidInput):
    """A metric has no value on these true values: none at all, one class only, a zero to divide by."""


class InvalidResult(InvalidInput):
    """Results cannot be: two scores of one name, none at all, or a value that the wire has no form for."""


class InvalidCompetition(InvalidInput):
    """A competition contradicts itself: its times, its limits or its task."""


# --- the thing named does not exist -----------------------------------------------------------------


@exception
class NotFound(GroundtruthError, LookupError):
    """Something named by the caller does not exist."""

    kind: str = "thing"
    name: str = ""
    where: str = ""
    advice: str = ""

    @property
    def message(self) -> str:
        return f"{self.kind} '{self.name}' not found" + (f" in {self.where}" if self.where else "")

    @property
    def remedy(self) -> str:
        return self.advice


class DatasetNotFound(NotFound):
    """No dataset of that name in that team."""


class ReleaseNotFound(NotFound):
    """The dataset has no release of that name."""


class ItemNotFound(NotFound):
    """The dataset has no item of that name or id."""


class ObjectNotFound(NotFound):
    """A stored object (blob, URL, file) does not exist; trying again will not help."""


@exception
class RowNotFound(NotFound, IndexError):
    """A table has no row there. Python's own loops end with an IndexError, hence the second base."""

    kind: str = "row"


# --- it exists already, or is in the wrong state ----------------------------------------------------


@exception
class Conflict(GroundtruthError):
    """The request contradicts what exists."""

    what: str = "request"
    reason: str = "conflicts with what exists"
    advice: str = ""

    @property
    def message(self) -> str:
        return f"{self.what} {self.reason}"

    @property
    def remedy(self) -> str:
        return self.advice


class NameTaken(Conflict):
    """A dataset, class or release of that name exists already."""


class NothingToExport(Conflict):
    """The filters of an export select no item."""


class ReleasePending(Conflict):
    """The release is still being made."""


@exception
class SubmissionRefused(Conflict):
    """A competition takes no submission from this owner now; `until` (ISO 8601) says when it will, if ever."""

    until: str = ""


# --- the hub refuses --------------------------------------------------------------------------------


@exception
class AccessDenied(GroundtruthError):
    """The hub does not let this user do that."""

    hub: str = "the hub"
    reason: str = "denied access"

    @property
    def message(self) -> str:
        return f"{self.hub} {self.reason}"

    @property
    def remedy(self) -> str:
        return "Run 'groundtruth authenticate' with a key that may do this"


@exception
class HiddenTargets(AccessDenied):
    """The targets of test rows were asked for; they are what has to be predicted."""

    hub: str = "this subset"
    reason: str = "hides its targets, because they are what has to be predicted"

    @property
    def remedy(self) -> str:
        return "Predict them from the inputs and evaluate the benchmark"


# --- the world failed for now -----------------------------------------------------------------------


@exception
class Unavailable(GroundtruthError):
    """A hub, store or network did not answer as it should; the same request may work later.

    `status` is the HTTP status where there is one; `retry_after` the seconds the other side asked for.
    """

    what: str = "the hub"
    reason: str = "is not reachable"
    status: int | None = None
    retry_after: float | None = None

    @property
    def message(self) -> str:
        return f"{self.what} {self.reason}" + (f" (HTTP {self.status})" if self.status else "")

    @property
    def remedy(self) -> str:
        return "Run the command again; what was finished is kept"


class NotSent(Unavailable):
    """No connection came about, so certainly nothing of the request arrived."""


class LinkExpired(Unavailable):
    """A signed address is no longer valid; ask the hub for a fresh one."""


# --- bytes are not what they should be --------------------------------------------------------------


@exception
class IntegrityError(GroundtruthError):
    """Stored or received bytes are damaged, cut short or missing."""

    what: str = "object"
    reason: str = "is damaged"
    advice: str = ""

    @property
    def message(self) -> str:
        return f"{self.what} {self.reason}"

    @property
    def remedy(self) -> str:
        return self.advice


@exception
class DigestMismatch(IntegrityError):
    """Bytes do not have the digest they were promised to have."""

    expected: str = ""
    actual: str = ""

    @property
    def message(self) -> str:
        return f"{self.what} has digest {self.actual or 'unknown'}, expected {self.expected or 'another'}"


@exception
class Truncated(IntegrityError):
    """Fewer (or more) bytes arrived than announced."""

    expected_size: int = 0
    actual_size: int = 0

    @property
    def message(self) -> str:
        return f"{self.what} has {self.actual_size} bytes, expected {self.expected_size}"


# --- this machine's disk refuses --------------------------------------------------------------------


@exception
class StorageError(GroundtruthError):
    """A file or folder of this machine cannot be read or written."""

    path: str = ""
    reason: str = "cannot be used"
    advice: str = ""

    @property
    def message(self) -> str:
        return f"{self.path}: {self.reason}" if self.path else self.reason

    @property
    def remedy(self) -> str:
        return self.advice


class DiskFull(StorageError):
    """No room is left on the device (or the quota is used up)."""


class NotWritable(StorageError):
    """The destination may not be written to."""


class NotReadable(StorageError):
    """The source may not be read, or vanished."""


# --- an optional part is not installed --------------------------------------------------------------


@exception
class MissingExtra(GroundtruthError):
    """A feature needs a package that the plain install leaves out."""

    feature: str = "this feature"
    extra: str = "all"

    @property
    def message(self) -> str:
        return f"{self.feature} needs the extra '{self.extra}'"

    @property
    def remedy(self) -> str:
        return f"Install it with: pip install 'groundtruth[{self.extra}]'"
