"""SipHash-2-4 of many byte strings at once, in numpy (Aumasson and Bernstein, 2012).

Each string is a lane. The lanes advance together, eight bytes a step, the longest first, so that those still
running are always the first ones.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .arrays import np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Words = NDArray[np.uint64]
    Places = NDArray[np.int64]

PADDING = 8
"""Bytes that must follow the last string, whatever they are: a word is read at the end of each."""

_LANES = 8192
"""Strings in hand: their state stays in the cache of one core."""

_FEW = 6
"""With fewer lanes left than this, plain numbers are faster than arrays of them."""

_WORDS_AT_ONCE = 4096
_START = (0x736F6D6570736575, 0x646F72616E646F6D, 0x6C7967656E657261, 0x7465646279746573)
_MASK = (1 << 64) - 1


def siphash_2_4(data: NDArray[np.uint8], starts: Places, lengths: Places, key: bytes) -> Words:
    """Hash the strings `data[start : start + length]` under a key of 16 bytes.

    `data` goes on for at least `PADDING` bytes behind the last string.
    """
    halves = int.from_bytes(key[:8], "little"), int.from_bytes(key[8:], "little")
    state = [start ^ halves[i & 1] for i, start in enumerate(_START)]
    words = np.ndarray((len(data) - 7,), "<u8", data, strides=(1,))
    out = np.empty(len(starts), np.uint64)
    longest_first = np.argsort(-(lengths >> 3), kind="stable")
    for i in range(0, len(starts), _LANES):
        lanes = longest_first[i : i + _LANES]
        out[lanes] = _hash(words, starts[lanes], lengths[lanes], state)
    return out


def _hash(words: Words, starts: Places, lengths: Places, state: list[int]) -> Words:
    v = [np.full(len(starts), start, np.uint64) for start in state]
    spare = np.empty_like(v[0])
    full = lengths >> 3
    running = np.searchsorted(-full, -np.arange(int(full[0])), side="left").tolist()  # lanes at each step
    for step, count in enumerate(running):
        if count < _FEW:
            for lane in range(count):
                _absorb_one(v, lane, words[int(starts[lane]) + 8 * step :: 8], int(full[lane]) - step)
            break
        _absorb([part[:count] for part in v], words[starts[:count] + 8 * step], spare[:count])
    rest = (lengths & 7).astype(np.uint64)
    last = words[starts + 8 * full] & ((np.uint64(1) << (rest << np.uint64(3))) - np.uint64(1))
    _absorb(v, last | (lengths & 255).astype(np.uint64) << np.uint64(56), spare)
    v[2] ^= np.uint64(0xFF)
    for _ in range(4):
        _round(v, spare)
    return v[0] ^ v[1] ^ v[2] ^ v[3]


def _absorb(v: list[Words], word: Words, spare: Words) -> None:
    v[3] ^= word
    _round(v, spare)
    _round(v, spare)
    v[0] ^= word


def _round(v: list[Words], spare: Words) -> None:
    v0, v1, v2, v3 = v
    v0 += v1
    _rotate(v1, 13, spare)
    v1 ^= v0
    _rotate(v0, 32, spare)
    v2 += v3
    _rotate(v3, 16, spare)
    v3 ^= v2
    v0 += v3
    _rotate(v3, 21, spare)
    v3 ^= v0
    v2 += v1
    _rotate(v1, 17, spare)
    v1 ^= v2
    _rotate(v2, 32, spare)


def _rotate(x: Words, left: int, spare: Words) -> None:
    np.left_shift(x, np.uint64(left), out=spare)
    x >>= np.uint64(64 - left)
    x |= spare


def _absorb_one(v: list[Words], lane: int, words: Words, count: int) -> None:
    """Take in whole words of one lane, as numbers."""
    v0, v1, v2, v3 = (int(part[lane]) for part in v)
    for i in range(0, count, _WORDS_AT_ONCE):
        for word in words[i : min(i + _WORDS_AT_ONCE, count)].tolist():
            v3 ^= word
            for _ in (0, 1):
                v0 = (v0 + v1) & _MASK
                v1 = (v1 << 13 & _MASK | v1 >> 51) ^ v0
                v2 = (v2 + v3) & _MASK
                v3 = (v3 << 16 & _MASK | v3 >> 48) ^ v2
                v0 = ((v0 << 32 & _MASK | v0 >> 32) + v3) & _MASK
                v3 = (v3 << 21 & _MASK | v3 >> 43) ^ v0
                v2 = (v2 + v1) & _MASK
                v1 = (v1 << 17 & _MASK | v1 >> 47) ^ v2
                v2 = v2 << 32 & _MASK | v2 >> 32
            v0 ^= word
    v[0][lane], v[1][lane], v[2][lane], v[3][lane] = v0, v1, v2, v3
