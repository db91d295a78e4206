"""`authenticate` and `team`."""

from __future__ import annotations

import os
import sys
from argparse import Namespace
from getpass import getpass
from pathlib import Path

import attrs

from ....adapters.settings import Settings
from ....domain.errors import InvalidInput, NotWritable
from ....domain.names import check_slug
from ..main import OK
from ..output import answer, confirm
from ..session import Session


def authenticate(arguments: Namespace, session: Session) -> int:
    """Choose team and datasets folder, and keep the key of a hub on the web."""
    settings = session.settings
    hub = settings.check_hub()
    if hub.kind != "embedded":
        return _with_key(arguments, session)
    if arguments.api_key:
        session.output.note(
            "The embedded hub belongs to whoever can read its folder and needs no key; the one given was not stored."
        )
    changes: dict[str, object] = {}
    if arguments.default_team:
        changes["team"] = check_slug(arguments.default_team, "team")
    elif _interactive(arguments):
        team = answer("Team", settings.team)
        if confirm(f"Make {team} the default team?"):
            changes["team"] = check_slug(team, "team")
    chosen = settings.with_values(**changes, **_folder(arguments, settings))
    return _keep(chosen, chosen.team, session)


def _with_key(arguments: Namespace, session: Session) -> int:
    """Ask the hub whose key it is, and keep both. The Darwin SDK's own configuration is never written."""
    from ...access import address_of, team_of_key

    settings = session.settings
    key = arguments.api_key or os.environ.get("DARWIN_API_KEY") or os.environ.get("GROUNDTRUTH_API_KEY")
    if not key and _interactive(arguments):
        key = getpass("API key: ").strip()
    if not key:
        raise InvalidInput("authentication", "needs a key", "Give it with --api_key, or run this in a terminal")
    team = team_of_key(settings, address_of(settings, os.environ), key, os.environ)
    container = session.container()
    container.credentials().set(settings.hub, team, key)
    default = team if arguments.default_team in {None, "y", "Y"} else check_slug(arguments.default_team, "team")
    hub = settings.check_hub()
    if arguments.default_team is not None or not _interactive(arguments) or confirm(f"Make {team} the default team?"):
        settings = settings.with_hub(settings.hub, attrs.evolve(hub, team=default))
    return _keep(settings.with_values(**_folder(arguments, settings)), team, session)


def _interactive(arguments: Namespace) -> bool:
    return sys.stdin.isatty() and not arguments.json


def _folder(arguments: Namespace, settings: Settings) -> dict[str, Path]:
    """The datasets folder that was given or answered, if it is another one."""
    folder = arguments.datasets_dir
    if folder is None and _interactive(arguments):
        given = answer("Datasets directory", str(settings.datasets_dir))
        folder = given if given != str(settings.datasets_dir) else None
    return {} if folder is None else {"datasets_dir": Path(folder).expanduser().absolute()}


def _keep(settings: Settings, team: str, session: Session) -> int:
    _make_folder(settings.datasets_dir)  # first, so that no folder that cannot be is chosen
    settings.save()
    session.output.say("Authentication succeeded.")
    session.output.result({"hub": settings.hub, "team": team, "datasets_dir": settings.datasets_dir})
    return OK


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        reason = f"cannot be made: {error.strerror or error}"
        raise NotWritable(str(folder), reason, "Choose another folder with --datasets_dir") from error


def team(arguments: Namespace, session: Session) -> int:
    """List teams, or choose one."""
    settings = session.settings
    if arguments.name:
        name = check_slug(arguments.name, "team")
        hub = settings.check_hub()
        if hub.kind == "embedded":
            settings.with_values(team=name).save()
        else:
            settings.with_hub(settings.hub, attrs.evolve(hub, team=name)).save()
        session.output.say(f"Team '{name}' is the default from now on.")
        session.output.result({"team": name})
        return OK
    current = session.team
    if arguments.current:
        session.output.say(current)
        session.output.result({"team": current})
        return OK
    hub = session.container().hub()
    known = hub.teams if hasattr(hub, "teams") else {one.team for one in hub.list_datasets()}
    teams = sorted({*known, current})
    for name in teams:
        session.output.say(f"{name} (default)" if name == current else name)
    session.output.result([{"team": name, "default": name == current} for name in teams])
    return OK
