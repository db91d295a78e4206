"""The composition root: the only place that knows every adapter.

Each part can be overridden with an adapter of your own (`container.hub.override(...)`); everything that depends on
it follows. Nothing is opened before it is used.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from dependency_injector import containers, providers

from ..adapters.settings import Settings
from .hubs import (
    incoming,
    kept_open,
    make_hub,
    make_objects,
    make_sources,
    make_transfer,
    make_web,
    renewer_of,
    retry_of,
)
from .later import Later

if TYPE_CHECKING:
    from ..adapters import clock as clocks
    from ..adapters import credentials as keyrings
    from ..adapters import files as disks
    from ..adapters import library as libraries
    from ..adapters import media as probes
    from ..adapters import plots as plotting
    from ..adapters import predictions as predicting
    from ..adapters import progress as reporting
    from ..adapters import roaring, runners
    from ..adapters import video as decoders
    from ..adapters.formats import darwin_json
    from ..application import artifact_files as artifact_documents
    from ..application import artifacts as publishing
    from ..application import benchmark_from_release as deriving
    from ..application import checksums as checksumming
    from ..application import datasets, items, maintenance, releases
    from ..application import import_annotations as importing
    from ..application import pull as pulling
    from ..application import push as pushing
    from ..application import results as judging
    from ..application import split as splitting
    from ..application import storage as storages
    from ..application import upload_artifacts as artifacts
    from ..application import verify as verifying
    from . import benchmarks as benchmarking
else:
    benchmarking = Later("entrypoints.benchmarks")
    plotting = Later("adapters.plots")
    predicting = Later("adapters.predictions")
    roaring = Later("adapters.roaring")
    artifact_documents = Later("application.artifact_files")
    publishing = Later("application.artifacts")
    deriving = Later("application.benchmark_from_release")
    checksumming = Later("application.checksums")
    judging = Later("application.results")
    clocks = Later("adapters.clock")
    keyrings = Later("adapters.credentials")
    disks = Later("adapters.files")
    darwin_json = Later("adapters.formats.darwin_json")
    libraries = Later("adapters.library")
    probes = Later("adapters.media")
    reporting = Later("adapters.progress")
    runners = Later("adapters.runners")
    decoders = Later("adapters.video")
    datasets = Later("application.datasets")
    importing = Later("application.import_annotations")
    items = Later("application.items")
    maintenance = Later("application.maintenance")
    pulling = Later("application.pull")
    pushing = Later("application.push")
    releases = Later("application.releases")
    splitting = Later("application.split")
    storages = Later("application.storage")
    artifacts = Later("application.upload_artifacts")
    verifying = Later("application.verify")


class Container(containers.DeclarativeContainer):
    """Adapters and use cases, wired."""

    settings: providers.Dependency[Settings] = providers.Dependency(instance_of=Settings)

    environ = providers.Object(os.environ)
    opened: providers.Singleton[list[object]] = providers.Singleton(list)

    clock = providers.Singleton(clocks.SystemClock)
    progress = providers.Singleton(reporting.NullProgress)
    codec = providers.Singleton(darwin_json.DarwinJsonCodec)
    probe = providers.Singleton(probes.HeaderProbe)
    files = providers.Singleton(disks.DiskFiles)
    frames = providers.Singleton(decoders.PyAvFrameExtractor)
    credentials = providers.Singleton(keyrings.default_credentials, settings.provided.home)
    runner = providers.Factory(runners.ThreadRunner, settings.provided.transfers)
    decoding = providers.Factory(runners.ThreadRunner, min(8, os.cpu_count() or 1))
    library = providers.Singleton(libraries.FileLibrary, settings.provided.datasets_dir, clock)
    objects = providers.Singleton(make_objects, environ)
    web = providers.Singleton(
        kept_open, opened, providers.Factory(make_web, settings.provided.transfers, settings.provided.timeout)
    )
    hub = providers.Singleton(
        kept_open,
        opened,
        providers.Factory(
            make_hub,
            settings,
            codec,
            probe.provider,
            clock,
            progress,
            credentials.provider,
            web.provider,
            objects.provider,
            environ,
        ),
    )

    sources = providers.Callable(make_sources, hub, web.provider)
    transfer = providers.Factory(
        make_transfer,
        sources,
        clock=clock,
        progress=progress,
        retry=providers.Callable(retry_of, settings, environ),
        workers=settings.provided.transfers,
        incoming=providers.Callable(incoming, settings),
        renewer=providers.Callable(renewer_of, hub),
    )

    create_dataset = providers.Factory(datasets.CreateDataset, hub)
    remove_dataset = providers.Factory(datasets.RemoveDataset, hub)
    list_remote_datasets = providers.Factory(datasets.ListRemoteDatasets, hub)
    list_local_datasets = providers.Factory(datasets.ListLocalDatasets, library)
    push_items = providers.Factory(pushing.PushItems, hub, hub, files, runner, progress)
    list_items = providers.Factory(items.ListItems, hub, hub)
    set_item_status = providers.Factory(items.SetItemStatus, hub, hub)
    delete_items = providers.Factory(items.DeleteItems, hub, hub)
    comment_on_item = providers.Factory(items.CommentOnItem, hub, hub)
    import_annotations = providers.Factory(importing.ImportAnnotations, hub, hub, hub, hub, files, codec, progress)
    export_release = providers.Factory(releases.ExportRelease, hub, hub)
    list_releases = providers.Factory(releases.ListReleases, hub, hub)
    pull_release = providers.Factory(pulling.PullRelease, hub, hub, library, transfer, codec, frames, clock, progress)
    verify_release = providers.Factory(verifying.VerifyRelease, library)
    split_release = providers.Factory(splitting.SplitRelease, library)
    list_storages = providers.Factory(storages.ListStorages, hub)
    register_stored = providers.Factory(storages.RegisterStored, hub, hub, progress)
    register_payload = providers.Factory(storages.RegisterPayload, hub, hub, files, progress)
    upload_artifacts = providers.Factory(artifacts.UploadArtifacts, objects, hub, files, runner, progress)

    artifact_codec = providers.Callable(benchmarking.artifact_codec)
    tree_hasher = providers.Singleton(benchmarking.tree_hasher)
    index_sets = providers.Singleton(roaring.RoaringCodec)
    array_files = providers.Singleton(benchmarking.make_array_files, artifact_codec, tree_hasher)
    prediction_files = providers.Singleton(predicting.PredictionReader, artifact_codec)
    split_files = providers.Singleton(predicting.SplitReader)
    plotter = providers.Singleton(plotting.MatplotlibPlotter)
    scorers = providers.Singleton(benchmarking.make_scorers)
    evaluate_predictions = providers.Singleton(benchmarking.make_evaluate, scorers, tree_hasher)
    compute_checksum = providers.Singleton(checksumming.ComputeChecksum, tree_hasher)
    verify_dataset = providers.Singleton(checksumming.VerifyDataset, compute_checksum)
    benchmark_hub = providers.Singleton(
        benchmarking.make_benchmark_hub,
        settings,
        clock,
        array_files,
        artifact_codec,
        index_sets,
        tree_hasher,
        evaluate_predictions.provider,
    )

    shelves = providers.Callable(
        benchmarking.make_shelves, settings, clock, array_files, artifact_codec, index_sets, tree_hasher
    )
    check_hub = providers.Factory(maintenance.CheckHub, hub, shelves)
    collect_hub = providers.Factory(maintenance.CollectHub, hub, shelves)

    list_artifacts = providers.Factory(publishing.ListArtifacts, benchmark_hub)
    get_artifact = providers.Factory(publishing.GetArtifact, benchmark_hub)
    put_dataset = providers.Factory(publishing.PutDataset, benchmark_hub, verify_dataset)
    put_benchmark = providers.Factory(publishing.PutBenchmark, benchmark_hub)
    artifact_files = providers.Factory(
        artifact_documents.ArtifactFiles, array_files, artifact_codec, files, verify_dataset
    )
    verify_results = providers.Factory(judging.VerifyResults, evaluate_predictions)
    compare_results = providers.Factory(judging.CompareResults, scorers)

    pictures = providers.Singleton(probes.PillowPictures)
    videos = providers.Singleton(decoders.PyAvVideoReader)
    benchmark_from_release = providers.Factory(
        deriving.BenchmarkFromRelease,
        library,
        codec,
        files,
        probe,
        pictures,
        videos,
        array_files,
        decoding,
        progress,
        pull_release.provider,
    )
