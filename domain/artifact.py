"""Artifacts: what datasets, benchmarks, models, results are called and say (reference: Polaris, section 4)."""

from __future__ import annotations

import enum
import re
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Any

import attrs

from .errors import InvalidInput, InvalidName

SPEAKS_VERSION = "0.13.0"
"""Version of the Polaris client whose documents are written; readers only report a difference."""

SHORTEST, LONGEST = 4, 64
_NAME = re.compile(r"[A-Za-z0-9_-]+")
_SLUG = re.compile(r"[a-z0-9-]+")

# PEP 440, as its appendix B spells it.
_VERSION = re.compile(
    r"\s*v?(?:[0-9]+!)?[0-9]+(?:\.[0-9]+)*(?:[-_.]?(?:alpha|a|beta|b|preview|pre|c|rc)[-_.]?[0-9]*)?"
    r"(?:-[0-9]+|[-_.]?(?:post|rev|r)[-_.]?[0-9]*)?(?:[-_.]?dev[-_.]?[0-9]*)?(?:\+[a-z0-9]+(?:[-_.][a-z0-9]+)*)?\s*",
    re.IGNORECASE,
)

LONGEST_URL = 2083
_URL = re.compile(r"https?:[/\\]*(?P<place>[^/\\?#]+)", re.IGNORECASE)
_HOST = re.compile(r"(?:\[[0-9A-Fa-f:.]+\]|[^\x00-\x20\"<>\\^`{|}\[\]:@]+)(?::(?P<port>[0-9]*))?")


class ArtifactKind(enum.StrEnum):
    """Kinds of artifacts, as they stand in a URN."""

    DATASET = "dataset"
    BENCHMARK = "benchmark"
    COMPETITION = "competition"
    COMPETITION_PREDICTION = "competition-prediction"
    MODEL = "model"
    PREDICTION = "prediction"
    RESULT = "result"


class OwnerType(enum.StrEnum):
    """What an owner is."""

    USER = "user"
    ORGANIZATION = "organization"


class License(enum.StrEnum):
    """Licences that a dataset may have."""

    CC_BY = "CC-BY-4.0"
    CC_BY_SA = "CC-BY-SA-4.0"
    CC_BY_NC = "CC-BY-NC-4.0"
    CC_BY_NC_SA = "CC-BY-NC-SA-4.0"
    CC0 = "CC0-1.0"
    MIT = "MIT"


def _check(value: Any, rule: re.Pattern[str], what: str, characters: str) -> str:
    if not isinstance(value, str):
        raise InvalidName(f"{what} {value!r}", "is not text")
    if not SHORTEST <= len(value) <= LONGEST:
        raise InvalidName(f"{what} {value!r}", f"has {len(value)} characters", f"Use {SHORTEST} to {LONGEST}")
    if not rule.fullmatch(value):
        raise InvalidName(f"{what} {value!r}", "has other characters than a name may have", f"Use only {characters}")
    return value


def check_artifact_name(value: Any, what: str = "name") -> str:
    """Return `value` if it can name an artifact or a person.

    Raises:
        InvalidName: not 4 to 64 of the characters `A-Za-z0-9_-`.
    """
    return _check(value, _NAME, what, "letters, digits, '_' and '-'")


def check_artifact_slug(value: Any, what: str = "slug") -> str:
    """Return `value` if it can stand in an artifact id.

    Raises:
        InvalidName: not 4 to 64 of the characters `a-z0-9-`.
    """
    return _check(value, _SLUG, what, "lower-case letters, digits and '-'")


def slugify_artifact(name: str) -> str:
    """Derive the slug of a name: lower case, `_` becomes `-`, none of these at either end.

    Raises:
        InvalidName: what is left is no slug; the artifact then needs another name, or a slug of its own.
    """
    return check_artifact_slug(name.lower().replace("_", "-").strip("-"), f"name {name!r} gives the slug")


def check_url(value: Any, what: str = "address") -> str:
    """Return `value`, unchanged, if it is the address of a web page.

    Raises:
        InvalidInput: not http or https, without a host, or over 2083 characters.
    """
    if not isinstance(value, str):
        raise InvalidInput(f"{what} {value!r}", "is not text")
    found = _URL.match(value.strip())
    host = _HOST.fullmatch(found["place"].rpartition("@")[2]) if found else None
    if len(value) > LONGEST_URL or host is None or int(host["port"] or 0) > 65535:
        raise InvalidInput(
            f"{what} {value[:100]!r}", "is not a web address", "Use one such as https://example.org/page"
        )
    return value


def check_client_version(value: Any) -> str:
    """Return `value` if it is `dev` or a version in the sense of PEP 440.

    Raises:
        InvalidInput: it is neither.
    """
    if not isinstance(value, str) or (value != "dev" and not _VERSION.fullmatch(value)):
        raise InvalidInput(f"version {value!r}", "is not a version", "Use one such as 0.13.0")
    return value


def _named(rule: Callable[[Any], str]) -> Callable[[Any, Any, Any], None]:
    def validate(_: Any, __: Any, value: Any) -> None:
        if value is not None:  # optional fields; those that are not have a type that says so
            rule(value)

    return validate


def check_attributes(values: Mapping[Any, Any]) -> dict[str, str]:
    """Return a copy of attributes that a user made up.

    Raises:
        InvalidInput: a name or a value is not text.
    """
    for key, value in values.items():
        if not isinstance(key, str) or not isinstance(value, str):
            raise InvalidInput(f"attribute {key!r}", f"is {value!r}, not text", "Write the value as text")
    return dict(values)


@attrs.frozen
class Owner:
    """User or organisation that an artifact belongs to; only the slug is ever written."""

    slug: str = attrs.field(validator=_named(partial(check_artifact_slug, what="owner")))
    external_id: str | None = None
    type: OwnerType | None = None

    def __str__(self) -> str:
        return self.slug


@attrs.frozen(order=True)
class ArtifactId:
    """`owner/slug`."""

    owner: str = attrs.field(validator=_named(partial(check_artifact_slug, what="owner")))
    slug: str = attrs.field(validator=_named(check_artifact_slug))

    @classmethod
    def parse(cls, text: str) -> ArtifactId:
        """Read `owner/slug`.

        Raises:
            InvalidName: it is not that.
        """
        owner, slash, slug = text.partition("/")
        if not slash:
            raise InvalidName(f"artifact id {text!r}", "is not owner/slug", "Write it as owner/slug")
        return cls(owner, slug)

    def urn(self, kind: ArtifactKind) -> str:
        """`urn:polaris:<kind>:<owner>:<slug>`."""
        return f"urn:polaris:{kind}:{self.owner}:{self.slug}"

    def __str__(self) -> str:
        return f"{self.owner}/{self.slug}"


def _owner(value: Owner | str | None) -> Owner | None:
    return Owner(value) if isinstance(value, str) else value


def _texts(values: Iterable[Any]) -> tuple[str, ...]:
    listed = tuple(values)
    if isinstance(values, str) or not all(isinstance(value, str) for value in listed):
        raise InvalidInput(f"tags {values!r}", "are not a list of texts")
    return listed


@attrs.frozen(kw_only=True)
class ArtifactMeta:
    """What every artifact says of itself.

    The slug is derived from the name when none is given. Without owner or slug an artifact has no id yet.
    """

    name: str | None = attrs.field(default=None, validator=_named(check_artifact_name))
    slug: str | None = attrs.field(default=None, validator=_named(check_artifact_slug))
    owner: Owner | None = attrs.field(default=None, converter=_owner)
    description: str = ""
    tags: tuple[str, ...] = attrs.field(default=(), converter=_texts)
    user_attributes: Mapping[str, str] = attrs.field(factory=dict[str, str], converter=check_attributes, hash=False)
    polaris_version: str = attrs.field(default=SPEAKS_VERSION, validator=_named(check_client_version))

    def __attrs_post_init__(self) -> None:
        if self.slug is None and self.name is not None:
            object.__setattr__(self, "slug", slugify_artifact(self.name))

    @property
    def artifact_id(self) -> ArtifactId | None:
        """`owner/slug`, or None until both are known."""
        return ArtifactId(self.owner.slug, self.slug) if self.owner is not None and self.slug is not None else None

    def urn(self, kind: ArtifactKind) -> str | None:
        """`urn:polaris:<kind>:<owner>:<slug>`, or None until both are known."""
        identity = self.artifact_id
        return None if identity is None else identity.urn(kind)
