"""Metadata of Zarr arrays, formats 2 and 3, as far as chunks can be read without the zarr library.

Sources: the Zarr specifications, versions 2 and 3 (with the sharding_indexed codec), and what zarr 2 and 3 write.
"""

from __future__ import annotations

import base64
import struct
from collections.abc import Mapping
from typing import Any

import attrs

from ...domain.arrays import np
from ...domain.errors import InvalidDataset

Json = Mapping[str, Any]

# Ids of numcodecs that have no side effects: `pickle` runs code of whoever wrote the archive, so it stays out.
CODECS = frozenset(
    {
        "adler32", "astype", "base64", "bitround", "blosc", "bz2", "categorize", "crc32", "delta", "fixedscaleoffset",
        "fletcher32", "gzip", "jenkins_lookup3", "json2", "lz4", "lzma", "packbits", "quantize", "shuffle",
        "vlen-array", "vlen-bytes", "vlen-utf8", "zlib", "zstd", "rdkit_mol", "atom_array", "crc32c",
    }
)  # fmt: skip
TEXT_CODEC, BYTES_CODECS = "vlen-utf8", ("vlen-bytes", "rdkit_mol")
_SHUFFLES = {"noshuffle": 0, "shuffle": 1, "bitshuffle": 2}
_NUMBERS = frozenset(
    {"bool", "complex64", "complex128", "float16", "float32", "float64"}
    | {f"{sign}int{bits}" for sign in ("", "u") for bits in (8, 16, 32, 64)}
)


class Unusual(Exception):
    """The array uses something that only the zarr library reads."""


@attrs.frozen
class Shards:
    """Several chunks per file: where the index of a file is, and whether a CRC-32C follows it."""

    shape: tuple[int, ...]
    index_at_end: bool
    index_checked: bool


@attrs.frozen
class ArraySpec:
    """One array.

    `codecs` are numcodecs configurations in the order of encoding; `order` is the layout of a decoded chunk. The
    key of a chunk is `prefix` and its coordinates joined by `separator`.
    """

    shape: tuple[int, ...]
    chunks: tuple[int, ...]
    dtype: np.dtype[Any]
    fill: Any
    codecs: tuple[dict[str, Any], ...]
    order: str = "C"
    prefix: str = ""
    separator: str = "."
    shards: Shards | None = None
    unusual: bool = False

    @property
    def chunk_bytes(self) -> int:
        """Size of a decoded chunk; of objects, of the references only."""
        return int(np.prod(self.chunks, dtype=np.int64)) * self.dtype.itemsize


def parse_array(document: Json, where: str) -> ArraySpec:
    """Read the metadata of an array (`.zarray`, or the `zarr.json` of an array).

    Raises:
        InvalidDataset: not metadata of an array, or a codec that is not known.
    """
    try:
        return _parse_v3(document, where) if document.get("zarr_format") == 3 else _parse_v2(document, where)
    except (KeyError, TypeError, ValueError, AttributeError, struct.error) as error:
        raise InvalidDataset(f"array '{where}'", f"has metadata that cannot be read: {error!r}") from error


def _shape(values: Any) -> tuple[int, ...]:
    shape = tuple(int(value) for value in values)
    if any(value < 0 for value in shape):
        raise ValueError(f"negative length in {shape}")
    return shape


def _grid(document: Json, chunks: Any) -> dict[str, Any]:
    shape, chunk = _shape(document["shape"]), _shape(chunks)
    if len(shape) != len(chunk) or 0 in chunk:
        raise ValueError(f"chunks {chunk} do not fit the shape {shape}")
    return {"shape": shape, "chunks": chunk}


def _known(config: Json, where: str) -> dict[str, Any]:
    if config["id"] not in CODECS:
        raise InvalidDataset(
            f"array '{where}'", f"uses the codec '{config['id']}', which is not known", "Write it with another codec"
        )
    return dict(config)


# --- format 2 ------------------------------------------------------------------------------------------


def _parse_v2(document: Json, where: str) -> ArraySpec:
    dtype = np.dtype(_descr(document["dtype"]))
    configs = [*(document.get("filters") or ()), document.get("compressor")]
    codecs = tuple(_known(config, where) for config in configs if config is not None)
    if dtype.hasobject and not any(config["id"] in _OBJECT_CODECS for config in codecs):
        raise InvalidDataset(f"array '{where}'", "holds objects but names no codec for them")
    return ArraySpec(
        **_grid(document, document["chunks"]),
        dtype=dtype,
        fill=_fill(document.get("fill_value"), dtype, codecs),
        codecs=codecs,
        order=document.get("order", "C"),
        separator=document.get("dimension_separator", "."),
    )


_OBJECT_CODECS = {"vlen-utf8", "vlen-bytes", "vlen-array", "json2", "rdkit_mol", "atom_array", "categorize"}


def _descr(value: Any) -> Any:
    """Structured types come as lists of lists, numpy wants tuples."""
    if isinstance(value, str):
        return value
    return [(field[0], _descr(field[1]), *(tuple(shape) for shape in field[2:])) for field in value]


def _fill(value: Any, dtype: np.dtype[Any], codecs: tuple[dict[str, Any], ...]) -> Any:
    """Value of rows that were never written; zero where nothing is said."""
    if dtype.hasobject:
        ids = {config["id"] for config in codecs}
        nothing = "" if TEXT_CODEC in ids else b"" if ids.intersection(BYTES_CODECS) else None
        return nothing if value in (None, 0) else value
    if value is None:
        return np.zeros((), dtype)[()]
    if dtype.kind in "SV":
        return np.frombuffer(base64.b64decode(value).ljust(dtype.itemsize, b"\0"), dtype)[0]
    if dtype.kind == "c":
        return dtype.type(complex(*(_float(part) for part in value)))
    if dtype.kind == "f":
        return _real(value, dtype)
    return np.asarray(value).astype(dtype)[()]


def _float(value: Any) -> float:
    return float(value.replace("Infinity", "inf")) if isinstance(value, str) else float(value)


def _real(value: Any, dtype: np.dtype[Any]) -> Any:
    if isinstance(value, str) and value.startswith("0x"):
        bits = int(value, 16).to_bytes(dtype.itemsize, "big")
        return np.frombuffer(bits, dtype.newbyteorder(">")).astype(dtype)[0]
    return np.asarray(_float(value)).astype(dtype)[()]


# --- format 3 ------------------------------------------------------------------------------------------


def _parse_v3(document: Json, where: str) -> ArraySpec:
    grid, keys = document["chunk_grid"], document["chunk_key_encoding"]
    chunk_shape = grid["configuration"]["chunk_shape"]
    chain = list(document["codecs"])
    shards = None
    common: dict[str, Any] = {}
    try:
        if grid["name"] != "regular" or document.get("storage_transformers"):
            raise Unusual
        if chain[0]["name"] == "sharding_indexed":
            shards, chunk_shape, chain = _shards(chain, chunk_shape)
        dtype, order, codecs = _chain(chain, _dtype_v3(document["data_type"]), len(chunk_shape), where)
        common = {"dtype": dtype, "order": order, "codecs": codecs}
        common["fill"] = _fill(_fill_v3(document.get("fill_value"), dtype), dtype, codecs)
    except Unusual:
        return ArraySpec(
            **_grid(document, chunk_shape), dtype=_nearest(document["data_type"]), fill=None, codecs=(), unusual=True
        )
    separator = keys.get("configuration", {}).get("separator", "/" if keys["name"] == "default" else ".")
    prefix = f"c{separator}" if keys["name"] == "default" else ""
    return ArraySpec(**_grid(document, chunk_shape), **common, prefix=prefix, separator=separator, shards=shards)


def _shards(chain: list[Any], shape: Any) -> tuple[Shards, Any, list[Any]]:
    config = chain[0]["configuration"]
    index = [codec["name"] for codec in config.get("index_codecs", ())]
    outer, inner = _shape(shape), _shape(config["chunk_shape"])
    regular = len(outer) == len(inner) and all(size % step == 0 for size, step in zip(outer, inner, strict=True))
    if len(chain) > 1 or index not in (["bytes"], ["bytes", "crc32c"]) or not regular:
        raise Unusual
    if config["index_codecs"][0].get("configuration", {}).get("endian", "little") != "little":
        raise Unusual
    at_end = config.get("index_location", "end") == "end"
    return Shards(outer, at_end, "crc32c" in index), inner, list(config["codecs"])


def _chain(chain: list[Any], dtype: np.dtype[Any], ndim: int, where: str) -> tuple[np.dtype[Any], str, Any]:
    order, codecs = "C", []
    for codec in chain:
        name, config = codec["name"], dict(codec.get("configuration", {}))
        if name == "transpose":
            order = _order(config["order"], ndim)
        elif name == "bytes":
            dtype = np.dtype(dtype.newbyteorder(">" if config.get("endian") == "big" else "<").str)
        elif name == "blosc":
            codecs.append({"id": "blosc", **config, "shuffle": _SHUFFLES[config.get("shuffle", "noshuffle")]})
            codecs[-1].pop("typesize", None)
        elif name == "sharding_indexed":
            raise Unusual
        else:
            codecs.append(_known({"id": name.removeprefix("numcodecs."), **config}, where))
    return dtype, order, tuple(codecs)


def _order(axes: Any, ndim: int) -> str:
    if axes in ("C", "F"):
        return str(axes)
    if list(axes) == list(range(ndim)):
        return "C"
    if list(axes) == list(range(ndim))[::-1]:
        return "F"
    raise Unusual


def _dtype_v3(name: Any) -> np.dtype[Any]:
    if isinstance(name, str):
        if name in _NUMBERS:
            return np.dtype(name)
        if name in ("string", "bytes", "variable_length_bytes"):
            return np.dtype(object)
        raise Unusual
    config = name.get("configuration", {})
    if name["name"] == "fixed_length_utf32":
        return np.dtype(f"U{config['length_bytes'] // 4}")
    if name["name"] == "null_terminated_bytes":
        return np.dtype(f"S{config['length_bytes']}")
    if name["name"] in ("numpy.datetime64", "numpy.timedelta64"):
        kind = "M8" if name["name"].endswith("datetime64") else "m8"
        return np.dtype(f"{kind}[{config['scale_factor']}{config['unit']}]")
    raise Unusual


def _nearest(name: Any) -> np.dtype[Any]:
    """Type of an array that the zarr library reads; `object` where numpy has none of that name."""
    try:
        return _dtype_v3(name)
    except Unusual:
        return np.dtype(object)


def _fill_v3(value: Any, dtype: np.dtype[Any]) -> Any:
    if dtype.hasobject and isinstance(value, list):
        return bytes(value)
    return value
