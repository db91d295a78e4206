from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from pyarrow import parquet

from groundtruth.adapters.checksum.manifest import ParquetManifests
from groundtruth.domain.errors import InvalidDocument, InvalidInput
from groundtruth.domain.tree_digest import FileDigest

MD5 = "0" * 32
MANIFESTS = ParquetManifests()


def test_manifests_of_the_golden_cases(vectors: Path) -> None:
    root = vectors / "polaris"
    for case in json.loads((root / "zarr_checksums.json").read_text())["cases"]:
        theirs = MANIFESTS.load((root / case["manifest_v2_file"]).read_bytes())
        assert list(theirs.items()) == [
            (row["path"], row["md5_checksum"]) for row in case["manifest_v2_rows_in_file_order"]
        ]
        files = [FileDigest(one["path"], one["size"], one["md5sum"]) for one in case["files"]]
        assert MANIFESTS.load(MANIFESTS.dump(files)) == theirs
        # The schema, too, is the one they have.
        assert _file(MANIFESTS.dump(files)).schema == _file((root / case["manifest_v2_file"]).read_bytes()).schema


def _file(data: bytes) -> parquet.ParquetFile:
    return parquet.ParquetFile(io.BytesIO(data))


def test_equal_files_give_equal_bytes_in_any_order() -> None:
    files = [FileDigest(f"a/{i}", i, MD5) for i in range(100)]
    data = MANIFESTS.dump(files)
    assert data == MANIFESTS.dump(reversed(files))
    assert list(MANIFESTS.load(data)) == sorted(one.path for one in files)
    assert _file(data).metadata.row_group(0).column(0).compression == "SNAPPY"
    assert MANIFESTS.load(MANIFESTS.dump([])) == {}


def test_a_path_that_is_not_unicode() -> None:
    with pytest.raises(InvalidInput):
        MANIFESTS.dump([FileDigest("a/\udc80", 1, MD5)])


def _table(**columns: Any) -> bytes:
    sink = io.BytesIO()
    parquet.write_table(pa.table(columns), sink)
    return sink.getvalue()


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"PAR1",
        MANIFESTS.dump([FileDigest("a", 1, MD5)])[:-20],
        _table(path=["a"]),
        _table(path=["a", "a"], md5_checksum=[MD5, MD5]),
        _table(path=["a"], md5_checksum=["xyz"]),
        _table(path=[None], md5_checksum=[MD5]),
        _table(path=["a"], md5_checksum=pa.array([None], pa.string())),
        _table(path=[1], md5_checksum=[2]),
        _table(path=["a"], md5_checksum=[2]),
    ],
)
def test_what_is_no_manifest(data: bytes) -> None:
    with pytest.raises(InvalidDocument):
        MANIFESTS.load(data)
