"""Bytes of a chunk to its values, through numcodecs, which is imported with the first chunk that is decoded.

The frames of `rdkit_mol` and `atom_array` (reference: Polaris, section 13.2) need neither RDKit nor biotite: the
values are the molecule's bytes and a dict of lists; adapters make objects of them.
"""

from __future__ import annotations

import struct
import threading
from collections.abc import Mapping, Sequence
from typing import Any

import attrs

from ...domain.arrays import np
from ...domain.columns import object_array
from ...domain.errors import InvalidDataset
from .spec import ArraySpec

ATOM_FIELDS = (
    "coord", "chain_id", "res_id", "ins_code", "res_name", "hetero", "atom_name", "element", "atom_id", "b_factor",
    "occupancy", "charge",
)  # fmt: skip
_BLOSC_HEADER = struct.Struct("<4x3I")  # decoded size, block size, encoded size
_COUNTED = frozenset({"vlen-utf8", "vlen-bytes", "vlen-array", "rdkit_mol"})
_registering = threading.Lock()
_registered: list[Any] = []


class Damaged(Exception):
    """The bytes are not what their codec makes; the message says why."""


def get_codec(config: Mapping[str, Any]) -> Any:
    """Make the codec of a configuration; ours are registered with numcodecs, so that zarr finds them too."""
    import numcodecs

    register_codecs()
    try:
        return numcodecs.get_codec(dict(config))
    except (ValueError, TypeError, ImportError) as error:
        raise InvalidDataset(f"codec '{config.get('id')}'", f"cannot be used: {error}") from error


def register_codecs() -> None:
    """Tell numcodecs of `rdkit_mol`, `atom_array` and `crc32c`, once per process."""
    with _registering:
        if not _registered:
            import numcodecs

            _registered.extend(_classes())
            for one in _registered:
                numcodecs.register_codec(one)


def _classes() -> tuple[Any, ...]:
    from numcodecs.abc import Codec
    from numcodecs.vlen import VLenBytes

    class Molecules(VLenBytes):
        """Frame of `vlen-bytes`; an item is an RDKit binary, empty for a missing molecule."""

        codec_id = "rdkit_mol"

        def encode(self, buf: Any) -> Any:
            return super().encode(object_array(b"" if item is None else bytes(item) for item in np.ravel(buf)))

    class AtomArrays(Codec):
        """MessagePack list: one entry per item (null or a dict of lists), `|O`, the shape."""

        codec_id = "atom_array"

        def __init__(self, raw: bool = False, use_single_float: bool = False, use_bin_type: bool = True) -> None:
            self.raw, self.use_single_float, self.use_bin_type = raw, use_single_float, use_bin_type

        def encode(self, buf: Any) -> Any:
            return encode_atoms(np.asarray(buf, dtype=object))

        def decode(self, buf: Any, out: Any = None) -> Any:
            decoded = decode_atoms(bytes(memoryview(buf).cast("B")))
            if out is None:
                return decoded
            np.copyto(out, decoded)
            return out

    class Crc32c(Codec):
        """Bytes followed by their CRC-32C, little endian (Zarr format 3)."""

        codec_id = "crc32c"

        def __init__(self, location: str = "end") -> None:
            self.location = location

        def encode(self, buf: Any) -> Any:
            data = bytes(memoryview(buf).cast("B"))
            return data + crc32c(data)

        def decode(self, buf: Any, out: Any = None) -> Any:
            return checked_crc(bytes(memoryview(buf).cast("B")))

    return Molecules, AtomArrays, Crc32c


def encode_atoms(items: np.ndarray[Any, Any]) -> bytes:
    """Encode structures, each None or a dict of what `ATOM_FIELDS` names (arrays or lists, one value per atom)."""
    from msgspec import msgpack

    entries = [None if item is None else {name: _plain(item[name]) for name in ATOM_FIELDS} for item in items.flat]
    return msgpack.encode([*entries, "|O", list(items.shape)])


def _plain(values: Any) -> Any:
    return values.tolist() if hasattr(values, "tolist") else list(values)


def decode_atoms(data: bytes) -> np.ndarray[Any, Any]:
    """Decode what `encode_atoms` made.

    Raises:
        Damaged: it is something else.
    """
    from msgspec import MsgspecError, msgpack

    try:
        *entries, _, shape = msgpack.decode(data)
        return object_array(entries).reshape(shape)
    except (MsgspecError, ValueError, TypeError) as error:
        raise Damaged(f"is no list of atom arrays: {error}") from error


def crc32c(data: bytes) -> bytes:
    """CRC-32C of bytes, as four bytes little endian."""
    import google_crc32c  # what zarr itself depends on

    return int(google_crc32c.value(data)).to_bytes(4, "little")


def checked_crc(data: bytes) -> bytes:
    """Take off the checksum at the end.

    Raises:
        Damaged: it is another one.
    """
    if len(data) < 4 or crc32c(data[:-4]) != data[-4:]:
        raise Damaged("has another CRC-32C than it says")
    return data[:-4]


def _blosc_size(data: Any) -> int:
    """Decoded size, once the header fits the bytes: Blosc itself trusts it."""
    size = memoryview(data).nbytes
    if size < _BLOSC_HEADER.size:
        raise Damaged(f"has {size} bytes, too few for Blosc")
    decoded, _, encoded = _BLOSC_HEADER.unpack_from(data)
    if encoded != size:
        raise Damaged(f"has {size} bytes, expected {encoded}")
    return decoded


@attrs.define(eq=False)
class Decoder:
    """Decodes the chunks of one array. `fast` says that a chunk can be decoded straight into its place."""

    spec: ArraySpec
    codecs: Sequence[Any] = ()
    nbytes: int = 0
    fast: bool = False

    @classmethod
    def of(cls, spec: ArraySpec) -> Decoder:
        """Make the codecs of an array, in the order of decoding."""
        codecs = [get_codec(config) for config in reversed(spec.codecs)]
        direct = not codecs or (len(codecs) == 1 and codecs[0].codec_id == "blosc")
        plain = spec.order == "C" or len(spec.shape) == 1
        return cls(spec, codecs, spec.chunk_bytes, direct and plain and not spec.dtype.hasobject)

    def into(self, raw: bytes | memoryview, out: np.ndarray[Any, Any]) -> None:
        """Decode a whole chunk into a C-contiguous array of its size. Only where `fast`.

        Raises:
            Damaged: it is not a whole chunk.
        """
        if not self.codecs:
            if len(raw) != self.nbytes:
                raise Damaged(f"has {len(raw)} bytes, expected {self.nbytes}")
            out.reshape(-1).view(np.uint8)[:] = np.frombuffer(raw, np.uint8)
            return
        decoded = _blosc_size(raw)
        if decoded != self.nbytes:
            raise Damaged(f"has {decoded} bytes decoded, expected {self.nbytes}")
        try:
            self.codecs[0].decode(raw, out)
        except (RuntimeError, ValueError) as error:
            raise Damaged(f"cannot be decoded: {error}") from error

    def decode(self, raw: bytes | memoryview) -> np.ndarray[Any, Any]:
        """Decode a chunk to an array of the chunk's shape, which may be read-only.

        Raises:
            Damaged: it is not a whole chunk.
        """
        spec = self.spec
        if self.fast:
            out = np.empty(spec.chunks, spec.dtype)
            self.into(raw, out)
            return out
        data: Any = raw if self.codecs else bytes(raw)  # the caller may use this memory again
        try:
            for codec in self.codecs:
                self._check(codec.codec_id, data)
                data = codec.decode(data)
        except Damaged:
            raise
        except Exception as error:  # each codec fails in its own way
            raise Damaged(f"cannot be decoded: {error}") from error
        return self._shaped(data)

    def _check(self, codec_id: str, data: Any) -> None:
        """Refuse sizes that are not those of a chunk, before a codec takes them for true and asks for the memory."""
        if codec_id == "blosc":
            _blosc_size(data)
        elif codec_id in _COUNTED:
            counted, expected = int.from_bytes(bytes(data[:4]), "little"), int(np.prod(self.spec.chunks))
            if counted != expected:
                raise Damaged(f"counts {counted} values, expected {expected}")

    def _shaped(self, data: Any) -> np.ndarray[Any, Any]:
        spec = self.spec
        if spec.dtype.hasobject:
            values = np.asarray(data, dtype=object)
        else:
            flat = np.frombuffer(data, np.uint8) if not isinstance(data, np.ndarray) else data.reshape(-1, order="A")
            if flat.nbytes != self.nbytes:
                raise Damaged(f"has {flat.nbytes} bytes decoded, expected {self.nbytes}")
            values = flat.view(spec.dtype)
        if values.size != int(np.prod(spec.chunks)):
            raise Damaged(f"has {values.size} values, expected {int(np.prod(spec.chunks))}")
        return values.reshape(spec.chunks, order=spec.order)  # pyright: ignore[reportCallIssue, reportArgumentType]
