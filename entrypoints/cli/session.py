"""What a command works with: settings, the container, and how to print."""

from __future__ import annotations

import os
import sys
from types import TracebackType
from typing import TYPE_CHECKING, Any

from ...adapters.progress import progress_for
from ...adapters.settings import Settings, load_settings
from ...domain.reference import DatasetReference, parse_reference
from .output import Output

if TYPE_CHECKING:
    from argparse import Namespace

    from ..container import Container


class Session:
    """One run of the command line. Close it (or use it in `with`) to release the hub."""

    def __init__(self, settings: Settings, output: Output, verbose: int = 0) -> None:
        self.settings = settings
        self.output = output
        self.verbose = verbose
        self._containers: dict[str, Container] = {}

    @classmethod
    def from_arguments(cls, arguments: Namespace) -> Session:
        """Settings from flags, environment, file and defaults; output as the global options say."""
        flags = {"hub": arguments.hub, "team": arguments.team}
        settings = load_settings({key: value for key, value in flags.items() if value}, os.environ)
        output = Output(as_json=arguments.json, quiet=arguments.quiet)
        return cls(settings, output, arguments.verbose)

    def reference(self, text: str) -> DatasetReference:
        """Parse a dataset reference, the default team filled in."""
        return parse_reference(text, self.settings.team)

    def container(self, hub: str | None = None) -> Container:
        """The wired parts for a hub: the one named, or the chosen one."""
        from ..logging import configure_logging
        from ..wiring import build_container

        settings = self.settings.at_hub(hub) if hub else self.settings
        if settings.hub not in self._containers:
            configure_logging(self.verbose)
            progress = progress_for(
                sys.stderr, quiet=self.output.quiet or self.output.as_json, json=False, verbose=self.verbose
            )
            self._containers[settings.hub] = build_container(settings, progress)
        return self._containers[settings.hub]

    def parts(self, text: str) -> tuple[DatasetReference, Container]:
        """Reference and wired parts for the dataset a command names."""
        reference = self.reference(text)
        return reference, self.container(reference.hub)

    def __enter__(self) -> Session:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        from ..wiring import close_container

        for container in self._containers.values():
            # An interrupted use case never says Finished; its bar must not swallow the message that follows.
            container.progress().close()
            close_container(container)

    def setting_rows(self) -> list[dict[str, Any]]:
        """Every setting with its value and where it comes from."""
        return [
            {"setting": name, "value": str(value), "origin": self.settings.origin(name)}
            for name, value in self.settings.shown().items()
        ]
