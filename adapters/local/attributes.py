"""Attributes that annotations of a team carry, or ever carried."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence

from ...domain.classes import AttributeDefinition
from ...domain.dataset import Dataset
from ...domain.document import AnnotationDocument
from ...ports.documents import DocumentCodec
from .catalogue import Catalogue
from .datasets import check_live
from .packing import Packed, unpack
from .stamps import derived_id

PAGE = 500

_LIST = """
SELECT attributes.class, attributes.kind, attributes.name, classes.id
FROM dataset_classes
JOIN classes ON classes.id = dataset_classes.class
JOIN attributes ON (attributes.team, attributes.class, attributes.kind) = (classes.team, classes.name, classes.kind)
WHERE dataset_classes.dataset = ?
ORDER BY attributes.class, attributes.kind, attributes.name
"""

_ADD = "INSERT OR IGNORE INTO attributes VALUES (?, ?, ?, ?)"

# CROSS JOIN has SQLite begin with what is unread, which is nothing most of the time.
_UNREAD = f"""
SELECT annotations.item, datasets.team, annotations.digest, annotations.size, annotations.body
FROM unread_attributes
CROSS JOIN annotations ON annotations.item = unread_attributes.item
JOIN items ON items.seq = annotations.item
JOIN datasets ON datasets.id = items.dataset
ORDER BY unread_attributes.item LIMIT {PAGE}
"""  # noqa: S608 - put together from constants only


def keep_attributes(connection: sqlite3.Connection, team: str, document: AnnotationDocument) -> None:
    """Remember the attributes that a document carries. Call it inside a write transaction."""
    connection.executemany(_ADD, [(team, *attribute) for attribute in document.attributes()])


class Attributes:
    """Lists attributes."""

    def __init__(self, catalogue: Catalogue, codec: DocumentCodec) -> None:
        self._catalogue = catalogue
        self._codec = codec

    def list_attributes(self, dataset: Dataset) -> Sequence[AttributeDefinition]:
        """Attributes of the classes attached to the dataset."""
        self._read_old_annotations()
        with self._catalogue.reading() as connection:
            check_live(connection, dataset)
            rows = connection.execute(_LIST, (dataset.id,)).fetchall()
        return [
            AttributeDefinition(derived_id("attribute", dataset.team, class_name, kind, name), name, class_id)
            for class_name, kind, name, class_id in rows
        ]

    def _read_old_annotations(self) -> None:
        """Read what was stored before attributes were remembered, once for all."""
        while True:
            with self._catalogue.reading() as connection:
                page = connection.execute(_UNREAD).fetchall()
            if not page:
                return
            found: list[tuple[str, AnnotationDocument]] = []
            for item, team, *packed in page:
                what = f"annotations of row {item}"
                found.append((team, self._codec.read(unpack(Packed(*packed), what), what)))
            with self._catalogue.writing() as connection:
                for team, document in found:
                    keep_attributes(connection, team, document)
                done = json.dumps([row[0] for row in page])
                delete = "DELETE FROM unread_attributes WHERE item IN (SELECT value FROM json_each(?))"
                connection.execute(delete, (done,))
