"""The commands of benchmarks and their options. Imports nothing but argparse, as `parser` does."""

from __future__ import annotations

import argparse

from .asked import Commands
from .parser import _add as command
from .parser import _group as group

ACCESS = ("private", "public")
IF_EXISTS = ("raise", "replace", "skip")
CHECKSUMS = ("verify", "verify_unless_zarr", "ignore")
TASKS = ("detection", "classification", "segmentation")
KEEP = ("best", "latest", "all")
FORMATS = ("csv", "tsv", "parquet", "npy", "npz", "json")
KINDS = ("auto", "scores", "leaderboard", "predicted-vs-true", "confusion", "roc", "pr")


def add_benchmark_commands(commands: Commands) -> None:
    """`benchmark`, `results`, `competition` and `model`."""
    _benchmark(commands)
    _results(commands)
    _competition(commands)
    _model(commands)


def add_array_commands(dataset: Commands) -> None:
    """What `dataset` does with datasets of arrays."""
    show = command(dataset, "show", "arrays:show", "show what a dataset is", "dataset show example-team/diabetes")
    _dataset_argument(show)
    upload = command(
        dataset, "upload", "arrays:upload", "put a dataset of arrays on the hub", "dataset upload table.parquet"
    )
    upload.add_argument("path", metavar="PATH", help="its JSON, its folder, a .zarr archive or a .parquet table")
    upload.add_argument("--name", help="what it is called (default: as it says, or as the file)")
    _put_options(upload)
    cache = command(
        dataset, "cache", "arrays:cache", "copy a dataset of arrays to this machine",
        "dataset cache example-team/diabetes --to copies",
    )  # fmt: skip
    _dataset_argument(cache)
    cache.add_argument("--to", metavar="FOLDER", help="where to (default: 'arrays' in the home folder)")
    cache.add_argument("--if-exists", choices=IF_EXISTS, default="skip", help="default: skip, what is there stays")
    checksum = command(
        dataset, "checksum", "arrays:checksum", "compute the checksum of a dataset of arrays, and compare it",
        "dataset checksum example-team/diabetes",
    )  # fmt: skip
    _dataset_argument(checksum, verify=False)


def pair(text: str) -> tuple[str, str]:
    """`NAME=VALUE` as two texts."""
    name, equals, value = text.partition("=")
    if not (name and equals and value):
        raise argparse.ArgumentTypeError(f"{text!r} is not NAME=VALUE")
    return name, value


# --- arguments that several commands take ---------------------------------------------------------------


def _dataset_argument(parser: argparse.ArgumentParser, verify: bool = True) -> None:
    parser.add_argument("dataset", metavar="DATASET", help="[team/]dataset, or a path of this machine")
    if verify:
        _verify_option(parser)


def _verify_option(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--verify-checksum", choices=CHECKSUMS, default="verify_unless_zarr", metavar="HOW",
        help="verify, verify_unless_zarr (default) or ignore",
    )  # fmt: skip


def _benchmark_argument(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("benchmark", metavar="BENCHMARK", help="[team/]benchmark, or a path of this machine")
    _verify_option(parser)


def _put_options(parser: argparse.ArgumentParser, if_exists: bool = True) -> None:
    parser.add_argument("--access", choices=ACCESS, default="private", help="who may see it (default: private)")
    if if_exists:
        parser.add_argument("--if-exists", choices=IF_EXISTS, default="raise", help="default: raise an error")


def _page_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--limit", type=int, default=100, metavar="N", help="show at most N (default: 100)")
    parser.add_argument("--offset", type=int, default=0, metavar="N", help="leave out the first N")


def _prediction_options(parser: argparse.ArgumentParser, required: bool = False) -> None:
    files = parser.add_argument_group("predictions: CSV, TSV, Parquet, NPY, NPZ, JSON, COCO results")
    files.add_argument("--predictions", metavar="FILE", required=required, help="values, class labels, detections")
    files.add_argument("--probabilities", metavar="FILE", help="probabilities and scores of classes")
    _file_options(files)


def _file_options(files: argparse._ArgumentGroup) -> None:
    files.add_argument("--format", choices=FORMATS, help="format of the files (default: by their names)")
    files.add_argument(
        "--column", type=pair, action="append", default=[], metavar="TARGET=COLUMN", help="column of a target"
    )
    files.add_argument(
        "--image-column", metavar="COLUMN",
        help="column of the dataset with the image ids of COCO results (default: 'image_id', else row positions)",
    )  # fmt: skip
    files.add_argument(
        "--categories", metavar="FILE", help="JSON: class number by COCO category id (default: the id is the class)"
    )


def _shown_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--metric", help="only this metric")
    parser.add_argument("--test-set", help="only this test set")
    parser.add_argument("--target", help="only this target")


# --- groups ---------------------------------------------------------------------------------------------


def _benchmark(commands: Commands) -> None:
    benchmark = group(commands, "benchmark", "make benchmarks and measure predictions on them")
    _page_options(command(benchmark, "list", "benchmarks:list_benchmarks", "list benchmarks", "benchmark list"))
    show = command(
        benchmark, "show", "benchmarks:show", "show what a benchmark asks", "benchmark show example-team/diabetes"
    )
    _benchmark_argument(show)
    _create(benchmark)
    upload = command(
        benchmark, "upload", "benchmarks:upload", "put a saved benchmark on the hub", "benchmark upload saved/"
    )
    upload.add_argument("path", metavar="PATH", help="its JSON, or the folder of it")
    upload.add_argument("--with-dataset", action="store_true", help="put its dataset first, if it is not there")
    _put_options(upload)
    _evaluate(benchmark)
    board = command(
        benchmark, "leaderboard", "benchmarks:leaderboard", "show results on a benchmark, the best first",
        "benchmark leaderboard example-team/diabetes --metric r2",
    )  # fmt: skip
    board.add_argument("benchmark", metavar="BENCHMARK", help="[team/]benchmark")
    _shown_options(board)
    board.add_argument("--keep", choices=KEEP, default="best", help="which results of a model (default: best)")
    board.add_argument("--all", action="store_true", help="by every metric, not only the main one")


def _create(benchmark: Commands) -> None:
    create = command(
        benchmark, "create", "benchmarks:create", "make a benchmark of a dataset",
        "benchmark create diabetes --dataset example-team/diabetes --target y --metric r2 --test-fraction 0.2\n"
        "  groundtruth benchmark create own-split --dataset table.parquet --target y --metric r2 --split split.json\n"
        "  groundtruth benchmark create cars --from-release example-team/test:0.1 --task detection --split lists",
    )  # fmt: skip
    create.add_argument("name", metavar="NAME")
    create.set_defaults(wrong_usage=create.error)
    source = create.add_mutually_exclusive_group(required=True)
    source.add_argument(
        "--dataset", metavar="DATASET",
        help="[team/]dataset, or a path of this machine (which is put on the hub, too)",
    )  # fmt: skip
    source.add_argument(
        "--from-release", metavar="RELEASE",
        help="[team/]dataset[:release] of annotations, whose labels are to be predicted",
    )  # fmt: skip
    create.add_argument("--target", action="append", default=[], metavar="COLUMN", help="what is to be predicted")
    create.add_argument("--input", action="append", default=[], metavar="COLUMN", help="default: all others")
    create.add_argument(
        "--metric", action="append", default=[], metavar="METRIC", help="label, or a JSON object for a grouped one"
    )
    create.add_argument("--main-metric", metavar="METRIC", help="default: the first")
    create.add_argument(
        "--target-type", type=pair, action="append", default=[], metavar="TARGET=TYPE",
        help="regression, classification, docking, detection, segmentation (default: as the values tell)",
    )  # fmt: skip
    split = create.add_argument_group("split, one of these").add_mutually_exclusive_group()
    split.add_argument(
        "--split", metavar="FILE", help="JSON, NPZ, or a table with a column 'split'; of a release, see below"
    )
    split.add_argument("--split-column", metavar="COLUMN", help="column of the dataset: 'train' or a test set")
    split.add_argument("--test-fraction", type=float, metavar="F", help="draw this fraction of the rows")
    create.add_argument("--seed", type=int, default=0, help="of the draw (default: 0)")
    create.add_argument(
        "--stratify",
        nargs="?",
        const="",
        metavar="COLUMN",
        help="draw from each class (default: of the first target)",
    )
    create.add_argument("--description", default="", metavar="TEXT")
    create.add_argument("--output", metavar="FOLDER", help="write it there instead of putting it on the hub")
    _put_options(create)
    _verify_option(create)
    _release_options(create)


def _release_options(create: argparse.ArgumentParser) -> None:
    release = create.add_argument_group(
        "benchmark of a release",
        "--split is random or stratified (0.2 test; --test-fraction F with or without --stratify says otherwise), "
        "lists or lists:FOLDER/KIND (those of the pulled release), or a JSON file "
        '{"train": [...], "test": [...]} of items',
    )
    release.add_argument("--task", choices=TASKS, help="what is to be predicted of each picture")
    release.add_argument("--item", action="append", default=[], metavar="PATTERN", help="only items like '/day1/*'")
    release.add_argument("--class", action="append", default=[], metavar="CLASS", dest="classes", help="only these")
    release.add_argument("--multi-label", action="store_true", help="classification: any number of tags")
    release.add_argument("--skip-empty", action="store_true", help="leave out pictures without labels")
    release.add_argument("--skip-videos", action="store_true", help="leave out what is not a still image")


def _evaluate(benchmark: Commands) -> None:
    evaluate = command(
        benchmark, "evaluate", "benchmarks:evaluate", "score predictions",
        "benchmark evaluate example-team/diabetes --predictions p.csv --name linear --publish\n"
        "  groundtruth benchmark evaluate example-team/diabetes --predictions p.npy --intervals 1000 ",
    )  # fmt: skip
    _benchmark_argument(evaluate)
    _prediction_options(evaluate)
    evaluate.add_argument("--name", help="what the results are called")
    evaluate.add_argument("--model", metavar="MODEL", help="[team/]model they are of")
    evaluate.add_argument("--results", metavar="FILE", help="write the results as JSON")
    evaluate.add_argument("--publish", action="store_true", help="put the results on the hub")
    _put_options(evaluate)
    evaluate.add_argument("--parts", action="store_true", help="also score classes, sizes and groups")
    _resampling_options(evaluate, "--intervals", None, "confidence intervals from N resamples of the rows")


def _resampling_options(parser: argparse.ArgumentParser, name: str, default: int | None, text: str) -> None:
    parser.add_argument(name, type=int, default=default, metavar="N", help=text)
    parser.add_argument("--level", type=float, default=0.95, help="what an interval covers (default: 0.95)")
    parser.add_argument("--seed", type=int, default=0, help="of the resamples (default: 0)")


def _results(commands: Commands) -> None:
    results = group(commands, "results", "publish, verify, compare and plot results")
    listing = command(results, "list", "results:list_results", "list results", "results list")
    listing.add_argument("--benchmark", metavar="BENCHMARK", help="only results on this benchmark")
    _page_options(listing)
    show = command(results, "show", "results:show", "show scores and evidence", "results show results.json")
    _results_argument(show)
    upload = command(results, "upload", "results:upload", "publish results", "results upload results.json")
    upload.add_argument("path", metavar="FILE", help="JSON that 'benchmark evaluate' wrote")
    upload.add_argument("--name", help="what they are called")
    _put_options(upload)
    verify = command(
        results, "verify", "results:verify", "compute results again and compare every score",
        "results verify results.json --predictions p.csv",
    )  # fmt: skip
    _results_argument(verify)
    verify.add_argument("--benchmark", metavar="BENCHMARK", help="default: the one that the results name")
    _prediction_options(verify)
    _verify_option(verify)
    compare = command(
        results, "compare", "results:compare", "compare two results on one benchmark",
        "results compare linear.json forest.json",
    )  # fmt: skip
    compare.add_argument("first", metavar="FIRST", help="[team/]results, or their JSON")
    compare.add_argument("second", metavar="SECOND", help="[team/]results, or their JSON")
    compare.add_argument("--benchmark", metavar="BENCHMARK", help="default: the one that the results name")
    compare.add_argument(
        "--predictions", nargs=2, metavar=("FILE", "FILE"),
        help="those of both: a paired test (default: the files that the JSON of the results names)",
    )  # fmt: skip
    _file_options(compare.add_argument_group("files of predictions"))
    _verify_option(compare)
    _resampling_options(compare, "--resamples", 1000, "resamples of the paired test (default: 1000)")
    _plot(results)


def _results_argument(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("results", metavar="RESULTS", help="[team/]results, or their JSON")


def _plot(results: Commands) -> None:
    plot = command(
        results, "plot", "results:plot", "draw a leaderboard, scores, or predictions against the truth",
        "results plot results.json --output scores.png\n"
        "  groundtruth results plot --benchmark example-team/diabetes --output board.svg\n"
        "  groundtruth results plot --benchmark example-team/diabetes --predictions p.csv --output p.png",
    )  # fmt: skip
    plot.add_argument("results", nargs="?", metavar="RESULTS", help="[team/]results, or their JSON")
    plot.add_argument("--benchmark", metavar="BENCHMARK", help="default: the one that the results name")
    plot.add_argument("-o", "--output", required=True, metavar="FILE", help="picture to write: .png or .svg")
    plot.add_argument("--kind", choices=KINDS, default="auto", help="default: what fits what is given")
    _prediction_options(plot)
    _shown_options(plot)
    _verify_option(plot)


def _competition(commands: Commands) -> None:
    competition = group(commands, "competition", "take part in competitions, whose labels stay on the hub")
    listing = command(competition, "list", "competitions:list_competitions", "list competitions", "competition list")
    _page_options(listing)
    show = command(
        competition, "show", "competitions:show", "show what a competition asks",
        "competition show example-team/challenge --standings",
    )  # fmt: skip
    show.add_argument("competition", metavar="COMPETITION", help="[team/]competition")
    show.add_argument("--standings", action="store_true", help="submissions as well, the best first")
    submit = command(
        competition, "submit", "competitions:submit", "hand predictions in",
        "competition submit example-team/challenge --predictions p.csv --name first-try",
    )  # fmt: skip
    submit.add_argument("competition", metavar="COMPETITION", help="[team/]competition")
    files = submit.add_argument_group("predictions: CSV, TSV, Parquet, NPY, NPZ, JSON, COCO results")
    files.add_argument("--predictions", metavar="FILE", required=True, help="values, labels, probabilities, ...")
    _file_options(files)
    submit.add_argument("--name", help="what the submission is called")
    submit.add_argument("--model", metavar="MODEL", help="[team/]model they are of")
    submit.add_argument("--report-url", metavar="URL", help="where it is described")
    submit.add_argument("--code-url", metavar="URL", help="where the code is")
    submit.add_argument("--contributor", action="append", default=[], metavar="NAME", help="who shares the credit")
    submit.add_argument("--description", default="", metavar="TEXT")
    _put_options(submit, if_exists=False)


def _model(commands: Commands) -> None:
    model = group(commands, "model", "models that results are of")
    _page_options(command(model, "list", "models:list_models", "list models", "model list"))
    show = command(model, "show", "models:show", "show a model", "model show example-team/forest")
    show.add_argument("model", metavar="MODEL", help="[team/]model")
    upload = command(
        model, "upload", "models:upload", "put a model on the hub",
        "model upload forest --code-url https://example.org/forest --readme README.md",
    )  # fmt: skip
    upload.add_argument("name", metavar="NAME")
    upload.add_argument("--readme", metavar="FILE", help="text that describes it")
    upload.add_argument("--code-url", metavar="URL", help="where the code is")
    upload.add_argument("--report-url", metavar="URL", help="where it is described")
    upload.add_argument("--description", default="", metavar="TEXT")
    upload.add_argument("--tag", action="append", default=[], metavar="TAG")
    _put_options(upload)
