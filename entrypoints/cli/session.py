"""What a command works with: settings, the container, and how to print."""

from __future__ import annotations

import os
import sys
from types import TracebackType
from typing import TYPE_CHECKING

from ...adapters.progress import progress_for
from ...adapters.settings import Settings, load_settings
from ...domain.errors import GroundtruthError
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
        self._settled: dict[str, Settings] = {}

    @classmethod
    def from_arguments(cls, arguments: Namespace) -> Session:
        """Settings from flags, environment, file and defaults; output as the global options say."""
        flags = {"hub": arguments.hub, "team": arguments.team}
        settings = load_settings({key: value for key, value in flags.items() if value}, os.environ)
        output = Output(as_json=arguments.json, quiet=arguments.quiet)
        return cls(settings, output, arguments.verbose)

    @property
    def team(self) -> str:
        """Team used where a name says none. Asks the hub, if nothing but a key tells."""
        return self._at(None).team

    def reference(self, text: str) -> DatasetReference:
        """Parse a dataset reference, the default team filled in."""
        return parse_reference(text, None if "/" in text else self.team)

    def container(self, hub: str | None = None) -> Container:
        """The wired parts for a hub: the one named, or the chosen one."""
        settings = self._at(hub)
        if settings.hub not in self._containers:
            from ..lean import without_frameworks

            with without_frameworks():
                from ..wiring import build_container
            from ..logging import configure_logging

            configure_logging(self.verbose)
            progress = progress_for(
                sys.stderr, quiet=self.output.quiet or self.output.as_json, json=False, verbose=self.verbose
            )
            self._containers[settings.hub] = build_container(settings, progress)
        return self._containers[settings.hub]

    def _at(self, hub: str | None) -> Settings:
        """The settings for a hub, with what its own client has set up on this machine."""
        settings = self.settings.at_hub(hub) if hub else self.settings
        if settings.hub not in self._settled:
            from ..access import settled

            self._settled[settings.hub] = settled(settings, os.environ)
        return self._settled[settings.hub]

    def embedded(self) -> Container:
        """The wired parts for the chosen hub, which must be an embedded one.

        Raises:
            InvalidInput: it is not.
        """
        self.settings.hub_path  # noqa: B018 - raises
        return self.container()

    def parts(self, text: str) -> tuple[DatasetReference, Container]:
        """Reference and wired parts for the dataset a command names."""
        reference = self.reference(text)
        return reference, self.container(reference.hub)

    def __enter__(self) -> Session:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if not self._containers:
            return
        from ..wiring import close_container

        for container in self._containers.values():
            # An interrupted use case never says Finished; its bar must not swallow the message that follows.
            container.progress().close()
            close_container(container)

    def in_force(self) -> Settings:
        """The settings as they are used, for people to read; as they were loaded if the hub's own cannot be used."""
        from ..access import in_force

        try:
            return in_force(self.settings, os.environ)
        except GroundtruthError:  # whoever uses the hub is told
            return self.settings
