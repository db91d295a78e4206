"""Contract suite of `ports.index_sets`: subclass `IndexSetCodecContract`, say how to make a codec, run pytest."""

from __future__ import annotations

import abc
import hashlib

import pytest

from ..domain.errors import IntegrityError, InvalidInput
from ..domain.index_set import HIGHEST_INDEX, IndexSet
from ..ports.index_sets import IndexSetCodec

EMPTY = bytes.fromhex("3a30000000000000")
FIVE = bytes.fromhex("3b3000000100000400010000000400")  # 0 to 4, as one run
FIVE_LISTED = bytes.fromhex("3a30000001000000000004001000000000000100020003000400")  # the same, run containers unused


class IndexSetCodecContract(abc.ABC):
    """What every codec does."""

    @abc.abstractmethod
    def make_codec(self) -> IndexSetCodec:
        """A new codec."""

    @pytest.fixture
    def codec(self) -> IndexSetCodec:
        return self.make_codec()

    @pytest.mark.parametrize(
        "numbers",
        [
            [],
            [0],
            [HIGHEST_INDEX],
            [5, 3, 5, 0],
            [65535, 65536],
            range(70_000),
            range(0, 200_000, 2),
            [*range(4096), 2**20, *range(2**31, 2**31 + 9)],
        ],
    )
    def test_a_set_comes_back(self, codec: IndexSetCodec, numbers: list[int]) -> None:
        made = IndexSet.of(numbers)
        data = codec.dumps(made)
        read = codec.loads(data)
        assert read == made
        assert list(read) == sorted(set(numbers))
        assert codec.dumps(read) == data == codec.dumps(IndexSet.of(list(read)))

    def test_the_smaller_form_is_written(self, codec: IndexSetCodec) -> None:
        assert codec.dumps(IndexSet.of([])) == EMPTY
        assert codec.dumps(IndexSet.of(range(5))) == FIVE

    def test_a_set_that_was_read_is_written_back_unchanged(self, codec: IndexSetCodec) -> None:
        read = codec.loads(FIVE_LISTED)
        assert read == codec.loads(FIVE)
        assert codec.dumps(read) == FIVE_LISTED
        assert codec.md5(read) == hashlib.md5(FIVE_LISTED, usedforsecurity=False).hexdigest()
        assert codec.md5(read) != codec.md5(codec.loads(FIVE))

    @pytest.mark.parametrize("end", range(len(FIVE_LISTED)))
    def test_cut_bytes_are_refused(self, codec: IndexSetCodec, end: int) -> None:
        with pytest.raises(IntegrityError, match=r"train\.roaring"):
            codec.loads(FIVE_LISTED[:end], source="train.roaring")

    def test_bytes_after_the_end_are_refused(self, codec: IndexSetCodec) -> None:
        with pytest.raises(IntegrityError):
            codec.loads(FIVE + b"\0")

    @pytest.mark.parametrize("data", [b"not a set", b"\0" * 64, b"\xff" * 64, FIVE_LISTED[:-4] + b"\3\0\3\0"])
    def test_other_bytes_are_refused(self, codec: IndexSetCodec, data: bytes) -> None:
        with pytest.raises(IntegrityError):
            codec.loads(data)

    def test_a_set_may_not_be_larger_than_expected(self, codec: IndexSetCodec) -> None:
        data = codec.dumps(IndexSet.of(range(1000)))
        assert len(codec.loads(data, most=1000)) == 1000
        with pytest.raises(InvalidInput, match="999"):
            codec.loads(data, most=999)
