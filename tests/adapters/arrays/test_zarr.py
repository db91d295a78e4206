"""Archives: what is written here the zarr library reads, and the reverse; layouts, damage, processes."""

from __future__ import annotations

import json
import multiprocessing
import pickle
import subprocess
import sys
import threading
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from groundtruth.adapters.arrays.archive import open_archive
from groundtruth.adapters.arrays.chunk_files import ChunkCache
from groundtruth.adapters.arrays.files import LocalArrayFiles
from groundtruth.adapters.arrays.local_array import LocalArray
from groundtruth.adapters.arrays.store_array import StoreArray
from groundtruth.domain.columns import object_array
from groundtruth.domain.errors import IntegrityError, InvalidDataset, NotFound
from groundtruth.domain.policies import ConflictPolicy
from groundtruth.ports.arrays import ZarrLayout

FILES = LocalArrayFiles(None)


def open_group(path: Path, **how: Any) -> Any:
    import zarr

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return zarr.open_group(str(path), **how)


def consolidate(path: Path) -> None:
    import zarr

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        zarr.consolidate_metadata(str(path))


def as_object(values: Any) -> Any:
    values = np.asarray(values)
    return values.astype(object) if values.dtype.kind == "T" else values


@st.composite
def written(draw: st.DrawFn) -> tuple[dict[str, Any], ZarrLayout, int]:
    n = draw(st.integers(0, 17))
    shape = tuple(draw(st.lists(st.integers(1, 4), max_size=2)))
    dtype = draw(st.sampled_from(["u1", "i2", "<i8", "f2", "f4", "<f8", "bool", "c8"]))
    texts = st.lists(
        st.none() | st.text(st.characters(exclude_categories=("Cs",)), max_size=5), min_size=n, max_size=n
    )
    blobs = st.lists(st.binary(max_size=5), min_size=n, max_size=n)
    columns: dict[str, Any] = {
        "x": np.arange(n * int(np.prod(shape, dtype=int))).reshape(n, *shape).astype(dtype),
        "t": object_array(draw(texts)),
        "b": object_array([b"first", *draw(blobs)][:n]),
    }
    if n:
        columns["r"] = object_array([np.arange(i % 3, dtype="i4") for i in range(n)])
    rows = draw(st.none() | st.integers(1, 20))
    layout = ZarrLayout(draw(st.sampled_from([2, 3])), draw(st.integers(1, 200)), rows, draw(st.sampled_from([0, 5])))
    return columns, layout, draw(st.integers(1, 20))


def same(one: Any, other: Any) -> bool:
    if one.dtype == object:
        return len(one) == len(other) and all(np.array_equal(a, b) for a, b in zip(one, other, strict=True))
    return one.dtype == other.dtype and np.array_equal(one, other)


@settings(max_examples=40)
@given(case=written())
def test_what_is_written_is_read_here_and_by_zarr(case: Any, tmp_path_factory: pytest.TempPathFactory) -> None:
    columns, layout, step = case
    folder = tmp_path_factory.mktemp("zarr")
    n = len(columns["x"])
    parts = [{name: values[i : i + step] for name, values in columns.items()} for i in range(0, max(n, 1), step)]
    root = FILES.write_zarr(folder / "a.zarr", parts, layout)
    expected = {**columns, "t": object_array(["" if text is None else text for text in columns["t"]])}
    dataset, group = FILES.load(root), open_group(root, mode="r")
    for name, values in expected.items():
        read = dataset.columns.read(name, slice(None))
        assert same(read, values) or not n
        if name != "r":
            assert as_object(group[name][:]).tolist() == values.tolist()
        for i in range(n):
            assert np.array_equal(dataset.columns.row(name, i), values[i])
    if "r" in columns:
        assert [str(key) for key in group["r/__index__"][:]] == [str(i) for i in range(n)]
        assert all(np.array_equal(group[f"r/{i}"][:], row) for i, row in enumerate(columns["r"]))


@pytest.mark.parametrize("zarr_format", [2, 3])
def test_the_same_input_gives_the_same_bytes(tmp_path: Path, zarr_format: int) -> None:
    rng = np.random.default_rng(0)
    data = {"x": rng.normal(size=(300, 900)), "t": object_array(["ab" * (i % 9) for i in range(300)])}
    layout = ZarrLayout(zarr_format, attributes={"b": 1, "a": [2]})
    trees = []
    for name in ("one", "two"):
        root = FILES.write_zarr(tmp_path / name, data, layout)
        trees.append({path.relative_to(root): path.read_bytes() for path in root.rglob("*") if path.is_file()})
    assert trees[0] == trees[1]
    assert open_group(tmp_path / "one", mode="r").attrs.asdict() == {"b": 1, "a": [2]}


def made_by_zarr(folder: Path) -> dict[str, np.ndarray[Any, Any]]:
    """An archive of format 3 with the layouts that zarr 3 offers."""
    import zarr

    rng = np.random.default_rng(0)
    x = rng.normal(size=(37, 6)).astype("f4")
    expected = dict.fromkeys(("blosc", "gzip", "zstd", "raw", "crc", "big", "transposed", "v2keys"), x)
    group = open_group(folder, mode="w", zarr_format=3)
    codecs = zarr.codecs
    options: dict[str, Any] = {
        "blosc": {"compressors": [codecs.BloscCodec(cname="lz4", shuffle="bitshuffle")]},
        "gzip": {"compressors": [codecs.GzipCodec()]},
        "zstd": {"compressors": [codecs.ZstdCodec()]},
        "raw": {"compressors": None},
        "crc": {"compressors": [codecs.ZstdCodec(), codecs.Crc32cCodec()]},
        "big": {"serializer": codecs.BytesCodec(endian="big"), "compressors": None},
        "transposed": {"filters": [codecs.TransposeCodec(order=(1, 0))]},
        "v2keys": {"chunk_key_encoding": {"name": "v2", "separator": "."}},
    }
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for name, how in options.items():
            group.create_array(name, shape=x.shape, chunks=(5, 4), dtype="f4", **how)[:] = x
        group.create_array("sharded", shape=x.shape, chunks=(2, 3), shards=(8, 6), dtype="f4")[:] = x
        group.create_array(
            "row_shards", shape=x.shape, chunks=(1, 6), shards=(8, 6), dtype="f4",
            compressors=[codecs.BloscCodec()],
        )[:] = x  # fmt: skip
        group.create_array("hollow", shape=x.shape, chunks=(2, 6), shards=(8, 6), dtype="f4", fill_value=np.nan)[
            9:11
        ] = 1
        group.create_array("words", shape=(37,), chunks=(5,), dtype="U4")[:] = words = np.array(
            [f"w{i}" for i in range(37)]
        )
        texts = object_array([f"é{i}" for i in range(37)])
        group.create_array("texts", shape=(37,), chunks=(5,), dtype="str")[:] = texts
        times = np.arange(37).astype("M8[s]")
        group.create_array("times", shape=(37,), chunks=(5,), dtype="M8[s]")[:] = times
    hollow = np.full_like(x, np.nan)
    hollow[9:11] = 1
    consolidate(folder)
    return {
        **expected, "sharded": x, "row_shards": x, "hollow": hollow, "words": words, "texts": texts, "times": times
    }  # fmt: skip


def test_format_3_of_zarr_is_read(tmp_path: Path) -> None:
    expected = made_by_zarr(tmp_path / "a.zarr")
    dataset = FILES.load(tmp_path / "a.zarr")
    assert set(dataset.column_names) == set(expected)
    rows = np.random.default_rng(1).integers(-37, 37, 50)
    for name, values in expected.items():
        for selection in (slice(None), slice(3, 30, 4), slice(30, 2, -3), rows):
            read, wanted = dataset.columns.read(name, selection), values[selection]
            assert np.array_equal(read, wanted, equal_nan=values.dtype.kind == "f"), name
        for i in (0, 9, 36, -1):
            assert np.array_equal(dataset.columns.row(name, i), values[i], equal_nan=values.dtype.kind == "f"), name


def test_the_library_reads_what_chunk_files_are_too_unusual_for(tmp_path: Path) -> None:
    import zarr

    x = np.arange(60.0).reshape(5, 4, 3)
    group = open_group(tmp_path / "a.zarr", mode="w", zarr_format=3)
    group.create_array(
        "x", shape=x.shape, chunks=(2, 4, 3), dtype="f8", filters=[zarr.codecs.TransposeCodec(order=(1, 0, 2))]
    )[:] = x
    consolidate(tmp_path / "a.zarr")
    dataset = FILES.load(tmp_path / "a.zarr")
    assert isinstance(dataset.columns.columns["x"], StoreArray)  # type: ignore[attr-defined]
    for selection in (slice(None), slice(4, 0, -2), np.array([4, 0, 4, -2]), np.empty(0, np.intp)):
        assert np.array_equal(dataset.columns.read("x", selection), x[selection])
    again = pickle.loads(pickle.dumps(dataset))
    assert np.array_equal(again[3, "x"], x[3])
    with pytest.raises(IndexError):
        dataset[5]


def test_a_store_of_zarr_is_an_archive_too(tmp_path: Path) -> None:
    from zarr.storage import LocalStore

    from groundtruth.adapters.arrays.columns import archive_columns
    from groundtruth.adapters.arrays.remote import copy_store

    data = {"t": object_array(["a", "bc", ""]), "x": np.arange(6).reshape(3, 2), "y": np.zeros(3)}
    for layout in (ZarrLayout(2, rows_per_chunk=1), ZarrLayout(3)):
        root = FILES.write_zarr(tmp_path / f"{layout.zarr_format}.zarr", data, layout)
        archive = open_archive(LocalStore(str(root), read_only=True))
        columns = archive_columns(archive)
        assert [columns.read(name, slice(None)).tolist() for name in "txy"] == [data[name].tolist() for name in "txy"]
        copy_store(archive, tmp_path / f"{layout.zarr_format}.copy")
        assert FILES.load(tmp_path / f"{layout.zarr_format}.copy")[1, "t"] == "bc"


def array(root: Path, name: str = "x") -> LocalArray:
    found = open_archive(root).array(name)
    assert isinstance(found, LocalArray)
    return found


@pytest.mark.parametrize("width", [1000, 20_000])
@pytest.mark.parametrize("rows_per_chunk", [1, 4])
@pytest.mark.parametrize("damage", [b"", b"nonsense", "cut", "longer", "header"])
def test_a_damaged_chunk_is_named(tmp_path: Path, rows_per_chunk: int, damage: Any, width: int) -> None:
    layout = ZarrLayout(rows_per_chunk=rows_per_chunk)
    root = FILES.write_zarr(tmp_path / "a.zarr", {"x": np.arange(8.0 * width).reshape(8, width)}, layout)
    chunk = root / "x" / "1.0"
    data = chunk.read_bytes()
    header = data[:4] + (1 << 30).to_bytes(4, "little") + data[8:]
    damaged = {"cut": data[:-9], "longer": data + b"x", "header": header}
    chunk.write_bytes(damage if isinstance(damage, bytes) else damaged[damage])
    found, row = array(root), rows_per_chunk
    for read in (lambda: found.row(row), lambda: found.read(slice(None)), lambda: found.read(np.array([row, 0]))):
        with pytest.raises(IntegrityError, match=r"1\.0.*'x'"):
            read()
    assert found.row(0)[1] == 1.0


@pytest.mark.parametrize("level", [0, 5])
def test_a_chunk_that_was_never_written_is_the_fill_value(tmp_path: Path, level: int) -> None:
    data = {"x": np.ones((6, 3)), "t": object_array(list("abcdef")), "y": np.ones(6)}
    root = FILES.write_zarr(tmp_path / "a.zarr", data, ZarrLayout(rows_per_chunk=2, level=level))
    for name in ("x/1.0", "t/1", "y/1"):
        (root / name).unlink()
    dataset = FILES.load(root)
    assert dataset[:, "x"][:, 0].tolist() == [1, 1, 0, 0, 1, 1] and dataset[3, "x"].tolist() == [0, 0, 0]
    assert dataset[:, "t"].tolist() == ["a", "b", "", "", "e", "f"] and dataset[2, "t"] == ""
    assert dataset[[2, 0], "y"].tolist() == [0, 1]
    dataset[3, "x"][:] = 9  # what is handed out is the caller's, even where there is no chunk
    assert dataset[3, "x"].tolist() == [0, 0, 0]


def with_metadata(root: Path, path: str, **changes: Any) -> Path:
    metadata = json.loads((root / ".zmetadata").read_text())
    metadata["metadata"][path] |= changes
    (root / ".zmetadata").write_text(json.dumps(metadata))
    return root


@pytest.mark.parametrize(
    "changes",
    [
        {"compressor": {"id": "nobody-knows"}},
        {"compressor": {"id": "pickle"}},
        {"filters": [{"id": "nobody-knows"}]},
        {"dtype": "|O"},
        {"dtype": "<x9"},
        {"chunks": [0]},
        {"chunks": [2, 2]},
        {"shape": [-1]},
        {"shape": []},
        {"shape": None},
        {"fill_value": "a"},
    ],
)
def test_metadata_that_cannot_be_read_is_refused_on_opening(tmp_path: Path, changes: dict[str, Any]) -> None:
    root = FILES.write_zarr(tmp_path / "a.zarr", {"y": np.arange(3)})
    with pytest.raises(InvalidDataset, match="'y'"):
        FILES.load(with_metadata(root, "y/.zarray", **changes))


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"metadata": 3}', "{"])
def test_consolidated_metadata_that_is_none_is_refused(tmp_path: Path, text: str) -> None:
    root = FILES.write_zarr(tmp_path / "a.zarr", {"y": np.arange(3)})
    (root / ".zmetadata").write_text(text)
    with pytest.raises(InvalidDataset):
        FILES.load(root)


@pytest.mark.parametrize("name", ["", ".", "..", "a/b", "__index__", "a\0"])
def test_names_that_are_no_names_of_arrays_are_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(InvalidDataset):
        FILES.write_zarr(tmp_path / "a.zarr", {name: np.arange(3)})
    assert not any(tmp_path.iterdir())


def test_batches_of_other_shapes_or_types_are_refused(tmp_path: Path) -> None:
    for second in (np.ones((1, 3)), np.ones((1, 2), dtype="c16"), object_array(["a"])):
        with pytest.raises(InvalidDataset, match="'x'"):
            FILES.write_zarr(tmp_path / "a.zarr", [{"x": np.ones((1, 2))}, {"x": second}])
    assert not any(tmp_path.iterdir())


def test_a_missing_file_of_a_codec_is_not_made_up(tmp_path: Path) -> None:
    root = FILES.write_zarr(tmp_path / "a.zarr", {"y": np.arange(3)})
    for part in root.iterdir():
        if part.is_dir():
            (part / "0").unlink()
            (part / "0").mkdir()
    with pytest.raises(Exception, match="0") as caught:
        FILES.load(root)[0]
    assert type(caught.value).__module__ == "groundtruth.domain.errors"


# --- threads and processes -----------------------------------------------------------------------------


@pytest.fixture
def shared(tmp_path: Path) -> LocalArray:
    x = np.arange(400 * 50.0).reshape(400, 50)
    root = FILES.write_zarr(tmp_path / "a.zarr", {"x": x}, ZarrLayout(rows_per_chunk=7))
    return open_archive(root).array("x", cache_bytes=9 * 7 * 400)  # type: ignore[return-value]


def right(found: LocalArray, seed: int) -> bool:
    rows = np.random.default_rng(seed).integers(0, 400, 300)
    return all(found.row(row)[0] == row * 50 for row in rows.tolist()) and bool(
        (found.read(rows)[:, 1] == rows * 50 + 1).all()
    )


def test_threads_share_an_array(shared: LocalArray) -> None:
    answers: list[bool] = []
    threads = [threading.Thread(target=lambda seed=seed: answers.append(right(shared, seed))) for seed in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == [True] * 6


def test_a_read_that_is_larger_than_the_cache_leaves_it_alone(shared: LocalArray) -> None:
    shared.row(0)
    kept = shared._cache.get((0, 0))
    rows = np.random.default_rng(0).permutation(400)  # of 58 chunks, of which 9 would fit
    assert (shared.read(rows)[:, 0] == rows * 50).all()
    assert kept is not None and shared._cache.get((0, 0)) is kept
    assert (shared.read(rows[:3])[:, 0] == rows[:3] * 50).all()
    assert all(shared._cache.get((row // 7, 0)) is not None for row in rows[:3].tolist())


@pytest.mark.skipif(sys.platform == "win32", reason="no fork")
def test_a_forked_process_reads_on_even_if_the_cache_was_locked(shared: LocalArray) -> None:
    assert right(shared, 0)
    shared._cache._lock.acquire()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        context = multiprocessing.get_context("fork")
        parent, child = context.Pipe()
        process = context.Process(target=lambda: child.send(right(shared, 1)))
        process.start()
    assert parent.poll(60) and parent.recv()
    process.join()
    parent.close()
    child.close()
    process.close()


def test_a_pickle_holds_no_values(shared: LocalArray) -> None:
    assert right(shared, 0)
    data = pickle.dumps(shared)
    assert len(data) < 2000
    assert right(pickle.loads(data), 1)


@pytest.mark.parametrize("level", [0, 1])
@pytest.mark.parametrize("rows_per_chunk", [1, 3])
def test_large_chunks_do_not_share_memory(tmp_path: Path, rows_per_chunk: int, level: int) -> None:
    x = np.random.default_rng(0).integers(0, 255, (6, 3, 30_000), dtype="u1")
    root = FILES.write_zarr(tmp_path / "a.zarr", {"x": x}, ZarrLayout(rows_per_chunk=rows_per_chunk, level=level))
    with_metadata(root, "x/.zarray", order="F", shape=[6, 3, 30_000])
    transposed = array(root)
    with_metadata(root, "x/.zarray", order="C")
    rows = [array(root).row(i) for i in range(6)]
    assert np.array_equal(rows, x)
    first = [transposed.row(i) for i in range(6)]
    assert all(np.array_equal(transposed.row(i), first[i]) for i in (5, 0, 3))
    assert np.array_equal(array(root).read(np.array([5, 0, 5])), x[[5, 0, 5]])


def test_kept_chunks_are_bounded_by_bytes() -> None:
    cache = ChunkCache(100)
    for i in range(10):
        cache.put(i, np.zeros(3), 30)
        cache.get(0)
    assert [i for i in range(10) if cache.get(i) is not None] == [0, 8, 9]
    cache.put("huge", np.zeros(3), 1000)
    assert cache.get("huge") is not None and cache.get(9) is None


def test_opening_imports_no_library_of_arrays(tmp_path: Path) -> None:
    root = FILES.write_zarr(tmp_path / "a.zarr", {"x": np.arange(3)})
    code = (
        "import sys; from pathlib import Path\n"
        "from groundtruth.adapters.arrays.files import LocalArrayFiles\n"
        f"d = LocalArrayFiles(None).load(Path({str(root)!r}))\n"
        "assert not {'zarr', 'numcodecs', 'pyarrow', 'pandas'} & set(sys.modules)\n"
        "assert d[2, 'x'] == 2 and not {'zarr', 'pyarrow', 'pandas'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


def test_an_interrupted_writing_leaves_nothing(tmp_path: Path) -> None:
    FILES.write_zarr(tmp_path / "a.zarr", {"x": np.arange(3)})

    def batches() -> Any:
        yield {"x": np.arange(5)}
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        FILES.write_zarr(tmp_path / "a.zarr", batches(), if_exists=ConflictPolicy.REPLACE)
    assert [path.name for path in tmp_path.iterdir()] == ["a.zarr"]
    assert FILES.load(tmp_path / "a.zarr")[:, "x"].tolist() == [0, 1, 2]
    with pytest.raises(NotFound):
        FILES.load(tmp_path / "b.zarr")
