"""Evidence of results as a part of their documents; always in snake case, and only on disk."""

from __future__ import annotations

from ...domain.evidence import Evidence, MetricEvidence
from ...domain.metrics.bootstrap import Resampling
from ...ports.artifacts import Json
from .reading import Reader


def evidence_fields(evidence: Evidence) -> Json:
    """Write evidence."""
    resampling = evidence.resampling
    return {
        "format": evidence.format,
        "dataset_checksum": evidence.dataset,
        "benchmark_checksum": evidence.benchmark,
        "split_digests": dict(evidence.splits),
        "prediction_digests": dict(evidence.predictions),
        "metrics": [{"name": one.name, "text": one.text, "version": one.version} for one in evidence.metrics],
        "software": dict(evidence.software),
        "resampling": resampling
        and {"resamples": resampling.n_resamples, "level": resampling.level, "seed": resampling.seed},
    }


def read_evidence(results: Reader) -> Evidence | None:
    """Read the evidence of results, if they have any.

    Raises:
        InvalidDocument: a field has another type.
    """
    value = results.value("evidence")
    if value is None:
        return None
    fields = results.inside(value, "evidence")
    return Evidence(
        format=fields.whole("format", 1),
        dataset=fields.text("dataset_checksum"),
        benchmark=fields.text("benchmark_checksum"),
        splits=_texts(fields, "split_digests"),
        predictions=fields.mapping("prediction_digests"),
        metrics=tuple(
            MetricEvidence(one.required_text("name"), one.required_text("text"), one.whole("version", 1))
            for one in fields.objects("metrics")
        ),
        software=_texts(fields, "software"),
        resampling=_resampling(fields),
    )


def _texts(fields: Reader, name: str) -> dict[str, str]:
    found = fields.mapping(name)
    for key, value in found.items():
        if not isinstance(value, str):
            raise fields.fail(f"{name}.{key}", f"is {type(value).__name__}, not text")
    return found


def _resampling(fields: Reader) -> Resampling | None:
    value = fields.value("resampling")
    if value is None:
        return None
    one = fields.inside(value, "resampling")
    level = one.of_type((int, float), "a number", "level")
    return Resampling(one.whole("resamples", 0), 0.95 if level is None else float(level), one.whole("seed", 0))
