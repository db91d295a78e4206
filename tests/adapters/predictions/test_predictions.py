"""Files of predictions, of every kind, right and wrong."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyarrow import parquet

from groundtruth.adapters.artifacts import codec
from groundtruth.adapters.predictions import PredictionReader
from groundtruth.domain.artifact import ArtifactId
from groundtruth.domain.errors import (
    GroundtruthError,
    IntegrityError,
    InvalidPredictions,
    NotReadable,
    UnsupportedFile,
)
from groundtruth.domain.metrics.detection import Detections
from groundtruth.domain.predictions import Predictions
from groundtruth.domain.submission import BenchmarkPredictions
from groundtruth.ports.artifacts import DocumentStyle
from groundtruth.ports.prediction_files import ReadOptions, Wanted
from support.tasks import benchmark

READER = PredictionReader(codec)
ONE = Wanted(targets=("y",), rows={"test": np.array([4, 2, 9])})
TWO = Wanted(targets=("y", "z"), rows={"far": np.array([9, 8]), "near": np.array([4, 5, 6])})
TEXT = Wanted(targets=("y",), rows={"test": np.array([0, 1])}, text_targets=frozenset({"y"}))


def plain(found: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    return {test: {target: array.tolist() for target, array in arrays.items()} for test, arrays in found.items()}


@pytest.fixture
def read(tmp_path: Path) -> Callable[..., dict[str, dict[str, Any]]]:
    def read(name: str, content: str | bytes, wanted: Wanted = ONE, **options: Any) -> dict[str, dict[str, Any]]:
        path = tmp_path / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return plain(READER.read(path, wanted, ReadOptions(**options)))

    return read


Read = Callable[..., dict[str, dict[str, Any]]]
THREE = {"test": {"y": [1.5, 2, 3]}}


def table(**columns: Any) -> bytes:
    sink = pa.BufferOutputStream()
    parquet.write_table(pa.table(columns), sink)
    return sink.getvalue().to_pybytes()


# --- right ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "content", "options"),
    [
        ("p.csv", "y\n1.5\n2\n3\n", {}),
        ("p.csv", "whatever\n1.5\n2\n3\n", {}),
        ("p.csv", ",y\n0,1.5\n1,2\n2,3\n", {}),
        ("p.csv", "other,y\na,1.5\nb,2\nc,3\n", {}),
        ("p.csv", "other,mine\n1,1.5\n2,2\n3,3\n", {"columns": {"y": "mine"}}),
        ("p.csv", "row,y\n9,3\n4,1.5\n2,2\n", {}),
        ("p.csv", "test_set,y\ntest,1.5\ntest,2\ntest,3\n", {}),
        ("p.tsv", "x\ty\n0\t1.5\n0\t2\n0\t3\n", {}),
        ("p.txt", "y\n1.5\n2\n3\n", {"format": "csv"}),
        ("p.parquet", table(y=[1.5, 2.0, 3.0]), {}),
        ("p.parquet", table(row=[2, 9, 4], y=[2.0, 3.0, 1.5]), {}),
        ("p.json", "[1.5, 2, 3]", {}),
        ("p.json", '{"test": {"y": [1.5, 2, 3]}}', {}),
    ],
)
def test_one_target_and_test_set(read: Read, name: str, content: str | bytes, options: dict[str, Any]) -> None:
    assert read(name, content, **options) == THREE


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("p.csv", "test_set,y,z\nfar,1,10\nnear,3,30\nfar,2,20\nnear,4,40\nnear,5,50\n"),
        ("p.csv", "row,z,y\n9,10,1\n8,20,2\n4,30,3\n6,50,5\n5,40,4\n"),
        ("p.parquet", table(test_set=["far"] * 2 + ["near"] * 3, y=[1, 2, 3, 4, 5], z=[10, 20, 30, 40, 50])),
        ("p.json", '{"far": {"y": [1, 2], "z": [10, 20]}, "near": {"y": [3, 4, 5], "z": [30, 40, 50]}}'),
    ],
)  # fmt: skip
def test_several_targets_and_test_sets(read: Read, name: str, content: str | bytes) -> None:
    assert read(name, content, TWO) == {
        "far": {"y": [1, 2], "z": [10, 20]},
        "near": {"y": [3, 4, 5], "z": [30, 40, 50]},
    }


def test_a_row_of_two_test_sets_is_predicted_once(read: Read) -> None:
    wanted = Wanted(targets=("y",), rows={"all": np.array([1, 2, 3]), "some": np.array([3, 1])})
    assert read("p.csv", "row,y\n1,10\n2,20\n3,30\n", wanted) == {"all": {"y": [10, 20, 30]}, "some": {"y": [30, 10]}}


@pytest.mark.parametrize("content", ["y_0,y_1\n1,0\n0.5,0.5\n0.25,0.75\n", "0,1\n1,0\n0.5,0.5\n0.25,0.75\n"])
def test_class_probabilities_in_columns(read: Read, content: str) -> None:
    assert read("p.csv", content) == {"test": {"y": [[1, 0], [0.5, 0.5], [0.25, 0.75]]}}


def test_class_probabilities_in_lists(read: Read) -> None:
    rows = [[1.0, 0.0], [0.5, 0.5], [0.25, 0.75]]
    assert read("p.parquet", table(y=rows)) == {"test": {"y": rows}}
    assert read("p.json", json.dumps(rows)) == {"test": {"y": rows}}


def test_text_labels_stay_text(read: Read) -> None:
    assert read("p.csv", "y\n1\n2\n", TEXT) == {"test": {"y": ["1", "2"]}}
    assert read("p.json", '["1", "b"]', TEXT) == {"test": {"y": ["1", "b"]}}
    categories = pa.array(["a", "b"]).dictionary_encode()
    assert read("p.parquet", table(y=categories), TEXT) == {"test": {"y": ["a", "b"]}}


def test_missing_values_are_nan_where_a_metric_may_leave_them_out(read: Read) -> None:
    for name, content in (("p.csv", "y\n1\n\n3\n"), ("p.csv", "x,y\n0,1\n0,NaN\n0,3\n"), ("p.json", "[1, null, 3]")):
        if name == "p.csv" and content.startswith("y"):
            continue  # an empty line of a single column is no row
        [first, second, third] = read(name, content)["test"]["y"]
        assert (first, third) == (1, 3)
        assert second != second


def test_arrays(tmp_path: Path) -> None:
    path = tmp_path / "p.npy"
    np.save(path, np.array([1.5, 2, 3], dtype=np.float32))
    found = READER.read(path, ONE)["test"]["y"]
    assert found.dtype == np.float32
    assert found.tolist() == [1.5, 2, 3]


@pytest.mark.parametrize("names", ["full", "targets", "tests", "any"])
def test_archives_of_arrays(tmp_path: Path, names: str) -> None:
    wanted = {
        "full": TWO,
        "targets": Wanted(targets=("y", "z"), rows={"test": np.arange(2)}),
        "tests": Wanted(targets=("y",), rows={"a": np.arange(2), "b": np.arange(3)}),
        "any": ONE,
    }[names]
    arrays = {
        "full": {"far/y": [1, 2], "far/z": [3, 4], "near/y": [1, 2, 3], "near/z": [4, 5, 6]},
        "targets": {"y": [1, 2], "z": [3, 4]},
        "tests": {"a": [1, 2], "b": [1, 2, 3]},
        "any": {"arr_0": [1, 2, 3]},
    }[names]
    path = tmp_path / "p.npz"
    np.savez_compressed(path, **{name: np.array(values) for name, values in arrays.items()})
    found = READER.read(path, wanted)
    assert {test: set(arrays) for test, arrays in found.items()} == {
        test: set(wanted.targets) for test in wanted.rows
    }


def test_a_document_of_predictions(read: Read) -> None:
    made = Predictions.of([1.5, 2, 3], ["y"], ["test"], {"test": 3})
    submission = BenchmarkPredictions(benchmark=ArtifactId("some-team", "bench"), predictions=made)
    document = codec.dump_predictions(submission, DocumentStyle.DISK)
    assert read("p.json", codec.encode(document, DocumentStyle.DISK)) == THREE


def test_what_is_wanted_follows_the_benchmark() -> None:
    wanted = Wanted.of(benchmark(targets=("y", "z")))
    assert wanted.targets == ("y", "z")
    assert wanted.sizes == {"far": 3, "near": 3}
    assert Wanted.of(benchmark(targets=("group",), metrics=("accuracy",))).text_targets == frozenset()


# --- wrong ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "content", "wanted", "options", "says"),
    [
        ("p.csv", "y\n1\n2\n", ONE, {}, "2 rows for test set 'test', expected 3"),
        ("p.csv", "a,b\n1,2\n1,2\n1,2\n", ONE, {}, "has no column 'y'"),
        ("p.csv", "y\n1\n2\n3\n", TWO, {}, "has no column 'z'"),
        ("p.csv", "y,z\n1,1\n1,1\n", TWO, {}, "has no column 'test_set'"),
        ("p.csv", "y\n1\nx2\n3\n", ONE, {}, "column 'y', row 1: 'x2' is no number"),
        ("p.csv", "y,q\n1,a\n,b\nx,c\n", ONE, {}, "column 'y', row 1: missing is no number"),
        ("p.csv", "test_set,y\ntest,1\nother,2\ntest,3\n", ONE, {}, "row 1: 'other' is no test set"),
        ("p.csv", "row,y\n4,1\n2,2\n7,3\n", ONE, {}, "row 2: row 7 of the dataset is no test row"),
        ("p.csv", "row,y\n4,1\n2,2\n4,3\n", ONE, {}, "row 4 of the dataset is there twice"),
        ("p.csv", "row,y\n4,1\n2,2\n", ONE, {}, "lacks 1 of 3 rows of test set 'test', the first of them row 9"),
        ("p.csv", "row,y\n4,1\n2.5,2\n9,2\n", ONE, {}, "column 'row' does not hold a whole number"),
        ("p.csv", "y\n1\n2\n3\n", ONE, {"columns": {"q": "y"}}, "target 'q' is none of the benchmark"),
        ("p.csv", "y\n1\n2\n3\n", ONE, {"columns": {"y": "q"}}, "has no column 'q'"),
        ("p.parquet", table(y=[[1.0], [1.0, 2.0], [3.0]]), ONE, {}, "column 'y', row 1: is not as long"),
        ("p.parquet", table(y=[b"1", b"2", b"3"]), ONE, {}, "column 'y' holds binary"),
        ("p.json", "[1, 2]", ONE, {}, "have 2 rows, expected 3"),
        ("p.json", '[1, 2, "x"]', ONE, {}, "are text, not numbers: 'x' in row 2"),
        ("p.json", '{"test": {"q": [1, 2, 3]}}', ONE, {}, "are a dict with the keys 'test'"),
        ("p.json", '{"far": {"y": [1, 2]}, "near": {"y": [1, 2, 3]}}', TWO, {}, "have the keys 'y', expected"),
        ("p.json", '{"test": "abc"}', ONE, {}, "holds str where a list of values is expected"),
    ],
)  # fmt: skip
def test_wrong_predictions_name_file_column_and_row(
    read: Read, name: str, content: str | bytes, wanted: Wanted, options: dict[str, Any], says: str
) -> None:
    with pytest.raises(InvalidPredictions) as caught:
        read(name, content, wanted, **options)
    assert says in caught.value.message
    assert name in caught.value.message or "none of the benchmark" in says


def test_unknown_arrays_are_named(tmp_path: Path) -> None:
    path = tmp_path / "p.npz"
    np.savez(path, q=np.zeros(2))
    with pytest.raises(InvalidPredictions, match=r"holds the arrays 'q'.*'far/y', 'far/z'"):
        READER.read(path, TWO)


def test_numbers_are_wanted(tmp_path: Path) -> None:
    path = tmp_path / "p.npy"
    np.save(path, np.array(["2020-01-01"] * 3, dtype="datetime64[D]"))
    with pytest.raises(InvalidPredictions, match=r"datetime64.*not numbers"):
        READER.read(path, ONE)


@pytest.mark.parametrize(
    ("name", "content", "error"),
    [
        ("p.csv", "", IntegrityError),
        ("p.csv", "y,z\n1\n", IntegrityError),
        ("p.parquet", table(y=[1.0, 2.0, 3.0])[:-9], IntegrityError),
        ("p.npy", b"\x93NUMPY", IntegrityError),
        ("p.npz", b"PK", IntegrityError),
        ("p.json", "[1, 2", IntegrityError),
        ("p.json", "[NaN, 1, 2]", IntegrityError),
        ("p.json", "[" * 100_000, IntegrityError),
        ("p.xlsx", b"", UnsupportedFile),
    ],
)
def test_files_that_are_none(read: Read, name: str, content: str | bytes, error: type[GroundtruthError]) -> None:
    with pytest.raises(error, match=r"p\."):
        read(name, content)


def test_pickled_objects_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "p.npy"
    np.save(path, np.array([{"a": 1}, 2, 3], dtype=object), allow_pickle=True)
    with pytest.raises(IntegrityError):
        READER.read(path, ONE)


def test_an_array_cut_short_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "p.npy"
    np.save(path, np.arange(3.0))
    path.write_bytes(path.read_bytes()[:-8])
    with pytest.raises(IntegrityError):
        READER.read(path, ONE)


@pytest.mark.parametrize("name", ["none.csv", "none.parquet", "none.npy", "none.npz", "none.json"])
def test_missing_files(tmp_path: Path, name: str) -> None:
    with pytest.raises(NotReadable, match="does not exist"):
        READER.read(tmp_path / name, ONE)


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    (tmp_path / "p.npy").mkdir()
    with pytest.raises(NotReadable, match="folder"):
        READER.read(tmp_path / "p.npy", ONE)


def test_what_unpacks_to_too_much_is_refused(tmp_path: Path) -> None:
    np.savez_compressed(tmp_path / "p.npz", y=np.zeros(1_000_000))
    parquet.write_table(pa.table({"y": np.zeros(1_000_000)}), tmp_path / "p.parquet")
    for name in ("p.npz", "p.parquet"):
        assert (tmp_path / name).stat().st_size < 100_000
        with pytest.raises(UnsupportedFile, match="more than 100000"):
            READER.read(tmp_path / name, ONE, ReadOptions(most_bytes=100_000))


@given(st.binary(max_size=200), st.sampled_from(["csv", "tsv", "parquet", "npy", "npz", "json"]))
def test_no_bytes_raise_anything_else(tmp_path_factory: pytest.TempPathFactory, data: bytes, kind: str) -> None:
    path = tmp_path_factory.mktemp("any") / f"p.{kind}"
    path.write_bytes(data)
    try:
        READER.read(path, ONE)
    except GroundtruthError as error:
        assert error.message


# --- COCO -------------------------------------------------------------------------------------------

IMAGES = Wanted(targets=("objects",), rows={"test": np.array([7, 3])})


def found(image: Any = 7, category: int = 0, score: float = 0.5, **others: Any) -> dict[str, Any]:
    return {"image_id": image, "category_id": category, "bbox": [1, 2, 3, 4], "score": score, **others}


def coco(tmp_path: Path, entries: Any, **options: Any) -> list[Detections]:
    path = tmp_path / "coco.json"
    path.write_text(json.dumps(entries))
    return READER.read(path, IMAGES, ReadOptions(**options))["test"]["objects"].tolist()


def test_coco_results(tmp_path: Path) -> None:
    first, second = coco(tmp_path, [found(), found(score=0.25, category=2)])
    assert first.boxes.tolist() == [[1, 2, 3, 4]] * 2
    assert (first.classes.tolist(), first.scores.tolist(), first.masks) == ([0, 2], [0.5, 0.25], None)
    assert len(second.boxes) == 0


def test_coco_images_and_categories_are_looked_up(tmp_path: Path) -> None:
    ids = {"test": ["b.jpg", "a.jpg"]}
    first, second = coco(tmp_path, [found("a.jpg", 18)], images=ids, classes={18: 1})
    assert (len(first.classes), second.classes.tolist()) == (0, [1])
    assert [len(one.classes) for one in coco(tmp_path, [], images=ids)] == [0, 0]


def test_coco_masks(tmp_path: Path) -> None:
    runs = pytest.importorskip("faster_coco_eval").mask
    mask = np.zeros((6, 8), dtype=np.uint8, order="F")
    mask[2:4, 3:7] = 1
    encoded = runs.encode(mask)
    counts = encoded["counts"] if isinstance(encoded["counts"], str) else encoded["counts"].decode()
    entry = {"image_id": 3, "category_id": 0, "score": 0.5, "segmentation": {"size": [6, 8], "counts": counts}}
    _, second = coco(tmp_path, [entry])
    assert second.boxes.tolist() == [[3, 2, 4, 2]]
    assert second.masks is not None
    np.testing.assert_array_equal(runs.decode(dict(second.masks[0])), mask)


@pytest.mark.parametrize(
    ("entry", "says"),
    [
        (found(9), "image_id 9 is no test row"),
        (found(category=5), "category_id 5 is no class"),
        ({"image_id": 7}, "'category_id' is missing"),
        ({**found(), "bbox": [1, 2, 3]}, "'bbox' is not x, y, width and height"),
        ({**found(), "score": "high"}, "'score' is no number"),
        ({**found(), "bbox": [1, 2, -3, 4]}, "negative size"),
        ({**found(), "segmentation": [[1, 2, 3, 4]]}, "no compressed run-length encoding"),
        ([], "list is no object"),
    ],
)
def test_wrong_coco_results_name_the_place(tmp_path: Path, entry: Any, says: str) -> None:
    with pytest.raises(InvalidPredictions) as caught:
        coco(tmp_path, [found(), entry], classes={0: 0})
    assert says in caught.value.message
    assert "coco.json" in caught.value.message


def test_detections_as_plain_json(tmp_path: Path) -> None:
    image = {"boxes": [[1, 2, 3, 4]], "classes": [1], "scores": [0.5]}
    nothing: dict[str, Any] = {"boxes": [], "classes": [], "scores": []}
    first, second = coco(tmp_path, [image, nothing])
    assert (first.classes.tolist(), second.classes.tolist()) == ([1], [])
    with pytest.raises(InvalidPredictions, match="row 1"):
        coco(tmp_path, [image, {**image, "scores": []}])
