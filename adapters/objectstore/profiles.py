"""Keys and region of an AWS profile, from the files that its other tools share."""

from __future__ import annotations

from collections.abc import Mapping
from configparser import Error, RawConfigParser
from pathlib import Path

from ...domain.errors import InvalidInput

_ELSEWHERE = ("role_arn", "sso_session", "sso_start_url", "credential_process", "login_session")


def aws_profile(environ: Mapping[str, str]) -> Mapping[str, str]:
    """Settings of the profile in use; none if the environment says by itself who we are, or no file names it.

    Raises:
        InvalidInput: a file is damaged, the profile asked for is in none, or its keys have to be fetched first.
    """
    asked = environ.get("AWS_PROFILE") or environ.get("AWS_DEFAULT_PROFILE")
    name = asked or "default"
    home = Path(environ.get("HOME") or Path.home()) / ".aws"
    config = _section(
        environ.get("AWS_CONFIG_FILE") or home / "config", name if name == "default" else f"profile {name}"
    )
    if environ.get("AWS_ACCESS_KEY_ID") or environ.get("AWS_WEB_IDENTITY_TOKEN_FILE"):
        return {"region": config.get("region", "")}
    found = {**config, **_section(environ.get("AWS_SHARED_CREDENTIALS_FILE") or home / "credentials", name)}
    if asked and not found:
        raise InvalidInput(f"AWS profile '{name}'", "is in no file", "Correct AWS_PROFILE")
    if "aws_access_key_id" not in found and any(way in found for way in _ELSEWHERE):
        raise InvalidInput(
            f"AWS profile '{name}'",
            "holds no keys; they have to be fetched first",
            f'Run: eval "$(aws configure export-credentials --profile {name} --format env)"',
        )
    return found


def _section(path: str | Path, name: str) -> dict[str, str]:
    parser = RawConfigParser(default_section="\0", strict=False)  # 'default' is a profile like any other
    try:
        parser.read(Path(path).expanduser(), encoding="utf-8")
    except (Error, UnicodeDecodeError, OSError) as error:
        # Not as its cause: a parser quotes the line it cannot read, which may be a key.
        raise InvalidInput(f"file {path}", "cannot be read as settings of AWS", "Correct it") from (
            error if isinstance(error, OSError) else None
        )
    return dict(parser[name]) if parser.has_section(name) else {}
