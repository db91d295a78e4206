"""`results list|show|upload|verify|compare|plot`."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ....domain.errors import InvalidInput, InvalidPredictions
from ..artifacts import (
    client_of,
    document_of,
    facts,
    finite,
    full_name,
    interval_text,
    named_files,
    number,
    read_predictions,
    score_table,
    with_files,
)
from ..main import FAILED, OK
from ..output import plural, printable
from ..session import Session

if TYPE_CHECKING:
    from ....application.charts import ChartKind, Shown
    from ....domain.benchmark import Benchmark
    from ....domain.competition import Competition
    from ....domain.results import AnyResults
    from ....domain.verification import Verification
    from ....ports.plots import Chart
    from ...client import Client


def list_results(arguments: Namespace, session: Session) -> int:
    """List results."""
    about = None if arguments.benchmark is None else full_name(session, arguments.benchmark)
    found = client_of(session).list_results(about, arguments.limit, arguments.offset)
    session.output.table(("RESULTS",), ((one,) for one in found))
    session.output.result(found)
    return OK


def show(arguments: Namespace, session: Session) -> int:
    """Show scores and evidence."""
    _show(session, client_of(session).load_results(full_name(session, arguments.results)))
    return OK


def _show(session: Session, results: AnyResults) -> None:
    evidence = results.evidence
    facts(
        session.output,
        [
            ("results", results.meta.artifact_id or results.meta.name),
            ("on", results.subject),
            ("model", results.model),
            ("description", results.meta.description),
            ("contributors", ", ".join(results.contributors)),
            ("code", results.code_url),
            ("report", results.report_url),
            ("dataset checksum", evidence and evidence.dataset),
            ("benchmark checksum", evidence and evidence.benchmark),
            *((f"digest of {kind}", digest) for kind, digest in (evidence.predictions.items() if evidence else ())),
            ("computed with", evidence and ", ".join(f"{name} {one}" for name, one in evidence.software.items())),
        ],
    )
    score_table(session.output, results)
    session.output.result(document_of(session, results))


def upload(arguments: Namespace, session: Session) -> int:
    """Publish results."""
    client = client_of(session)
    results = client.load_results(Path(arguments.path))
    if arguments.name is not None:
        results = results.with_meta(name=arguments.name)
    _show(session, client.upload_results(results, arguments.access, if_exists=arguments.if_exists))
    return OK


# --- verification ---------------------------------------------------------------------------------------


def verify(arguments: Namespace, session: Session) -> int:
    """Compute results again, and tell what differs."""
    client = client_of(session)
    results = client.load_results(full_name(session, arguments.results))
    files = _files(client, arguments.results, named_files(arguments))
    if not any(files.values()):
        reason = "cannot be computed again without the predictions they are of"
        raise InvalidInput(f"results {arguments.results}", reason, "Name them with --predictions or --probabilities")
    found = _verified(arguments, session, client, results, files)
    fatal = [one for one in found.differences if one.fatal]
    for one in found.differences:
        session.output.say(printable(f"{'DIFFERS' if one.fatal else 'note'}: {one}"))
    scores = len(results.scores)
    verdict = plural(len(fatal), "difference") if fatal else f"{plural(scores, 'score')} verified"
    session.output.say(f"{results.meta.artifact_id or arguments.results}: {verdict}")
    session.output.result({"holds": found.holds, "scores": scores, "differences": found.differences})
    return OK if found.holds else FAILED


def _verified(
    arguments: Namespace, session: Session, client: Client, results: AnyResults, files: Mapping[str, Any]
) -> Verification:
    from ....domain.results import CompetitionResults

    try:
        if isinstance(results, CompetitionResults):
            return _verified_submission(arguments, session, client, results, files)
        benchmark = _benchmark(arguments, session, client, results)
        return client.verify_results(results, benchmark, **read_predictions(session, benchmark, arguments, files))
    except InvalidPredictions as error:
        raise with_files(error, files) from error


def _verified_submission(
    arguments: Namespace, session: Session, client: Client, results: Any, files: Mapping[str, Any]
) -> Verification:
    """Results of a competition, which only who holds it can compute again."""
    from ....domain.submission import CompetitionPredictions

    competition = client.container.benchmark_hub().labelled_competition(results.subject)
    given = read_predictions(session, competition, arguments, files)
    predictions = competition.predictions(next(iter(given.values())))
    submission = CompetitionPredictions(
        competition=results.subject,
        predictions=predictions,
        meta=results.meta,
        contributors=results.contributors,
        model=results.model,
    )
    return client.container.verify_results().submission(results, competition, submission)


def _files(client: Client, named: str, given: Mapping[str, Any]) -> Mapping[str, Any]:
    """The files of predictions that the options name, else those that the results do."""
    if any(given.values()) or not Path(named).is_file():
        return given
    return client.container.artifact_files().prediction_files(Path(named))


def _benchmark(arguments: Namespace, session: Session, client: Client, results: AnyResults | None) -> Benchmark:
    """The benchmark that is named, else the one that the results are on."""
    named = arguments.benchmark
    if named is None and results is not None and results.subject is not None:
        named = str(results.subject)
    if named is None:
        raise InvalidInput("results", "do not say which benchmark they are on", "Name it with --benchmark")
    return client.load_benchmark(full_name(session, named), arguments.verify_checksum)


# --- comparison -----------------------------------------------------------------------------------------


def compare(arguments: Namespace, session: Session) -> int:
    """Compare two results; paired, where the predictions of both are there."""
    from ....application.results import Claim
    from ....domain.metrics.bootstrap import Resampling

    client = client_of(session)
    names = (arguments.first, arguments.second)
    results = [client.load_results(full_name(session, name)) for name in names]
    benchmark = _benchmark(arguments, session, client, results[0])
    files = [_files(client, name, {}) if arguments.predictions is None else {} for name in names]
    if arguments.predictions is not None:
        files = [{"y_pred": file} for file in arguments.predictions]
    given = [read_predictions(session, benchmark, arguments, each) for each in files]
    first, second = (Claim(one, **predictions) for one, predictions in zip(results, given, strict=True))
    resampling = Resampling(arguments.resamples, arguments.level, arguments.seed)
    found = client.container.compare_results()(benchmark, first, second, resampling)
    rows: list[dict[str, Any]] = []
    for score in found.scores:
        paired = found.paired.get((score.test_set, score.target, score.metric))
        rows.append({
            "test_set": score.test_set, "target": score.target, "metric": score.metric,
            "first": finite(score.first), "second": finite(score.second), "difference": finite(score.difference),
            "better": str(score.winner),
            "interval": None if paired is None else [finite(paired.low), finite(paired.high)],
            "p_value": None if paired is None else finite(paired.p_value),
        })  # fmt: skip
    session.output.table(
        ("TEST SET", "TARGET", "METRIC", "FIRST", "SECOND", "DIFFERENCE", "INTERVAL", "P", "BETTER"),
        (_row(row) for row in rows),
    )
    session.output.result({"first": names[0], "second": names[1], "scores": rows})
    return OK


def _row(row: Mapping[str, Any]) -> Sequence[str]:
    from ....domain.results import Interval

    def text(value: float | None) -> str:
        return "" if value is None else number(value)

    low, high = row["interval"] or (None, None)
    interval = "" if low is None or high is None else interval_text(Interval(low, high))
    numbers = [text(row[name]) for name in ("first", "second", "difference")]
    return [row["test_set"], row["target"], row["metric"], *numbers, interval, text(row["p_value"]), row["better"]]


# --- plots ----------------------------------------------------------------------------------------------


def plot(arguments: Namespace, session: Session) -> int:
    """Draw results, a leaderboard or predictions."""
    from ....application.charts import Shown
    from ....ports.plots import PlotFormat

    path = Path(arguments.output)
    try:
        picture = PlotFormat(path.suffix.lower().removeprefix("."))
    except ValueError:
        raise InvalidInput(f"picture {path}", "is of a kind that is not drawn", "Name it .png or .svg") from None
    client = client_of(session)
    shown = Shown(metric=arguments.metric, test_set=arguments.test_set, target=arguments.target)
    charts = _charts(arguments, session, client, shown)
    client.container.files().write(path, client.container.plotter().draw(charts, picture))
    session.output.say(f"Written to {path}")
    session.output.result({"path": path, "charts": [chart.title for chart in charts]})
    return OK


def _charts(arguments: Namespace, session: Session, client: Client, shown: Shown) -> list[Chart]:
    from ....application.charts import ChartKind, leaderboard_charts, prediction_charts, result_charts

    results = None
    if arguments.results is not None:
        results = client.load_results(full_name(session, arguments.results))
    kind, given = arguments.kind, named_files(arguments)
    if kind == "auto":
        kind = "predictions" if any(given.values()) else "leaderboard" if results is None else "scores"
    if kind == "scores":
        if results is None:
            raise InvalidInput("scores", "are those of results, and none are named", "Name RESULTS")
        return result_charts(results, shown)
    if kind == "leaderboard":
        named = arguments.benchmark or (results and str(results.subject))
        if named is None:
            raise InvalidInput("leaderboard", "is that of a benchmark, and none is named", "Name it with --benchmark")
        return leaderboard_charts(client.leaderboard(full_name(session, named)), shown)
    files = given if arguments.results is None else _files(client, arguments.results, given)
    benchmark = _benchmark(arguments, session, client, results)
    kinds: list[ChartKind] | None = None if kind == "predictions" else [ChartKind(kind)]
    try:
        predictions = read_predictions(session, benchmark, arguments, files)
        return _scored(benchmark, predictions, shown) or prediction_charts(
            benchmark, **predictions, shown=shown, kinds=kinds
        )
    except InvalidPredictions as error:
        raise with_files(error, files) from error


def _scored(benchmark: Benchmark | Competition, predictions: Mapping[str, Any], shown: Shown) -> list[Chart]:
    """For detection and segmentation, which have no simpler picture: the score of each class."""
    from ....application.charts import result_charts
    from ....domain.benchmark import Benchmark
    from ....domain.evaluation import EvaluationOptions
    from ....domain.metrics.table import Takes

    takes = {metric.definition.takes for metric in benchmark.metrics}
    if not isinstance(benchmark, Benchmark) or not takes or takes & {Takes.ARRAYS, Takes.COUNTS}:
        return []
    results = benchmark.evaluate(**predictions, options=EvaluationOptions(parts=True))
    return [chart for chart in result_charts(results, shown) if ":" in chart.title][:24]
