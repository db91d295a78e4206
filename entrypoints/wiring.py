"""Build a container for settings, and close what it opened."""

from __future__ import annotations

from collections.abc import Mapping

from dependency_injector import providers

from ..adapters.settings import Settings
from ..ports.progress import Progress
from .container import Container


def build_container(
    settings: Settings, progress: Progress | None = None, environ: Mapping[str, str] | None = None
) -> Container:
    """A container for these settings.

    `progress` receives the events of its use cases (None: nobody), `environ` is the environment (None: this
    process's).
    """
    container = Container()
    if environ is not None:
        container.environ.override(providers.Object(environ))
    container.settings.override(providers.Object(settings))
    if progress is not None:
        container.progress.override(providers.Object(progress))
    return container


def close_container(container: Container) -> None:
    """Close what the container opened: connections, and the hub. Idempotent."""
    opened = container.opened()
    if container.hub.overridden:
        opened.append(container.hub())
    while opened:
        close = getattr(opened.pop(), "close", None)
        if close is not None:
            close()
