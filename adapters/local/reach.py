"""What of the stored things can still be reached, and by whom.

Reachable are items and complete releases of datasets that were not removed, and releases that are being made.
"""

# ruff: noqa: S608 - statements are put together from constants only

from __future__ import annotations

import sqlite3

USERS = 20
"""How many users of a damaged thing are named."""

LIVE_DOCUMENT = """EXISTS (
    SELECT 1 FROM release_documents
    JOIN releases ON releases.id = release_documents.release
    JOIN datasets ON datasets.id = releases.dataset
    WHERE release_documents.document = documents.id AND datasets.removed_at IS NULL
        AND (releases.complete OR releases.touched_at >= :cutoff)
)"""

LIVE_BLOB = f"""(
    EXISTS (
        SELECT 1 FROM slots
        JOIN items ON items.seq = slots.item
        JOIN datasets ON datasets.id = items.dataset
        WHERE slots.blob = blobs.id AND datasets.removed_at IS NULL
    ) OR EXISTS (
        SELECT 1 FROM document_blobs
        JOIN documents ON documents.id = document_blobs.document
        WHERE document_blobs.blob = blobs.id AND {LIVE_DOCUMENT}
    )
)"""

DEAD_RELEASES = """
SELECT releases.id FROM releases JOIN datasets ON datasets.id = releases.dataset
WHERE datasets.removed_at IS NOT NULL OR NOT (releases.complete OR releases.touched_at >= :cutoff)
"""

_ITEMS_OF_BLOB = """
SELECT datasets.team || '/' || datasets.slug || items.full_path
FROM slots JOIN items ON items.seq = slots.item JOIN datasets ON datasets.id = items.dataset
WHERE slots.blob = ? AND datasets.removed_at IS NULL ORDER BY 1 LIMIT ?
"""

_RELEASE_NAME = "datasets.team || '/' || datasets.slug || ':' || releases.name"

_RELEASES_OF_BLOB = f"""
SELECT DISTINCT {_RELEASE_NAME}
FROM document_blobs
JOIN release_documents ON release_documents.document = document_blobs.document
JOIN releases ON releases.id = release_documents.release
JOIN datasets ON datasets.id = releases.dataset
WHERE document_blobs.blob = ? AND datasets.removed_at IS NULL AND releases.complete ORDER BY 1 LIMIT ?
"""

_RELEASES_OF_DOCUMENT = f"""
SELECT DISTINCT {_RELEASE_NAME}
FROM release_documents
JOIN releases ON releases.id = release_documents.release
JOIN datasets ON datasets.id = releases.dataset
WHERE release_documents.document = ? AND datasets.removed_at IS NULL AND releases.complete ORDER BY 1 LIMIT ?
"""


def users_of_blob(connection: sqlite3.Connection, blob: int) -> tuple[str, ...]:
    """Items (`team/dataset/folder/name`) and releases (`team/dataset:release`) that need a blob."""
    queries = (_ITEMS_OF_BLOB, _RELEASES_OF_BLOB)
    return tuple(user for query in queries for (user,) in connection.execute(query, (blob, USERS)))


def users_of_document(connection: sqlite3.Connection, document: int) -> tuple[str, ...]:
    """Releases that hold a document."""
    return tuple(user for (user,) in connection.execute(_RELEASES_OF_DOCUMENT, (document, USERS)))
