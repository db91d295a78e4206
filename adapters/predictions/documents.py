"""Predictions in JSON: documents of predictions, plain lists, COCO results."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ...domain.arrays import np
from ...domain.columns import object_array
from ...domain.errors import InvalidPredictions
from ...domain.metrics.detection import Detections
from ...ports.artifacts import PredictionsCodec
from ...ports.prediction_files import ReadOptions, Wanted
from .coco import is_coco, read_coco
from .opening import check_size, damaged, reading

MOST_JSON = 1 << 30
"""What is read of JSON takes some ten times as much memory."""

_IMAGE = frozenset({"boxes", "classes", "scores"})


def read_json(path: Path, most: int = MOST_JSON) -> Any:
    """Read a JSON file.

    Raises:
        IntegrityError: it is no JSON; NaN and infinity are none either.
    """
    import msgspec

    check_size(path, min(most, MOST_JSON))
    with reading(path):
        data = path.read_bytes()
    try:
        return msgspec.json.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise damaged(path, error) from error


def read_predictions(path: Path, codec: PredictionsCodec, wanted: Wanted, options: ReadOptions) -> Any:
    """Read predictions in any shape that `Predictions.of` takes.

    Raises:
        InvalidDocument: a document of predictions breaks a rule.
        InvalidPredictions: as `read_coco`.
    """
    held = read_json(path, options.most_bytes)
    if is_coco(held, options):
        return read_coco(path, held, wanted, options)
    if isinstance(held, Mapping) and "predictions" in held and ("target_labels" in held or "targetLabels" in held):
        return codec.load_predictions(held, str(path)).predictions.values
    return _arrays(held, path)


def _arrays(held: Any, path: Path) -> Any:
    if isinstance(held, Mapping):
        return {str(key): _arrays(inner, path) for key, inner in held.items()}
    if not isinstance(held, Sequence) or isinstance(held, str):
        raise InvalidPredictions(f"file {path}", f"holds {type(held).__name__} where a list of values is expected")
    return _column(held, path)


def _column(values: Sequence[Any], path: Path) -> Any:
    """One value per row: numbers with NaN for null, or the objects of an image."""
    if values and all(isinstance(one, Mapping) and one.keys() >= _IMAGE for one in values):
        return object_array([_detections(one, row, path) for row, one in enumerate(values)])
    if any(one is None for one in values) and all(one is None or isinstance(one, int | float) for one in values):
        return np.array([np.nan if one is None else one for one in values], dtype=np.float64)
    return list(values)


def _detections(image: Mapping[str, Any], row: int, path: Path) -> Detections:
    try:
        return Detections.of(image["boxes"], image["classes"], image["scores"])
    except InvalidPredictions as error:
        raise InvalidPredictions(f"file {path}, row {row}: {error.what}", error.reason, error.advice) from error
