"""Reading documents: fields by either spelling of their names, with their types checked (reference: Polaris, 4)."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, TypeVar, cast

import attrs

from ...domain.artifact import (
    SPEAKS_VERSION,
    ArtifactId,
    ArtifactMeta,
    Owner,
    OwnerType,
    check_artifact_name,
    check_artifact_slug,
    check_attributes,
    check_client_version,
)
from ...domain.errors import InvalidDocument, InvalidInput

T = TypeVar("T")


def camel(name: str) -> str:
    """Camel case as pydantic has it: a letter after a digit is raised, too (`md5sum` becomes `md5Sum`)."""
    first, *others = name.split("_")
    whole = first + "".join(part[:1].upper() + part[1:] for part in others)
    return re.sub(r"(?<=[0-9])[a-z]", lambda found: found[0].upper(), whole)


@attrs.frozen
class Reader:
    """A JSON object, its place in the document and the name of that document for errors."""

    fields: Mapping[str, Any]
    what: str
    source: str = ""
    location: str = "$"

    def fail(self, name: str, reason: str, advice: str = "") -> InvalidDocument:
        """Make the error of one field."""
        return InvalidDocument(self.what, reason, advice, self.source, self._place(name))

    def _place(self, name: str) -> str:
        """Where a field is, spelled as the document spells it; `name` may go on into the field."""
        head = re.split(r"[.[]", name, maxsplit=1)[0]
        spelled = camel(head) if head not in self.fields and camel(head) in self.fields else head
        return f"{self.location}.{spelled}{name[len(head) :]}" if name else self.location

    def has(self, name: str) -> bool:
        """Tell whether the field is there by any spelling, null or not."""
        return name in self.fields or camel(name) in self.fields

    def value(self, name: str, *others: str) -> Any:
        """The field by its name, its alias or one of `others`; None if it is not there."""
        for key in (name, camel(name), *others):
            if key in self.fields:
                return self.fields[key]
        return None

    def of_type(self, kind: type[T] | tuple[type[T], ...], called: str, name: str, *others: str) -> T | None:
        """The field if it is of that type or null; booleans are no numbers."""
        value = self.value(name, *others)
        if value is None:
            return None
        if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
            raise self.fail(name, f"is {type(value).__name__}, not {called}")
        return value

    def text(self, name: str, *others: str) -> str | None:
        """A text or None."""
        return self.of_type(str, "text", name, *others)

    def required_text(self, name: str, *others: str) -> str:
        """A text."""
        found = self.text(name, *others)
        if found is None:
            raise self.fail(name, "is missing")
        return found

    def whole(self, name: str, default: int) -> int:
        """A whole number, or the default if there is none."""
        found = self.of_type(int, "a whole number", name)
        return default if found is None else found

    @contextmanager
    def part(self, name: str) -> Iterator[None]:
        """Have errors of the domain say that they are about this field."""
        try:
            yield
        except InvalidDocument:
            raise
        except (InvalidInput, ValueError) as error:
            advice = error.advice if isinstance(error, InvalidInput) else ""
            reason = error.message if isinstance(error, InvalidInput) else str(error)
            raise self.fail(name, reason, advice) from error

    def checked(self, name: str, rule: Callable[[str], T]) -> T | None:
        """What a rule of the domain makes of a text; None if there is none."""
        value = self.text(name)
        with self.part(name):
            return None if value is None else rule(value)

    def texts(self, name: str) -> tuple[str, ...]:
        """A list of texts; empty if there is none."""
        listed = self.sequence(name)
        for place, value in enumerate(listed):
            if not isinstance(value, str):
                raise self.fail(f"{name}[{place}]", f"is {type(value).__name__}, not text")
        return tuple(listed)

    def sequence(self, name: str) -> Sequence[Any]:
        """A list; empty if there is none."""
        found = cast("list[Any] | tuple[Any, ...] | None", self.of_type((list, tuple), "a list", name))
        return found or ()

    def mapping(self, name: str) -> dict[str, Any]:
        """An object; empty if there is none."""
        found = cast("Mapping[str, Any] | None", self.of_type(cast("type[Any]", Mapping), "an object", name))
        return dict(found or {})

    def objects(self, name: str) -> Iterator[Reader]:
        """A list of objects, each to be read in turn."""
        for place, value in enumerate(self.sequence(name)):
            yield self.inside(value, f"{name}[{place}]")

    def inside(self, value: Any, name: str) -> Reader:
        """Read an object that is a part of this one."""
        if not isinstance(value, Mapping):
            raise self.fail(name, f"is {type(value).__name__}, not an object")
        return Reader(cast("Mapping[str, Any]", value), self.what, self.source, self._place(name))

    def artifact_id(self, name: str) -> ArtifactId | None:
        """An id `owner/slug` or None."""
        found = self.text(name)
        return None if found is None else ArtifactId.parse(found)

    def owner(self, name: str) -> Owner | None:
        """An owner, as slug or as object, or None."""
        value = self.value(name)
        if value is None or isinstance(value, str):
            return None if value is None else Owner(value)
        one = self.inside(value, name)
        kind = one.checked("type", OwnerType)
        with one.part("slug"):
            return Owner(one.required_text("slug"), one.text("external_id"), kind)

    def meta(self) -> ArtifactMeta:
        """What every artifact says of itself."""
        name = self.checked("name", check_artifact_name)
        slug = self.checked("slug", check_artifact_slug)
        with self.part("owner"):
            owner = self.owner("owner")
        with self.part("user_attributes"):
            attributes = check_attributes(self.mapping("user_attributes"))
        with self.part("name"):  # which may give no slug
            return ArtifactMeta(
                name=name,
                slug=slug,
                owner=owner,
                description=self.text("description") or "",
                tags=self.texts("tags"),
                user_attributes=attributes,
                polaris_version=self.checked("polaris_version", check_client_version) or SPEAKS_VERSION,
            )


@contextmanager
def reading(document: Any, what: str, source: str = "") -> Iterator[Reader]:
    """Read a document; broken rules of the domain become errors of the document.

    Raises:
        InvalidDocument: a field has another type or breaks a rule.
    """
    if not isinstance(document, Mapping):
        raise InvalidDocument(what, f"is {type(document).__name__}, not an object", source=source)
    try:
        yield Reader(cast("Mapping[str, Any]", document), what, source)
    except InvalidDocument:
        raise
    except (InvalidInput, ValueError) as error:
        advice = error.advice if isinstance(error, InvalidInput) else ""
        reason = error.message if isinstance(error, InvalidInput) else str(error)
        raise InvalidDocument(what, reason, advice, source) from error
