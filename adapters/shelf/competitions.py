"""Competitions on the shelf: a public copy without labels, the labelled data apart, and what was submitted."""

from __future__ import annotations

import contextlib
import json
import sqlite3
import zlib
from datetime import datetime

import attrs

from ...domain.artifact import ArtifactId, ArtifactKind
from ...domain.competition import Competition
from ...domain.errors import AccessDenied, Conflict, GroundtruthError
from ...domain.hub_rules import board, derived_slug
from ...domain.leaderboard import Keep, Leaderboard
from ...domain.policies import ChecksumStrategy, ConflictPolicy
from ...domain.publication import Publication
from ...domain.results import CompetitionResults
from ...domain.submission import CompetitionPredictions
from ...ports.artifacts import DocumentStyle
from ...ports.benchmarks import Listing, Receipt, Submission
from .records import Draft, Record
from .revisions import Revision
from .stamps import parse_timestamp
from .store import FILES, LABELS, Part

KIND = ArtifactKind.COMPETITION
SUBMISSION = ArtifactKind.COMPETITION_PREDICTION


@attrs.frozen
class Competitions(Part):
    """Implements `ports.benchmarks.CompetitionDesk` and `CompetitionOffice`."""

    def list_competitions(self, limit: int, offset: int) -> Listing[ArtifactId]:
        """Competitions the actor may see."""
        return self.listing(KIND, limit, offset)

    def get_competition(self, competition: ArtifactId, strategy: ChecksumStrategy) -> Competition:
        """The competition over its public copy."""
        return self._load(competition, FILES, strategy)

    def labelled_competition(self, competition: ArtifactId) -> Competition:
        """The competition over its labelled data, for its owner."""
        self.find(KIND, competition)
        if self.actor != competition.owner:
            reason = f"shows the labels of competition '{competition}' to its owner only"
            raise AccessDenied(f"hub {self.store.name}", reason)
        return self._load(competition, LABELS, ChecksumStrategy.IGNORE)

    def _load(self, competition: ArtifactId, role: str, strategy: ChecksumStrategy) -> Competition:
        with self.store.catalogue.reading() as connection:
            record = self.store.records.find(connection, KIND, competition, self.actor)
            revision = self.store.revisions.of(connection, record.row, role)
        return self._open(record, revision, strategy)

    def _open(self, record: Record, revision: Revision, strategy: ChecksumStrategy) -> Competition:
        dataset = self.store.copies.open(revision, strategy, f"{KIND} '{record.id}'")
        return self.store.codec.load_competition(record.document, dataset)

    def put_competition(self, competition: Competition, publication: Publication) -> Receipt:
        """Store a competition: its public copy is made of columns that were masked before they are written."""
        meta, identity = publication.of(KIND, competition.meta, self.actor)
        competition = attrs.evolve(competition, meta=meta, dataset=attrs.evolve(competition.dataset, meta=meta))
        public = competition.public()
        draft = Draft(KIND, identity, self.store.codec.dump_competition(public, DocumentStyle.DISK), version=2)
        kept = self.receipt_if_kept(draft, publication)
        if kept is not None:
            return kept
        with contextlib.ExitStack() as stack:
            labels = stack.enter_context(self.store.copies.staged(competition.dataset, identity))
            is_table = competition.dataset.version == 1 and competition.dataset.zarr_root is None
            files = stack.enter_context(self.store.copies.written(public.dataset, identity, is_table))
            return self.put_files(draft, publication, {FILES: files, LABELS: labels}, check=self._check_unused)

    def _check_unused(self, connection: sqlite3.Connection, draft: Draft) -> None:
        submitted = self.store.records.listing(connection, SUBMISSION, self.actor, 0, 0, draft.id)
        if submitted.total:
            raise Conflict(
                draft.what, f"has {submitted.total} submissions judged by what is there", "Hold another one"
            )

    # --- submissions --------------------------------------------------------------------------------

    def submit_predictions(self, predictions: CompetitionPredictions, publication: Publication) -> Submission:
        """Score predictions with the labels, and keep both, unless they are refused."""
        competition, codec = predictions.competition, self.store.codec
        content = json.dumps(codec.dump_predictions(predictions, DocumentStyle.DISK), sort_keys=True).encode()
        meta, identity = publication.of(SUBMISSION, predictions.meta, self.actor, derived_slug(SUBMISSION, content))
        predictions = attrs.evolve(predictions, meta=meta)
        with self.store.catalogue.reading() as connection:
            record = self.store.records.find(connection, KIND, competition, self.actor)
            labels = self.store.revisions.of(connection, record.row, LABELS)
            earlier = self._earlier(connection, competition)
        results = self._scored(record, labels, predictions, earlier)
        document = codec.dump_results(results, DocumentStyle.DISK)
        body = zlib.compress(json.dumps(codec.dump_predictions(predictions, DocumentStyle.DISK)).encode())
        draft = Draft(SUBMISSION, identity, document, about=competition, body=body)
        with self.store.catalogue.writing() as connection:
            # Much may have come between while this one was scored.
            present = self.store.records.find(connection, KIND, competition, self.actor)
            if self.store.revisions.of(connection, present.row, LABELS).id != labels.id:
                raise Conflict(f"{KIND} '{competition}'", "was replaced meanwhile", "Submit again")
            self._check_limits(connection, present, earlier)
            self.store.records.is_wanted(connection, draft, ConflictPolicy.RAISE)
            self.write(connection, draft, publication, {})
        return self.get_submission(identity)

    def _earlier(self, connection: sqlite3.Connection, competition: ArtifactId) -> list[datetime]:
        """When the actor submitted before."""
        query = "SELECT created_at FROM artifacts WHERE kind = ? AND about = ? AND owner IS ?"
        rows = connection.execute(query, (SUBMISSION, str(competition), self.actor))
        return [parse_timestamp(text) for (text,) in rows]

    def _check_limits(self, connection: sqlite3.Connection, record: Record, earlier: list[datetime]) -> None:
        """Look again if others of the same owner came since `earlier`."""
        present = self._earlier(connection, record.id)
        if len(present) > len(earlier):
            files = self.store.revisions.of(connection, record.row, FILES)
            found = self._open(record, files, ChecksumStrategy.IGNORE)
            found.limits.check(present, self.store.clock.now())

    def _scored(
        self, record: Record, labels: Revision, predictions: CompetitionPredictions, earlier: list[datetime]
    ) -> CompetitionResults:
        outcome = self._judged(record, labels, predictions, earlier)
        if isinstance(outcome, GroundtruthError):
            raise outcome
        return outcome

    def _judged(
        self, record: Record, labels: Revision, predictions: CompetitionPredictions, earlier: list[datetime]
    ) -> CompetitionResults | GroundtruthError:
        """Scores, or why there are none: without the frames of a traceback, which hold labels."""
        try:
            competition = self._open(record, labels, ChecksumStrategy.IGNORE)
            competition.check_submission(predictions, self.store.clock.now(), earlier)
            return self.store.judge(competition, predictions)
        except GroundtruthError as error:
            error.__cause__ = error.__context__ = None
            return error.with_traceback(None)

    def list_submissions(self, competition: ArtifactId, limit: int, offset: int) -> Listing[ArtifactId]:
        """Submissions the actor may see."""
        self.find(KIND, competition)
        return self.listing(SUBMISSION, limit, offset, competition)

    def get_submission(self, submission: ArtifactId) -> Submission:
        """A submission with its scores."""
        record = self.find(SUBMISSION, submission)
        assert record.about is not None
        return Submission(record.id, record.about, parse_timestamp(record.published_at), self._results(record))

    def _results(self, record: Record) -> CompetitionResults:
        results = self.store.codec.load_results(record.document)
        assert isinstance(results, CompetitionResults)
        return results

    def submitted_predictions(self, submission: ArtifactId) -> CompetitionPredictions:
        """The predictions of a submission, for who made it and who judges it."""
        with self.store.catalogue.reading() as connection:
            record = self.store.records.find(connection, SUBMISSION, submission, self.actor)
            body = self.store.records.body(connection, record)
        assert record.about is not None
        if self.actor not in {record.id.owner, record.about.owner}:
            reason = "shows predictions to who made them and to who holds the competition"
            raise AccessDenied(f"hub {self.store.name}", reason)
        predictions = self.store.codec.load_predictions(json.loads(zlib.decompress(body)))
        assert isinstance(predictions, CompetitionPredictions)
        return predictions

    def standings(self, competition: ArtifactId, keep: Keep) -> Leaderboard:
        """Scores of the submissions the actor may see, the best first."""
        subject = self._load(competition, FILES, ChecksumStrategy.IGNORE)
        with self.store.catalogue.reading() as connection:
            found = list(self.store.records.about(connection, SUBMISSION, competition, self.actor))
        published = ((self._results(one), parse_timestamp(one.published_at)) for one in found)
        return board(competition, subject, published, keep)
