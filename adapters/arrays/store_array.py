"""Rows of a Zarr array through the zarr library: remote stores, and what chunk files are too unusual for."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import attrs

from ...domain.arrays import np
from ...domain.columns import resolve_position, resolve_rows
from ...domain.errors import GroundtruthError, IntegrityError
from .codecs import register_codecs
from .spec import ArraySpec


@attrs.frozen(eq=False, repr=False)
class StoreArray:
    """Array `name` of a zarr store (anything `zarr.open_array` takes). Opened at first use, in each process."""

    store: Any
    name: str
    spec: ArraySpec

    def __getstate__(self) -> tuple[Any, ...]:
        return self.store, self.name, self.spec

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        self.__init__(*state)  # pyright: ignore[reportAttributeAccessIssue]

    def __repr__(self) -> str:
        return f"StoreArray({self.name!r}, {self.spec.dtype}, {self.spec.shape})"

    @cached_property
    def _array(self) -> Any:
        import zarr

        register_codecs()
        return zarr.open_array(self.store, path=self.name, mode="r")

    @property
    def dtype(self) -> np.dtype[Any]:
        """Type of the values."""
        return self.spec.dtype

    @property
    def n_rows(self) -> int:
        """Length of the first axis."""
        return self.spec.shape[0]

    def row(self, position: int) -> Any:
        """Read one row."""
        value = self._get(resolve_position(position, self.n_rows))
        return value if value.ndim else value[()]

    def read(self, rows: Any) -> np.ndarray[Any, Any]:
        """Read many rows, each chunk once."""
        wanted = resolve_rows(rows, self.n_rows)
        if isinstance(wanted, slice):
            start, stop, step = wanted.indices(self.n_rows)
            if step > 0:
                return self._get(slice(start, stop, step))
            wanted = np.arange(start, stop, step)
        unique, back = np.unique(wanted, return_inverse=True)
        return self._get(unique)[back] if len(unique) else self._get(slice(0, 0))

    def _get(self, selection: Any) -> np.ndarray[Any, Any]:
        try:
            array = self._array
            values = array.oindex[selection] if isinstance(selection, np.ndarray) else array[selection]
        except (GroundtruthError, OSError):
            raise
        except Exception as error:  # zarr and each codec fail in their own way
            raise IntegrityError(f"column '{self.name}' in {self.store}", f"cannot be read: {error}") from error
        values = np.asarray(values)
        return values.astype(object) if values.dtype.kind == "T" else values  # text comes as numpy's StringDType
