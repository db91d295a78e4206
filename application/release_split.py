"""How the rows made of a release are divided into training and test rows.

It is always items that are divided: all frames of a video, and all slots of an item, are on one side. Rows for
validation count among the training rows, since a benchmark knows only these and test rows.
"""

from __future__ import annotations

import enum
import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, cast

import attrs

from ..domain.arrays import np
from ..domain.benchmark_split import SplitV2
from ..domain.errors import InvalidDocument, InvalidInput, NotFound
from ..domain.split import PARTITIONS, Split, random_split
from ..domain.stratified_split import stratified_split
from ..ports.files import WritableFiles
from ..ports.library import LocalRelease
from .release_rows import Row

TEST = "test"


class SplitKind(enum.StrEnum):
    """Where a split comes from."""

    RANDOM = "random"
    STRATIFIED = "stratified"
    LISTS = "lists"
    FILE = "file"


@attrs.frozen
class SplitChoice:
    """Which split to take.

    `random` and `stratified` need the fraction `test` and the `seed`. `lists` are those of the release: `source` is
    `FOLDER/KIND` below its `lists/`, as in `default/random` (`groundtruth dataset split` makes them) or
    `default/stratified_polygon`. `file` is a JSON file `source`, `{"train": [...], "test": [...]}`, whose texts are
    names of rows, or full paths of items for all rows of these; `val` counts as `train`.
    """

    kind: SplitKind = SplitKind.RANDOM
    test: float = 0.2
    seed: int = 0
    source: str = ""

    @classmethod
    def parse(cls, text: str, test: float = 0.2, seed: int = 0) -> SplitChoice:
        """Read `random`, `stratified`, `lists`, `lists:FOLDER`, `lists:FOLDER/KIND` or the path of a file."""
        word, _, source = text.partition(":")
        if word == SplitKind.LISTS:
            folder, _, kind = source.partition("/")
            return cls(SplitKind.LISTS, test, seed, f"{folder or 'default'}/{kind or 'random'}")
        if text in (SplitKind.RANDOM, SplitKind.STRATIFIED):
            return cls(SplitKind(text), test, seed)
        if not Path(text).suffix:
            raise InvalidInput(
                f"split {text!r}", "is not known", "Use random, stratified, lists, lists:FOLDER/KIND or a JSON file"
            )
        return cls(SplitKind.FILE, test, seed, text)

    def __str__(self) -> str:
        if self.kind in (SplitKind.RANDOM, SplitKind.STRATIFIED):
            return f"{self.kind}, {self.test:g} test, seed {self.seed}"
        # Not the path: it says something of this machine, and nothing to anybody else.
        return f"{self.kind} {self.source}" if self.kind is SplitKind.LISTS else self.kind.value


@attrs.frozen
class SplitRows:
    """Divide rows as a choice has it."""

    files: WritableFiles

    def __call__(self, choice: SplitChoice, rows: Sequence[Row], release: LocalRelease) -> SplitV2:
        """Divide rows into training and test.

        Raises:
            InvalidInput: fraction or seed out of range, too few items, or an item on both sides.
            NotFound: the release has no such lists, or a file names what is no row.
            InvalidDocument: a file is not of that form.
        """
        match choice.kind:
            case SplitKind.RANDOM:
                items = list(dict.fromkeys(row.item for row in rows))
                sides = _by_item(items, random_split(len(items), 0, choice.test, choice.seed))
            case SplitKind.STRATIFIED:
                sides = _stratified(rows, choice)
            case SplitKind.LISTS:
                sides = self._lists(choice.source, release)
                return _split(sides.get(_document(row.document), "") for row in rows)
            case SplitKind.FILE:
                sides = self._file(Path(choice.source), rows)
                return _split(sides.get(row.name, sides.get(row.item, "")) for row in rows)
        return _split(sides[row.item] for row in rows)

    def _lists(self, source: str, release: LocalRelease) -> dict[str, str]:
        """Side of each document, by its path below `annotations/`; the lists may be of another machine."""
        folder, _, kind = source.partition("/")
        parts: dict[str, list[str]] = {}
        for part in PARTITIONS:
            path = release.path / "lists" / folder / f"{kind}_{part}.txt"
            if not self.files.exists(path):
                advice = f"Make them with: groundtruth dataset split {release.reference} -v 0.1 -t 0.2"
                raise NotFound("list", f"{folder}/{path.name}", f"{release.path / 'lists'}", advice)
            text = self.files.read(path).decode("utf-8", "surrogateescape")
            parts[part] = [_document(Path(line)) for line in text.splitlines() if line]
        return _sides(parts, f"lists {source}")

    def _file(self, path: Path, rows: Sequence[Row]) -> dict[str, str]:
        try:
            held: Any = json.loads(self.files.read(path))
        except ValueError as error:
            raise InvalidDocument("split", f"is no JSON: {error}", "", str(path)) from error
        sides = _sides(_parts(held, path), f"file {path}")
        known = {row.name for row in rows} | {row.item for row in rows}
        unknown = next((name for name in sides if name not in known), None)
        if unknown is not None:
            raise NotFound("row", unknown, "the chosen items of the release", f"It is named in {path}")
        return sides


def _parts(held: Any, path: Path) -> dict[str, list[str]]:
    """The lists of a split file, by their part."""
    expected = 'Write {"train": [...], "test": [...]} with names of rows or items'
    if not isinstance(held, dict) or not {"train", TEST} <= cast("dict[str, Any]", held).keys() <= set(PARTITIONS):
        raise InvalidDocument("split", "has other keys than train, val and test", expected, str(path))
    parts = cast("dict[str, Any]", held)
    for part, names in parts.items():
        listed = cast("list[Any]", names) if isinstance(names, list) else [None]
        if not all(isinstance(name, str) for name in listed):
            raise InvalidDocument("split", "is no list of texts", expected, str(path), f"$.{part}")
    return parts


def _sides(parts: Mapping[str, Iterable[str]], where: str) -> dict[str, str]:
    """The part of each name.

    Raises:
        InvalidInput: one is in two parts.
    """
    sides: dict[str, str] = {}
    for part, names in parts.items():
        for name in names:
            if sides.setdefault(name, part) != part:
                raise InvalidInput(where, f"have '{name}' both in {sides[name]} and in {part}", "Name it once")
    return sides


def _document(path: Path) -> str:
    """Path of a document below the last folder `annotations`."""
    parts = path.parts
    above = max((i for i, part in enumerate(parts[:-1]) if part == "annotations"), default=len(parts) - 2)
    return "/".join(parts[above + 1 :])


def _by_item(items: Sequence[str], split: Split) -> dict[str, str]:
    return {items[position]: part for part, positions in split.partitions.items() for position in positions}


def _stratified(rows: Sequence[Row], choice: SplitChoice) -> dict[str, str]:
    """Side of each item; the classes of an item are those of all its rows."""
    classes: dict[str, set[str]] = {}
    for row in rows:
        classes.setdefault(row.item, set()).update(row.classes)
    names = {name: place for place, name in enumerate(sorted(set[str]().union(*classes.values())))}
    has_class = np.zeros((len(classes), len(names)), dtype=bool)
    for place, found in enumerate(classes.values()):
        has_class[place, [names[name] for name in found]] = True
    return _by_item(list(classes), stratified_split(has_class, choice.test, choice.seed))


def _split(sides: Iterable[str]) -> SplitV2:
    """The split of rows whose sides are given in order; rows without one are in neither."""
    training: list[int] = []
    test: list[int] = []
    for position, side in enumerate(sides):
        if side:
            (test if side == TEST else training).append(position)
    return SplitV2.of(training, test)
