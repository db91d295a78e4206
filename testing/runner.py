"""Contract suite of `ports.runner`: subclass `RunnerContract`, say how to make a runner, run pytest."""

from __future__ import annotations

import abc
import threading
from collections.abc import Iterator

import pytest

from ..ports.runner import Runner


def double(number: int) -> int:
    """A function that also a process far away can be sent."""
    return 2 * number


def fail_at_seven(number: int) -> int:
    """Like `double`, but seven is too much."""
    if number == 7:
        raise LookupError("seven")
    return 2 * number


class Counting:
    """Inputs that count how many of them were drawn."""

    def __init__(self, stop: int) -> None:
        self.stop = stop
        self.drawn = 0

    def __iter__(self) -> Iterator[int]:
        for number in range(self.stop):
            self.drawn += 1
            yield number


class RunnerContract(abc.ABC):
    """What every runner does."""

    ahead = 64
    """The runner draws at most this many inputs more than it has given results."""

    @abc.abstractmethod
    def make_runner(self) -> Runner:
        """A new runner."""

    @pytest.fixture
    def runner(self) -> Runner:
        return self.make_runner()

    def test_each_input_gives_one_result(self, runner: Runner) -> None:
        assert sorted(runner.map(double, range(1000))) == [2 * number for number in range(1000)]

    def test_no_input_gives_no_result(self, runner: Runner) -> None:
        assert list(runner.map(double, [])) == []

    def test_nothing_is_drawn_before_a_result_is_asked_for(self, runner: Runner) -> None:
        inputs = Counting(10)
        results = runner.map(double, inputs)
        assert inputs.drawn == 0
        assert len(list(results)) == 10

    def test_inputs_are_drawn_lazily(self, runner: Runner) -> None:
        inputs = Counting(1000)
        for taken, _ in enumerate(runner.map(double, inputs), 1):
            assert inputs.drawn <= taken + self.ahead
        assert inputs.drawn == 1000

    def test_inputs_are_drawn_in_the_thread_that_takes_the_results(self, runner: Runner) -> None:
        # Inputs often read a database whose connection belongs to one thread.
        threads: set[int] = set()

        def inputs() -> Iterator[int]:
            for number in range(200):
                threads.add(threading.get_ident())
                yield number

        assert len(list(runner.map(double, inputs()))) == 200
        assert threads == {threading.get_ident()}

    def test_an_exception_of_the_function_ends_it(self, runner: Runner) -> None:
        inputs = Counting(1000)
        results = runner.map(fail_at_seven, inputs)
        with pytest.raises(LookupError, match="seven"):
            list(results)
        assert inputs.drawn <= 8 + 2 * self.ahead
        assert list(results) == []

    def test_an_exception_of_the_inputs_ends_it(self, runner: Runner) -> None:
        def inputs() -> Iterator[int]:
            yield 1
            raise LookupError("no more inputs")

        results = runner.map(double, inputs())
        with pytest.raises(LookupError, match="no more inputs"):
            list(results)
        assert list(results) == []

    def test_closing_begins_no_new_work(self, runner: Runner) -> None:
        inputs = Counting(1000)
        results = runner.map(double, inputs)
        next(results)
        results.close()  # type: ignore[attr-defined]  # every runner's map is a generator
        assert inputs.drawn <= 1 + self.ahead
        assert list(results) == []

    def test_a_runner_can_be_used_again_and_inside_itself(self, runner: Runner) -> None:
        outer = runner.map(double, range(5))
        assert sum(sum(runner.map(double, range(number))) for number in outer) == sum(
            sum(2 * inner for inner in range(2 * number)) for number in range(5)
        )
