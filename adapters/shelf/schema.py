"""Schema of the shelf's catalogue, and how older ones become the present one."""

from __future__ import annotations

import sqlite3

from ...domain.errors import StorageError

_FIRST = """
CREATE TABLE artifacts (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    kind TEXT NOT NULL,
    owner TEXT NOT NULL,
    slug TEXT NOT NULL,
    version INTEGER NOT NULL,
    access TEXT NOT NULL,
    about TEXT,
    parent TEXT,
    document TEXT NOT NULL,
    body BLOB,
    created_at TEXT NOT NULL,
    updated_at TEXT NOT NULL,
    UNIQUE (kind, owner, slug)
);
CREATE INDEX artifacts_by_subject ON artifacts (kind, about) WHERE about IS NOT NULL;

CREATE TABLE revisions (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    folder TEXT NOT NULL UNIQUE,
    digest TEXT NOT NULL,
    size INTEGER NOT NULL,
    manifest BLOB NOT NULL,
    created_at TEXT NOT NULL,
    released_at TEXT
);

CREATE TABLE uses (
    artifact INTEGER NOT NULL REFERENCES artifacts (id) ON DELETE CASCADE,
    role TEXT NOT NULL,
    revision INTEGER NOT NULL REFERENCES revisions (id),
    PRIMARY KEY (artifact, role)
) WITHOUT ROWID;
CREATE INDEX uses_by_revision ON uses (revision);
"""
# `about` is the benchmark that results are of, or the competition that a submission is to; `body` what is too large
# to be read with every row (predictions). A revision is a folder of files; one that no artifact uses any more is
# `released` and stays for a while, since somebody may still be reading it.

MIGRATIONS = (_FIRST,)
"""Scripts by version: the first makes version 1 of nothing, the n-th version n of version n - 1."""

VERSION = len(MIGRATIONS)


def migrate(connection: sqlite3.Connection, path: str) -> None:
    """Bring the catalogue to the present version, in one transaction.

    Raises:
        StorageError: a newer version of this library wrote it.
    """
    if _version(connection, path) == VERSION:
        return
    connection.execute("BEGIN IMMEDIATE")
    try:
        # Another process may have been quicker; only now is the version certain.
        for script in MIGRATIONS[_version(connection, path) :]:
            for statement in script.split(";\n"):
                connection.execute(statement)
        connection.execute(f"PRAGMA user_version = {VERSION}")
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def _version(connection: sqlite3.Connection, path: str) -> int:
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if version > VERSION:
        raise StorageError(
            path,
            f"was written by a newer version of groundtruth (schema {version}, this one knows {VERSION})",
            "Upgrade groundtruth",
        )
    return version
