"""Evidence: what a result was computed from and with, so that anyone can compute it again.

Digests are texts `sha256:<hex>`; checksums of datasets and benchmarks are those of their own formats.
"""

from __future__ import annotations

from collections.abc import Mapping

import attrs

from .metrics.bootstrap import Resampling

__all__ = ["Difference", "Evidence", "MetricEvidence"]

FORMAT = 1


@attrs.frozen
class MetricEvidence:
    """A metric by name, with its full text form and the version of how it is computed here."""

    name: str
    text: str
    version: int = 1


@attrs.frozen
class Difference:
    """Something that is not as the evidence says: what, and both values as text.

    `fatal` is False where the difference alone proves nothing, such as another version of a library.
    """

    name: str
    expected: str
    actual: str
    fatal: bool = True

    def __str__(self) -> str:
        return f"{self.name}: expected {self.expected}, found {self.actual}"


@attrs.frozen(kw_only=True)
class Evidence:
    """What a result was computed from and with.

    `dataset` and `benchmark` are checksums, None where they were not known. `splits` has a digest of the rows of each
    part (`train`, `test:<label>`). `predictions` has one of the normal form of `y_pred` and `y_prob`, None for values
    that have no canonical form. `software` maps a package to its version;
    `resampling` drew the confidence intervals, and draws them again.
    """

    dataset: str | None = None
    benchmark: str | None = None
    splits: Mapping[str, str] = attrs.field(factory=dict[str, str], hash=False)
    predictions: Mapping[str, str | None] = attrs.field(factory=dict[str, "str | None"], hash=False)
    metrics: tuple[MetricEvidence, ...] = attrs.field(default=(), converter=tuple)
    software: Mapping[str, str] = attrs.field(factory=dict[str, str], hash=False)
    resampling: Resampling | None = None
    format: int = FORMAT

    def differences(self, found: Evidence) -> tuple[Difference, ...]:
        """Compare with evidence that was made again, by name.

        A checksum that one side does not know, and other software, are told but not fatal.
        """
        return (
            *_one("evidence format", str(self.format), str(found.format)),
            *_one("dataset checksum", self.dataset, found.dataset),
            *_one("benchmark checksum", self.benchmark, found.benchmark),
            *_many("rows of {}", self.splits, found.splits),
            *_many("digest of {}", self.predictions, found.predictions),
            *_many("metric {}", _texts(self.metrics), _texts(found.metrics)),
            *_many("version of {}", self.software, found.software, fatal=False),
            *_one("resampling", str(self.resampling), str(found.resampling)),
        )


def _texts(metrics: tuple[MetricEvidence, ...]) -> dict[str, str]:
    return {metric.name: f"{metric.text} (version {metric.version})" for metric in metrics}


def _one(name: str, expected: str | None, actual: str | None, fatal: bool = True) -> tuple[Difference, ...]:
    if expected == actual:
        return ()
    known = expected is not None and actual is not None
    return (Difference(name, expected or "unknown", actual or "unknown", fatal and known),)


Texts = Mapping[str, str | None] | Mapping[str, str]


def _many(name: str, expected: Texts, actual: Texts, fatal: bool = True) -> tuple[Difference, ...]:
    found: list[Difference] = []
    for key in sorted(expected.keys() | actual.keys()):
        one, other = expected.get(key, "absent"), actual.get(key, "absent")
        found += _one(name.format(key), one, other, fatal)
    return tuple(found)
