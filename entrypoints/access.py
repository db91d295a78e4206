"""How a hub that is not on this machine is reached: its address, its keys, and what its own client has set up."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import attrs

from ..adapters.darwin.config import DarwinConfig, config_file, from_environment, retry_and_sizes
from ..adapters.settings import DARWIN_URL, Settings

if TYPE_CHECKING:
    from ..ports.credentials import CredentialStore

UNNAMED = "GROUNDTRUTH_API_KEY"
"""A key that does not say whose it is."""

RETRY_VARIABLES = {
    "max_attempts": "DARWIN_RETRY_MAX_ATTEMPTS",
    "initial_wait": "DARWIN_RETRY_INITIAL_WAIT",
    "max_wait": "DARWIN_RETRY_MAX_WAIT",
}


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
    found = settings.at_home(config.default_team, origin=_origin("DARWIN_TEAM", environ))
    found = found.at_home(datasets_dir=folder, origin=_origin("DARWIN_DATASETS_DIR", environ))
    if config.download_concurrency is not None and settings.origin("workers") == "default":
        origins = {**found.origins, "workers": "environment DARWIN_DOWNLOAD_FILES_CONCURRENCY"}
        found = attrs.evolve(found, workers=config.download_concurrency, origins=origins)
    return _asked(found, config.key or environ.get(UNNAMED), config.base_url, environ)


def in_force(settings: Settings, environ: Mapping[str, str]) -> Settings:
    """The settings as the chosen hub is used with them, for people to read: its address, too, and how it is tried.

    Raises:
        as `settled`, and whatever asking the hub whose a key is may raise.
    """
    found = settled(settings, environ)
    hub = found.hubs.get(found.hub)
    if hub is None or hub.kind != "darwin":
        return found
    from .hubs import retry_of

    origins = {**found.origins}
    if not any(name.startswith("retry.") for name in origins):
        named = {f"retry.{name}": variable for name, variable in RETRY_VARIABLES.items() if environ.get(variable)}
        origins |= {name: f"environment {variable}" for name, variable in named.items()}
    url = address_of(found, environ)
    if url != hub.url:
        origins[f"hubs.{found.hub}"] = _origin_of_address(url, environ)
    hubs = {**found.hubs, found.hub: attrs.evolve(hub, url=url)}
    retry = retry_of(found, environ)
    return attrs.evolve(found, hubs=hubs, retry=retry, workers=found.transfers, origins=origins)


def access_to(settings: Settings, credentials: Callable[[], CredentialStore], environ: Mapping[str, str]) -> Access:
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
        store = credentials()
        kept = {team: store.get(settings.hub, team) for team in store.accounts(settings.hub)}
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


def _origin(variable: str, environ: Mapping[str, str]) -> str:
    return f"environment {variable}" if environ.get(variable) else f"file {config_file(_home(environ))}"


def _origin_of_address(url: str, environ: Mapping[str, str]) -> str:
    """Where the address of the SDK's hub comes from: the variable counts only where the file does not."""
    without = {name: value for name, value in environ.items() if name != "DARWIN_BASE_URL"}
    from_file = from_environment(without, _home(environ)).base_url == url
    return _origin("", environ) if from_file else "environment DARWIN_BASE_URL"


def _home(environ: Mapping[str, str]) -> Path:
    return Path(environ["HOME"]) if environ.get("HOME") else Path.home()
