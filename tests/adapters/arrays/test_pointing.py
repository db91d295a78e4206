from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import attrs
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from groundtruth.adapters.arrays.archive import open_archive
from groundtruth.adapters.arrays.files import LocalArrayFiles
from groundtruth.adapters.arrays.local_array import LocalArray
from groundtruth.adapters.arrays.pointing import PointerColumn
from groundtruth.domain.array_dataset import ArrayDataset, ColumnAdapter, ColumnAnnotation
from groundtruth.domain.artifact import ArtifactMeta
from groundtruth.domain.columns import ArrayColumns, object_array
from groundtruth.domain.errors import InvalidDataset

FILES = LocalArrayFiles(None)
X = np.arange(40.0).reshape(20, 2)
RAGGED = [np.arange(i + 1) for i in range(20)]


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("pointing") / "a.zarr"
    return FILES.write_zarr(path, {"x": X, "y": np.arange(20), "g": object_array(RAGGED)})


@attrs.frozen(eq=False)
class Texts:
    values: Any
    dtype: Any

    def row(self, position: int) -> Any:
        return self.values[position]

    def read(self, rows: Any) -> Any:
        return self.values[rows]


def pointing(root: Path, *texts: str | None) -> PointerColumn:
    return PointerColumn("p", Texts(object_array(texts), np.dtype("U")), open_archive(root))


def test_the_forms_of_a_pointer(root: Path) -> None:
    column = pointing(root, "x#3", "y#-1", "x#1:3", "x#18:99", "y#4:4", "g/2", "g/2#1", None, "g", "/x/#0")
    whole = column.read(slice(None))
    for values in (whole, [column.row(i) for i in range(len(whole))]):
        assert values[0].tolist() == [6.0, 7.0] and values[1] == 19 and values[9].tolist() == [0.0, 1.0]
        assert isinstance(values[2], tuple) and [row.tolist() for row in values[2]] == [[2.0, 3.0], [4.0, 5.0]]
        assert [row.tolist() for row in values[3]] == X[18:].tolist() and values[4] == ()
        assert values[5].tolist() == [0, 1, 2] and values[6] == 1 and values[7] is None
        assert sorted(values[8]) == sorted(["__index__", *map(str, range(20))])
    assert pickle.loads(pickle.dumps(column)).row(6) == 1


@pytest.mark.parametrize("text", ["none#1", "x#20", "x#-21", "x#a", "g#1", "", "../x", "x#1:2:3"])
def test_pointers_that_lead_nowhere_name_their_column(root: Path, text: str) -> None:
    column = pointing(root, text)
    for read in (lambda: column.row(0), lambda: column.read(slice(None))):
        with pytest.raises(InvalidDataset, match="'p'"):
            read()


@settings(max_examples=50)
@given(
    st.lists(
        st.integers(-20, 19).map("x#{}".format)
        | st.tuples(st.integers(-25, 25), st.integers(-25, 25)).map(lambda ends: f"y#{ends[0]}:{ends[1]}"),
        max_size=15,
    )
)
def test_reading_many_is_reading_each(root: Path, texts: list[str]) -> None:
    column = pointing(root, *texts)
    for text, value in zip(texts, column.read(slice(None)), strict=True):
        name, _, rows = text.partition("#")
        start, _, stop = rows.partition(":")
        expected = X[int(start)] if name == "x" else tuple(range(20)[int(start) : int(stop)])
        assert np.array_equal(value, expected)


def test_many_pointers_into_an_array_are_one_read(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    reads: list[int] = []
    read = LocalArray.read

    def counted(self: LocalArray, rows: Any) -> Any:
        reads.append(len(rows))
        return read(self, rows)

    monkeypatch.setattr(LocalArray, "read", counted)
    column = pointing(root, *[f"x#{i % 20}" for i in range(300)], *["y#0:5"] * 100)
    assert len(column.read(slice(None))) == 400
    assert reads == [300, 500]


def test_a_table_with_an_archive_is_saved_and_loaded(root: Path, codec: Any, tmp_path: Path) -> None:
    files = LocalArrayFiles(codec, adapt=lambda adapter, value: (adapter, float(value)))
    columns = ArrayColumns({"p": object_array(["y#3", "y#1:3"]), "z": np.arange(2)}, types={"p": np.dtype("U")})
    dataset = ArrayDataset(
        1, ArtifactMeta(name="pointing"), columns, {"p": ColumnAnnotation(is_pointer=True)},
        {"p": ColumnAdapter.BYTES_TO_MOL}, zarr_root=str(root),
    )  # fmt: skip
    for loaded in (files.load(files.save(dataset, tmp_path)), files.load(tmp_path).load_to_memory()):
        assert loaded.zarr_root == str(tmp_path / "a.zarr")
        assert loaded[0, "p"] == ("BYTES_TO_MOL", 3.0)
        assert loaded[1, "p"] == (("BYTES_TO_MOL", 1.0), ("BYTES_TO_MOL", 2.0))
        assert loaded.columns.stored.read("p", slice(None)).tolist() == ["y#3", "y#1:3"]
    again = files.load(files.save(files.load(tmp_path).load_to_memory(), tmp_path / "again"))
    assert again[0, "p"] == ("BYTES_TO_MOL", 3.0)
    (tmp_path / "moved").mkdir()
    (tmp_path / "again").rename(tmp_path / "moved" / "here")
    assert files.load(tmp_path / "moved" / "here")[0, "p"] == ("BYTES_TO_MOL", 3.0)
