"""Manifest files of version 2 archives (reference: Polaris, section 5.6)."""

from __future__ import annotations

import io
from collections.abc import Iterable

from ...domain.errors import InvalidDocument, InvalidInput
from ...domain.tree_digest import FileDigest, check_md5, manifest_rows

ROW_GROUP_SIZE = 134_217_728
"""Rows in a group: all of them, in effect."""


class ParquetManifests:
    """Manifests as Parquet; implements `ports.checksum.ManifestFiles`."""

    def dump(self, files: Iterable[FileDigest]) -> bytes:
        """Write a manifest; see the port.

        Raises:
            InvalidInput: a path is not Unicode.
        """
        import pyarrow as pa
        from pyarrow import parquet

        rows = manifest_rows(files)
        schema = pa.schema([("path", pa.string()), ("md5_checksum", pa.string())])
        try:
            table = pa.table([[path for path, _ in rows], [md5 for _, md5 in rows]], schema=schema)
        except (pa.ArrowException, UnicodeEncodeError) as error:
            raise InvalidInput("a path of the archive", "is not Unicode", "Rename the file") from error
        sink = io.BytesIO()
        parquet.write_table(table, sink, row_group_size=ROW_GROUP_SIZE)
        return sink.getvalue()

    def load(self, data: bytes) -> dict[str, str]:
        """Read a manifest; see the port."""
        import pyarrow as pa
        from pyarrow import parquet

        try:
            table = parquet.read_table(io.BytesIO(data), columns=["path", "md5_checksum"])
        except (pa.ArrowException, OSError, KeyError) as error:
            raise _invalid(f"cannot be read: {error}") from error
        rows: dict[str, str] = {}
        for i, (path, md5) in enumerate(zip(*(column.to_pylist() for column in table.columns), strict=True)):
            if not isinstance(path, str) or path in rows:
                raise _invalid(f"names {path!r}, which is no path or named twice", f"$[{i}].path")
            try:
                rows[path] = check_md5(md5 if isinstance(md5, str) else "")
            except InvalidInput as error:
                raise _invalid(error.message, f"$[{i}].md5_checksum") from error
        return rows


def _invalid(reason: str, location: str = "$") -> InvalidDocument:
    return InvalidDocument("manifest", reason, "Fetch it again", location=location)
