"""Policies: what to do when something exists already, fails, or has a checksum."""

from __future__ import annotations

import enum

import attrs

from .errors import InvalidInput


class ConflictPolicy(enum.StrEnum):
    """What to do with a target that exists already."""

    RAISE = "raise"
    REPLACE = "replace"
    SKIP = "skip"


class Access(enum.StrEnum):
    """Who may see an artifact: everyone, or its owner alone."""

    PUBLIC = "public"
    PRIVATE = "private"


class ChecksumStrategy(enum.StrEnum):
    """When an artifact's checksum is verified on loading."""

    VERIFY = "verify"
    VERIFY_UNLESS_ZARR = "verify_unless_zarr"
    IGNORE = "ignore"


@attrs.frozen
class RetryPolicy:
    """Exponential waiting between attempts.

    The wait after attempt n (from 1) is `initial_wait * 2**(n-1)`, at most `max_wait`, of which `jitter`
    (a fraction, 0..1) is drawn at random. A wait the other side asks for (Retry-After) is honoured up to
    `max_wait`. Seconds throughout.
    """

    max_attempts: int = attrs.field(default=5)
    initial_wait: float = attrs.field(default=0.5)
    max_wait: float = attrs.field(default=30.0)
    jitter: float = attrs.field(default=0.25)

    def __attrs_post_init__(self) -> None:
        waits_make_sense = self.initial_wait >= 0 and self.max_wait >= 0 and 0 <= self.jitter <= 1
        if self.max_attempts < 1 or not waits_make_sense:
            raise InvalidInput(
                "retry policy", "needs at least 1 attempt, waits of 0 s or more and a jitter of 0 to 1"
            )

    def wait(self, attempt: int, fraction: float, retry_after: float | None = None) -> float:
        """Seconds to wait after failed attempt number `attempt` (from 1).

        `fraction` in 0..1 is the random draw; it is passed in so that the rule itself is pure.
        """
        if retry_after is not None:
            return min(max(0.0, retry_after), self.max_wait)  # in this order, NaN becomes 0
        full = min(self.initial_wait * 2.0 ** min(attempt - 1, 60), self.max_wait)
        return full * (1 - self.jitter * fraction)


NO_RETRY = RetryPolicy(max_attempts=1)
