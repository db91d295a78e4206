"""Tables: what pandas writes is read here, and the reverse."""

from __future__ import annotations

import datetime
import decimal
import pickle
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from groundtruth.adapters.arrays.files import LocalArrayFiles
from groundtruth.adapters.arrays.table import open_table
from groundtruth.domain.columns import ArrayColumns, object_array
from groundtruth.domain.errors import IntegrityError, InvalidDataset, NotFound
from groundtruth.domain.table_checksum import row_hashes

FILES = LocalArrayFiles(None)
pandas = pytest.importorskip("pandas")


def frame() -> Any:
    """A table with every type that pandas keeps in parquet."""
    times = pandas.to_datetime(["2020-01-01", "2021-06-01", None])
    return pandas.DataFrame(
        {
            "i": np.array([1, -2, 3], "i2"),
            "f": [1.0, np.nan, -0.0],
            "half": np.array([1, 2, 3], "f2"),
            "b": [True, False, True],
            "text": ["a", None, "é"],
            "string": pandas.array(["a", None, "b"], "string"),
            "category": pandas.Categorical(["u", "v", None]),
            "numbers": pandas.Categorical([7, 8, 7]),
            "Int64": pandas.array([2**62 + 1, None, 3], "Int64"),
            "Int8": pandas.array([1, 2, 3], "Int8"),
            "Float32": pandas.array([1.5, None, 3], "Float32"),
            "boolean": pandas.array([True, None, False], "boolean"),
            "time": times,
            "zoned": times.tz_localize("Europe/Paris"),
            "delta": pandas.to_timedelta([1, 2, None], unit="s"),
            "bytes": [b"a", None, b"\xff"],
            "list": [[1, 2], None, []],
            "date": [datetime.date(2020, 1, 1), None, datetime.date(1950, 2, 3)],
            "decimal": [decimal.Decimal("1.50"), None, decimal.Decimal("2.25")],
            "a.b": [1, 2, 3],
            "nothing": [None, None, None],
        }
    )


@pytest.fixture
def file(tmp_path: Path) -> Path:
    frame().to_parquet(tmp_path / "t.parquet")
    return tmp_path / "t.parquet"


def test_every_type_of_pandas_is_read(file: Path) -> None:
    columns = open_table(str(file))
    kinds = {name: columns.dtype(name).name for name in columns.names}
    assert {name: kind.partition("[")[0] for name, kind in kinds.items()} == {
        "i": "int16", "f": "float64", "half": "float16", "b": "bool", "text": "str", "string": "str",
        "category": "str", "numbers": "int64", "Int64": "float64", "Int8": "int8", "Float32": "float32",
        "boolean": "object", "time": "datetime64", "zoned": "datetime64", "delta": "timedelta64", "bytes": "object",
        "list": "object", "date": "object", "decimal": "object", "a.b": "int64", "nothing": "object",
    }  # fmt: skip
    for name in columns.names:
        values = columns.read(name, slice(None))
        assert values.dtype == (object if kinds[name] == "str" else columns.dtype(name))
        for i, value in enumerate(values):
            alone = columns.row(name, i)
            assert type(alone) is type(value)
            assert np.array_equal(alone, value) or (alone != alone and value != value)
    assert columns.read("text", slice(None)).tolist() == ["a", None, "é"]
    assert columns.read("category", np.array([2, 0])).tolist() == [None, "u"]
    assert columns.read("boolean", slice(None)).tolist() == [True, None, False]
    assert np.isnan(columns.row("Int64", 1)) and np.isnan(columns.row("Float32", 1))
    assert columns.row("zoned", 1) == np.datetime64("2021-05-31T22:00") and np.isnat(columns.row("zoned", 2))
    assert columns.row("date", 2) == datetime.date(1950, 2, 3) and columns.row("decimal", 0) == decimal.Decimal("1.5")
    assert columns.row("list", 0).tolist() == [1, 2] and columns.row("nothing", 0) is None


def test_nullable_numbers_are_stored_with_a_mask(file: Path) -> None:
    stored = open_table(str(file)).stored
    values = stored.read("Int64", slice(None))
    assert values.tolist() == [2**62 + 1, None, 3]
    assert pickle.loads(pickle.dumps(stored)).row("boolean", 1) is np.ma.masked
    kept = ["i", "text", "Int64", "Int8", "boolean", "category", "time"]
    expected = pandas.util.hash_pandas_object(frame()[sorted(kept)], index=False)
    assert row_hashes(stored.project(kept)).tolist() == expected.tolist()


@pytest.mark.parametrize(
    ("index", "labels"),
    [
        (None, None),
        (pandas.RangeIndex(3), None),
        (pandas.RangeIndex(5, 11, 2), [5, 7, 9]),
        (pandas.Index(["p", "q", "r"], name="who"), ["p", "q", "r"]),
        (pandas.Index([0, 1, 2]), [0, 1, 2]),
        (pandas.MultiIndex.from_tuples([("a", 1), ("a", 2), ("b", 1)]), [("a", 1), ("a", 2), ("b", 1)]),
    ],
)
def test_the_index_of_pandas_becomes_labels(tmp_path: Path, index: Any, labels: Any) -> None:
    pandas.DataFrame({"y": [1.0, 2.0, 3.0]}, index=index).to_parquet(tmp_path / "t.parquet")
    dataset = FILES.load(tmp_path / "t.parquet")
    assert dataset.column_names == ("y",)
    found = dataset.columns.labels
    assert (found if found is None else found.tolist()) == labels
    assert dataset[(labels or [0, 1, 2])[1]] == {"y": 2.0}
    again = pandas.read_parquet(FILES.write_table(tmp_path / "again.parquet", dataset.columns))
    assert again.index.tolist() == (labels or [0, 1, 2])


def test_a_table_without_pandas_is_read(tmp_path: Path) -> None:
    import pyarrow as pa
    from pyarrow import parquet

    table = pa.table({"i": pa.array([1, None, 3]), "t": ["a", "b", None], "n": pa.array([1, 2, 3], pa.uint8())})
    for statistics in (True, False):
        parquet.write_table(table, tmp_path / "t.parquet", write_statistics=statistics, row_group_size=2)
        columns = open_table(str(tmp_path / "t.parquet"))
        assert [columns.dtype(name).name for name in columns.names] == ["float64", "str", "uint8"]
        assert np.isnan(columns.row("i", 1)) and columns.read("i", np.array([2, 0])).tolist() == [3.0, 1.0]
        assert columns.labels is None


def test_names_that_are_no_text_or_not_unique_are_refused(tmp_path: Path) -> None:
    import pyarrow as pa
    from pyarrow import parquet

    numbered = pandas.DataFrame(np.zeros((2, 2)))
    levels = pandas.DataFrame({("a", "b"): [1]})
    for i, one in enumerate((numbered, levels)):
        one.to_parquet(tmp_path / f"{i}.parquet")
        with pytest.raises(InvalidDataset):
            FILES.load(tmp_path / f"{i}.parquet")
    parquet.write_table(
        pa.Table.from_arrays([pa.array([1]), pa.array([2])], names=["a", "a"]), tmp_path / "d.parquet"
    )
    with pytest.raises(InvalidDataset, match="'a'"):
        FILES.load(tmp_path / "d.parquet")


def test_a_damaged_table_is_named(tmp_path: Path, file: Path) -> None:
    data = file.read_bytes()
    bad = tmp_path / "bad.parquet"
    for damaged in (b"", b"PAR1", data[:-40], data[: len(data) // 2], b"x" * 500):
        bad.write_bytes(damaged)
        with pytest.raises(IntegrityError, match=r"bad\.parquet"):
            FILES.load(bad)
    bad.write_bytes(data[:4] + b"\xff" * 600 + data[604:])
    dataset = FILES.load(bad)
    with pytest.raises(IntegrityError, match=r"'i'.*bad\.parquet"):
        dataset[0, "i"]
    with pytest.raises(NotFound):
        open_table(str(tmp_path / "none.parquet"))


columns_of_tables = st.integers(0, 12).flatmap(
    lambda n: st.fixed_dictionaries(
        {
            "f": hnp.arrays(st.sampled_from(["f4", "f8"]), n),
            "i": hnp.arrays(st.sampled_from(["i1", "u2", "i4", "u8", "i8", ">i4"]), n),
            "b": hnp.arrays("bool", n),
            "M": st.tuples(hnp.arrays("i8", n), st.sampled_from(["M8[ms]", "M8[us]", "M8[ns]"])).map(
                lambda one: one[0].view(one[1])
            ),
            "t": st.lists(st.none() | st.text(st.characters(exclude_categories=("Cs",))), min_size=n, max_size=n),
            "y": st.lists(st.none() | st.binary(), min_size=n, max_size=n),
        }
    )
)


@settings(max_examples=40)
@given(data=columns_of_tables)
def test_what_is_written_is_read_here_and_by_pandas(data: Any, tmp_path_factory: pytest.TempPathFactory) -> None:
    arrays = {**data, "t": object_array(["first", *data["t"]][: len(data["t"])]), "y": object_array(data["y"])}
    path = FILES.write_table(tmp_path_factory.mktemp("table") / "t.parquet", ArrayColumns(arrays))
    columns, read = open_table(str(path)), pandas.read_parquet(path)
    assert columns.names == tuple(arrays) == tuple(read.columns)
    for name, values in arrays.items():
        found = columns.read(name, slice(None))
        if values.dtype == object:
            assert (
                found.tolist()
                == values.tolist()
                == [None if one is pandas.NA or one != one else one for one in read[name]]
            )
        else:
            native = values.astype(values.dtype.newbyteorder("="))
            assert found.tobytes() == native.tobytes()
            assert read[name].dtype == native.dtype and read[name].to_numpy().tobytes() == native.tobytes()


def test_equal_tables_are_equal_files(tmp_path: Path) -> None:
    rows = {"t": object_array(["a", None]), "y": np.array([1.0, np.nan]), "s": np.arange(2).astype("M8[s]")}
    one, two = (FILES.write_table(tmp_path / name, rows) for name in ("a.parquet", "b.parquet"))
    assert one.read_bytes() == two.read_bytes()
    assert FILES.load(one)[1, "s"] == np.datetime64(1, "s")  # parquet has no unit of seconds


@pytest.mark.parametrize(
    "values",
    [
        np.zeros((2, 3)),
        object_array([object(), object()]),
        object_array([1, "a"]),
        np.zeros(2, "c16"),
        object_array([np.zeros((2, 2))] * 2),
    ],
)
def test_what_cannot_be_a_column_of_a_table_is_refused_by_name(tmp_path: Path, values: Any) -> None:
    with pytest.raises(InvalidDataset, match="'bad'"):
        FILES.write_table(tmp_path / "t.parquet", {"fine": np.zeros(2), "bad": values})
    assert not any(tmp_path.iterdir())


def test_a_column_is_read_when_it_is_asked_for_and_pandas_never(tmp_path: Path, file: Path) -> None:
    code = (
        "import sys; from pathlib import Path\n"
        "from groundtruth.adapters.arrays.files import LocalArrayFiles\n"
        f"d = LocalArrayFiles(None).load(Path({str(file)!r}))\n"
        "assert d[0]['i'] == 1 and d[:]['text'].tolist()[0] == 'a'\n"
        "assert not {'zarr', 'numcodecs', 'pyarrow.dataset', 'pandas'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
    dataset = FILES.load(file)
    assert dataset[1, "i"] == -2
    assert len(pickle.dumps(dataset)) < 20_000
    file.unlink()
    assert dataset[2, "i"] == 3
    with pytest.raises(NotFound):
        dataset[2, "f"]
