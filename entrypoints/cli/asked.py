"""Making no more of the command line than the command that is run needs.

There are many commands, and describing all of them to argparse takes a tenth of the time that a short one takes.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from itertools import takewhile
from typing import Any


class Unasked:
    """Stands for a command that is not asked for: takes its description and forgets it."""

    def __getattr__(self, name: str) -> Any:
        return lambda *args, **kwargs: self


class Commands(argparse._SubParsersAction):
    """Commands of the program or of a group, of which only the one that `words` begin with is made, if there are any.

    `group` is that one's own commands, if it has some.
    """

    words: Sequence[str] = ()
    group: Commands | None = None

    def add_parser(self, name: str, **options: Any) -> Any:
        """Make a command, if it is asked for."""
        return Unasked() if self.words and self.words[0] != name else super().add_parser(name, **options)

    def add_group(self, parser: Any) -> Commands:
        """Make a command that was added last a group of commands."""
        if isinstance(parser, Unasked):
            return parser  # type: ignore[return-value]
        self.group = Commands.of(parser, self.words[1:])
        return self.group

    @classmethod
    def of(cls, parser: argparse.ArgumentParser, words: Sequence[str] = ()) -> Commands:
        """The commands of a parser."""
        made: Any = parser.add_subparsers(title="commands", metavar="COMMAND", action=cls)
        made.words = words
        return made

    @property
    def is_found(self) -> bool:
        """False if there is no such command."""
        if not self.words:
            return True
        return self.words[0] in self.choices and (self.group is None or self.group.is_found)


def words_of(arguments: Sequence[str]) -> Sequence[str]:
    """What may name a command: all in front of the first option. None of it if what is asked for is help."""
    words = list(takewhile(lambda argument: not argument.startswith("-"), arguments))
    return [] if words[:1] == ["help"] else words
