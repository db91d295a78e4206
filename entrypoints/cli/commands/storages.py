"""`hub storage list|add|remove|upload` and `dataset register`."""

from __future__ import annotations

import sys
from argparse import Namespace
from collections.abc import Mapping, Sequence
from pathlib import Path

from ....application.storage import StoredOptions
from ....domain.errors import InvalidInput, NotReadable
from ....domain.names import ROOT, RemotePath
from ....domain.storage import ExternalStorage, Provider
from ..main import FAILED, OK
from ..output import file_size, plural, printable
from ..session import Session
from .push import frame_rate


def list_storages(arguments: Namespace, session: Session) -> int:
    """List the team's storages."""
    found = session.container().hub().list_storages(session.team)
    session.output.table(
        ("NAME", "PROVIDER", "BUCKET", "PREFIX", "ACCESS"),
        (
            (
                f"{one.name}{' (default)' if one.default else ''}",
                one.provider.value,
                one.bucket,
                one.prefix,
                "read only" if one.readonly else "read and write",
            )
            for one in found
        ),
    )
    session.output.result(found)
    return OK


def add(arguments: Namespace, session: Session) -> int:
    """Declare a storage."""
    provider = Provider(arguments.provider)
    folder = provider is Provider.FOLDER
    storage = ExternalStorage(
        arguments.name,
        provider,
        str(Path(arguments.bucket).expanduser().absolute()) if folder else arguments.bucket,
        arguments.prefix,
        arguments.region,
        arguments.readonly,
        arguments.default,
        arguments.endpoint,
    )
    session.embedded().hub().add_storage(session.team, storage)
    session.output.say(f"Storage '{storage.name}' of team '{session.team}' declared.")
    session.output.result(storage)
    return OK


def remove(arguments: Namespace, session: Session) -> int:
    """Forget a storage."""
    session.embedded().hub().remove_storage(session.team, arguments.name)
    session.output.say(f"Storage '{arguments.name}' of team '{session.team}' forgotten; its objects stay.")
    session.output.result({"removed": arguments.name})
    return OK


def upload(arguments: Namespace, session: Session) -> int:
    """Put artifacts into a storage."""
    report = session.container().upload_artifacts()(
        session.team,
        Path(arguments.folder),
        arguments.prefix,
        Path(arguments.source) if arguments.source else None,
        arguments.storage,
        arguments.skip_present,
    )
    for issue in report.failed:
        session.output.note(f"not uploaded: {printable(issue.path)}: {printable(issue.reason)}")
    there = f", {report.present:,} there already" if report.present else ""
    failed = f", {len(report.failed):,} not uploaded" if report.failed else ""
    session.output.say(
        f"{plural(report.files, 'file')} ({file_size(report.size)}) put into storage '{report.storage.name}' "
        f"below {report.prefix}{there}{failed}"
    )
    session.output.result(report)
    return FAILED if report.failed else OK


def register(arguments: Namespace, session: Session) -> int:
    """Make items of stored media."""
    reference, container = session.parts(arguments.dataset)
    path = RemotePath(arguments.path)
    keys = _keys(arguments)
    if bool(keys) == bool(arguments.metadata):
        raise InvalidInput("dataset register", "needs either keys or --metadata files")
    if arguments.metadata:
        files = [Path(file) for file in arguments.metadata]
        report = container.register_payload()(reference, files, arguments.storage, None if path == ROOT else path)
    else:
        fps = frame_rate(arguments.fps) if arguments.fps else None
        options = StoredOptions(path, arguments.preserve_folders, fps, arguments.extract_views)
        report = container.register_stored()(reference, keys, arguments.storage, options)
    for refused in report.refused:
        session.output.note(f"not registered: {printable(refused.full_path)}: {printable(refused.reason)}")
    counts = [f"{plural(len(report.registered), 'item')} registered from storage '{report.storage.name}'"]
    counts += [f"{len(report.present):,} already in the dataset"] if report.present else []
    counts += [f"{len(report.refused):,} not registered"] if report.refused else []
    session.output.say(f"{reference.identifier}: {', '.join(counts)}")
    session.output.result(report)
    return OK if report.is_complete else FAILED


def _keys(arguments: Namespace) -> Sequence[str] | Mapping[str, Sequence[str]]:
    keys = list(arguments.keys)
    if arguments.keys_from:
        keys += [line for line in _text(arguments.keys_from).splitlines() if line]
    return {arguments.item: keys} if arguments.item and keys else keys


def _text(name: str) -> str:
    if name == "-":
        return sys.stdin.read()
    try:
        return Path(name).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise NotReadable(name, f"cannot be read: {error}", "Give a text file with one key per line") from error
