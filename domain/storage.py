"""External storage: media that stays in a team's own bucket (reference: V7 Darwin, section 13)."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from typing import Any

import attrs

from .errors import InvalidInput
from .names import ROOT, RemotePath, check_item_name, check_slug


class Provider(enum.StrEnum):
    """Where a storage is: Amazon S3 (and what speaks its protocol), Google Cloud, Azure, or a folder of the hub."""

    AWS = "aws"
    GCP = "gcp"
    AZURE = "azure"
    FOLDER = "folder"


@attrs.frozen
class ExternalStorage:
    """A storage a team declared on a hub (section 13.6).

    `bucket` is the bucket, for Azure the account, for a folder its absolute path; `prefix` begins every key
    below it, for Azure with the container as its first part. A `readonly` storage is never written to by the hub, so
    what is registered from it brings its own thumbnails and sections.
    """

    name: str = attrs.field(validator=lambda _, __, value: check_slug(value, "storage") and None)
    provider: Provider
    bucket: str
    prefix: str = ""
    region: str | None = None
    readonly: bool = False
    default: bool = False
    endpoint: str | None = None


@attrs.frozen
class StoredSection:
    """One frame of a video that is stored frame by frame. `index` counts from 1; keys of full and reduced quality."""

    index: int
    width: int
    height: int
    hq_key: str
    lq_key: str | None = None


@attrs.frozen
class StoredSlot:
    """A slot whose bytes are in an external storage (sections 13.3 and 13.7).

    Keys are complete object keys. `width` and `height` in pixels, `size` in bytes, rates in frames per second. Only a
    read-only storage needs more than `storage_key`: what the hub would otherwise make itself.
    """

    name: str
    file_name: str
    type: str
    storage_key: str
    fps: float | str | None = None
    as_frames: bool = False
    extract_views: bool = False
    size: int | None = None
    width: int | None = None
    height: int | None = None
    native_fps: float | None = None
    visible_frames: int | None = None
    total_frames: int | None = None
    thumbnail_key: str | None = None
    sections: tuple[StoredSection, ...] = ()
    sections_key_prefix: str | None = None
    sections_key_extension: str | None = None
    low_quality_sections_key_prefix: str | None = None
    frames_manifest_key: str | None = None
    audio_peaks_key: str | None = None
    hls_segments: Mapping[str, Any] | None = None
    metadata: Mapping[str, Any] | None = None

    def __attrs_post_init__(self) -> None:
        if not self.storage_key or self.storage_key.startswith("/") or ".." in self.storage_key.split("/"):
            raise InvalidInput(
                f"storage key {self.storage_key!r}", "is not a key", "Give the object's path within the storage"
            )


@attrs.frozen
class StoredItem:
    """An item made of objects in an external storage."""

    name: str = attrs.field(validator=lambda _, __, value: check_item_name(value) and None)
    slots: tuple[StoredSlot, ...] = attrs.field(converter=tuple)
    path: RemotePath = ROOT
    layout: Mapping[str, Any] | None = None

    @property
    def full_path(self) -> str:
        """Folder and name, as in `/day1/a.jpg`."""
        return self.path.join(self.name)


@attrs.frozen
class RegisteredItem:
    """An item the hub took: its id and full path."""

    id: str
    full_path: str


@attrs.frozen
class RefusedItem:
    """An item the hub did not take, and why (a `BlockReason`, or the hub's own words)."""

    full_path: str
    reason: str


@attrs.frozen
class StoredRegistration:
    """Answer to registering stored items."""

    registered: tuple[RegisteredItem, ...] = ()
    refused: tuple[RefusedItem, ...] = ()


def choose_storage(storages: list[ExternalStorage], name: str | None) -> ExternalStorage | None:
    """The storage of that name; without a name the team's default one; None if there is no such storage."""
    return next((one for one in storages if (one.default if name is None else one.name == name)), None)
