"""What commands about benchmarks share: names, files of predictions, and how artifacts are shown."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs

from ...domain.errors import InvalidInput, InvalidPredictions, NotFound
from .output import Output, printable
from .session import Session

if TYPE_CHECKING:
    from ...domain.array_dataset import ArrayDataset
    from ...domain.benchmark import Benchmark
    from ...domain.competition import Competition
    from ...domain.leaderboard import Board
    from ...domain.model import Model
    from ...domain.results import AnyResults, Interval
    from ...domain.submission import CompetitionPredictions
    from ...ports.artifacts import Json
    from ...ports.prediction_files import ReadOptions
    from ..client import Client

IMAGE_ID = "image_id"
"""Column that the image ids of COCO results are looked for in, where none is named."""


def client_of(session: Session) -> Client:
    """The Python face of the hub that the command works on."""
    container = session.container()  # first, as it imports what `client` does with less on the side
    from ..client import Client

    return Client(container)


def full_name(session: Session, text: str) -> str:
    """`owner/slug`, the team's own where only the slug is given; paths of this machine stay as they are."""
    if "/" in text or Path(text).exists():
        return text
    return f"{session.container().benchmark_hub().actor}/{text}"


def own_model(session: Session, text: str | None) -> Any:
    """The id of a model, if one is named."""
    from ...domain.artifact import ArtifactId

    return None if text is None else ArtifactId.parse(full_name(session, text))


# --- predictions ----------------------------------------------------------------------------------------


def read_predictions(
    session: Session, task: Benchmark | Competition, arguments: Namespace, files: Mapping[str, str | Path | None]
) -> dict[str, Any]:
    """Read the files of predictions that are there, by `y_pred` and `y_prob`."""
    from ...ports.prediction_files import Wanted

    options = _read_options(session, task, arguments)
    reader, wanted = session.container().prediction_files(), Wanted.of(task)
    return {kind: reader.read(Path(file), wanted, options) for kind, file in files.items() if file is not None}


def named_files(arguments: Namespace) -> dict[str, str | None]:
    """The files that the options name, by `y_pred` and `y_prob`."""
    return {"y_pred": arguments.predictions, "y_prob": arguments.probabilities}


def with_files(error: InvalidPredictions, files: Mapping[str, str | Path | None]) -> InvalidPredictions:
    """The error, which says which files the predictions are from."""
    named = " and ".join(str(file) for file in files.values() if file is not None)
    return error if not named or named in error.what else attrs.evolve(error, what=f"{named}: {error.what}")


def _read_options(session: Session, task: Benchmark | Competition, arguments: Namespace) -> ReadOptions:
    from ...ports.prediction_files import ReadOptions

    column = arguments.image_column
    if column is None and IMAGE_ID in task.dataset.column_names:
        column = IMAGE_ID
    images = None
    if column is not None:
        if column not in task.dataset.column_names:
            raise NotFound("column", column, "the dataset", f"Columns: {', '.join(task.dataset.column_names)}")
        read = task.dataset.columns.read
        images = {test: read(column, task.test_rows(test)).tolist() for test in task.test_set_labels}
    return ReadOptions(
        columns=dict(arguments.column),
        images=images,
        classes=None if arguments.categories is None else _classes(session, arguments.categories),
        format=arguments.format,
    )


def _classes(session: Session, file: str) -> dict[int, int]:
    """Class numbers by category id: an object, or a COCO document whose categories are in the order of classes."""
    container = session.container()
    document = container.artifact_codec().decode(container.files().read(Path(file)), file)
    listed = document.get("categories")
    try:
        if isinstance(listed, list):
            return {int(one["id"]): number for number, one in enumerate(listed)}
        return {int(category): int(number) for category, number in document.items()}
    except (TypeError, ValueError, KeyError) as error:
        raise InvalidInput(
            f"file {file}", "does not give class numbers by category id", 'Write {"1": 0, "2": 1}'
        ) from error


def competition_predictions(
    session: Session, competition: Competition, arguments: Namespace
) -> CompetitionPredictions:
    """The predictions of a submission, with who made them how."""
    from ...domain.artifact import ArtifactId, ArtifactMeta
    from ...domain.submission import CompetitionPredictions

    given = read_predictions(session, competition, arguments, {"y_pred": arguments.predictions})
    assert competition.artifact_id is not None
    identity: ArtifactId = competition.artifact_id
    return CompetitionPredictions(
        competition=identity,
        predictions=competition.predictions(given["y_pred"]),
        meta=ArtifactMeta(name=arguments.name, description=arguments.description),
        report_url=arguments.report_url,
        code_url=arguments.code_url,
        contributors=arguments.contributor,
        model=own_model(session, arguments.model),
    )


# --- showing --------------------------------------------------------------------------------------------


def facts(output: Output, rows: Iterable[tuple[str, object]]) -> None:
    """Print what is known, a line each; what is empty is left out."""
    known = [(name, str(value)) for name, value in rows if value is not None and str(value) != ""]
    width = max((len(name) for name, _ in known), default=0)
    for name, value in known:
        output.say(f"{name.ljust(width)}  {printable(value)}")


def document_of(session: Session, artifact: ArrayDataset | Benchmark | Competition | Model | AnyResults) -> Json:
    """The document of an artifact, as it is on disk, without the rows of its split."""
    from ...domain.array_dataset import ArrayDataset
    from ...domain.benchmark import Benchmark
    from ...domain.competition import Competition
    from ...domain.model import Model
    from ...ports.artifacts import DatasetDocument, DocumentStyle

    codec, disk = session.container().artifact_codec(), DocumentStyle.DISK
    match artifact:
        case ArrayDataset():
            return codec.dump_dataset(DatasetDocument.of(artifact), disk)
        case Benchmark():
            document = codec.dump_benchmark(artifact, disk)
        case Competition():
            document = codec.dump_competition(artifact, disk)
        case Model():
            return codec.dump_model(artifact, disk)
        case _:
            return codec.dump_results(artifact, disk)
    return {key: value for key, value in document.items() if key not in {"split", "splits"}}


def number(value: float) -> str:
    """A score as people read it."""
    return f"{value:.6g}"


def interval_text(interval: Interval | None) -> str:
    """`low to high`, or nothing."""
    return "" if interval is None else f"{number(interval.low)} to {number(interval.high)}"


def score_table(output: Output, results: AnyResults) -> None:
    """Print scores, with their intervals if any has one, and their parts."""
    has_intervals = any(score.interval for score in results.scores)
    columns = ("TEST SET", "TARGET", "METRIC", "SCORE")
    level = next((score.interval.level for score in results.scores if score.interval), 0.0)
    rows: list[tuple[str, ...]] = []
    for score in results.scores:
        interval = (interval_text(score.interval),) if has_intervals else ()
        rows.append((score.test_set, score.target, score.metric, number(score.value), *interval))
        blank = ("",) if has_intervals else ()
        rows += [("", "", f"{score.metric} {name}", number(value), *blank) for name, value in score.parts.items()]
    output.table((*columns, f"{level:.0%} INTERVAL") if has_intervals else columns, rows)


def board_table(output: Output, board: Board) -> None:
    """Print a board."""
    direction = {"max": "higher is better", "min": "lower is better"}.get(
        str(board.ranking.direction), f"best: {board.ranking.direction}"
    )
    output.say(f"{board.ranking.metric} of {board.target} on {board.test_set} ({direction})")
    output.table(
        ("RESULTS", "MODEL", "RANK", "SCORE", "INTERVAL", "PUBLISHED"),
        (
            (
                str(place.entry.results.meta.artifact_id or ""),
                str(place.entry.results.model or ""),
                str(place.rank),
                number(place.score.value),
                interval_text(place.score.interval),
                "" if place.entry.published is None else f"{place.entry.published:%Y-%m-%d}",
            )
            for place in board.places
        ),
    )


def board_rows(board: Board) -> Json:
    """A board as JSON."""
    return {
        "metric": board.ranking.metric,
        "direction": board.ranking.direction,
        "test_set": board.test_set,
        "target": board.target,
        "places": [
            {
                "rank": place.rank,
                "results": str(place.entry.results.meta.artifact_id or ""),
                "model": None if place.entry.results.model is None else str(place.entry.results.model),
                "score": finite(place.score.value),
                "interval": None
                if place.score.interval is None
                else [finite(place.score.interval.low), finite(place.score.interval.high)],
                "published": place.entry.published,
            }
            for place in board.places
        ],
    }


def finite(value: float) -> float | None:
    """The number, or None for what JSON has no form for."""
    return value if value - value == 0 else None


def list_artifacts(arguments: Namespace, session: Session, kind: str, find: Callable[[int, int], list[str]]) -> None:
    """Print a list of artifacts, a line each."""
    found = find(arguments.limit, arguments.offset)
    session.output.table((kind.upper(),), ((one,) for one in found))
    session.output.result(found)
