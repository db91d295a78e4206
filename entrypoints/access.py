"""How a hub that is not on this machine is reached: its address, its keys, and what its own client has set up."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import closing
from pathlib import Path

import attrs

from ..adapters.darwin.config import DarwinConfig, from_environment, retry_and_sizes
from ..adapters.settings import DARWIN_URL, Settings
from ..ports.credentials import CredentialStore

UNNAMED = "GROUNDTRUTH_API_KEY"
"""A key that does not say whose it is."""


@attrs.frozen
class Access:
    """What is needed to talk to a hub: keys by team, and the level of compression."""

    config: DarwinConfig
    keys: Mapping[str, str] = attrs.field(repr=False)
    compression: int = 0


def settled(settings: Settings, environ: Mapping[str, str]) -> Settings:
    """The settings with the team and folder of the chosen hub's own client, where nothing else is said.

    Raises:
        InvalidInput, NotReadable: the Darwin SDK's configuration cannot be used.
    """
    hub = settings.hubs.get(settings.hub)
    if hub is None or hub.kind != "darwin":
        return settings
    if not _is_sdk(settings):
        return _asked(settings, environ.get(UNNAMED), hub.url or "", environ)
    config = from_environment(environ, _home(environ))
    team = config.teams.get(config.default_team or "")
    folder = config.datasets_dir or (team.datasets_dir if team else None)
    found = settings.at_home(config.default_team, folder, "the Darwin SDK's configuration")
    if config.download_concurrency is not None and settings.origin("workers") == "default":
        origins = {**found.origins, "workers": "environment DARWIN_DOWNLOAD_FILES_CONCURRENCY"}
        found = attrs.evolve(found, workers=config.download_concurrency, origins=origins)
    return _asked(found, config.key or environ.get(UNNAMED), config.base_url, environ)


def access_to(settings: Settings, credentials: CredentialStore, environ: Mapping[str, str]) -> Access:
    """Address and keys of the chosen hub: those kept for it, and for the SDK's hub those of its configuration.

    Raises:
        InvalidInput, NotReadable: the SDK's configuration, or a variable, cannot be used.
    """
    hub = settings.check_hub()
    if _is_sdk(settings):
        config = from_environment(environ, _home(environ))
    else:
        config = retry_and_sizes(DarwinConfig(hub.url or ""), environ)
    keys = config.keys
    given = config.key or environ.get(UNNAMED)
    if given:
        keys[settings.team] = given
    elif settings.origin(f"hubs.{settings.hub}") != "default":
        # Otherwise nobody authenticated, and looking for a keyring takes as long as a small pull.
        kept = {team: credentials.get(settings.hub, team) for team in credentials.accounts(settings.hub)}
        keys.update({team: key for team, key in kept.items() if key})
    return Access(config, keys, config.compression if hub.compression is None else hub.compression)


def address_of(settings: Settings, environ: Mapping[str, str]) -> str:
    """Address of the chosen hub on the web."""
    if _is_sdk(settings):
        return from_environment(environ, _home(environ)).base_url
    return settings.check_hub().url or ""


def team_of_key(settings: Settings, url: str, key: str, environ: Mapping[str, str]) -> str:
    """The team that a key of the hub at `url` belongs to.

    Raises:
        AccessDenied: the hub does not know the key.
    """
    from ..adapters.clock import SystemClock
    from ..adapters.darwin.api import Api
    from ..adapters.progress import NullProgress
    from .hubs import make_web

    retry = retry_and_sizes(DarwinConfig(url), environ).retry
    with closing(make_web(1, settings.timeout)) as web:
        return Api(url, {}, web, clock=SystemClock(), retry=retry, progress=NullProgress()).team_of_key(key)


def _asked(settings: Settings, key: str | None, url: str, environ: Mapping[str, str]) -> Settings:
    """The settings with the team that a key without a name belongs to, if no team is named anywhere."""
    if not key or settings.origin("team") != "default":
        return settings
    return settings.at_home(team_of_key(settings, url, key, environ), origin="the key")


def _is_sdk(settings: Settings) -> bool:
    """True if the chosen hub is the one that the Darwin SDK of this machine is set up for."""
    hub = settings.hubs.get(settings.hub)
    return settings.hub == "darwin" and hub is not None and hub.url == DARWIN_URL


def _home(environ: Mapping[str, str]) -> Path:
    return Path(environ["HOME"]) if environ.get("HOME") else Path.home()
