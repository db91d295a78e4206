"""Names: slugs, item names, remote folders, and how an untrusted name becomes a safe file name.

Every name that comes from a hub is untrusted. `RemotePath` refuses what cannot be a path on any hub;
`safe_component` maps a name to one file name that stays inside its folder on every platform.
"""

from __future__ import annotations

import os
import re

import attrs

from .errors import InvalidName

SLUG = re.compile(r"[A-Za-z0-9_.\-]+")
"""Team and dataset slugs: letters, digits, `_`, `.`, `-` (reference: V7 Darwin, section 2.4)."""

MAX_COMPONENT_BYTES = 255
"""Longest file name, in UTF-8 bytes, that common file systems take."""

# A colon is an ordinary character except on Windows, where it ends a drive or begins an alternate stream.
_REPLACED = re.compile(r'[<>"/\\|?*\x00-\x1f\x7f]' if os.name != "nt" else r'[<>"/\\|?*:\x00-\x1f\x7f]')
_PLAIN = re.compile(r"(?!(?i:con|prn|aux|nul|com|lpt))[A-Za-z0-9_-][A-Za-z0-9_. -]{0,200}")
"""Most names: nothing to replace, begun unlike a device's and short enough for a disk."""

_DEVICE = re.compile(r"(?i:con|prn|aux|nul|conin\$|conout\$|com[0-9¹²³]|lpt[0-9¹²³]) *(?:\..*)?")


def check_slug(value: str, what: str = "name") -> str:
    """Return `value` if it is a slug.

    Raises:
        InvalidName: empty, over 255 bytes, `.` or `..`, or a character outside `A-Za-z0-9_.-`.
    """
    if not SLUG.fullmatch(value) or value in {".", ".."} or len(value) > MAX_COMPONENT_BYTES:
        raise InvalidName(
            f"{what} {value!r}",
            "is not a valid name",
            "Use letters, digits, '_', '.' and '-' only, for example 'street-scenes_2'",
        )
    return value


def slugify(name: str) -> str:
    """Derive a slug from a display name: lower case, blanks and other characters become `-`.

    Raises:
        InvalidName: nothing usable is left.
    """
    slug = re.sub(r"[^A-Za-z0-9_.]+", "-", name.strip()).strip("-").lower()
    return check_slug(slug, "dataset name")


def check_item_name(value: str) -> str:
    """Return `value` if it can name an item.

    Item names are free text; only what no hub can address is refused: empty names, NUL and names that
    are not valid Unicode.

    Raises:
        InvalidName: the name is empty, contains NUL or a lone surrogate.
    """
    if not value or "\x00" in value or not _encodable(value):
        raise InvalidName(f"item name {value!r}", "cannot be used", "Rename the file")
    return value


def _encodable(value: str) -> bool:
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def _normalise(raw: str) -> str:
    parts = [part for part in raw.split("/") if part not in {"", "."}]
    if ".." in parts or "\x00" in raw or not _encodable(raw):
        raise InvalidName(
            f"folder {raw!r}", "may not contain '..', NUL or lone surrogates", "Use a plain path such as /day1/left"
        )
    return "/" + "/".join(parts)


@attrs.frozen
class RemotePath:
    """A folder on a hub: absolute POSIX, no `.`/`..`, no empty parts; `/` is the root.

    Construction normalises `a/b`, `/a/b/` and `//a//b` to `/a/b`, and refuses `..` and NUL.
    """

    value: str = attrs.field(default="/", converter=_normalise)

    @property
    def parts(self) -> tuple[str, ...]:
        """Folder names from the root down; empty for the root."""
        return tuple(part for part in self.value.split("/") if part)

    def join(self, name: str) -> str:
        """Full remote path of `name` inside this folder."""
        return f"/{name}" if self.value == "/" else f"{self.value}/{name}"

    def __str__(self) -> str:
        return self.value


ROOT = RemotePath("/")


def safe_component(name: str) -> str:
    r"""Map any name to one file name that cannot leave its folder.

    `< > " / \ | ? *`, on Windows `:`, and control characters become `_` (as the Darwin client does, section
    7.4; control characters in addition). `.`, `..`, empty names and Windows device names get a leading `_`.
    Names over 255 UTF-8 bytes keep their suffix and are cut, with a hash of the whole name, so that two long
    names stay apart.
    """
    if _PLAIN.fullmatch(name):
        return name
    cleaned = _REPLACED.sub("_", name.encode("utf-8", "replace").decode())
    if cleaned.strip(". ") == "" or _DEVICE.fullmatch(cleaned):
        cleaned = f"_{cleaned}"
    return _shorten(cleaned, name) if len(cleaned.encode()) > MAX_COMPONENT_BYTES else cleaned


def _shorten(cleaned: str, original: str) -> str:
    import hashlib

    mark = "~" + hashlib.sha256(original.encode("utf-8", "surrogatepass")).hexdigest()[:12]
    suffix = suffix_of(cleaned)
    if len(suffix.encode()) > 32:
        suffix = ""
    room = MAX_COMPONENT_BYTES - len(mark) - len(suffix.encode())
    return cleaned.encode()[:room].decode(errors="ignore") + mark + suffix


def suffix_of(name: str) -> str:
    """Suffix of a file name, with its dot; `.nii.gz` counts as one suffix (section 7.4)."""
    if name.lower().endswith(".nii.gz"):
        return name[-7:]
    base = name[name.rfind("/") + 1 :]
    dot = base.rfind(".")
    return base[dot:] if 0 < dot < len(base) - 1 else ""


def stem_of(name: str) -> str:
    """File name without `suffix_of`."""
    suffix = suffix_of(name)
    return name[: -len(suffix)] if suffix else name
