"""The composition root: the only place that knows every adapter.

Each part can be overridden with an adapter of your own (`container.hub.override(...)`); everything that depends on
it follows. Nothing is opened before it is used.
"""

from __future__ import annotations

from pathlib import Path

from dependency_injector import containers, providers

from ..adapters.clock import SystemClock
from ..adapters.credentials import default_credentials
from ..adapters.files import DiskFiles
from ..adapters.formats.darwin_json import DarwinJsonCodec
from ..adapters.library import FileLibrary
from ..adapters.local import LocalHub
from ..adapters.media import HeaderProbe
from ..adapters.progress import NullProgress
from ..adapters.runners import ThreadRunner
from ..adapters.settings import Settings
from ..adapters.transfer import FileSource, TransferEngine, http_source
from ..adapters.video import PyAvFrameExtractor
from ..application.datasets import CreateDataset, ListLocalDatasets, ListRemoteDatasets, RemoveDataset
from ..application.import_annotations import ImportAnnotations
from ..application.items import CommentOnItem, DeleteItems, ListItems, SetItemStatus
from ..application.maintenance import CheckHub, CollectHub
from ..application.pull import TASK as PULL
from ..application.pull import PullRelease
from ..application.push import PushItems
from ..application.releases import ExportRelease, ListReleases
from ..application.split import SplitRelease
from ..application.verify import VerifyRelease


def _incoming(settings: Settings) -> Path:
    """Where partial downloads wait: beside the datasets, so that publishing one is a rename."""
    return settings.datasets_dir / ".incoming"


class Container(containers.DeclarativeContainer):
    """Adapters and use cases, wired."""

    settings: providers.Dependency[Settings] = providers.Dependency(instance_of=Settings)

    clock = providers.Singleton(SystemClock)
    progress = providers.Singleton(NullProgress)
    codec = providers.Singleton(DarwinJsonCodec)
    probe = providers.Singleton(HeaderProbe)
    files = providers.Singleton(DiskFiles)
    frames = providers.Singleton(PyAvFrameExtractor)
    credentials = providers.Singleton(default_credentials, settings.provided.home)
    runner = providers.Factory(ThreadRunner, settings.provided.workers)
    library = providers.Singleton(FileLibrary, settings.provided.datasets_dir, clock)
    hub = providers.Singleton(LocalHub, settings.provided.hub_path, codec, probe, clock, name=settings.provided.hub)

    http = providers.Singleton(http_source, settings.provided.workers)
    sources = providers.List(providers.Factory(FileSource), http, hub.provided.source)
    transfer = providers.Factory(
        TransferEngine,
        sources,
        clock=clock,
        progress=progress,
        retry=settings.provided.retry,
        workers=settings.provided.workers,
        incoming=providers.Callable(_incoming, settings),
        task=PULL,
    )

    create_dataset = providers.Factory(CreateDataset, hub)
    remove_dataset = providers.Factory(RemoveDataset, hub)
    list_remote_datasets = providers.Factory(ListRemoteDatasets, hub)
    list_local_datasets = providers.Factory(ListLocalDatasets, library)
    push_items = providers.Factory(PushItems, hub, hub, files, runner, progress)
    list_items = providers.Factory(ListItems, hub, hub)
    set_item_status = providers.Factory(SetItemStatus, hub, hub)
    delete_items = providers.Factory(DeleteItems, hub, hub)
    comment_on_item = providers.Factory(CommentOnItem, hub, hub)
    import_annotations = providers.Factory(ImportAnnotations, hub, hub, hub, hub, files, codec, progress)
    export_release = providers.Factory(ExportRelease, hub, hub)
    list_releases = providers.Factory(ListReleases, hub, hub)
    pull_release = providers.Factory(PullRelease, hub, hub, library, transfer, codec, frames, clock, progress)
    verify_release = providers.Factory(VerifyRelease, library)
    split_release = providers.Factory(SplitRelease, library)
    check_hub = providers.Factory(CheckHub, hub)
    collect_hub = providers.Factory(CollectHub, hub)
