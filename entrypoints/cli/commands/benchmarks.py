"""`benchmark list|show|create|upload|evaluate|leaderboard`."""

from __future__ import annotations

import json
from argparse import Namespace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs

from ....domain.errors import InvalidInput, InvalidPredictions
from ....ports.progress import Advanced, Finished, Started
from ..artifacts import (
    board_rows,
    board_table,
    client_of,
    document_of,
    facts,
    full_name,
    list_artifacts,
    named_files,
    own_model,
    read_predictions,
    score_table,
    with_files,
)
from ..main import OK
from ..session import Session

if TYPE_CHECKING:
    from ....domain.array_dataset import ArrayDataset
    from ....domain.benchmark import Benchmark
    from ....domain.benchmark_split import AnySplit
    from ....domain.evaluation import EvaluationOptions
    from ...client import Client

EVALUATE = "evaluate"
"""Task that scoring is reported as."""


def list_benchmarks(arguments: Namespace, session: Session) -> int:
    """List benchmarks."""
    list_artifacts(arguments, session, "benchmark", client_of(session).list_benchmarks)
    return OK


def show(arguments: Namespace, session: Session) -> int:
    """Show what a benchmark asks."""
    _show(session, _load(arguments, session, client_of(session)))
    return OK


def _load(arguments: Namespace, session: Session, client: Client) -> Benchmark:
    return client.load_benchmark(full_name(session, arguments.benchmark), arguments.verify_checksum)


def _show(session: Session, benchmark: Benchmark) -> None:
    sizes = ", ".join(f"{label}: {size}" for label, size in benchmark.test_set_sizes.items())
    types = benchmark.target_types
    facts(
        session.output,
        [
            ("benchmark", benchmark.artifact_id or benchmark.meta.name),
            ("version", benchmark.version),
            ("description", benchmark.meta.description),
            ("dataset", benchmark.dataset_artifact_id or benchmark.dataset.meta.name),
            ("targets", ", ".join(f"{one} ({types[one]})" if one in types else one for one in benchmark.target_cols)),
            ("inputs", ", ".join(benchmark.input_cols)),
            ("training rows", benchmark.n_train_datapoints),
            ("test rows", sizes),
            ("metrics", ", ".join(one.name for one in benchmark.metrics)),
            ("main metric", benchmark.main_metric),
            ("checksum", benchmark.md5sum),
        ],
    )
    session.output.result(document_of(session, benchmark))


# --- making ---------------------------------------------------------------------------------------------


def create(arguments: Namespace, session: Session) -> int:
    """Make a benchmark of a dataset."""
    from ....domain.artifact import ArtifactMeta
    from ....domain.benchmark import Benchmark

    if arguments.from_release is not None:
        _show(session, _of_release(arguments, session))
        return OK
    _check_task(arguments)
    client = client_of(session)
    dataset = _dataset(arguments, session, client)
    split = _split(arguments, session, dataset)
    metrics = [_metric(text) for text in arguments.metric]
    inputs = arguments.input or [name for name in dataset.column_names if name not in arguments.target]
    benchmark = Benchmark(
        version=_version(dataset, split),
        meta=ArtifactMeta(
            name=arguments.name, description=arguments.description, owner=client.container.benchmark_hub().actor
        ),
        dataset=dataset,
        target_cols=arguments.target,
        input_cols=inputs,
        split=split,
        metrics=metrics,
        main_metric=arguments.main_metric or _first_name(metrics),
        target_types=dict(arguments.target_type),
    )
    if arguments.output is not None:
        file = client.save(benchmark, arguments.output, arguments.if_exists)
        session.output.note(f"Benchmark written to {file}")
    else:
        benchmark = client.upload_benchmark(benchmark, arguments.access, if_exists=arguments.if_exists)
    _show(session, benchmark)
    return OK


def _of_release(arguments: Namespace, session: Session) -> Benchmark:
    """The benchmark that a release makes; written to a folder if one is named, else put on the hub."""
    if not arguments.task:
        arguments.wrong_usage("--task is needed")
    for option in ("target", "input", "target_type", "split_column"):
        if getattr(arguments, option):
            arguments.wrong_usage(f"--{option.replace('_', '-')} is of datasets; a release has its own columns")
    main = [arguments.main_metric] if arguments.main_metric else []
    drawn = "stratified" if arguments.stratify is not None else "random"
    made = client_of(session).benchmark_from_release(
        session.reference(arguments.from_release),
        str(arguments.task),
        arguments.split or drawn,
        test=0.2 if arguments.test_fraction is None else arguments.test_fraction,
        seed=arguments.seed,
        folder=arguments.output,
        access=arguments.access,
        if_exists=arguments.if_exists,
        name=arguments.name,
        metrics=tuple(dict.fromkeys([*main, *arguments.metric])),
        description=arguments.description,
        items=tuple(arguments.item),
        classes=tuple(arguments.classes),
        multi_label=arguments.multi_label,
        skip_empty=arguments.skip_empty,
        skip_videos=arguments.skip_videos,
    )
    if arguments.output is not None:
        session.output.note(f"Benchmark written to {arguments.output}")
    return made


def _check_task(arguments: Namespace) -> None:
    """End as on any other wrong usage where what makes a task of a dataset is missing."""
    splits = (arguments.split, arguments.split_column, arguments.test_fraction)
    for option, given in (
        ("--target", arguments.target),
        ("--metric", arguments.metric),
        ("--split, --split-column or --test-fraction", any(one is not None for one in splits)),
    ):
        if not given:
            arguments.wrong_usage(f"{option} is needed")


def _dataset(arguments: Namespace, session: Session, client: Client) -> ArrayDataset:
    """The dataset that is named; one of this machine is put on the hub, unless the benchmark is not."""
    named = full_name(session, arguments.dataset)
    dataset = client.load_dataset(named, arguments.verify_checksum)
    if arguments.output is not None and dataset.meta.owner is None:
        actor = client.container.benchmark_hub().actor
        return attrs.evolve(dataset, meta=attrs.evolve(dataset.meta, owner=actor))
    if arguments.output is not None or not Path(named).exists():
        return dataset
    return put_once(client, dataset, arguments.access)


def put_once(client: Client, dataset: ArrayDataset, access: str) -> ArrayDataset:
    """The dataset as the hub has it; put there unless it is, and refused if another is there."""
    from ....domain.hub_rules import check_same_dataset

    there = client.upload_dataset(dataset, access, if_exists="skip")
    check_same_dataset(dataset, there)
    return there


def _split(arguments: Namespace, session: Session, dataset: ArrayDataset) -> AnySplit:
    from ....domain.row_split import for_dataset, random_split, split_by_label

    if arguments.split is not None:
        split = session.container().split_files().read(Path(arguments.split), len(dataset))
    elif arguments.split_column is not None:
        split = split_by_label(dataset.columns.read(arguments.split_column, slice(None)).tolist())
    else:
        classes = None
        if arguments.stratify is not None:
            classes = dataset.columns.read(arguments.stratify or arguments.target[0], slice(None))
        split = random_split(len(dataset), arguments.test_fraction, arguments.seed, classes)
    return for_dataset(split, dataset.version)


def _version(dataset: ArrayDataset, split: AnySplit) -> int:
    from ....domain.benchmark_split import SplitV1

    return 1 if dataset.version == 1 and isinstance(split, SplitV1) else 2


def _metric(text: str) -> Any:
    """A metric by its label, or by its JSON object."""
    if not text.startswith("{"):
        return text
    try:
        return json.loads(text)
    except ValueError as error:
        advice = 'Write {"label": "r2", "config": {"group_by": "column"}}'
        raise InvalidInput(f"metric {text}", f"is no JSON: {error}", advice) from error


def _first_name(metrics: list[Any]) -> str:
    from ....domain.metrics.spec import MetricSpec

    return MetricSpec.parse(metrics[0]).name


def upload(arguments: Namespace, session: Session) -> int:
    """Put a saved benchmark on the hub."""
    client = client_of(session)
    benchmark = client.load_benchmark(Path(arguments.path))
    if arguments.with_dataset:
        benchmark = attrs.evolve(benchmark, dataset=put_once(client, benchmark.dataset, arguments.access))
    _show(session, client.upload_benchmark(benchmark, arguments.access, if_exists=arguments.if_exists))
    return OK


# --- measuring ------------------------------------------------------------------------------------------


def evaluate(arguments: Namespace, session: Session) -> int:
    """Score predictions; write and publish the results if asked to."""
    client = client_of(session)
    benchmark = _load(arguments, session, client)
    files = named_files(arguments)
    given = read_predictions(session, benchmark, arguments, files)
    progress = client.container.progress()
    count = len(benchmark.metrics) * len(benchmark.target_cols) * benchmark.n_test_sets
    if arguments.intervals is not None:
        progress.report(Started(EVALUATE, count, "scores"))
    try:
        told = (lambda score: progress.report(Advanced(EVALUATE))) if arguments.intervals is not None else None
        results = benchmark.evaluate(**given, options=_options(arguments, told))
    except InvalidPredictions as error:
        raise with_files(error, files) from error
    if arguments.intervals is not None:
        progress.report(Finished(EVALUATE))
    if arguments.name is not None:
        results = results.with_meta(name=arguments.name)
    if arguments.model is not None:
        results = attrs.evolve(results, model=own_model(session, arguments.model))
    if arguments.publish:
        results = client.upload_results(results, arguments.access, if_exists=arguments.if_exists)
        session.output.note(f"Results published as {results.meta.artifact_id}")
    if arguments.results is not None:
        kept = {kind: Path(file) for kind, file in files.items() if file is not None}
        client.container.artifact_files().save_results(results, Path(arguments.results), predictions=kept)
        session.output.note(f"Results written to {arguments.results}")
    score_table(session.output, results)
    session.output.result(document_of(session, results))
    return OK


def _options(arguments: Namespace, told: Any) -> EvaluationOptions:
    from ....domain.evaluation import EvaluationOptions
    from ....domain.metrics.bootstrap import Resampling

    resampling = None
    if arguments.intervals is not None:
        resampling = Resampling(arguments.intervals, arguments.level, arguments.seed)
    return EvaluationOptions(parts=arguments.parts, resampling=resampling, told=told)


def leaderboard(arguments: Namespace, session: Session) -> int:
    """Show results, the best first."""
    found = client_of(session).leaderboard(full_name(session, arguments.benchmark), keep=arguments.keep)
    metric = arguments.metric or (None if arguments.all else found.main_metric)
    boards = [
        board
        for board in found.boards
        if (metric is None or board.ranking.metric == metric)
        and arguments.test_set in {None, board.test_set}
        and arguments.target in {None, board.target}
    ]
    if not boards:
        session.output.say(f"No results on {found.subject} by that yet.")
    for board in boards:
        board_table(session.output, board)
    session.output.result({"benchmark": str(found.subject), "boards": [board_rows(board) for board in boards]})
    return OK
