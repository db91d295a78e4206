from __future__ import annotations

import datetime as dt
import decimal
import json
import math
import struct
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from groundtruth.domain import siphash, table_checksum
from groundtruth.domain.columns import ArrayColumns, object_array
from groundtruth.domain.errors import InvalidDataset
from groundtruth.domain.siphash import PADDING, siphash_2_4
from groundtruth.domain.table_checksum import dataset_md5, row_hashes
from groundtruth.domain.table_checksum import table_checksum as checksum
from support.tables import golden_table

MASK = (1 << 64) - 1
MISSING = MASK

# --- the same rules, one cell at a time -----------------------------------------------------------------------------


def siphash_of(data: bytes, key: bytes = b"0123456789123456") -> int:
    k0, k1 = struct.unpack("<QQ", key)
    v = [0x736F6D6570736575 ^ k0, 0x646F72616E646F6D ^ k1, 0x6C7967656E657261 ^ k0, 0x7465646279746573 ^ k1]

    def turn(x: int, by: int) -> int:
        return (x << by | x >> (64 - by)) & MASK

    def rounds(count: int) -> None:
        for _ in range(count):
            v[0] = (v[0] + v[1]) & MASK
            v[2] = (v[2] + v[3]) & MASK
            v[1], v[3] = turn(v[1], 13) ^ v[0], turn(v[3], 16) ^ v[2]
            v[0] = turn(v[0], 32)
            v[2] = (v[2] + v[1]) & MASK
            v[0] = (v[0] + v[3]) & MASK
            v[1], v[3] = turn(v[1], 17) ^ v[2], turn(v[3], 21) ^ v[0]
            v[2] = turn(v[2], 32)

    padded = data + bytes(7 - len(data) % 8) + bytes([len(data) & 255])
    for (word,) in struct.iter_unpack("<Q", padded):
        v[3] ^= word
        rounds(2)
        v[0] ^= word
    v[2] ^= 0xFF
    rounds(4)
    return v[0] ^ v[1] ^ v[2] ^ v[3]


def mixed(x: int) -> int:
    x ^= x >> 30
    x = x * 0xBF58476D1CE4E5B9 & MASK
    x ^= x >> 27
    x = x * 0x94D049BB133111EB & MASK
    return x ^ x >> 31


def text_cell(value: str | bytes | None) -> int:
    if value is None:
        return MISSING
    return mixed(siphash_of(value.encode() if isinstance(value, str) else value))


def float_cell(value: float) -> int:
    canonical = math.nan if math.isnan(value) else value + 0.0
    return mixed(struct.unpack("<Q", struct.pack("<d", canonical))[0])


def int_cell(bits: int) -> Callable[[int], int]:
    return lambda value: mixed(value & ((1 << bits) - 1))


def row_hash(cells: Sequence[int]) -> int:
    out, multiplier = 0x345678, 1000003
    for i, cell in enumerate(cells):
        out = (out ^ cell) * multiplier & MASK
        multiplier += 82520 + 2 * (len(cells) - i)
    return (out + 97531) & MASK


# --- whole tables ---------------------------------------------------------------------------------------------------

KINDS: dict[str, tuple[st.SearchStrategy[Any], Any, Callable[[Any], int]]] = {
    "text": (st.none() | st.text(st.characters(exclude_categories=["Cs"])), object, text_cell),
    "ascii": (st.text(st.characters(max_codepoint=127)), object, text_cell),
    "bytes": (st.none() | st.binary(max_size=40), object, text_cell),
    "float": (st.floats(), np.float64, float_cell),
    "bool": (st.booleans(), np.bool_, int_cell(8)),
    **{
        f"i{w}": (st.integers(-(2 ** (8 * w - 1)), 2 ** (8 * w - 1) - 1), f"i{w}", int_cell(8 * w))
        for w in (1, 2, 4, 8)
    },
    **{f"u{w}": (st.integers(0, 2 ** (8 * w) - 1), f"u{w}", int_cell(8 * w)) for w in (1, 2, 4, 8)},
}


@st.composite
def tables(draw: st.DrawFn) -> tuple[ArrayColumns, list[int]]:
    kinds = draw(st.dictionaries(st.text("abcß_", max_size=3), st.sampled_from(sorted(KINDS)), max_size=5))
    n_rows = draw(st.integers(0, 40)) if kinds else 0
    arrays: dict[str, np.ndarray] = {}
    cells: dict[str, list[int]] = {}
    for name, kind in kinds.items():
        values, dtype, hashed = KINDS[kind]
        listed = draw(st.lists(values, min_size=n_rows, max_size=n_rows))
        arrays[name] = object_array(listed) if dtype is object else np.array(listed, dtype)
        cells[name] = [hashed(value) for value in listed]
    return ArrayColumns(arrays), [row_hash([cells[name][i] for name in sorted(cells)]) for i in range(n_rows)]


@given(tables(), st.integers(1, 7))
@settings(max_examples=150)
def test_hashes_are_those_of_the_rules_whatever_the_blocks(case: tuple[ArrayColumns, list[int]], block: int) -> None:
    columns, expected = case
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(table_checksum, "ROWS_AT_ONCE", block)
        patch.setattr(siphash, "_LANES", 5)
        patch.setattr(siphash, "_FEW", 3)
        assert row_hashes(columns).tolist() == expected
    assert checksum(columns) == (sum(expected) & MASK).to_bytes(8, "little")


def missing_texts(column: dict[str, Any]) -> dict[str, Any]:
    """A column of a golden case, where a missing text is written as NaN is."""
    values = column["values"]
    return column | {"values": [None if v == "NaN" and column["dtype"] == "str" else v for v in values]}


def test_row_hashes_and_checksums_of_the_golden_cases(vectors: Path) -> None:
    for case in json.loads((vectors / "polaris" / "datasets_v1.json").read_text())["cases"]:
        columns = golden_table({name: missing_texts(column) for name, column in case["table"].items()}).columns
        assert row_hashes(columns).tolist() == [int(one) for one in case["row_hashes_u64"]], case["name"]
        assert int.from_bytes(checksum(columns), "little") == int(case["table_hash_u64"]), case["name"]
        assert dataset_md5(checksum(columns), case.get("zarr_digest")) == case["md5sum"], case["name"]


def test_a_table_without_rows() -> None:
    empty = checksum(ArrayColumns({"a": np.empty(0)}))
    assert dataset_md5(empty) == dataset_md5(checksum(ArrayColumns({}))) == "7dea362b3fac8e00956a4952a3d4f474"


@given(st.lists(st.binary(max_size=300), max_size=60), st.binary(min_size=16, max_size=16))
def test_siphash_of_many_is_that_of_each(cells: list[bytes], key: bytes) -> None:
    lengths = np.array([len(cell) for cell in cells], np.int64)
    data = np.frombuffer(b"".join(cells) + bytes(PADDING), np.uint8)
    assert siphash_2_4(data, np.cumsum(lengths) - lengths, lengths, key).tolist() == [
        siphash_of(c, key) for c in cells
    ]


def test_siphash_of_its_authors_example() -> None:
    data = np.frombuffer(bytes(range(15)) + bytes(PADDING), np.uint8)
    found = siphash_2_4(data, np.array([0]), np.array([15]), bytes(range(16)))
    assert found.tolist() == [0xA129CA6149BE45E5]


def test_a_long_text_among_short_ones() -> None:
    cells = ["x" * 50_001, "", "y" * 30, "z"] * 3
    assert row_hashes(ArrayColumns({"a": object_array(cells)})).tolist() == [row_hash([text_cell(c)]) for c in cells]


# --- kinds of cells -------------------------------------------------------------------------------------------------


def hashes(*values: Any, **options: Any) -> list[int]:
    return row_hashes(ArrayColumns({"a": object_array(values)}), **options).tolist()


def hashes_of(array: np.ndarray, **options: Any) -> list[int]:
    return row_hashes(ArrayColumns({"a": array}), **options).tolist()


@pytest.mark.parametrize(
    ("values", "texts"),
    [
        ([True, False, None], ["True", "False", None]),
        ([1, True, 1.0, "x"], ["1", "1", "1", "x"]),
        ([decimal.Decimal("1.50"), decimal.Decimal("1.5")], ["1.50", "1.50"]),
        ([dt.date(2020, 1, 2), dt.time(1, 2)], ["2020-01-02", "01:02:00"]),
        (["a\0", b"b\0", 1, decimal.Decimal("NaN")], ["a", "b", "1", None]),
        (["a", math.nan, np.float64("nan"), np.datetime64("NaT"), None], ["a", None, None, None, None]),
        ([np.float32(0.1), -0.0, 0, math.inf], ["0.1", "-0.0", "-0.0", "inf"]),
        ([(1, 2), "x"], ["(1, 2)", "x"]),
    ],
)
def test_other_values_are_hashed_by_their_text(values: list[Any], texts: list[str | None]) -> None:
    assert hashes(*values) == hashes(*texts)


def test_that_a_column_is_mixed_may_show_late(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(table_checksum, "ROWS_AT_ONCE", 2)
    columns = {"a": object_array(["x\0", 1, "y", True]), "b": object_array(["x\0", "y", "z", 5])}
    plain = {"a": object_array(["x", "1", "y", "1"]), "b": object_array(["x", "y", "z", "5"])}
    assert row_hashes(ArrayColumns(columns)).tolist() == row_hashes(ArrayColumns(plain)).tolist()


def test_wide_and_fixed_texts_are_texts() -> None:
    assert hashes_of(np.array(["a", "ü", ""])) == hashes("a", "ü", "")
    assert hashes_of(np.array([b"a", b"bcd"])) == hashes(b"a", b"bcd")


def test_times_are_numbers_in_their_unit() -> None:
    for array in (np.array(["2020-01-01", "NaT"], "M8[us]"), np.array([5, -1], "m8[s]")):
        assert hashes_of(array) == hashes_of(array.view("i8"))


def test_complex_numbers_are_two_floats() -> None:
    real, imaginary = np.array([1.0, math.nan]), np.array([-0.0, 2.0])
    expected = [row_hash([(float_cell(a) + 23 * float_cell(b)) & MASK]) for a, b in zip(real, imaginary, strict=True)]
    values = np.empty(2, np.complex128)
    values.real, values.imag = real, imaginary
    assert hashes_of(values) == expected


def test_floats_of_every_width_are_canonical_or_raw() -> None:
    for width in (2, 4, 8):
        odd = np.array([-1], f"i{width}").view(f"f{width}")  # a NaN of another pattern
        values = np.concatenate([odd, np.array([-0.0, 0.0, math.nan, 1.5], f"f{width}")])
        canonical = hashes_of(values)
        assert (canonical[0], canonical[1]) == (canonical[3], canonical[2])
        assert hashes_of(values, canonical=False) == hashes_of(values.view(f"u{width}"))


def test_masked_numbers_are_those_of_nullable_columns() -> None:
    masked = np.ma.MaskedArray(np.array([1, 0, 3], np.int16), [False, True, False])
    hashed = [row_hash([int_cell(16)(1)]), row_hash([(1 << 61) - 1]), row_hash([int_cell(16)(3)])]
    assert hashes_of(masked) == hashed


@pytest.mark.parametrize(
    "array",
    [
        object_array([[1], "x"]),
        object_array([np.array([1]), None]),
        object_array([{"a": 1}]),
        object_array([dt.datetime(2020, 1, 1)]),
        object_array([b"\xff", 1]),
        object_array(["a\ud800"]),
        object_array(["a\ud800", None, b"x"]),
        np.zeros((2, 2)),
        np.zeros(2, np.longdouble),
        np.zeros(2, [("a", "i4")]),
    ],
)
def test_what_has_no_hash_names_its_column(array: np.ndarray) -> None:
    with pytest.raises(InvalidDataset, match="'a'"):
        hashes_of(array)
