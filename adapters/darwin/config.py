"""What a user of the Darwin SDK has set up: `~/.darwin/config.yaml` and the DARWIN_ variables (reference: section 2).

Only read, never written.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import attrs

from ...domain.errors import InvalidInput, InvalidName, NotReadable
from ...domain.names import check_slug
from ...domain.policies import RetryPolicy
from .origin import check_hub_url

N = TypeVar("N", int, float)

DEFAULT_URL = "https://darwin.v7labs.com"
DEFAULT_CHUNK = 500
# The SDK waits a minute before it tries again; everything else is as patient as it is.
DEFAULT_RETRY = RetryPolicy(max_attempts=10, initial_wait=1.0, max_wait=300.0)
MAX_FILE = 1024 * 1024
"""Bytes of a configuration file."""


@attrs.frozen
class DarwinTeam:
    """What is set up for a team: its key (empty: guest), and where its datasets are kept."""

    api_key: str = attrs.field(default="", repr=False)
    datasets_dir: Path | None = None


@attrs.frozen
class DarwinConfig:
    """A set-up. `default_team` None: none is, or several are and none was chosen.

    `key` is one from the environment whose team has to be asked for; it belongs to none of `teams`.
    """

    base_url: str = DEFAULT_URL
    default_team: str | None = None
    teams: Mapping[str, DarwinTeam] = attrs.field(factory=dict[str, DarwinTeam])
    compression: int = 0
    key: str | None = attrs.field(default=None, repr=False)
    datasets_dir: Path | None = None
    retry: RetryPolicy = DEFAULT_RETRY
    upload_chunk: int = DEFAULT_CHUNK
    download_concurrency: int | None = None

    @property
    def api_endpoint(self) -> str:
        """Root of the API, with a slash at its end."""
        return f"{self.base_url}/api/"

    @property
    def keys(self) -> dict[str, str]:
        """API keys by team."""
        return {name: team.api_key for name, team in self.teams.items()}

    def with_team(self, name: str) -> DarwinConfig:
        """The same with `key` entered as that of the team it turned out to belong to."""
        if self.key is None:
            return self
        teams = {**self.teams, name: DarwinTeam(self.key, self.datasets_dir)}
        return attrs.evolve(self, teams=teams, key=None, default_team=self.default_team or name)


def config_file(home: Path) -> Path:
    """Where the SDK keeps its configuration."""
    return home / ".darwin" / "config.yaml"


def from_environment(environ: Mapping[str, str], home: Path) -> DarwinConfig:
    """The set-up of a user whose home folder is `home`; empty variables count as not set.

    The address in DARWIN_BASE_URL counts where no file says another, and together with DARWIN_API_KEY, as with the
    SDK. Keys of the file then stay only if they are of the same address.

    Raises:
        InvalidInput: a variable or the file cannot be used; it names it.
        NotReadable: the file may not be read.
    """
    filed = read_config(config_file(home))
    key = environ.get("DARWIN_API_KEY") or None
    base = _address(environ.get("DARWIN_BASE_URL"), "DARWIN_BASE_URL") or DEFAULT_URL
    if filed is None:
        config = DarwinConfig(base)
    elif key is None or filed.base_url == base:
        config = filed
    else:
        config = DarwinConfig(base, compression=filed.compression)
    folder = environ.get("DARWIN_DATASETS_DIR")
    if folder:
        path = Path(folder).expanduser().absolute()
        teams = {name: attrs.evolve(team, datasets_dir=path) for name, team in config.teams.items()}
        config = attrs.evolve(config, teams=teams, datasets_dir=path)
    named = _slug(environ.get("DARWIN_TEAM"), "DARWIN_TEAM")
    config = attrs.evolve(config, key=key, default_team=named or (config.default_team if key is None else None))
    config = retry_and_sizes(config, environ)
    return config.with_team(named) if named else config


def retry_and_sizes(config: DarwinConfig, environ: Mapping[str, str]) -> DarwinConfig:
    """The same with what the variables of retries and sizes say.

    Raises:
        InvalidInput: a variable cannot be used; it names it.
    """
    concurrency = _number(environ, "DARWIN_DOWNLOAD_FILES_CONCURRENCY", int, 0, 1)
    return attrs.evolve(
        config,
        retry=RetryPolicy(
            _number(environ, "DARWIN_RETRY_MAX_ATTEMPTS", int, DEFAULT_RETRY.max_attempts, 1),
            _number(environ, "DARWIN_RETRY_INITIAL_WAIT", float, DEFAULT_RETRY.initial_wait, 0),
            _number(environ, "DARWIN_RETRY_MAX_WAIT", float, DEFAULT_RETRY.max_wait, 0),
        ),
        upload_chunk=_number(environ, "DARWIN_UPLOAD_CHUNK_SIZE", int, DEFAULT_CHUNK, 1),
        download_concurrency=concurrency or None,
    )


def _number(environ: Mapping[str, str], name: str, kind: Callable[[str], N], default: N, least: int) -> N:
    text = environ.get(name)
    if not text:
        return default
    try:
        value = kind(text)
    except ValueError:
        value = None
    if value is None or not least <= value < 1e9:
        raise InvalidInput(f"variable {name} {text!r}", f"is not a number of {least} or more", "Correct or unset it")
    return value


# --- the file ---------------------------------------------------------------------------------------


def read_config(path: Path) -> DarwinConfig | None:
    """The set-up in a configuration file; None if there is none. An empty file sets nothing up.

    Raises:
        InvalidInput: it is malformed; it says where.
        NotReadable: it may not be read.
    """
    content = _load(path)
    if content is None:
        return None
    settings = _mapping(content.get("global"), f"'global' in {path}")
    teams = _mapping(content.get("teams"), f"'teams' in {path}")
    entries = {_team_name(name, path): _team(name, entry, path) for name, entry in teams.items()}
    chosen = settings.get("default_team")
    default = _team_name(chosen, path) if chosen else next(iter(entries)) if len(entries) == 1 else None
    return DarwinConfig(_base(settings, path), default, entries, _compression(settings, path))


def _load(path: Path) -> dict[Any, Any] | None:
    try:
        with path.open("rb") as file:
            data = file.read(MAX_FILE + 1)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise NotReadable(str(path), f"cannot be read ({error.strerror})", "Change its permissions") from error
    if len(data) > MAX_FILE:
        raise _malformed(path, f"has more than {MAX_FILE} bytes")
    import yaml

    try:
        content = yaml.safe_load(data)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        # What yaml says itself quotes the line, which may be the one with the key.
        mark = getattr(error, "problem_mark", None)
        raise _malformed(path, "is not YAML" + (f" (line {mark.line + 1})" if mark else "")) from None
    return _mapping(content, str(path))


def _mapping(value: Any, what: str) -> dict[Any, Any]:
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise InvalidInput(what, "is not a mapping", "Run 'darwin authenticate' to write it anew")
    return value


def _team_name(value: Any, path: Path) -> str:
    # YAML reads the name 2024 as a number.
    name = str(value) if isinstance(value, int) and not isinstance(value, bool) else value
    if not isinstance(name, str):
        raise _malformed(path, f"names a team {value!r}")
    try:
        return check_slug(name, "team")
    except InvalidName as error:
        raise _malformed(path, f"names a team {name!r}, which is no name of a team") from error


def _team(name: Any, value: Any, path: Path) -> DarwinTeam:
    entry = _mapping(value, f"'teams.{name}' in {path}")
    key, folder = entry.get("api_key"), entry.get("datasets_dir")
    if not isinstance(key, str | None) or not isinstance(folder, str | None):
        raise _malformed(path, f"has something other than text for team '{name}'")
    return DarwinTeam(key or "", Path(folder).expanduser() if folder else None)


def _base(settings: Mapping[Any, Any], path: Path) -> str:
    """The hub's address: what the SDK sends its requests to counts, not what it shows."""
    endpoint, base = settings.get("api_endpoint"), settings.get("base_url")
    if endpoint:
        root = _address(endpoint, f"'global.api_endpoint' in {path}") or ""
        if not root.endswith("/api"):
            raise _malformed(path, "has a 'global.api_endpoint' that does not end with /api/")
        return root.removesuffix("/api")
    return _address(base, f"'global.base_url' in {path}") or DEFAULT_URL


def _compression(settings: Mapping[Any, Any], path: Path) -> int:
    value = settings.get("payload_compression_level") or 0
    text = str(value)
    if isinstance(value, bool) or not (text.isascii() and text.isdigit() and int(text) <= 9):
        raise _malformed(path, "has a 'global.payload_compression_level' that is not 0 to 9")
    return int(text)


def _malformed(path: Path, reason: str) -> InvalidInput:
    return InvalidInput(f"configuration {path}", reason, "Correct it, or run 'darwin authenticate' to write it anew")


# --- values of either -------------------------------------------------------------------------------


def _address(value: Any, what: str) -> str | None:
    if not value:
        return None
    try:
        return check_hub_url(value if isinstance(value, str) else "")
    except InvalidInput as error:
        raise InvalidInput(what, "is not the address of a hub", error.advice) from error


def _slug(value: str | None, what: str) -> str | None:
    if not value:
        return None
    try:
        return check_slug(value, "team")
    except InvalidName as error:
        raise InvalidInput(f"variable {what} {value!r}", "is not the name of a team", error.advice) from error
