"""`competition list|show|submit`."""

from __future__ import annotations

from argparse import Namespace

from ....domain.errors import InvalidPredictions
from ..artifacts import (
    board_rows,
    board_table,
    client_of,
    competition_predictions,
    document_of,
    facts,
    full_name,
    list_artifacts,
    score_table,
    with_files,
)
from ..main import OK
from ..session import Session


def list_competitions(arguments: Namespace, session: Session) -> int:
    """List competitions."""
    list_artifacts(arguments, session, "competition", client_of(session).list_competitions)
    return OK


def show(arguments: Namespace, session: Session) -> int:
    """Show what a competition asks, and how others did."""
    client = client_of(session)
    competition = client.get_competition(full_name(session, arguments.competition))
    limits = competition.limits
    facts(
        session.output,
        [
            ("competition", competition.artifact_id),
            ("description", competition.meta.description),
            ("begins", competition.start_time.isoformat()),
            ("ends", competition.end_time.isoformat()),
            ("submissions a day", limits.per_day),
            ("submissions in all", limits.total),
            ("targets", ", ".join(competition.target_cols)),
            ("inputs", ", ".join(competition.input_cols)),
            ("training rows", competition.n_train_datapoints),
            ("test rows", ", ".join(f"{label}: {size}" for label, size in competition.test_set_sizes.items())),
            ("metrics", ", ".join(metric.name for metric in competition.metrics)),
            ("main metric", competition.main_metric),
        ],
    )
    document = document_of(session, competition)
    if arguments.standings:
        boards = client.standings(str(competition.artifact_id)).boards
        for board in boards:
            board_table(session.output, board)
        document["standings"] = [board_rows(board) for board in boards]
    session.output.result(document)
    return OK


def submit(arguments: Namespace, session: Session) -> int:
    """Hand predictions in."""
    client = client_of(session)
    competition = client.get_competition(full_name(session, arguments.competition))
    try:
        predictions = competition_predictions(session, competition, arguments)
        made = client.submit_competition_predictions(competition, predictions, arguments.access)
    except InvalidPredictions as error:
        raise with_files(error, {"y_pred": arguments.predictions}) from error
    session.output.say(f"Submission {made.id} to {made.competition}")
    score_table(session.output, made.results)
    session.output.result(
        {
            "id": str(made.id),
            "competition": str(made.competition),
            "submitted_at": made.submitted_at,
            "results": document_of(session, made.results),
        }
    )
    return OK
