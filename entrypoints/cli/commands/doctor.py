"""`doctor` and `completion`."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import os
import platform
import shutil
import sqlite3
from argparse import Namespace
from pathlib import Path

from .... import __version__
from ....adapters.settings import Settings
from ....domain.errors import GroundtruthError
from ..main import FAILED, OK
from ..session import Session

EXTRAS = {
    "video": "av",
    "server": "uvicorn",
    "s3": "obstore",
    "detection": "faster_coco_eval",
    "chem": "rdkit",
    "pandas": "pandas",
    "plots": "matplotlib",
}


def doctor(arguments: Namespace, session: Session) -> int:
    """Show settings with their origin, and check what commands will need."""
    in_force = session.in_force()
    settings = [
        {"setting": name, "value": str(value), "origin": in_force.origin(name)}
        for name, value in in_force.shown().items()
    ]
    checks = [
        _check("python", lambda: (True, platform.python_version())),
        _check("sqlite", lambda: (True, sqlite3.sqlite_version)),
        _check("hub", lambda: _hub(session, in_force)),
        _check("datasets folder", lambda: _folder(in_force.datasets_dir)),
        _check("keyring", _keyring),
        *[_check(f"extra '{extra}'", lambda package=package: _extra(package)) for extra, package in EXTRAS.items()],
    ]
    session.output.say(f"groundtruth {__version__}")
    session.output.table(("SETTING", "VALUE", "ORIGIN"), ((r["setting"], r["value"], r["origin"]) for r in settings))
    session.output.say("")
    session.output.table(
        ("CHECK", "STATE", "DETAIL"),
        ((str(one["check"]), "ok" if one["ok"] else "FAILED", str(one["detail"])) for one in checks),
    )
    for warning in session.settings.warnings:
        session.output.note(f"warning: {warning}")
    session.output.result(
        {"version": __version__, "settings": settings, "checks": checks, "warnings": session.settings.warnings}
    )
    return OK if all(check["ok"] for check in checks) else FAILED


def _check(name: str, run) -> dict[str, object]:
    try:
        ok, detail = run()
    except (GroundtruthError, OSError) as error:
        ok, detail = False, str(error)
    return {"check": name, "ok": ok, "detail": detail}


def _hub(session: Session, in_force: Settings) -> tuple[bool, str]:
    count = len(session.container().list_remote_datasets()())
    hub = in_force.check_hub()
    return True, f"{hub.path or hub.url}: {count} dataset(s)"


def _folder(folder: Path) -> tuple[bool, str]:
    existing = next(one for one in (folder, *folder.parents) if one.exists())
    free = shutil.disk_usage(existing).free / 1e9
    return os.access(existing, os.W_OK), f"{folder}: {free:.1f} GB free"


def _keyring() -> tuple[bool, str]:
    from ....adapters.credentials import KeyringCredentials

    return True, "used for keys" if KeyringCredentials().is_available else "none; keys go to a private file"


def _extra(package: str) -> tuple[bool, str]:
    if importlib.util.find_spec(package) is None:
        return True, "not installed (optional)"
    return True, f"{package} {importlib.metadata.version(package)}"


def completion(arguments: Namespace, session: Session) -> int:
    """Print the code a shell evaluates to complete our commands."""
    from argcomplete.shell_integration import shellcode

    shell = "fish" if arguments.shell == "fish" else "bash"
    code = shellcode(["groundtruth"], shell=shell)
    prefix = "autoload -U bashcompinit && bashcompinit\n" if arguments.shell == "zsh" else ""
    session.output.say(prefix + code)
    session.output.result({"shell": arguments.shell, "code": prefix + code})
    return OK
