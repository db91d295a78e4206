"""An API of the Darwin adapter over a fake web, and everything it was made with."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import attrs

from groundtruth.adapters.darwin.api import Api
from groundtruth.adapters.memory import FakeClock, MemoryProgress
from groundtruth.domain.dataset import Dataset
from groundtruth.domain.policies import RetryPolicy

from .fake_web import FakeWeb, Reply, Sent, reply

HUB = "https://hub.example"
KEY = "abcdefg.0123456789abcdef0123456789abcdef"
RETRY = RetryPolicy(max_attempts=4, initial_wait=2.0, max_wait=10.0, jitter=0.0)
DATASET = Dataset(7, "My Set", "my-set", "acme")

Answer = Callable[[Sent], Any]


@attrs.define
class FakeHub:
    """A hub that answers each `METHOD path` (below `/api/`) by what is said for it: JSON, a reply, or a function.

    Anything else is answered with 404.
    """

    answers: dict[str, Any] = attrs.field(factory=dict)
    web: FakeWeb = attrs.field(init=False)
    clock: FakeClock = attrs.field(factory=FakeClock)
    progress: MemoryProgress = attrs.field(factory=MemoryProgress)

    def __attrs_post_init__(self) -> None:
        self.web = FakeWeb(self._answer)

    def api(self, keys: dict[str, str] | None = None, **options: Any) -> Api:
        """An API of this hub."""
        return Api(
            options.pop("url", HUB),
            {"acme": KEY} if keys is None else keys,
            self.web,
            clock=self.clock,
            progress=self.progress,
            **{"retry": RETRY, **options},
        )

    @property
    def asked(self) -> list[str]:
        """`METHOD path` of every request, below `/api/` where it is one of the API."""
        return [_name(sent) for sent in self.web.sent]

    def _answer(self, sent: Sent) -> Any:
        answer = self.answers.get(_name(sent), reply({"errors": {"detail": "not found"}}, 404))
        return answer(sent) if callable(answer) and not isinstance(answer, Reply) else answer


def _name(sent: Sent) -> str:
    below = f"{HUB}/api/"
    address = sent.url.partition("?")[0]
    return f"{sent.method} {address.removeprefix(below)}"


def item_record(name: str = "a.jpg", **changes: Any) -> dict[str, Any]:
    """An item as a hub sends it."""
    record = {
        "id": f"id-{name}",
        "name": name,
        "path": "/",
        "dataset_id": DATASET.id,
        "status": "new",
        "slots": [{"slot_name": "0", "type": "image", "file_name": name, "size_bytes": 5}],
        "inserted_at": "2026-01-01T00:00:00Z",
        "updated_at": "2026-01-02T00:00:00Z",
    }
    return {**record, **changes}
