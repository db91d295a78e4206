"""Documents whose domain values are made when they are asked for.

Reading is validating. Making values, above all arrays, costs several times as much, and many readers want only a
part of a document, such as its files. Annotations that were made are not kept: that would pay only for those who
go through a document more than once, at the price of holding it twice.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, overload

from ....domain.document import AnnotationDocument
from ....domain.item import NO_EXTRA
from . import wire
from .extras import NO_EXTRAS, Extras
from .items import read_item
from .kinds import main_type

if TYPE_CHECKING:
    from ....domain.annotation import AnyAnnotation
    from ....domain.document import ItemPropertyValue

Read = Callable[[wire.AnyAnnotation, int, Extras], "AnyAnnotation"]


class LazyAnnotations(Sequence["AnyAnnotation"]):
    """The annotations of a validated document, in its order, each made by `read`. Immutable; equal to any sequence
    of equals.
    """

    __slots__ = ("_extras", "_read", "_sources")

    def __init__(self, sources: Sequence[wire.AnyAnnotation], extras: Extras, read: Read) -> None:
        self._sources = sources
        self._extras = extras
        self._read = read

    def __len__(self) -> int:
        return len(self._sources)

    @overload
    def __getitem__(self, index: int) -> AnyAnnotation: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[AnyAnnotation]: ...
    def __getitem__(self, index: int | slice) -> AnyAnnotation | Sequence[AnyAnnotation]:
        positions = range(len(self._sources))[index]
        if isinstance(positions, range):
            return tuple(self._make(position) for position in positions)
        return self._make(positions)

    def __iter__(self) -> Iterator[AnyAnnotation]:
        return map(self._make, range(len(self._sources)))

    def _make(self, position: int) -> AnyAnnotation:
        return self._read(self._sources[position], position, self._extras)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, tuple | list | LazyAnnotations):
            return NotImplemented
        return len(self) == len(other) and all(one == two for one, two in zip(self, other, strict=True))

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"<{len(self)} annotations>"


class LazyDocument(AnnotationDocument):
    """An AnnotationDocument that makes each of its values at the first access."""

    __slots__ = ("_extras", "_source")

    def __getattr__(self, name: str) -> Any:
        # Reached only while the slot of that name is empty.
        if name == "_extras":
            return NO_EXTRAS
        if name not in _MAKERS:
            raise AttributeError(name)
        value = _MAKERS[name](self._source, self._extras)
        object.__setattr__(self, name, value)
        return value

    @property
    def name(self) -> str:
        """As `AnnotationDocument.name`."""
        return self._source.item.name

    def classes(self) -> list[tuple[str, str]]:
        """As `AnnotationDocument.classes`, without making the annotations."""
        # Types that are not known are among the extras; what `attrs.evolve` made has annotations of its own.
        if self._extras or not hasattr(self, "_source"):
            return super().classes()
        return sorted({(one.name.strip(), main_type(one)) for one in self._source.annotations})

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, AnnotationDocument):
            return NotImplemented
        return all(getattr(self, name) == getattr(other, name) for name in _MAKERS)

    __hash__ = None  # type: ignore[assignment]

    def __reduce__(self) -> tuple[Any, ...]:
        return AnnotationDocument, tuple(getattr(self, name) for name in _MAKERS)


# Shapes take a while to import, so this is done for the first annotation that somebody wants to see.
def _annotations(source: wire.AnyDocument, extras: Extras) -> Sequence[AnyAnnotation]:
    from .annotations import read_annotation

    return LazyAnnotations(source.annotations, extras, read_annotation)


def _properties(source: wire.AnyDocument, extras: Extras) -> tuple[ItemPropertyValue, ...]:
    from .item_properties import read_properties

    return read_properties(source.properties, extras)


_MAKERS: dict[str, Callable[[wire.AnyDocument, Extras], Any]] = {
    "item": lambda source, extras: read_item(source.item, extras),
    "annotations": _annotations,
    "properties": _properties,
    "version": lambda source, extras: source.version,
    "schema_ref": lambda source, extras: source.schema_ref,
    "extra": lambda source, extras: extras.get((), NO_EXTRA),
}
"""How each field of AnnotationDocument is made, in their order."""

_new = object.__new__
_set_source: Callable[[LazyDocument, wire.AnyDocument], None] = LazyDocument.__dict__["_source"].__set__
_set_extras: Callable[[LazyDocument, Extras], None] = LazyDocument.__dict__["_extras"].__set__


def lazy_document(source: wire.AnyDocument, extras: Extras = NO_EXTRAS) -> AnnotationDocument:
    """Wrap a validated document."""
    # On the hot path. The class is frozen, so a slot is set through its descriptor.
    document = _new(LazyDocument)
    _set_source(document, source)
    _set_extras(document, extras)
    return document
