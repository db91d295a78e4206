"""Tables of the catalogue, and how an older catalogue becomes a newer one.

Digests are 32 raw bytes, timestamps RFC 3339 text in UTC. Ids that leave the hub are never used twice.
"""

from __future__ import annotations

import sqlite3

from ...domain.errors import StorageError

_FIRST = """
CREATE TABLE datasets (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    team TEXT NOT NULL,
    name TEXT NOT NULL,
    slug TEXT NOT NULL,
    created_at TEXT NOT NULL,
    removed_at TEXT
);
CREATE UNIQUE INDEX live_datasets ON datasets (team, slug) WHERE removed_at IS NULL;

CREATE TABLE blobs (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    digest BLOB NOT NULL UNIQUE,
    size INTEGER NOT NULL
);

CREATE TABLE items (
    seq INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    dataset INTEGER NOT NULL REFERENCES datasets (id),
    full_path TEXT NOT NULL,
    name TEXT NOT NULL,
    folder TEXT NOT NULL,
    status TEXT NOT NULL,
    archived INTEGER NOT NULL DEFAULT 0,
    priority INTEGER NOT NULL DEFAULT 0,
    layout TEXT,
    size INTEGER NOT NULL DEFAULT 0,
    inserted_at TEXT NOT NULL,
    updated_at TEXT NOT NULL,
    UNIQUE (dataset, full_path)
);

CREATE TABLE slots (
    item INTEGER NOT NULL REFERENCES items (seq) ON DELETE CASCADE,
    position INTEGER NOT NULL,
    upload_id TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    file_name TEXT NOT NULL,
    type TEXT NOT NULL,
    fps,
    options TEXT,
    blob INTEGER REFERENCES blobs (id),
    width INTEGER,
    height INTEGER,
    native_fps REAL,
    frame_count INTEGER,
    PRIMARY KEY (item, position)
) WITHOUT ROWID;
CREATE INDEX slots_by_blob ON slots (blob);

CREATE TABLE annotations (
    item INTEGER PRIMARY KEY REFERENCES items (seq) ON DELETE CASCADE,
    digest BLOB NOT NULL,
    size INTEGER NOT NULL,
    body BLOB NOT NULL,
    classes TEXT NOT NULL,
    signed INTEGER NOT NULL,
    described INTEGER NOT NULL
);

CREATE TABLE comments (
    seq INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    item INTEGER NOT NULL REFERENCES items (seq) ON DELETE CASCADE,
    text TEXT NOT NULL,
    x REAL NOT NULL,
    y REAL NOT NULL,
    w REAL NOT NULL,
    h REAL NOT NULL,
    slot_name TEXT,
    inserted_at TEXT NOT NULL
);
CREATE INDEX comments_by_item ON comments (item);

CREATE TABLE classes (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    team TEXT NOT NULL,
    name TEXT NOT NULL,
    kind TEXT NOT NULL,
    definition TEXT NOT NULL,
    UNIQUE (team, name, kind)
);
CREATE TABLE dataset_classes (
    dataset INTEGER NOT NULL REFERENCES datasets (id),
    class INTEGER NOT NULL REFERENCES classes (id),
    PRIMARY KEY (dataset, class)
) WITHOUT ROWID;

CREATE TABLE properties (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    team TEXT NOT NULL,
    class INTEGER REFERENCES classes (id),
    name TEXT NOT NULL,
    definition TEXT NOT NULL
);
CREATE UNIQUE INDEX properties_by_class ON properties (team, coalesce(class, 0), name);
CREATE TABLE dataset_properties (
    dataset INTEGER NOT NULL REFERENCES datasets (id),
    property INTEGER NOT NULL REFERENCES properties (id),
    PRIMARY KEY (dataset, property)
) WITHOUT ROWID;

CREATE TABLE documents (
    id INTEGER PRIMARY KEY,
    digest BLOB NOT NULL UNIQUE,
    size INTEGER NOT NULL,
    body BLOB NOT NULL
);
CREATE TABLE document_blobs (
    document INTEGER NOT NULL REFERENCES documents (id) ON DELETE CASCADE,
    blob INTEGER NOT NULL REFERENCES blobs (id),
    PRIMARY KEY (document, blob)
) WITHOUT ROWID;
CREATE INDEX document_blobs_by_blob ON document_blobs (blob);

CREATE TABLE releases (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    dataset INTEGER NOT NULL REFERENCES datasets (id),
    name TEXT NOT NULL,
    complete INTEGER NOT NULL DEFAULT 0,
    created_at TEXT NOT NULL,
    touched_at TEXT NOT NULL,
    item_count INTEGER,
    class_count INTEGER,
    digest BLOB,
    metadata BLOB
);
CREATE UNIQUE INDEX complete_releases ON releases (dataset, name) WHERE complete;
CREATE TABLE release_documents (
    release INTEGER NOT NULL REFERENCES releases (id) ON DELETE CASCADE,
    position INTEGER NOT NULL,
    name TEXT NOT NULL,
    document INTEGER NOT NULL REFERENCES documents (id),
    PRIMARY KEY (release, position)
) WITHOUT ROWID;
CREATE INDEX release_documents_by_document ON release_documents (document);
"""

_SECOND = """
ALTER TABLE datasets ADD COLUMN live INTEGER NOT NULL DEFAULT 0;
ALTER TABLE datasets ADD COLUMN done INTEGER NOT NULL DEFAULT 0;
UPDATE datasets SET
    live = (SELECT count(*) FROM items WHERE dataset = datasets.id AND NOT archived),
    done = (SELECT count(*) FROM items WHERE dataset = datasets.id AND NOT archived AND status = 'complete');
CREATE TRIGGER item_came AFTER INSERT ON items BEGIN
    UPDATE datasets SET
        live = live + (NOT NEW.archived),
        done = done + (NOT NEW.archived AND NEW.status = 'complete')
    WHERE id = NEW.dataset; END;
CREATE TRIGGER item_went AFTER DELETE ON items BEGIN
    UPDATE datasets SET
        live = live - (NOT OLD.archived),
        done = done - (NOT OLD.archived AND OLD.status = 'complete')
    WHERE id = OLD.dataset; END;
CREATE TRIGGER item_changed AFTER UPDATE OF archived, status ON items
WHEN NEW.archived <> OLD.archived OR (NEW.status = 'complete') <> (OLD.status = 'complete') BEGIN
    UPDATE datasets SET
        live = live - (NOT OLD.archived) + (NOT NEW.archived),
        done = done - (NOT OLD.archived AND OLD.status = 'complete') + (NOT NEW.archived AND NEW.status = 'complete')
    WHERE id = NEW.dataset; END;
CREATE INDEX items_by_age ON items (dataset, inserted_at, full_path);

ALTER TABLE slots ADD COLUMN stored TEXT;
CREATE TABLE storages (
    team TEXT NOT NULL,
    name TEXT NOT NULL,
    definition TEXT NOT NULL,
    PRIMARY KEY (team, name)
) WITHOUT ROWID;

CREATE TABLE attributes (
    team TEXT NOT NULL,
    class TEXT NOT NULL,
    kind TEXT NOT NULL,
    name TEXT NOT NULL,
    PRIMARY KEY (team, class, kind, name)
) WITHOUT ROWID;
CREATE TABLE unread_attributes (item INTEGER PRIMARY KEY REFERENCES annotations (item) ON DELETE CASCADE);
INSERT INTO unread_attributes SELECT item FROM annotations;

CREATE TABLE keys (
    seq INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    team TEXT NOT NULL,
    role TEXT NOT NULL,
    label TEXT NOT NULL,
    digest BLOB NOT NULL,
    created_at TEXT NOT NULL,
    revoked_at TEXT
);

ALTER TABLE releases ADD COLUMN class_names TEXT;
ALTER TABLE releases ADD COLUMN url_token INTEGER NOT NULL DEFAULT 0;
"""
# Datasets know how many items they have: counting 100,000 rows whenever a dataset is looked up would be slow. What
# annotations of the first version carry is read when it is first asked for.

MIGRATIONS = (_FIRST, _SECOND)
"""Scripts by version: the first makes version 1 of nothing, the n-th version n of version n - 1."""

VERSION = len(MIGRATIONS)


def version_of(connection: sqlite3.Connection) -> int:
    """Version of the schema a catalogue has; 0 if it is empty."""
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    return version


def migrate(connection: sqlite3.Connection, path: str) -> None:
    """Bring the catalogue to the present version, in one transaction.

    Raises:
        StorageError: a newer version of this library wrote it.
    """
    if _check(version_of(connection), path) == VERSION:
        return
    connection.execute("BEGIN IMMEDIATE")
    try:
        # Another process may have been quicker; only now is the version certain.
        for script in MIGRATIONS[_check(version_of(connection), path) :]:
            for statement in script.split(";\n"):
                connection.execute(statement)
        connection.execute(f"PRAGMA user_version = {VERSION}")
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def _check(version: int, path: str) -> int:
    if version > VERSION:
        raise StorageError(
            path,
            f"was written by a newer version of groundtruth (schema {version}, this one knows {VERSION})",
            "Upgrade groundtruth",
        )
    return version
