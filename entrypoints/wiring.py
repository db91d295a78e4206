"""Build a container for settings, and close what it opened."""

from __future__ import annotations

from dependency_injector import providers

from ..adapters.settings import Settings
from ..domain.errors import InvalidInput
from ..ports.progress import Progress
from .container import Container


def build_container(settings: Settings, progress: Progress | None = None) -> Container:
    """A container for these settings; `progress` receives the events of its use cases (None: nobody)."""
    container = Container()
    container.settings.override(providers.Object(settings))
    if progress is not None:
        container.progress.override(providers.Object(progress))
    return container


def close_container(container: Container) -> None:
    """Close what the container opened: connections, and the hub. Idempotent."""
    for provider in (container.http, container.hub):
        try:
            part = provider()
        except InvalidInput:
            continue  # a hub that the settings do not know was never made; whoever needed it was told so
        close = getattr(part, "close", None)
        if close is not None:
            close()
