"""Array datasets in files: tables in parquet, archives in Zarr."""

from __future__ import annotations

from .files import LocalArrayFiles

__all__ = ["LocalArrayFiles"]
