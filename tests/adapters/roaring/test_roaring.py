from __future__ import annotations

import base64
import json
import random
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from groundtruth.adapters.roaring import RoaringCodec
from groundtruth.domain.errors import IntegrityError, InvalidInput
from groundtruth.domain.index_set import IndexSet
from groundtruth.testing.index_sets import IndexSetCodecContract


class TestRoaringCodec(IndexSetCodecContract):
    def make_codec(self) -> RoaringCodec:
        return RoaringCodec()


def indices(of: Any) -> list[int]:
    return list(range(*of["range"])) if isinstance(of, dict) else of


def test_golden_cases(vectors: Path) -> None:
    codec = RoaringCodec()
    for case in json.loads((vectors / "polaris" / "benchmarks_v2.json").read_text())["index_sets"]:
        data, numbers = base64.b64decode(case["serialized_base64"]), indices(case["indices"])
        read, made = codec.loads(data, source=case["kind"]), IndexSet.of(numbers)
        assert (list(read), read.highest, len(read)) == (sorted(set(numbers)), case.get("max"), case["datapoints"])
        assert (codec.dumps(read), codec.md5(read)) == (data, case["md5_checksum"])
        if "not_run_optimized" in case["kind"]:
            assert codec.dumps(made) != data
        else:
            assert (codec.dumps(made), codec.md5(made)) == (data, case["md5_checksum"])


def test_golden_splits(vectors: Path) -> None:
    codec = RoaringCodec()
    document = json.loads((vectors / "polaris" / "head_multisplit_v2.json").read_text())
    for case in document["specs"]:
        for label, parts in case["expected"].get("value", {}).get("roaring_base64", {}).items():
            for numbers, text in zip(case["splits"][label], parts.values(), strict=True):
                assert codec.dumps(IndexSet.of(numbers)) == base64.b64decode(text)


@given(st.sets(st.integers(0, 300) | st.integers(65_530, 65_600) | st.integers(0, 2**32 - 1)))
def test_any_set_comes_back(numbers: set[int]) -> None:
    codec = RoaringCodec()
    assert list(codec.loads(codec.dumps(IndexSet.of(numbers)))) == sorted(numbers)


def test_a_small_file_cannot_ask_for_much_memory() -> None:
    # 65,536 runs that fill their containers: all 4,294,967,296 numbers.
    head = (12347 | 65535 << 16).to_bytes(4, "little") + b"\xff" * 8192
    keys = b"".join(key.to_bytes(2, "little") + b"\xff\xff" for key in range(65536))
    first = len(head) + len(keys) + 4 * 65536
    offsets = b"".join((first + 6 * i).to_bytes(4, "little") for i in range(65536))
    with pytest.raises(InvalidInput, match="4294967296"):
        RoaringCodec().loads(head + keys + offsets + b"\1\0\0\0\xff\xff" * 65536)


def test_damaged_bytes_are_refused_or_still_a_set() -> None:
    chance = random.Random(7)
    codec = RoaringCodec()
    whole = codec.dumps(IndexSet.of([*range(9, 500), *range(70_000, 70_300, 7), 2**31]))
    for _ in range(3000):
        data = bytearray(whole)
        for _ in range(chance.randint(1, 4)):
            data[chance.randrange(len(data))] = chance.randrange(256)
        try:
            read = list(codec.loads(bytes(data)))
        except IntegrityError:
            continue
        assert read == sorted(set(read))
