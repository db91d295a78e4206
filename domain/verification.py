"""Verification: results that were claimed, against the same results computed again."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping

import attrs

from .evidence import Difference
from .results import AnyResults, Interval, Score

__all__ = ["TOLERANCE", "Verification", "compare_claim"]

TOLERANCE = 1e-6
"""Relative difference of scores that is none: predictions in 32 bits are scored in 32 bits."""


@attrs.frozen
class Verification:
    """What differs. Results hold if nothing fatal does."""

    differences: tuple[Difference, ...] = attrs.field(converter=tuple)

    @property
    def holds(self) -> bool:
        """True if the results are what the predictions reach."""
        return not any(one.fatal for one in self.differences)


def compare_claim(claimed: AnyResults, found: AnyResults, tolerance: float = TOLERANCE) -> Verification:
    """Compare scores, intervals, parts and evidence one by one; each difference has a name."""
    return Verification((*_subject(claimed, found), *_scores(claimed, found, tolerance), *_evidence(claimed, found)))


def _subject(claimed: AnyResults, found: AnyResults) -> Iterator[Difference]:
    if claimed.subject != found.subject:
        yield Difference("subject", str(claimed.subject), str(found.subject))


def _evidence(claimed: AnyResults, found: AnyResults) -> Iterator[Difference]:
    if claimed.evidence is None or found.evidence is None:
        sides = ("absent" if one.evidence is None else "present" for one in (claimed, found))
        yield Difference("evidence", *sides, fatal=False)
        return
    yield from claimed.evidence.differences(found.evidence)


def _scores(claimed: AnyResults, found: AnyResults, tolerance: float) -> Iterator[Difference]:
    one, other = ({score.key: score for score in results.scores} for results in (claimed, found))
    for key in sorted(one.keys() | other.keys()):
        name = f"score '{'/'.join(key)}'"
        if key not in one or key not in other:
            yield Difference(name, _text(one.get(key)), _text(other.get(key)))
        else:
            yield from _one_score(name, one[key], other[key], tolerance)


def _text(score: Score | None) -> str:
    return "absent" if score is None else repr(score.value)


def _one_score(name: str, one: Score, other: Score, tolerance: float) -> Iterator[Difference]:
    if not _close(one.value, other.value, tolerance):
        yield Difference(name, repr(one.value), repr(other.value))
    yield from _parts(name, _bounds(one.interval), _bounds(other.interval), tolerance)
    yield from _parts(name, one.parts, other.parts, tolerance)


def _bounds(interval: Interval | None) -> dict[str, float]:
    if interval is None:
        return {}
    return {"lower bound": interval.low, "upper bound": interval.high, "level": interval.level}


def _parts(name: str, one: Mapping[str, float], other: Mapping[str, float], tolerance: float) -> Iterator[Difference]:
    for part in sorted(one.keys() | other.keys()):
        if part not in one or part not in other:
            yield Difference(f"{part} of {name}", repr(one.get(part, "absent")), repr(other.get(part, "absent")))
        elif not _close(one[part], other[part], tolerance):
            yield Difference(f"{part} of {name}", repr(one[part]), repr(other[part]))


def _close(one: float, other: float, tolerance: float) -> bool:
    if math.isnan(one) or math.isnan(other):
        return math.isnan(one) and math.isnan(other)
    return math.isclose(one, other, rel_tol=tolerance, abs_tol=tolerance * 1e-3)
