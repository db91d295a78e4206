"""Annotations of a Darwin hub's items (reference: V7 Darwin, sections 10.3 to 10.5)."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import attrs
import msgspec

from ...domain.annotation import AnyAnnotation, is_supported
from ...domain.classes import AnnotationClass, PropertyChoice
from ...domain.dataset import Dataset
from ...domain.document import AnnotationDocument, ItemPropertyValue
from ...domain.errors import InvalidInput, ItemNotFound, NotFound
from ...domain.item import Item, ItemDescription, ItemQuery, SourceInfo
from ...ports.annotations import ImportMode
from ...ports.documents import DocumentCodec
from ...ports.progress import Progress, Warned
from .api import Api, TooLarge, segment
from .classes import DarwinClasses
from .listing import DarwinListing
from .present import read_present
from .vocabulary import UnknownId
from .wire import MAX_BODY, Dropped, Encoded, Loss, encode, parts

LEAST_PIECE = 10_000
"""Bytes below which an import is not cut any further."""

MAX_TOLD = 10_000
"""Different things that are remembered to have been warned of."""

_REFUSED = {
    Loss.CLASS: "Add the class on the hub",
    Loss.PROPERTY: "Create it on the hub, or import with the .v7/metadata.json that describes it",
    Loss.VALUE: "Add it on the hub, or import with the .v7/metadata.json that lists it",
}
"""What is not left out silently: whoever overwrites annotations would lose those on the hub for less."""

_FINAL = frozenset({Loss.SHAPE, Loss.FIELD})
"""What no look at the hub can change."""

_Make = Callable[[list[msgspec.Raw], bool], Any]
"""Makes a body from annotations and whether it is the first."""


class _Written(msgspec.Struct):
    annotations: list[msgspec.Raw]
    properties: msgspec.Raw
    item: msgspec.Raw


class DarwinAnnotations:
    """Implements `ports.annotations.AnnotationDesk`.

    A hub of groundtruth is sent documents, and loses nothing. Any other is told what the import form can say (see
    `wire`): classes, and values of item properties, are added to it; other properties and values it must know; what
    else it cannot be told is left out with a warning. An import that a hub refuses as too large is sent in pieces,
    and then is atomic only for each of them.
    """

    def __init__(self, api: Api, codec: DocumentCodec, classes: DarwinClasses, progress: Progress) -> None:
        self._api = api
        self._codec = codec
        self._classes = classes
        self._progress = progress
        self._told: set[Dropped] = set()

    def get_annotations(self, dataset: Dataset, item_id: str) -> AnnotationDocument:
        """The item as it is now."""
        native = self._api.is_native(dataset.team)
        with _found(dataset, item_id):
            if native:
                path = self._path(dataset, item_id, "document")
                data = self._api.get_bytes(dataset.team, path, [("dataset_id", dataset.id)])
                return self._codec.read(data, f"item '{item_id}' of {self._api.name}")
            item = self._item(dataset, item_id)
            raw = self._api.get(dataset.team, self._path(dataset, item_id, "annotations"))
            state = self._api.get(dataset.team, self._path(dataset, item_id, "properties"))
        source = f"item '{item_id}' of {self._api.name}"
        try:
            annotations, values = read_present(raw, state, self._classes.vocabulary(dataset), self._codec, source)
        except UnknownId:  # made since we looked
            words = self._classes.vocabulary(dataset, fresh=True)
            annotations, values = read_present(raw, state, words, self._codec, source)
        return AnnotationDocument(_describe(dataset, item), annotations, values)

    def import_annotations(
        self,
        dataset: Dataset,
        item_id: str,
        annotations: Sequence[AnyAnnotation],
        properties: Sequence[ItemPropertyValue],
        mode: ImportMode,
    ) -> None:
        """Replace or extend what the item has. Those without id get one here, so that asking again changes nothing.

        Raises:
            InvalidInput: a property or value that the hub does not know, or an annotation that is too large.
        """
        named = [one if one.id is not None else attrs.evolve(one, id=str(uuid.uuid4())) for one in annotations]
        if self._api.is_native(dataset.team):
            document = AnnotationDocument(ItemDescription(item_id), named, tuple(properties))
            self._import_document(dataset, item_id, document, mode)
        else:
            self._import_words(dataset, item_id, named, properties, mode)

    # --- to a hub of groundtruth --------------------------------------------------------------------

    def _import_document(
        self, dataset: Dataset, item_id: str, document: AnnotationDocument, mode: ImportMode
    ) -> None:
        written = msgspec.json.decode(self._codec.write(document), type=_Written)

        def make(piece: list[msgspec.Raw], is_first: bool) -> Any:
            values = written.properties if is_first else []
            said = {"version": "2.0", "item": written.item, "annotations": piece, "properties": values}
            return {"overwrite": _overwrite(mode, is_first), "dataset_id": dataset.id, "document": said}

        self._send(dataset, item_id, written.annotations, make)

    # --- to any other -------------------------------------------------------------------------------

    def _import_words(
        self,
        dataset: Dataset,
        item_id: str,
        annotations: Sequence[AnyAnnotation],
        properties: Sequence[ItemPropertyValue],
        mode: ImportMode,
    ) -> None:
        placed = self._placed(dataset, item_id, annotations)
        encoded = self._encode(dataset, placed, properties)
        for one in encoded.dropped:
            if one.loss in _REFUSED:
                raise InvalidInput(one.what, one.reason, _REFUSED[one.loss])
            self._tell(one)
        elements = [msgspec.Raw(msgspec.json.encode(element)) for element in encoded.annotations]

        def make(piece: list[msgspec.Raw], is_first: bool) -> Any:
            body: dict[str, Any] = {"overwrite": _overwrite(mode, is_first), "annotations": piece}
            return {**body, "properties": encoded.properties} if is_first and encoded.properties else body

        self._send(dataset, item_id, elements, make)

    def _encode(
        self, dataset: Dataset, annotations: Sequence[AnyAnnotation], properties: Sequence[ItemPropertyValue]
    ) -> Encoded:
        encoded = encode(annotations, properties, self._classes.vocabulary(dataset), self._codec)
        if any(one.loss not in _FINAL and one not in self._told for one in encoded.dropped) or self._is_hidden(
            dataset, properties
        ):
            self._classes.vocabulary(dataset, fresh=True)
            self._complete(dataset, annotations, properties)
            encoded = encode(annotations, properties, self._classes.vocabulary(dataset), self._codec)
        return encoded

    def _complete(
        self, dataset: Dataset, annotations: Sequence[AnyAnnotation], properties: Sequence[ItemPropertyValue]
    ) -> None:
        """Add classes that the dataset lacks, and values that item properties lack, as Darwin's own client does."""
        words = self._classes.vocabulary(dataset)
        used = {(one.class_name, one.kind): None for one in annotations if is_supported(one)}
        classes = [AnnotationClass(*key) for key in used if words.class_of(*key) is None]
        if classes:
            self._classes.add_classes(dataset, classes)
        self._classes.add_properties(
            dataset,
            [
                attrs.evolve(known.definition, choices=() if known.is_text else (PropertyChoice(value.value),))
                for value in properties
                if value.value is not None and (known := words.property_of(None, value.name)) is not None
            ],
        )

    def _is_hidden(self, dataset: Dataset, properties: Sequence[ItemPropertyValue]) -> bool:
        """True if the dataset does not show one of the item properties yet."""
        words = self._classes.vocabulary(dataset)
        known = [words.property_of(None, value.name) for value in properties]
        return any(one is not None and dataset.id not in (one.dataset_ids or ()) for one in known)

    def _placed(
        self, dataset: Dataset, item_id: str, annotations: Sequence[AnyAnnotation]
    ) -> Sequence[AnyAnnotation]:
        """Annotations of no slot get the item's first one, which with channels is the one below the others."""
        if all(one.slot_names for one in annotations):
            return annotations
        item = self._item(dataset, item_id)
        slot = _base_slot(item)
        return [
            one if one.slot_names or slot is None else attrs.evolve(one, slot_names=(slot,)) for one in annotations
        ]

    def _tell(self, dropped: Dropped) -> None:
        if dropped not in self._told and len(self._told) < MAX_TOLD:
            self._told.add(dropped)
            self._progress.report(Warned(f"{dropped}: left out"))

    # --- requests -----------------------------------------------------------------------------------

    def _send(self, dataset: Dataset, item_id: str, elements: list[msgspec.Raw], make: _Make) -> None:
        path = self._path(dataset, item_id, "import")

        def post(piece: list[msgspec.Raw], is_first: bool) -> None:
            body = make(piece, is_first)
            # Every annotation has an id, and values that are there already are not added.
            with _found(dataset, item_id):
                self._api.post(dataset.team, path, body, repeatable=True)

        try:
            return post(elements, True)
        except TooLarge as error:
            refusal = error
        rest = len(msgspec.json.encode(make([], True)))
        size = rest + sum(len(bytes(element)) for element in elements)
        limit = MAX_BODY if size > MAX_BODY else size // 2
        while limit > LEAST_PIECE:
            try:
                for number, piece in enumerate(list(parts(elements, limit, rest))):
                    post(piece, number == 0)
                return None
            except TooLarge as error:
                refusal, limit = error, limit // 2
        raise refusal

    def _item(self, dataset: Dataset, item_id: str) -> Item:
        query = ItemQuery(statuses=(), ids=(item_id,))
        for item in DarwinListing(self._api).list_items(dataset, query):
            return item
        raise ItemNotFound("item", item_id, dataset.reference.identifier)

    def _path(self, dataset: Dataset, item_id: str, what: str) -> str:
        return f"v2/teams/{segment(dataset.team)}/items/{segment(item_id)}/{what}"


@contextmanager
def _found(dataset: Dataset, item_id: str) -> Iterator[None]:
    """What is not found in here is the item."""
    try:
        yield
    except NotFound as error:
        raise ItemNotFound("item", item_id, dataset.reference.identifier) from error


def _overwrite(mode: ImportMode, is_first: bool) -> str:
    return "true" if is_first and mode is ImportMode.OVERWRITE else "false"


def _describe(dataset: Dataset, item: Item) -> ItemDescription:
    source = SourceInfo(
        item.id, dataset.name, dataset.slug, dataset.url or None, dataset.team, dataset.team, item.url
    )
    return ItemDescription(item.name, str(item.path), source, item.slots)


def _base_slot(item: Item) -> str | None:
    grid = (item.layout or {}).get("slots_grid")
    try:
        return str(grid[0][0][0])  # type: ignore[index]
    except (TypeError, LookupError):  # no layout of that kind
        return item.slots[0].name if item.slots else None
