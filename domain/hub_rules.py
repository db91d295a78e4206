"""Rules that every benchmark hub keeps: what may take whose place, what counts as the same, who leads."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Iterable

import attrs

from .array_dataset import ArrayDataset
from .artifact import ArtifactId, ArtifactKind
from .benchmark import Benchmark
from .competition import Competition
from .errors import Conflict, DigestMismatch, InvalidInput
from .leaderboard import Entry, Keep, Leaderboard, Ranking
from .model import Model
from .results import AnyResults, CompetitionResults

__all__ = ["board", "check_replaces", "check_same_dataset", "derived_slug", "subject_of"]


def check_same_dataset(given: ArrayDataset, kept: ArrayDataset) -> None:
    """Check that a benchmark's dataset is the one that the hub has under that name, as far as metadata tell.

    Raises:
        DigestMismatch: sizes, columns or known checksums differ.
    """
    facts = {
        "version": (str(given.version), str(kept.version)),
        "size": (str(given.size()), str(kept.size())),
        "columns": (", ".join(sorted(given.column_names)), ", ".join(sorted(kept.column_names))),
    }
    if given.md5sum is not None and kept.md5sum is not None:
        facts["checksum"] = (given.md5sum, kept.md5sum)
    for what, (expected, actual) in facts.items():
        if expected != actual:
            advice = "Put the benchmark's dataset first, or make the benchmark on the hub's"
            raise DigestMismatch(
                f"{what} of the hub's dataset '{kept.meta.artifact_id}'", "", advice, expected, actual
            )


def check_replaces(model: Model, there: Model) -> None:
    """Check that a model differs from the published one in its readme only (reference: Polaris, section 11.4).

    Raises:
        Conflict: it differs in more.
    """
    if attrs.evolve(model, readme="") != attrs.evolve(there, readme=""):
        raise Conflict(f"model '{there.artifact_id}'", "can change its readme only", "Put it under another name")


def subject_of(results: AnyResults) -> ArtifactId:
    """The benchmark that published results are on.

    Raises:
        InvalidInput: they name none, or are of a competition, whose hub gives them.
    """
    if isinstance(results, CompetitionResults):
        raise InvalidInput("results", "are of a competition", "Submit the predictions: its hub makes the results")
    if results.subject is None:
        raise InvalidInput("results", "do not say which benchmark they are on", "Name it as owner/slug")
    return results.subject


def derived_slug(kind: ArtifactKind, content: bytes) -> str:
    """Slug of something without a name: the same for the same content."""
    return f"{kind}-{hashlib.sha256(content).hexdigest()[:20]}"


def board(
    identity: ArtifactId,
    subject: Benchmark | Competition,
    found: Iterable[tuple[AnyResults, dt.datetime]],
    keep: Keep,
) -> Leaderboard:
    """Rank results, with the times they were published, by the metrics of what they are on.

    That they are on it is known by the hub: results of competitions say it by a name, whose slug may be another.
    """
    found_board = Leaderboard.of(
        [Entry(results=results, published=published) for results, published in found],
        [Ranking(metric.name, metric.definition.direction) for metric in subject.metrics],
        main_metric=subject.main_metric,
        keep=keep,
    )
    return attrs.evolve(found_board, subject=identity)
