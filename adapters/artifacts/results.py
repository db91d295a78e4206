"""Documents of results (reference: Polaris, sections 3.8 and 11.1).

On disk a document has everything; what the peer does not know (intervals, parts, evidence) comes last, and it skips
that. NaN and infinities are texts there, which the peer reads as numbers (what it writes itself, null, it does not).
The wire has no form for them.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from ...domain.artifact import ArtifactKind, Owner
from ...domain.errors import InvalidResult
from ...domain.results import (
    AnyResults,
    BenchmarkResultsV1,
    BenchmarkResultsV2,
    CompetitionResults,
    Interval,
    ResultRecord,
    Score,
    scores_from_table,
)
from ...ports.artifacts import DocumentStyle, Json
from .evidence import evidence_fields, read_evidence
from .reading import Reader, reading
from .writing import identity_fields, meta_fields, styled, text_of_number

VERBATIM = ("code_url", "report_url")
"""Keys that are in snake case on the wire, too (since 0.12.0)."""


def dump_results(results: AnyResults, style: DocumentStyle) -> Json:
    """Write results.

    Raises:
        InvalidResult: the wire has no form for a score (NaN, infinity).
    """
    links = ("github_url", "paper_url") if style is DocumentStyle.DISK else VERBATIM
    urls: Json = dict(zip(links, (results.code_url, results.report_url), strict=True))
    if isinstance(results, BenchmarkResultsV2):  # which the peer gives none
        urls = {key: url for key, url in urls.items() if url is not None}
    fields = {
        **_before(results, style),
        **meta_fields(results.meta),
        **urls,
        "contributors": list(results.contributors),
        **_named_competition(results, style),
        **identity_fields(results.meta, ArtifactKind.RESULT),
        "version": 1,
        **_after(results),
    }
    if style is DocumentStyle.DISK:
        fields |= _extension(results)
    return styled(fields, style, as_they_are=VERBATIM)


def _before(results: AnyResults, style: DocumentStyle) -> Json:
    records = _records(results, style)
    if isinstance(results, CompetitionResults):
        return {"results": records}
    return {
        "benchmark_artifact_id": None if results.benchmark is None else str(results.benchmark),
        "benchmark_name": results.benchmark_name,
        "benchmark_owner": _owner(results.benchmark_owner, style),
        "results": records,
    }


def _named_competition(results: AnyResults, style: DocumentStyle) -> Json:
    if not isinstance(results, CompetitionResults):
        return {}
    owner = _owner(results.competition_owner, style)
    return {"competition_name": results.competition_name, "competition_owner": owner}


def _after(results: AnyResults) -> Json:
    model = None if results.model is None else str(results.model)
    if isinstance(results, CompetitionResults):
        known: Json = {"competition_artifact_id": str(results.subject)}
        return known if model is None else {**known, "model_artifact_id": model}
    if isinstance(results, BenchmarkResultsV1) and model is None:
        return {}
    return {"model_artifact_id": model}


def _extension(results: AnyResults) -> Json:
    """What only we read."""
    details = [_details(score) for score in results.scores if score.interval is not None or score.parts]
    found: Json = {} if isinstance(results, CompetitionResults) else {"benchmark_version": _version(results)}
    if details:
        found["details"] = details
    if results.evidence is not None:
        found["evidence"] = evidence_fields(results.evidence)
    return found


def _version(results: AnyResults) -> int:
    return 2 if isinstance(results, BenchmarkResultsV2) else 1


def _owner(owner: Owner | None, style: DocumentStyle) -> Json | None:
    if owner is None:
        return None
    return styled(
        {"slug": owner.slug, "external_id": owner.external_id, "type": owner.type and str(owner.type)}, style
    )


def _records(results: AnyResults, style: DocumentStyle) -> list[Json]:
    return [
        styled(
            {
                "test_set": one.test_set,
                "target_label": one.target,
                "scores": {metric: _written(one, metric, value, style) for metric, value in one.scores.items()},
            },
            style,
        )
        for one in results.records()
    ]


def _written(record: ResultRecord, metric: str, value: float, style: DocumentStyle) -> float | str:
    if style is DocumentStyle.WIRE and not math.isfinite(value):
        raise InvalidResult(
            f"score '{record.test_set}/{record.target}/{metric}'",
            f"is {value}, which the wire has no form for",
            "Leave the metric out, or give it a default for groups that have no score",
        )
    return text_of_number(value)


def _details(score: Score) -> Json:
    interval = score.interval
    return {
        "test_set": score.test_set,
        "target_label": score.target,
        "metric": score.metric,
        "interval": interval and [text_of_number(interval.low), text_of_number(interval.high), interval.level],
        "parts": {name: text_of_number(value) for name, value in score.parts.items()},
    }


# --- reading --------------------------------------------------------------------------------------------


def load_results(document: Mapping[str, Any], source: str = "") -> AnyResults:
    """Read results in either style; scores as records or as a table.

    Raises:
        InvalidDocument: a field has another type or breaks a rule.
    """
    with reading(document, "results", source) as fields:
        shared: dict[str, Any] = {
            "scores": _scores(fields),
            "meta": fields.meta(),
            "contributors": fields.texts("contributors"),
            "code_url": fields.text("code_url", "github_url", "githubUrl"),
            "report_url": fields.text("report_url", "paper_url", "paperUrl"),
            "model": fields.artifact_id("model_artifact_id"),
            "evidence": read_evidence(fields),
        }
        if fields.has("competition_name"):
            owner = fields.owner("competition_owner")
            if owner is None:
                raise fields.fail("competition_owner", "is missing")
            name = fields.required_text("competition_name")
            return CompetitionResults(**shared, competition_name=name, competition_owner=owner)
        kind = BenchmarkResultsV2 if _is_version_2(fields) else BenchmarkResultsV1
        return kind(
            **shared,
            benchmark=fields.artifact_id("benchmark_artifact_id"),
            benchmark_name=fields.text("benchmark_name"),
            benchmark_owner=fields.owner("benchmark_owner"),
        )


def _is_version_2(fields: Reader) -> bool:
    """Tell by what the peer writes: version 2 always names its model on disk, and has no addresses."""
    if fields.has("benchmark_version"):
        return fields.whole("benchmark_version", 1) == 2
    addresses = ("code_url", "github_url", "report_url", "paper_url")
    return fields.has("model_artifact_id") and not any(fields.has(name) for name in addresses)


def _scores(fields: Reader) -> tuple[Score, ...]:
    listed = list(fields.objects("results"))
    if listed and listed[0].has("Metric"):
        return scores_from_table([one.fields for one in listed])
    details = {
        (one.required_text("test_set"), one.required_text("target_label"), one.required_text("metric")): one
        for one in fields.objects("details")
    }
    found: list[Score] = []
    for record in listed:
        test_set, target = record.required_text("test_set"), record.required_text("target_label")
        if record.value("scores") is None:
            raise record.fail("scores", "is missing")
        for metric, value in record.mapping("scores").items():
            number = _number(record, f"scores.{metric}", value)
            found.append(_with_details(Score(test_set, target, metric, number), details))
    return tuple(found)


def _with_details(score: Score, details: Mapping[tuple[str, str, str], Reader]) -> Score:
    one = details.get(score.key)
    if one is None:
        return score
    bounds = [_number(one, "interval", value) for value in one.sequence("interval")]
    if bounds and len(bounds) != 3:
        raise one.fail("interval", "is not low, high and level")
    parts = {name: _number(one, f"parts.{name}", value) for name, value in one.mapping("parts").items()}
    return Score(*score.key, score.value, Interval(*bounds) if bounds else None, parts)


def _number(fields: Reader, name: str, value: Any) -> float:
    if value is None:  # what the peer writes for NaN
        return math.nan
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise fields.fail(name, f"is {type(value).__name__}, not a number")
    try:
        return float(value)
    except ValueError:
        raise fields.fail(name, f"is {value!r}, not a number") from None
