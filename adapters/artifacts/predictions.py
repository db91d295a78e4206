"""Documents of predictions for competitions and benchmarks (reference: Polaris, sections 3.9, 9.3 and 9.4)."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, cast

from ...domain.arrays import np
from ...domain.artifact import ArtifactKind
from ...domain.errors import InvalidPredictions
from ...domain.metrics.detection import Detections
from ...domain.predictions import Predictions
from ...domain.submission import BenchmarkPredictions, CompetitionPredictions
from ...ports.artifacts import DocumentStyle, Json
from .reading import Reader, reading
from .writing import NUMBERS_AS_TEXT, identity_fields, meta_fields, styled, text_of_number

VERBATIM = ("code_url",)
"""Of the two addresses only this one is in snake case on the wire."""

AnyPredictions = BenchmarkPredictions | CompetitionPredictions


def dump_predictions(submission: AnyPredictions, style: DocumentStyle) -> Json:
    """Write predictions with who made them.

    Raises:
        InvalidPredictions: the wire wants a name, owner or report that is not there, or has no form for a value.
    """
    is_competition = isinstance(submission, CompetitionPredictions)
    if style is DocumentStyle.WIRE:
        _check_complete(submission)
    kind = ArtifactKind.COMPETITION_PREDICTION if is_competition else ArtifactKind.PREDICTION
    subject = {"competition_artifact_id": str(submission.competition)} if is_competition else {}
    urls = {"code_url": submission.code_url, "report_url": submission.report_url} if is_competition else {}
    predictions = submission.predictions
    fields = {
        **subject,
        **meta_fields(submission.meta),
        **urls,
        "contributors": list(submission.contributors),
        "predictions": _nested(predictions, style),
        "target_labels": list(predictions.target_labels),
        "test_set_labels": list(predictions.test_set_labels),
        "test_set_sizes": dict(predictions.test_set_sizes),
        **({} if is_competition else {"benchmark_artifact_id": str(submission.benchmark)}),
        **identity_fields(submission.meta, kind),
        "version": 1,
        **({"model_artifact_id": str(submission.model)} if submission.model is not None else {}),
    }
    return styled(fields, style, as_they_are=VERBATIM)


def _check_complete(submission: AnyPredictions) -> None:
    absent = [name for name in ("name", "owner") if getattr(submission.meta, name) is None]
    if isinstance(submission, CompetitionPredictions) and submission.report_url is None:
        absent.append("report_url")
    if absent:
        raise InvalidPredictions("predictions", f"have no {' and no '.join(absent)}", "A hub takes none without")


def _nested(predictions: Predictions, style: DocumentStyle) -> dict[str, dict[str, list[Any]]]:
    lists = predictions.as_lists()
    for test, targets in lists.items():
        for target, values in targets.items():
            targets[target] = [_plain(value, style, (test, target, row)) for row, value in enumerate(values)]
    return lists


def _plain(value: Any, style: DocumentStyle, where: tuple[str, str, int]) -> Any:
    """Write a value as JSON has it; the objects of an image, and arrays of their own, as JSON objects."""
    if isinstance(value, float):
        if style is DocumentStyle.WIRE and not math.isfinite(value):
            raise _no_form(where, f"is {value}", "Predict a number for every row")
        return text_of_number(value)
    if value is None or isinstance(value, str | int):
        return value
    if isinstance(value, list):
        return [_plain(item, style, where) for item in cast("list[Any]", value)]
    if isinstance(value, Detections) and value.masks is None:
        arrays = {"boxes": value.boxes, "classes": value.classes, "scores": value.scores}
        return {name: array.tolist() for name, array in arrays.items()}
    if isinstance(value, np.ndarray | np.generic):
        return {"array": _plain(value.tolist(), style, where), "shape": list(value.shape)}
    raise _no_form(where, f"is {type(value).__name__}", "")


def _no_form(where: tuple[str, str, int], found: str, advice: str) -> InvalidPredictions:
    test, target, row = where
    what = f"prediction in row {row} for target '{target}' of test set '{test}'"
    return InvalidPredictions(what, f"{found}, which the document has no form for", advice, test, target)


# --- reading --------------------------------------------------------------------------------------------


def load_predictions(document: Mapping[str, Any], source: str = "") -> AnyPredictions:
    """Read predictions of either kind and style.

    Raises:
        InvalidDocument: a field has another type or breaks a rule, those of predictions included.
    """
    with reading(document, "predictions", source) as fields:
        shared: dict[str, Any] = {
            "predictions": _read_arrays(fields),
            "meta": fields.meta(),
            "contributors": fields.texts("contributors"),
            "model": fields.artifact_id("model_artifact_id"),
        }
        benchmark, competition = (
            fields.artifact_id("benchmark_artifact_id"),
            fields.artifact_id("competition_artifact_id"),
        )
        if competition is not None:
            return CompetitionPredictions(
                **shared,
                competition=competition,
                code_url=fields.text("code_url", "github_url", "githubUrl"),
                report_url=fields.text("report_url", "paper_url", "paperUrl"),
            )
        if benchmark is None:
            raise fields.fail("benchmark_artifact_id", "is missing, as is that of a competition")
        return BenchmarkPredictions(**shared, benchmark=benchmark)


def _read_arrays(fields: Reader) -> Predictions:
    sizes = fields.mapping("test_set_sizes")
    for label, size in sizes.items():
        if isinstance(size, bool) or not isinstance(size, int):
            raise fields.fail(f"test_set_sizes.{label}", f"is {type(size).__name__}, not a whole number")
    nested: dict[str, dict[str, Any]] = {}
    for test, inner in fields.mapping("predictions").items():
        arrays = fields.inside(inner, f"predictions.{test}")
        nested[test] = {target: _value(list(arrays.sequence(target))) for target in arrays.fields}
    return Predictions.of(nested, fields.texts("target_labels"), fields.texts("test_set_labels"), sizes)


def _value(value: Any) -> Any:
    if isinstance(value, list):
        return [_value(one) for one in _numbers(cast("list[Any]", value))]
    if not isinstance(value, dict):
        return value
    known = cast("dict[str, Any]", value)
    if "array" in known:
        return np.asarray(_value(known["array"])).reshape(known.get("shape", -1))
    return Detections.of(known.get("boxes"), known.get("classes"), known.get("scores"))


def _numbers(values: Sequence[Any]) -> Sequence[Any]:
    """Values with the numbers that JSON has no form for; texts among other texts stay what they are."""
    texts = [value for value in values if isinstance(value, str)]
    if texts and all(text in NUMBERS_AS_TEXT for text in texts):
        return [float(value) if isinstance(value, str) else value for value in values]
    return values
