"""Contract suite of `ports.arrays`: subclass `ArrayFilesContract`, say how to make the adapter, run pytest."""

from __future__ import annotations

import abc
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ..domain.array_dataset import ArrayDataset, ColumnAnnotation, Modality
from ..domain.artifact import ArtifactMeta
from ..domain.columns import ArrayColumns, object_array
from ..domain.errors import Conflict, InvalidDataset, NotFound
from ..domain.policies import ConflictPolicy
from ..ports.arrays import ArrayFiles, ZarrLayout

ROWS = 23


def numbers() -> dict[str, np.ndarray[Any, Any]]:
    """Columns of every kind an archive holds, sorted by name."""
    ragged = object_array([np.arange(i % 4, dtype="i4") for i in range(ROWS)])
    return {
        "image": np.arange(ROWS * 12, dtype="u1").reshape(ROWS, 3, 4),
        "ragged": ragged,
        "text": object_array([f"é{i}" * (i % 3) for i in range(ROWS)]),
        "y": np.linspace(-1, 1, ROWS),
    }


def table(labels: np.ndarray[Any, Any] | None = None) -> ArrayColumns:
    """Columns of a table, with missing values."""
    text = object_array([None if i % 5 == 0 else f"C{i}" for i in range(ROWS)])
    y = np.where(np.arange(ROWS) % 7 == 0, np.nan, np.arange(ROWS) / 3)
    return ArrayColumns({"smiles": text, "y": y, "n": np.arange(ROWS)}, labels, {"smiles": np.dtype("U")})


def same(one: Any, other: Any) -> bool:
    """Tell whether values are equal; NaN equals NaN."""
    if isinstance(one, np.ndarray) and one.dtype == object:
        return len(one) == len(other) and all(same(a, b) for a, b in zip(one, other, strict=True))
    return bool(np.array_equal(one, other, equal_nan=getattr(np.asarray(one), "dtype", None) in (float, np.float32)))


class ArrayFilesContract(abc.ABC):
    """What every keeper of array datasets does."""

    @abc.abstractmethod
    def make_files(self) -> ArrayFiles:
        """A new adapter."""

    @pytest.fixture
    def files(self) -> ArrayFiles:
        return self.make_files()

    @pytest.fixture
    def archive(self, files: ArrayFiles, tmp_path: Path) -> ArrayDataset:
        return files.load(files.write_zarr(tmp_path / "made" / "numbers.zarr", numbers()))

    def test_an_archive_has_the_values_it_was_written_with(self, archive: ArrayDataset) -> None:
        assert archive.version == 2
        assert archive.column_names == ("image", "ragged", "text", "y")
        assert len(archive) == ROWS
        for name, values in numbers().items():
            assert same(archive.read(slice(None), name), values), name
            assert all(same(archive[i, name], values[i]) for i in (0, 7, -1))

    def test_rows_come_in_the_order_asked_for_with_repeats(self, archive: ArrayDataset) -> None:
        rows = np.array([5, 0, 5, -1, 22])
        for name, values in numbers().items():
            assert same(archive.columns.read(name, rows), values[rows]), name
            assert same(archive.columns.read(name, slice(20, 3, -4)), values[20:3:-4]), name
            assert len(archive.columns.read(name, np.empty(0, np.intp))) == 0

    def test_what_is_read_belongs_to_the_caller(self, archive: ArrayDataset) -> None:
        for read in (lambda: archive[3, "image"], lambda: archive.read(slice(3, 4), "image")[0]):
            before = read().copy()
            read()[:] = 0
            assert same(read(), before)

    def test_batches_give_the_archive_that_the_whole_gives(self, files: ArrayFiles, tmp_path: Path) -> None:
        whole = numbers()
        parts = ({name: values[i : i + 5] for name, values in whole.items()} for i in range(0, ROWS, 5))
        written = files.load(files.write_zarr(tmp_path / "parts.zarr", parts, ZarrLayout(rows_per_chunk=4)))
        assert all(same(written.read(slice(None), name), values) for name, values in whole.items())

    def test_batches_that_do_not_fit_are_refused_and_leave_nothing(self, files: ArrayFiles, tmp_path: Path) -> None:
        for bad in ([{"a": [1, 2], "b": [1]}], [{"a": [1]}, {"b": [1]}], [], [{}]):
            with pytest.raises(InvalidDataset):
                files.write_zarr(tmp_path / "bad.zarr", bad)
            with pytest.raises(NotFound):
                files.load(tmp_path / "bad.zarr")

    @pytest.mark.parametrize(
        "labels", [None, object_array([f"row {i}" for i in range(ROWS)]), np.arange(ROWS) * 2 + 5]
    )
    def test_a_table_has_the_values_it_was_written_with(
        self, files: ArrayFiles, tmp_path: Path, labels: np.ndarray[Any, Any] | None
    ) -> None:
        written = table(labels)
        dataset = files.load(files.write_table(tmp_path / "table.parquet", written))
        assert (dataset.version, dataset.column_names) == (1, ("smiles", "y", "n"))
        assert [dtype.name for dtype in dataset.dtypes.values()] == ["str", "float64", "int64"]
        for name in written.names:
            assert same(dataset.columns.read(name, slice(None)), written.read(name, slice(None)))
        assert same(dataset.rows, np.arange(ROWS) if labels is None else labels)
        label = dataset.rows[4]
        assert dataset[label] == {"smiles": "C4", "y": 4 / 3, "n": 4}
        with pytest.raises(NotFound):
            dataset["no such label"]

    def test_columns_that_do_not_exist_are_not_found(self, archive: ArrayDataset) -> None:
        for ask in (lambda: archive[0, "nothing"], lambda: archive.columns.project(["nothing"])):
            with pytest.raises(NotFound):
                ask()
        with pytest.raises(IndexError):
            archive[ROWS, "y"]

    def test_a_projection_has_only_its_columns(self, archive: ArrayDataset) -> None:
        narrow = archive.columns.project(["y", "text"])
        assert narrow.names == ("y", "text")
        for one in (narrow, pickle.loads(pickle.dumps(narrow))):  # noqa: S301 - our own bytes
            assert same(one.read("y", slice(None)), numbers()["y"])
            with pytest.raises(NotFound):
                one.read("image", slice(None))

    def test_a_dataset_that_was_pickled_reads_on(self, archive: ArrayDataset) -> None:
        again = pickle.loads(pickle.dumps(archive))  # noqa: S301 - our own bytes
        assert same(again[6, "image"], archive[6, "image"])

    def test_iteration_gives_every_row_in_order(self, archive: ArrayDataset) -> None:
        assert [row["y"] for row in archive] == numbers()["y"].tolist()

    def test_a_saved_dataset_says_all_it_said(self, files: ArrayFiles, tmp_path: Path, archive: ArrayDataset) -> None:
        described = {
            "y": ColumnAnnotation(modality=Modality.IMAGE, description="a target", user_attributes={"u": "mM"})
        }
        for version, columns, root in ((1, table(), None), (2, archive.columns, archive.zarr_root)):
            meta = ArtifactMeta(name=f"set_{version}", owner="test-org", description="some", tags=["a"])
            dataset = ArrayDataset(version, meta, columns, described, readme="# Read me", zarr_root=root)
            saved = files.save(dataset, tmp_path / "saved" / str(version))
            assert saved == tmp_path / "saved" / str(version) / f"set-{version}.json"
            for path in (saved, saved.parent):
                loaded = files.load(path)
                assert (loaded.version, loaded.meta, loaded.readme) == (version, meta, "# Read me")
                assert loaded.annotations == dataset.annotations
                assert same(loaded.read(slice(None), "y"), dataset.read(slice(None), "y"))

    def test_a_cached_dataset_reads_the_copy(self, files: ArrayFiles, tmp_path: Path, archive: ArrayDataset) -> None:
        copy = files.cache(archive, tmp_path / "cached")
        assert copy.zarr_root == str(tmp_path / "cached" / "numbers.zarr")
        assert same(copy[3, "image"], archive[3, "image"])
        assert same(files.load(tmp_path / "cached" / "numbers.zarr")[2, "ragged"], archive[2, "ragged"])

    def test_what_exists_is_kept_or_replaced_as_asked(self, files: ArrayFiles, tmp_path: Path) -> None:
        path = files.write_zarr(tmp_path / "a.zarr", {"y": [1]})
        with pytest.raises(Conflict):
            files.write_zarr(path, {"y": [2]})
        files.write_zarr(path, {"y": [3]}, if_exists=ConflictPolicy.SKIP)
        assert files.load(path)[0, "y"] == 1
        files.write_zarr(path, {"y": [4]}, if_exists=ConflictPolicy.REPLACE)
        assert files.load(path)[0, "y"] == 4
        with pytest.raises(Conflict):
            files.cache(files.load(path), path.parent, ConflictPolicy.RAISE)

    def test_a_copy_onto_itself_erases_nothing(self, files: ArrayFiles, archive: ArrayDataset) -> None:
        folder = Path(str(archive.zarr_root)).parent
        for policy in (ConflictPolicy.REPLACE, ConflictPolicy.SKIP):
            assert same(files.cache(archive, folder, policy)[3, "image"], numbers()["image"][3])
            assert same(archive[4, "image"], numbers()["image"][4])

    def test_nothing_is_not_found(self, files: ArrayFiles, tmp_path: Path) -> None:
        for name in ("none", "none.json", "none.parquet", "none.zarr"):
            with pytest.raises(NotFound):
                files.load(tmp_path / name)
