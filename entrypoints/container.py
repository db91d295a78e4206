"""The composition root: the only place that knows every adapter.

Each part can be overridden with an adapter of your own (`container.hub.override(...)`); everything that depends on
it follows. Nothing is opened before it is used.
"""

from __future__ import annotations

import os

from dependency_injector import containers, providers

from ..adapters.clock import SystemClock
from ..adapters.credentials import default_credentials
from ..adapters.files import DiskFiles
from ..adapters.formats.darwin_json import DarwinJsonCodec
from ..adapters.library import FileLibrary
from ..adapters.media import HeaderProbe
from ..adapters.progress import NullProgress
from ..adapters.runners import ThreadRunner
from ..adapters.settings import Settings
from ..adapters.transfer import TransferEngine
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
from ..application.storage import ListStorages, RegisterPayload, RegisterStored
from ..application.upload_artifacts import UploadArtifacts
from ..application.verify import VerifyRelease
from .hubs import incoming, kept_open, make_hub, make_objects, make_sources, make_web, renewer_of, retry_of


class Container(containers.DeclarativeContainer):
    """Adapters and use cases, wired."""

    settings: providers.Dependency[Settings] = providers.Dependency(instance_of=Settings)

    environ = providers.Object(os.environ)
    opened: providers.Singleton[list[object]] = providers.Singleton(list)

    clock = providers.Singleton(SystemClock)
    progress = providers.Singleton(NullProgress)
    codec = providers.Singleton(DarwinJsonCodec)
    probe = providers.Singleton(HeaderProbe)
    files = providers.Singleton(DiskFiles)
    frames = providers.Singleton(PyAvFrameExtractor)
    credentials = providers.Singleton(default_credentials, settings.provided.home)
    runner = providers.Factory(ThreadRunner, settings.provided.transfers)
    library = providers.Singleton(FileLibrary, settings.provided.datasets_dir, clock)
    objects = providers.Singleton(make_objects, environ)
    web = providers.Singleton(
        kept_open, opened, providers.Factory(make_web, settings.provided.transfers, settings.provided.timeout)
    )
    hub = providers.Singleton(
        kept_open,
        opened,
        providers.Factory(
            make_hub, settings, codec, probe, clock, progress, credentials, web.provider, objects.provider, environ
        ),
    )

    sources = providers.Callable(make_sources, hub, web.provider)
    transfer = providers.Factory(
        TransferEngine,
        sources,
        clock=clock,
        progress=progress,
        retry=providers.Callable(retry_of, settings, environ),
        workers=settings.provided.transfers,
        incoming=providers.Callable(incoming, settings),
        renewer=providers.Callable(renewer_of, hub),
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
    list_storages = providers.Factory(ListStorages, hub)
    register_stored = providers.Factory(RegisterStored, hub, hub, progress)
    register_payload = providers.Factory(RegisterPayload, hub, hub, files, progress)
    upload_artifacts = providers.Factory(UploadArtifacts, objects, hub, files, runner, progress)
    check_hub = providers.Factory(CheckHub, hub)
    collect_hub = providers.Factory(CollectHub, hub)
