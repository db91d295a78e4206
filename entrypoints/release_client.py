"""The Python face of making benchmarks of releases.

from groundtruth import Client

client = Client.local()
benchmark = client.benchmark_from_release("example-team/test:0.1", "detection", split="stratified")
"""

from __future__ import annotations

import os
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import attrs

from ..domain.artifact import slugify_artifact
from ..domain.reference import DatasetReference, parse_reference

if TYPE_CHECKING:
    from ..application.benchmark_from_release import FromRelease, FromReleaseOptions
    from ..domain.array_dataset import ArrayDataset
    from ..domain.benchmark import Benchmark
    from .container import Container


class ReleaseMethods:
    """What a client makes of releases of annotations."""

    container: Container

    def benchmark_from_release(
        self,
        release: str | DatasetReference,
        task: str,
        split: str = "random",
        *,
        test: float = 0.2,
        seed: int = 0,
        folder: str | os.PathLike[str] | None = None,
        access: str = "private",
        if_exists: str = "raise",
        options: FromReleaseOptions | None = None,
        **changes: Any,
    ) -> Benchmark:
        """Make a benchmark of a release (`team/dataset:release`), pulled first if it is not here.

        `task` is detection, classification or segmentation. `split` is random, stratified, `lists`, `lists:FOLDER`,
        `lists:FOLDER/KIND`, or the path of a JSON file `{"train": [...], "test": [...]}` of items. `changes` are
        fields of FromReleaseOptions (`name`, `metrics`, `multi_label`, ...) or of Choice (`items`, `classes`,
        `skip_empty`, `skip_videos`).

        Dataset and benchmark are put on the hub. With `folder` they are only written there instead, as
        `Client.save` writes a benchmark.

        Raises:
            As BenchmarkFromRelease; NameTaken: the hub has a benchmark, or another dataset, of that name.
        """
        from ..application.benchmark_from_release import FromReleaseOptions
        from ..application.release_rows import Choice
        from ..application.release_split import SplitChoice
        from ..domain.labelled_targets import LabelTask

        chosen = {field.name: changes.pop(field.name) for field in attrs.fields(Choice) if field.name in changes}
        base = options or FromReleaseOptions(task=LabelTask.parse(task))
        asked = attrs.evolve(
            base,
            task=LabelTask.parse(task),
            split=SplitChoice.parse(split, test, seed),
            choice=attrs.evolve(base.choice, **chosen),
            owner=self.container.benchmark_hub().actor,
            **changes,
        )
        reference = (
            release
            if isinstance(release, DatasetReference)
            else parse_reference(release, self.container.settings().team)
        )
        return make(self, reference, asked, None if folder is None else Path(folder), access, if_exists).benchmark


def make(
    client: Any,
    reference: DatasetReference,
    options: FromReleaseOptions,
    folder: Path | None,
    access: str = "private",
    if_exists: str = "raise",
) -> FromRelease:
    """Make a benchmark of a release: written into `folder`, or put on the client's hub.

    On the hub the dataset comes first. Where that is all an interrupted run came to, the same call goes on from
    there, because the same release gives the same dataset.
    """
    from ..domain.policies import ConflictPolicy

    use_case = client.container.benchmark_from_release()
    if folder is not None:
        made = use_case(reference, folder, attrs.evolve(options, if_exists=ConflictPolicy(if_exists)))
        # The archive is in its place already, and is not to be in its own way.
        client.save(made.benchmark, folder, "skip" if if_exists == "skip" else "replace")
        return made
    if if_exists == "raise" and options.name is not None:
        _check_free(client, options.name)
    with TemporaryDirectory(prefix="groundtruth-") as scratch:
        made = use_case(reference, Path(scratch), options)
        dataset = _put(client, made.dataset, access, if_exists)
        benchmark = attrs.evolve(made.benchmark, dataset=dataset)
        return attrs.evolve(made, benchmark=client.upload_benchmark(benchmark, access, if_exists=if_exists))


def _check_free(client: Any, name: str) -> None:
    """Find out before the work is done that it would be for nothing."""
    from ..domain.errors import NameTaken, NotFound

    identity = f"{client.container.benchmark_hub().actor}/{slugify_artifact(name)}"
    try:
        client.get_benchmark(identity, verify_checksum="ignore")
    except NotFound:
        return
    raise NameTaken(f"benchmark '{identity}'", "exists already", "Choose another name, or replace or skip it")


def _put(client: Any, dataset: ArrayDataset, access: str, if_exists: str) -> ArrayDataset:
    """The dataset as the hub has it; one that is there already has to be the same, unless it is to be replaced.

    Raises:
        NameTaken: it is another.
    """
    from ..domain.errors import NameTaken

    if if_exists == "replace":
        return client.upload_dataset(dataset, access, if_exists=if_exists)
    there = client.upload_dataset(dataset, access, if_exists="skip")
    facts = ((one.size(), one.annotations, one.meta.user_attributes) for one in (dataset, there))
    if len({str(fact) for fact in facts}) > 1:
        name = there.meta.artifact_id
        raise NameTaken(f"dataset '{name}'", "was made of something else", "Choose another name, or replace it")
    return there
