"""Build a container for settings, and close what it opened."""

from __future__ import annotations

from dependency_injector import providers

from ..adapters.settings import Settings
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
    for part in (container.http(), container.hub()):
        close = getattr(part, "close", None)
        if close is not None:
            close()
