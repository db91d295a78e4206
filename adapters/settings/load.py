"""Putting the settings together: flag beats environment, environment beats file, file beats default."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import attrs

from ...domain.errors import InvalidInput
from ...domain.policies import RetryPolicy
from .schema import FileContent, HubEntry, RetryEntry
from .store import read_settings
from .values import (
    DARWIN,
    DEFAULT_HUB,
    DEFAULT_ORIGIN,
    DEFAULT_TEAM,
    DEFAULT_TIMEOUT,
    DEFAULT_WORKERS,
    FLAG_ORIGIN,
    HubSettings,
    Settings,
)

APP = "groundtruth"
DARWIN_URL = "https://darwin.v7labs.com"
HOME = "GROUNDTRUTH_HOME"
VARIABLES = {
    "hub": "GROUNDTRUTH_HUB",
    "team": "GROUNDTRUTH_TEAM",
    "datasets_dir": "GROUNDTRUTH_DATASETS_DIR",
    "workers": "GROUNDTRUTH_WORKERS",
    "timeout": "GROUNDTRUTH_TIMEOUT",
}


def load_settings(flags: Mapping[str, Any], environ: Mapping[str, str]) -> Settings:
    """The settings in force.

    `flags` may hold `home`, `hub`, `team`, `datasets_dir`, `workers` and `timeout`; None and missing mean not given.
    Empty variables count as not set. Relative paths are those of the working directory, in the file those of its
    folder.

    Raises:
        InvalidInput: a value cannot be used, the file is malformed, or `flags` name a hub that is not known.
        NotReadable: the file may not be read.
    """
    odd = flags.keys() - {"home", *VARIABLES}
    if odd:
        raise InvalidInput(f"flag '{min(odd)}'", "is not a setting")
    home, file, home_origin = _places(flags, environ)
    content, unknown = read_settings(file)
    origins = {"home": home_origin, "file": home_origin}
    pick = _Picker(flags, environ, content, file, origins)
    settings = Settings(
        home=home,
        file=file,
        hub=pick("hub", DEFAULT_HUB),
        team=pick("team", DEFAULT_TEAM),
        datasets_dir=pick.path("datasets_dir", home / "datasets"),
        workers=pick.number("workers", DEFAULT_WORKERS),
        timeout=pick.number("timeout", DEFAULT_TIMEOUT),
        hubs=_hubs(content, home, file, origins),
        retry=_retry(content.retry, file, origins),
        warnings=tuple(f"{file}: unknown key '{key}' is kept and ignored" for key in unknown),
        origins=origins,
    )
    if origins["hub"] == FLAG_ORIGIN:
        settings.check_hub()
    known = settings.hubs.get(settings.hub)
    return settings if known is None else settings.at_home(known.team)


def _places(flags: Mapping[str, Any], environ: Mapping[str, str]) -> tuple[Path, Path, str]:
    """Home, settings file, and who said so."""
    given = flags.get("home") or environ.get(HOME)
    if given:
        home = Path(given).expanduser().absolute()
        return home, home / "config.toml", FLAG_ORIGIN if flags.get("home") else f"environment {HOME}"
    import platformdirs

    data = platformdirs.user_data_path(APP, appauthor=False)
    return data, platformdirs.user_config_path(APP, appauthor=False) / "config.toml", DEFAULT_ORIGIN


@attrs.frozen
class _Picker:
    """Picks each setting from where it is said first, and notes where that was."""

    flags: Mapping[str, Any]
    environ: Mapping[str, str]
    content: FileContent
    file: Path
    origins: dict[str, str]

    def __call__(self, name: str, default: Any) -> Any:
        in_file = getattr(self.content, name)
        if self.flags.get(name) is not None:
            value, self.origins[name] = self.flags[name], FLAG_ORIGIN
        elif self.environ.get(VARIABLES[name]):
            value, self.origins[name] = self.environ[VARIABLES[name]], f"environment {VARIABLES[name]}"
        elif in_file is not None:
            value, self.origins[name] = in_file, f"file {self.file}"
        else:
            value, self.origins[name] = default, DEFAULT_ORIGIN
        return value

    def path(self, name: str, default: Path) -> Path:
        value = Path(self(name, default)).expanduser()
        return self.file.parent / value if self.origins[name].startswith("file") else value.absolute()

    def number(self, name: str, default: int) -> int:
        value = self(name, default)
        try:
            return int(value)
        except ValueError:
            raise InvalidInput(f"{name} ({self.origins[name]}) {value!r}", "is not a whole number") from None


def _hubs(content: FileContent, home: Path, file: Path, origins: dict[str, str]) -> dict[str, HubSettings]:
    hubs = {DEFAULT_HUB: HubSettings(path=home / "hub"), DARWIN: HubSettings(DARWIN, url=DARWIN_URL)}
    for name, entry in content.hubs.items():
        hubs[name] = _hub(name, entry, file)
        origins[f"hubs.{name}"] = f"file {file}"
    return hubs


def _hub(name: str, entry: HubEntry, file: Path) -> HubSettings:
    path = file.parent / Path(entry.path).expanduser() if entry.path else None
    try:
        return HubSettings(entry.kind, path, entry.url, entry.team, entry.compression)
    except InvalidInput as error:
        raise InvalidInput(f"settings file {file}, hub '{name}':", error.message, error.advice) from error


def _retry(entry: RetryEntry, file: Path, origins: dict[str, str]) -> RetryPolicy:
    given = {name: value for name, value in attrs.asdict(entry).items() if value is not None}
    origins.update({f"retry.{name}": f"file {file}" for name in given})
    try:
        return RetryPolicy(**given)
    except InvalidInput as error:
        raise InvalidInput(f"settings file {file}, [retry]:", error.message, error.advice) from error
