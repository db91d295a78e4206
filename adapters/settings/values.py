"""The settings as a value."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import attrs

from ...domain.errors import InvalidInput
from ...domain.names import check_slug
from ...domain.policies import RetryPolicy
from .store import save_settings

HUB_KINDS = ("embedded", "darwin", "polaris")
DEFAULT_HUB = "local"
DARWIN = "darwin"
"""Name of the hub that is known without being added: V7 Darwin, as the SDK on this machine is set up for it."""
DEFAULT_TEAM = "local"
DEFAULT_WORKERS = 16
REMOTE_WORKERS = 64
"""Files transferred at once from and to a hub that is not on this machine: most of the time is waiting."""
MAX_WORKERS = 256
DEFAULT_TIMEOUT = 60
"""Seconds for which a hub or store may be silent."""

DEFAULT_ORIGIN = "default"
FLAG_ORIGIN = "flag"


@attrs.frozen
class HubSettings:
    """A hub: an embedded one has the path of its folder, any other the URL of its host.

    `team` is used where a name says none; `compression` (0..9) is that of what is sent to it.
    """

    kind: str = "embedded"
    path: Path | None = None
    url: str | None = None
    team: str | None = None
    compression: int | None = None

    def __attrs_post_init__(self) -> None:
        if self.kind not in HUB_KINDS:
            raise InvalidInput(f"hub kind {self.kind!r}", "is not known", f"Use one of: {', '.join(HUB_KINDS)}")
        if self.kind == "embedded" and self.path is None:
            raise InvalidInput("an embedded hub", "needs a path", 'For example path = "/data/hub"')
        if self.kind != "embedded" and not self.url:
            raise InvalidInput(f"a {self.kind} hub", "needs a url", 'For example url = "https://hub.example.org"')
        if self.url is not None and not self.url.startswith(("http://", "https://")):
            raise InvalidInput(f"hub address {self.url!r}", "is not of the web", "Begin it with https://")
        if self.team is not None:
            check_slug(self.team, "team")
        if self.compression is not None and not 0 <= self.compression <= 9:
            raise InvalidInput(f"compression {self.compression}", "is out of range", "Use 0 (none) to 9")


@attrs.frozen
class Settings:
    """Everything that can be set. Change it with `with_values` and `with_hub`, keep the change with `save`.

    `home` holds hub and datasets, `file` is the settings file. `warnings` tell what of the file was not
    understood. `origins` and `changed` are keyed by the names that `shown` uses.
    """

    home: Path
    file: Path
    hub: str
    team: str
    datasets_dir: Path
    workers: int
    hubs: Mapping[str, HubSettings]
    timeout: int = DEFAULT_TIMEOUT
    retry: RetryPolicy = attrs.field(factory=RetryPolicy)
    warnings: tuple[str, ...] = ()
    origins: Mapping[str, str] = attrs.field(factory=dict, repr=False)
    changed: Mapping[str, object] = attrs.field(factory=dict, repr=False)

    def __attrs_post_init__(self) -> None:
        check_slug(self.hub, f"hub ({self.origin('hub')})")
        check_slug(self.team, f"team ({self.origin('team')})")
        for name in self.hubs:
            check_slug(name, f"hub ({self.origin(f'hubs.{name}')})")
        if not 1 <= self.workers <= MAX_WORKERS:
            what = f"workers ({self.origin('workers')}) {self.workers}"
            raise InvalidInput(what, "is out of range", f"Use a number from 1 to {MAX_WORKERS}")
        if self.timeout < 1:
            what = f"timeout ({self.origin('timeout')}) {self.timeout}"
            raise InvalidInput(what, "is out of range", "Use a number of seconds, 1 or more")

    def origin(self, name: str) -> str:
        """Where a setting comes from: `flag`, `environment NAME`, `file PATH` or `default`."""
        return self.origins.get(name, DEFAULT_ORIGIN)

    def shown(self) -> dict[str, object]:
        """Every setting by name, for people to read; `origin` knows each of these names."""
        hubs = {f"hubs.{name}": hub.url or hub.path for name, hub in sorted(self.hubs.items())}
        retry = {f"retry.{name}": value for name, value in attrs.asdict(self.retry).items()}
        plain = {
            name: getattr(self, name)
            for name in ("home", "file", "hub", "team", "datasets_dir", "workers", "timeout")
        }
        return plain | hubs | retry

    def check_hub(self) -> HubSettings:
        """The hub that is used.

        Raises:
            InvalidInput: no hub of that name is known.
        """
        found = self.hubs.get(self.hub)
        if found is None:
            known = ", ".join(sorted(self.hubs))
            advice = f"Known hubs: {known}; add it with 'groundtruth hub add {self.hub}' and --path or --url"
            raise InvalidInput(f"hub '{self.hub}' ({self.origin('hub')})", "is not known", advice)
        return found

    @property
    def hub_path(self) -> Path:
        """Folder of the hub that is used.

        Raises:
            InvalidInput: it is not known, or not an embedded one.
        """
        hub = self.check_hub()
        if hub.path is None:
            raise InvalidInput(f"hub '{self.hub}'", f"is a {hub.kind} hub and has no folder", "Use an embedded hub")
        return hub.path

    def at_hub(self, name: str) -> Settings:
        """The same settings with another hub chosen, for this run.

        Raises:
            InvalidInput: no hub of that name is known.
        """
        settings = attrs.evolve(self, hub=name, origins={**self.origins, "hub": FLAG_ORIGIN})
        return settings.at_home(settings.check_hub().team)

    def at_home(self, team: str | None = None, datasets_dir: Path | None = None, origin: str = "") -> Settings:
        """The same settings with team and folder of the chosen hub, unless a flag or a variable says otherwise."""
        found = {"team": team, "datasets_dir": datasets_dir}
        free = {
            name: value
            for name, value in found.items()
            if value is not None and not self.origin(name).startswith((FLAG_ORIGIN, "environment"))
        }
        origins = dict.fromkeys(free, origin or self.origin(f"hubs.{self.hub}"))
        return attrs.evolve(self, **free, origins={**self.origins, **origins})  # type: ignore[arg-type]

    @property
    def transfers(self) -> int:
        """Files transferred at once: what was set, or what suits the kind of the chosen hub."""
        if self.origin("workers") != DEFAULT_ORIGIN or self.check_hub().kind == "embedded":
            return self.workers
        return REMOTE_WORKERS

    def with_values(self, **values: object) -> Settings:
        """Settings with other values for `hub`, `team`, `datasets_dir` or `workers`, to be kept by `save`.

        Raises:
            InvalidInput: a value cannot be used, or is not one of these.
        """
        odd = values.keys() - {"hub", "team", "datasets_dir", "workers"}
        if odd:
            raise InvalidInput(f"setting '{min(odd)}'", "cannot be changed")
        return self._changed(values, **values)

    def with_hub(self, name: str, hub: Path | HubSettings) -> Settings:
        """Settings that know one more hub, embedded if given by its folder, to be kept by `save`."""
        made = hub if isinstance(hub, HubSettings) else HubSettings(path=hub.expanduser().absolute())
        return self._changed({f"hubs.{name}": made}, hubs={**self.hubs, name: made})

    def save(self) -> None:
        """Write what was changed to the settings file; the rest of the file stays as it is.

        Raises:
            NotWritable, DiskFull: the file cannot be written.
            InvalidInput: the file there is malformed.
        """
        save_settings(self.file, self.changed)

    def _changed(self, named: Mapping[str, object], **fields: object) -> Settings:
        origins = {**self.origins, **dict.fromkeys(named, f"file {self.file}")}
        return attrs.evolve(self, **fields, origins=origins, changed={**self.changed, **named})  # type: ignore[arg-type]
