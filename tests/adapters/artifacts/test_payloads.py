"""Documents of results, models, predictions and competitions against the golden cases, byte for byte."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from groundtruth.adapters.artifacts import codec
from groundtruth.adapters.artifacts.task_fields import without_nulls
from groundtruth.domain.columns import ArrayColumns
from groundtruth.domain.errors import GroundtruthError
from groundtruth.domain.results import BenchmarkResultsV1, BenchmarkResultsV2, CompetitionResults
from groundtruth.ports.artifacts import DocumentStyle
from support.tasks import table

DISK, WIRE = DocumentStyle.DISK, DocumentStyle.WIRE


def golden(vectors: Path, name: str) -> dict[str, Any]:
    return json.loads((vectors / "polaris" / f"{name}.json").read_text())


def sent(document: dict[str, Any], **before: Any) -> str:
    return codec.encode({**before, **document}, WIRE).decode()


def test_bodies_of_uploads(vectors: Path) -> None:
    calls = [(one["call"], one["requests"][0]) for one in golden(vectors, "payloads")["posts"] if one["requests"]]
    for call, request in calls:
        body, raw = request["json"], request["body_raw"]
        if request["path"].endswith("/result"):
            results = codec.load_results(body)
            assert isinstance(results, BenchmarkResultsV2 if "V2" in call else BenchmarkResultsV1)
            assert sent(codec.dump_results(results, WIRE)) == raw
            assert codec.load_results(codec.dump_results(results, DISK)) == results
        elif "/model/" in request["path"]:
            model = codec.load_model(body)
            assert sent(codec.dump_model(model, WIRE), parentArtifactId=body["parentArtifactId"]) == raw
            assert codec.load_model(codec.dump_model(model, DISK)) == model
        else:
            assert sent(codec.dump_predictions(codec.load_predictions(body), WIRE)) == raw
    assert len(calls) >= 7


def test_bodies_of_older_clients_are_read(vectors: Path) -> None:
    modern = next(
        one for one in golden(vectors, "legacy_0_12_1_uploads")["calls"] if one["call"].startswith("upload_results")
    )
    request = modern["hub_requests"][0]
    results = codec.load_results(request["json"])
    assert sent(codec.dump_results(results, WIRE), access=request["json"]["access"]) == request["body_raw"]
    calls = {one["call"]: one for one in golden(vectors, "legacy_0_10_0")["calls"]}
    old = calls["upload_results"]["requests"][0]["json"]
    results = codec.load_results(old)
    assert (results.code_url, results.report_url) == (old["githubUrl"], old["paperUrl"])
    returned = calls["evaluate_competition"]["returned"]["value"]
    judged = codec.load_results(returned)
    assert isinstance(judged, CompetitionResults) and str(judged.subject) == returned["competitionArtifactId"]
    given = calls["evaluate_competition"]["requests"][0]["json"]
    predictions = codec.load_predictions({**given, "competition_artifact_id": returned["competitionArtifactId"]})
    assert predictions.predictions.as_lists() == given["predictions"]


def test_dumps_of_results(vectors: Path) -> None:
    for case in golden(vectors, "payloads")["results"]:
        expected = case.get("expected", {})
        if case["kind"] == "CompetitionResults":
            results = codec.load_results(case["dump"])
            ours = codec.dump_results(results, WIRE)
            known = without_nulls(case["dump"])
            assert ours == known and list(ours) == list(known)
        elif "records" in case:
            table_rows = codec.load_results({"results": case["records"]}).table()
            assert table_rows == expected["value"]
            assert codec.load_results({"results": table_rows}).table() == table_rows
    for wrong in ([], [{"Metric": "r2", "Score": 1}], [{"testSet": "t", "targetLabel": "y"}], {}, None, [3]):
        with pytest.raises(GroundtruthError):
            codec.load_results({"results": wrong})


def test_competition_spec(vectors: Path) -> None:
    dump = next(one for one in golden(vectors, "payloads")["results"] if one["kind"] == "competition spec")["dump"]
    columns = ArrayColumns({name: np.zeros(12, one["dtype"]) for name, one in dump["annotations"].items()})
    loaded = codec.load_competition(dump, table(columns, 2))
    ours = codec.dump_competition(loaded, WIRE)
    there_only = {"zarrRootPath", "zarrManifestMd5Sum"}  # what files say
    known = without_nulls({key: value for key, value in dump.items() if key not in there_only})
    assert ours == known and list(ours) == list(known)


def test_predictions_on_benchmarks(vectors: Path) -> None:
    for case in golden(vectors, "head_multisplit_v2")["predictions"]:
        dump = case["expected"].get("value", {}).get("dump_without_dataset_zarr_root")
        if dump is not None:
            ours = codec.dump_predictions(codec.load_predictions(dump), WIRE)
            assert ours == dump and list(ours) == list(dump)


def test_version_1_benchmarks(vectors: Path) -> None:
    for case in golden(vectors, "benchmarks_v1")["cases"]:
        columns = {name: _column(one) for name, one in case["table"].items()}
        for spec in (case["spec"], case["spec_snake_case"]):
            loaded = codec.load_benchmark(spec, table(ArrayColumns(columns)))
            for style, expected in ((DISK, case["spec_snake_case"]), (WIRE, case["spec"])):
                ours, theirs = _unordered(codec.dump_benchmark(loaded, style)), _unordered(expected)
                names = {"artifact_id", "artifactId", "dataset_artifact_id", "datasetArtifactId"}
                for key in theirs.keys() - names:
                    assert ours.get(key) == theirs[key], (case["name"], key)


def _column(one: dict[str, Any]) -> np.ndarray:
    if one["dtype"] == "str":
        out = np.empty(len(one["values"]), dtype=object)
        out[:] = one["values"]
        return out
    return np.array([float(value) if value == "NaN" else value for value in one["values"]], dtype=one["dtype"])


def _unordered(document: dict[str, Any]) -> dict[str, Any]:
    """Lists that come from sets, sorted; nulls away."""
    out = {key: value for key, value in document.items() if value is not None}
    for key, value in out.items():
        if key in {"metrics"}:
            plain = [_unordered({**one, "config": one.get("config") and _unordered(one["config"])}) for one in value]
            out[key] = sorted(plain, key=str)
        elif key in {"targetCols", "inputCols", "target_cols", "input_cols"}:
            out[key] = sorted(value)
    return out
