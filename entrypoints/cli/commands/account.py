"""`authenticate` and `team`."""

from __future__ import annotations

import sys
from argparse import Namespace
from pathlib import Path

from ....domain.errors import NotWritable
from ....domain.names import check_slug
from ..main import OK
from ..output import answer, confirm
from ..session import Session


def authenticate(arguments: Namespace, session: Session) -> int:
    """Choose team and datasets folder. The embedded hub belongs to whoever can read its folder: no key is asked."""
    settings = session.settings
    changes: dict[str, object] = {}
    interactive = sys.stdin.isatty() and not arguments.json
    if arguments.api_key:
        session.output.note("The embedded hub needs no key; the one given was not stored.")
    if arguments.default_team:
        changes["team"] = check_slug(arguments.default_team, "team")
    elif interactive:
        team = answer("Team", settings.team)
        if confirm(f"Make {team} the default team?"):
            changes["team"] = check_slug(team, "team")
    folder = arguments.datasets_dir
    if folder is None and interactive:
        given = answer("Datasets directory", str(settings.datasets_dir))
        folder = given if given != str(settings.datasets_dir) else None
    if folder is not None:
        changes["datasets_dir"] = Path(folder).expanduser().absolute()
    chosen = settings.with_values(**changes)
    _make_folder(chosen.datasets_dir)  # first, so that no folder that cannot be is chosen
    chosen.save()
    session.output.say("Authentication succeeded.")
    session.output.result({"hub": chosen.hub, "team": chosen.team, "datasets_dir": chosen.datasets_dir})
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
        settings.with_values(team=check_slug(arguments.name, "team")).save()
        session.output.say(f"Team '{arguments.name}' is the default from now on.")
        session.output.result({"team": arguments.name})
        return OK
    if arguments.current:
        session.output.say(settings.team)
        session.output.result({"team": settings.team})
        return OK
    teams = {one.team for one in session.container().list_remote_datasets()()} | {settings.team}
    for name in sorted(teams):
        session.output.say(f"{name} (default)" if name == settings.team else name)
    session.output.result([{"team": name, "default": name == settings.team} for name in sorted(teams)])
    return OK
