"""The settings file: TOML, read with care, written whole and private."""

from __future__ import annotations

import errno
import os
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import attrs

from ...domain.errors import DiskFull, InvalidInput, NotReadable, NotWritable
from .schema import FileContent, structured, unknown_keys


def read_settings(file: Path) -> tuple[FileContent, list[str]]:
    """What the settings file says, and the keys in it that nobody reads; nothing if there is no file.

    Raises:
        InvalidInput: naming the file, the key, and what is expected there.
        NotReadable: the file may not be read.
    """
    raw = _read(file)
    return (structured(raw, file), unknown_keys(raw)) if raw else (FileContent(), [])


def save_settings(file: Path, changes: Mapping[str, object]) -> None:
    """Write changes to the settings file, mode 0600, whole; keys it does not name stay, known or not.

    Names are dotted (`team`, `hubs.lab`, `retry.jitter`); values are text, numbers, paths, attrs values that
    become tables, or None to take the key out. Comments in the file are lost.

    Raises:
        InvalidInput: the file is malformed, or a change would make it so.
        NotWritable, DiskFull: it cannot be written.
    """
    if not changes:
        return
    import tomli_w

    raw = _read(file)
    structured(raw, file)
    for name, value in changes.items():
        _change(raw, name, _plain(value))
    structured(raw, file)
    try:
        content = tomli_w.dumps(raw).encode()
    except UnicodeEncodeError:
        raise InvalidInput(f"settings file {file}", "takes Unicode only", "Use paths that are valid text") from None
    _write(file, content)


def _read(file: Path) -> dict[str, Any]:
    try:
        content = file.read_bytes()
    except FileNotFoundError:
        return {}
    except OSError as error:
        reason = f"cannot be read: {error.strerror or error}"
        raise NotReadable(str(file), reason, "Check that it is a file and that you may read it") from error
    import tomllib

    try:
        return tomllib.loads(content.decode())
    except ValueError as error:
        raise InvalidInput(f"settings file {file}", f"is not valid TOML: {error}", "Correct or delete it") from error


def _change(raw: dict[str, Any], name: str, value: object) -> None:
    first, dot, rest = name.partition(".")
    table = raw.setdefault(first, {}) if dot else raw
    key = rest if dot else first
    if isinstance(value, dict):
        # A key of a table that we do not know stays in it.
        value = {field: new for field, new in {**table.get(key, {}), **value}.items() if new is not None}
    if value is None:
        table.pop(key, None)
    else:
        table[key] = value


def _plain(value: object) -> Any:
    """The value as TOML knows it; fields of a table that are None take that key out."""
    if attrs.has(type(value)):
        return {field.name: _plain(getattr(value, field.name)) for field in attrs.fields(type(value))}
    return str(value) if isinstance(value, Path) else value


def _write(file: Path, content: bytes) -> None:
    temporary = file.with_name(f".{file.name}.{secrets.token_hex(6)}.tmp")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        try:
            with open(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as output:
                output.write(content)
                output.flush()
                os.fsync(output.fileno())
            temporary.replace(file)
        finally:
            temporary.unlink(missing_ok=True)
    except OSError as error:
        if error.errno in {errno.ENOSPC, errno.EDQUOT}:
            raise DiskFull(str(file), "no room is left on the device", "Make some, then try again") from error
        reason = f"cannot be written: {error.strerror or error}"
        raise NotWritable(str(file), reason, "Check that you may write to its folder") from error
