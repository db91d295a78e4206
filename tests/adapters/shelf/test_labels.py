"""Labels of competitions are nowhere in what participants can get, nor in the files that theirs are read from."""

from __future__ import annotations

import sqlite3
import stat
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import attrs
import numpy as np
import pytest
import zarr

from groundtruth.adapters.shelf import ShelfHub
from groundtruth.domain.array_dataset import ArrayDataset, ColumnAnnotation
from groundtruth.domain.artifact import ArtifactId
from groundtruth.domain.columns import ArrayColumns, object_array
from groundtruth.domain.competition import Competition
from groundtruth.domain.errors import GroundtruthError
from groundtruth.domain.policies import ChecksumStrategy
from groundtruth.ports.arrays import ArrayFiles
from groundtruth.testing.benchmark_scenario import ACTOR, LABEL, OTHER, PRIVATE, PUBLIC, competition, meta
from groundtruth.testing.benchmark_scenario import submission as predictions_for
from groundtruth.testing.competitions import holds_label, reachable

Open = Callable[[str | None], ShelfHub]
CHALLENGE = ArtifactId(ACTOR, "challenge")
SECRET = "secret-label"
ROWS = 40


def files_of(hub: ShelfHub, folder: str) -> dict[str, bytes]:
    """Bytes of all files below a folder of the shelf."""
    root = hub.root / folder
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in root.rglob("*") if path.is_file()}


def spellings(value: float) -> list[bytes]:
    """How a label may stand in a file."""
    whole = int(value)
    arrays = [np.array(value, "<f8"), np.array(value, "<f4"), np.array(whole, "<i8"), np.array(whole, "<i4")]
    return [*(array.tobytes() for array in arrays), str(whole).encode()]


@pytest.fixture
def given(pictures: ArrayDataset, now: datetime) -> Competition:
    return competition(pictures, now)


def test_public_files_hold_no_label(hub: ShelfHub, open_hub: Open, given: Competition) -> None:
    hub.put_competition(given, PUBLIC)
    rows = np.concatenate(list(given.split.tests.values()))
    labels = given.dataset.columns.read("y", rows)
    public = files_of(hub, f"competition/{CHALLENGE}")
    assert len(public) > 5
    (root,) = (hub.root / "competition" / str(CHALLENGE)).rglob("*.zarr")
    shown = np.asarray(zarr.open_array(root / "y", mode="r")[:])
    assert np.isnan(shown[rows]).all()
    assert not np.isin(shown, labels).any()
    catalogue = b"".join(path.read_bytes() for path in hub.root.glob("shelf.sqlite3*"))
    # Of small numbers some bytes are anywhere.
    for label in labels[5:]:
        for spelling in spellings(label):
            assert spelling not in catalogue
            assert not [path for path, data in public.items() if spelling in data]
    # What participants get is read from there and nowhere else.
    (hub.root / "labels").rename(hub.root.parent / "gone")
    got = open_hub(OTHER).get_competition(CHALLENGE, ChecksumStrategy.VERIFY)
    assert len(list(got.dataset)) == ROWS


def test_labels_are_for_one_user_of_the_machine(hub: ShelfHub, given: Competition) -> None:
    hub.put_competition(given, PUBLIC)
    (folder,) = (hub.root / "labels" / str(CHALLENGE)).iterdir()
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_checksum_of_the_labels_is_not_told(hub: ShelfHub, open_hub: Open, given: Competition) -> None:
    """From a checksum of everything, few labels could be guessed."""
    source = table_with("y", np.arange(ROWS) * LABEL)
    known = attrs.evolve(source, md5sum="0123456789abcdef" * 2)
    hub.put_competition(attrs.evolve(given, dataset=known, input_cols="x"), PUBLIC)
    assert open_hub(OTHER).get_competition(CHALLENGE).dataset.md5sum != known.md5sum
    for data in files_of(hub, f"competition/{CHALLENGE}").values():
        assert known.md5sum.encode() not in data
    with sqlite3.connect(hub.root / "shelf.sqlite3") as connection:
        (text,) = connection.execute("SELECT document FROM artifacts").fetchone()
    connection.close()
    assert known.md5sum not in text


def table_with(name: str, values: object) -> ArrayDataset:
    columns = ArrayColumns({"x": np.arange(ROWS), name: np.asarray(values)})
    return ArrayDataset(1, meta("table"), columns)


@pytest.mark.parametrize(
    "values",
    [
        pytest.param(np.arange(ROWS) * int(LABEL), id="whole"),
        pytest.param(np.arange(ROWS, dtype="f4") * LABEL, id="float32"),
        pytest.param(object_array(f"{SECRET}-{row}" for row in range(ROWS)), id="text"),
        pytest.param(np.arange(ROWS) % 2 == 1, id="bool"),
    ],
)
def test_targets_of_tables(
    hub: ShelfHub, open_hub: Open, given: Competition, values: np.ndarray[tuple[int], np.dtype[np.generic]]
) -> None:
    held = attrs.evolve(
        given, dataset=table_with("y", values), input_cols="x", metrics=(), main_metric=None, target_types={}
    )
    hub.put_competition(held, PUBLIC)
    got = open_hub(OTHER).get_competition(CHALLENGE)
    rows = np.concatenate(list(held.split.tests.values()))
    shown = got.dataset.columns.read("y", rows).tolist()
    assert all(value != value or not value for value in shown)
    assert got.dataset.columns.read("y", held.split.train).tolist() == values[held.split.train].tolist()
    public = b"".join(files_of(hub, f"competition/{CHALLENGE}").values())
    for row in rows.tolist():
        assert f"{SECRET}-{row}".encode() not in public
    if values.dtype.kind in "if":
        assert not any(spelling in public for row in rows.tolist()[5:] for spelling in spellings(float(values[row])))
    assert hub.labelled_competition(CHALLENGE).dataset.columns.read("y", rows).tolist() == values[rows].tolist()


def test_ragged_targets(
    hub: ShelfHub, open_hub: Open, given: Competition, arrays: ArrayFiles, tmp_path: Path
) -> None:
    """Boxes of an image: not even how many there are is told."""
    boxes = object_array(np.full((row % 3, 4), row * LABEL) for row in range(ROWS))
    made = arrays.write_zarr(tmp_path / "boxes.zarr", {"x": np.arange(ROWS), "y": boxes})
    dataset = attrs.evolve(arrays.load(made), meta=meta("boxes"))
    held = attrs.evolve(given, dataset=dataset, input_cols="x", metrics=(), main_metric=None, target_types={})
    hub.put_competition(held, PUBLIC)
    got = open_hub(OTHER).get_competition(CHALLENGE)
    for row in np.concatenate(list(held.split.tests.values())).tolist():
        assert np.asarray(got.dataset[row]["y"]).size == 0
    assert np.asarray(got.dataset[5]["y"]).tolist() == np.full((2, 4), 5 * LABEL).tolist()
    labelled = hub.labelled_competition(CHALLENGE)
    assert np.asarray(labelled.dataset[38]["y"]).tolist() == np.full((2, 4), 38 * LABEL).tolist()


def test_targets_behind_pointers(
    hub: ShelfHub, open_hub: Open, given: Competition, arrays: ArrayFiles, tmp_path: Path
) -> None:
    """A table whose targets are rows of an archive becomes a version 2 dataset: its archive would hold them all."""
    root = arrays.write_zarr(tmp_path / "deep.zarr", {"vectors": np.arange(ROWS)[:, None] * np.full(3, LABEL)})
    pointers = object_array(f"vectors#{row}" for row in range(ROWS))
    columns = ArrayColumns({"x": np.arange(ROWS), "y": pointers})
    made = ArrayDataset(1, meta("deep"), columns, {"y": ColumnAnnotation(is_pointer=True)}, zarr_root=str(root))
    dataset = arrays.load(arrays.save(made, tmp_path / "saved"))
    held = attrs.evolve(given, dataset=dataset, input_cols="x", metrics=(), main_metric=None, target_types={})
    hub.put_competition(held, PUBLIC)
    got = open_hub(OTHER).get_competition(CHALLENGE)
    assert np.asarray(got.dataset[3]["y"]).tolist() == [3 * LABEL] * 3
    lowest = LABEL * len(held.split.train)
    for row in np.concatenate(list(held.split.tests.values())).tolist():
        assert not holds_label(got.dataset[row]["y"], lowest)
    public = b"".join(files_of(hub, f"competition/{CHALLENGE}").values())
    assert not any(spelling in public for row in range(25, ROWS) for spelling in spellings(row * LABEL))
    assert np.asarray(hub.labelled_competition(CHALLENGE).dataset[30]["y"]).tolist() == [30 * LABEL] * 3


def test_refusal_takes_no_label_along(hub: ShelfHub, open_hub: Open, given: Competition) -> None:
    hub.put_competition(given, PUBLIC)
    other = open_hub(OTHER)
    held = other.get_competition(CHALLENGE)
    with pytest.raises(GroundtruthError) as caught:
        other.submit_predictions(predictions_for(held, float("nan")), PRIVATE)
    lowest = LABEL * len(given.split.train)
    rows = np.concatenate(list(given.split.tests.values()))
    error: BaseException | None = caught.value
    while error is not None:
        trace = error.__traceback__
        while trace is not None:
            if trace.tb_frame.f_globals.get("__name__", "").startswith("groundtruth"):
                for one in reachable(dict(trace.tb_frame.f_locals)):
                    if isinstance(one, ArrayDataset):
                        assert not holds_label(one.columns.read("y", rows), lowest)
                    elif isinstance(one, np.ndarray):
                        assert not (holds_label(one, lowest) and one.dtype.kind == "f")
            trace = trace.tb_next
        error = error.__cause__ or error.__context__


def test_source_is_not_needed_any_more(
    hub: ShelfHub, open_hub: Open, given: Competition, pictures: ArrayDataset, tmp_path: Path
) -> None:
    hub.put_competition(given, PUBLIC)
    assert pictures.zarr_root is not None
    Path(pictures.zarr_root).rename(tmp_path / "elsewhere")
    made = open_hub(OTHER).submit_predictions(predictions_for(hub.get_competition(CHALLENGE), 1.0), PRIVATE)
    assert {score.value for score in made.results.scores} == {1.0}
    labels = hub.labelled_competition(CHALLENGE).dataset.columns.read("y", np.arange(30, 32))
    assert labels.tolist() == [30 * LABEL, 31 * LABEL]
