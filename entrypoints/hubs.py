"""Which adapter a hub gets, and where the objects are read that it refers to."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from ..adapters.settings import Settings
from ..domain.errors import InvalidInput
from ..domain.policies import RetryPolicy

# What a part needs is imported when it is made: most commands do without most parts.
if TYPE_CHECKING:
    from ..adapters.transfer import TransferEngine
    from ..adapters.web import CurlWeb
    from ..ports.clock import Clock
    from ..ports.credentials import CredentialStore
    from ..ports.documents import DocumentCodec
    from ..ports.media import MediaProbe
    from ..ports.progress import Progress
    from ..ports.storage import ObjectStore, OpenStore
    from ..ports.transfer import LinkRenewer, ObjectSource
    from ..ports.web import Web

T = TypeVar("T")

SCHEMES = frozenset({"http", "https"})
ENOUGH = 4
"""Connections from which on one can be spared for a long while."""
ARCHIVES = "release"
"""Task of the transfer that fetches the documents of a release."""


def kept_open(opened: list[object], made: T) -> T:
    """Note what has to be closed in the end."""
    opened.append(made)
    return made


def make_web(connections: int, timeout: float) -> CurlWeb:
    """Connections to hubs and stores."""
    from ..adapters.web import CurlWeb

    return CurlWeb(connections=connections, read_timeout=timeout)


def make_objects(environ: Mapping[str, str]) -> ObjectStore:
    """External storages, reached with what the environment knows."""
    from ..adapters.objectstore import ObstoreObjects

    return ObstoreObjects(environ)


def make_hub(
    settings: Settings,
    codec: DocumentCodec,
    probe: Callable[[], MediaProbe],
    clock: Clock,
    progress: Progress,
    credentials: Callable[[], CredentialStore],
    web: Callable[[], Web],
    objects: OpenStore,
    environ: Mapping[str, str],
) -> Any:
    """The adapter for the chosen hub.

    Raises:
        InvalidInput: the hub is not known, or of a kind that holds no annotations.
    """
    hub = settings.check_hub()
    if hub.kind == "embedded":
        from ..adapters.local import LocalHub

        return LocalHub(settings.hub_path, codec, probe(), clock, name=settings.hub, objects=objects)
    if hub.kind != "darwin":
        raise InvalidInput(f"hub '{settings.hub}'", f"is a {hub.kind} hub, which holds no annotations", "Use another")
    from ..adapters.darwin import DarwinHub
    from ..adapters.progress import OnlyTrouble
    from ..adapters.transfer import TransferEngine
    from .access import access_to

    access = access_to(settings, credentials, environ)
    config, retry = access.config, retry_of(settings, environ)

    archives = TransferEngine(
        [_web_source(web)],
        clock=clock,
        progress=OnlyTrouble(progress),
        retry=retry,
        workers=1,
        incoming=incoming(settings),
        task=ARCHIVES,
    )
    return DarwinHub(
        config.base_url,
        access.keys,
        web(),
        codec=codec,
        clock=clock,
        progress=progress,
        retry=retry,
        name=settings.hub,
        compression=access.compression,
        transfer=archives,
        # A release that is read while it comes holds a connection all the time.
        source=_web_source(web) if settings.transfers >= ENOUGH else None,
        folder=incoming(settings),
        chunk=config.upload_chunk,
    )


def make_transfer(
    sources: Iterable[ObjectSource],
    *,
    clock: Clock,
    progress: Progress,
    retry: RetryPolicy,
    workers: int,
    incoming: Path,
    renewer: LinkRenewer | None,
) -> TransferEngine:
    """What fetches the media of a pull."""
    from ..adapters.transfer import TransferEngine
    from ..application.arrivals import TASK

    return TransferEngine(
        sources,
        clock=clock,
        progress=progress,
        retry=retry,
        workers=workers,
        incoming=incoming,
        renewer=renewer,
        task=TASK,
    )


def make_sources(hub: Any, web: Callable[[], Web]) -> list[Any]:
    """Where the objects of a hub are read: its own store if it has one here, and the web, with its key if it has one.

    Files of this machine are not among them: a hub elsewhere could name any.
    """
    own: list[Any] = [hub.source] if hasattr(hub, "source") else []
    return [*own, _web_source(web, hub if hasattr(hub, "authorize") else None)]


def retry_of(settings: Settings, environ: Mapping[str, str]) -> RetryPolicy:
    """How patiently the chosen hub is tried again: as the settings file says, else as its own variables do."""
    hub = settings.check_hub()
    if hub.kind != "darwin" or any(name.startswith("retry.") for name in settings.origins):
        return settings.retry
    from ..adapters.darwin.config import DarwinConfig, retry_and_sizes

    return retry_and_sizes(DarwinConfig(), environ).retry


def renewer_of(hub: Any) -> LinkRenewer | None:
    """Who gives fresh addresses for expired ones: the hub, if it knows how."""
    return hub if hasattr(hub, "renew") else None


def incoming(settings: Settings) -> Path:
    """Where partial downloads wait: beside the datasets, so that publishing one is a rename."""
    return settings.datasets_dir / ".incoming"


def _web_source(web: Callable[[], Web], hub: Any = None) -> Any:
    """Objects on the web; with the key of `hub`, and several at once, where they are the hub's."""

    from ..adapters.transfer import OnDemand

    def make() -> Any:
        from ..adapters.transfer.http import HttpSource

        return HttpSource(web()) if hub is None else HttpSource(web(), hub.authorize, hub)

    return OnDemand(SCHEMES, make)
