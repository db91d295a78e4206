"""Subset: rows of a dataset as inputs and targets (reference: Polaris, section 8).

A subset that hides its targets is given nothing of their columns in the first place, so there is no way from it to
them: not by attributes, pickling, copying or errors. Columns in files know where their own files are, so whoever may
read those can; labels that nobody may see stay on a hub, as those of a competition do.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, cast

import attrs

from .array_dataset import ArrayDataset, ColumnAdapter, apply_adapter
from .arrays import np
from .columns import Columns, object_array, resolve_rows
from .errors import HiddenTargets, InvalidInput, MissingExtra, NotFound, RowNotFound
from .index_set import whole_numbers
from .read_ahead import packed, read_ahead, rows_of, stacked

if TYPE_CHECKING:
    import pandas  # pyright: ignore[reportMissingTypeStubs]
    from numpy.typing import NDArray

    Values = NDArray[Any] | dict[str, NDArray[Any]]

__all__ = ["Subset"]

Featurize = Callable[[Any], Any]
Names = str | Iterable[str]


def column_names(names: Names) -> tuple[str, ...]:
    """One name or several, each once, in the order given."""
    return (names,) if isinstance(names, str) else tuple(dict.fromkeys(names))


@attrs.frozen(eq=False, repr=False)
class Subset:
    """Rows of a table, in the order of `indices` (positions; repeats are fine).

    One column makes bare values, several make dicts of column to value. `featurization_fn` is given the inputs of a
    row, never its targets. Nothing changes after construction: threads may share a subset, iterators are
    independent, and it can be pickled if its columns and function can.
    """

    columns: Columns
    indices: NDArray[np.intp]
    input_cols: tuple[str, ...] = attrs.field(converter=column_names)
    target_cols: tuple[str, ...] = attrs.field(converter=column_names)
    adapters: Mapping[str, Callable[[Any], Any]] = attrs.field(factory=dict[str, Callable[[Any], Any]])
    featurization_fn: Featurize | None = None
    hide_targets: bool = False

    def __attrs_post_init__(self) -> None:
        if not self.input_cols or not self.target_cols:
            raise InvalidInput("subset", "needs at least one input column and one target column")
        if self.hide_targets:
            self._forget_targets()
        known = self.columns.names
        for name in (*self.input_cols, *(() if self.hide_targets else self.target_cols)):
            if name not in known:
                raise NotFound("column", name, f"columns {', '.join(known)}")
        rows = resolve_rows(whole_numbers(self.indices, "subset"), self.columns.n_rows)
        positions = np.asarray(rows, dtype=np.intp)
        positions.flags.writeable = False
        object.__setattr__(self, "indices", positions)

    def _forget_targets(self) -> None:
        hidden = set(self.target_cols) - set(self.input_cols)
        kept = [name for name in self.columns.names if name not in hidden]
        object.__setattr__(self, "columns", self.columns.project(kept))
        object.__setattr__(self, "adapters", {name: one for name, one in self.adapters.items() if name in kept})

    @classmethod
    def of(
        cls,
        dataset: ArrayDataset,
        indices: Iterable[int] | NDArray[Any],
        input_cols: Names,
        target_cols: Names,
        adapters: Mapping[str, ColumnAdapter] | None = None,
        featurization_fn: Featurize | None = None,
        hide_targets: bool = False,
    ) -> Subset:
        """Take rows of a dataset, by position; `adapters` override those of the dataset.

        Raises:
            NotFound: no such column, or no such row.
            InvalidInput: no input or no target, or rows that are not whole numbers.
        """
        chosen = {**dataset.default_adapters, **(adapters or {})}
        return cls(
            dataset.columns,
            cast("NDArray[np.intp]", indices),
            input_cols,
            target_cols,
            {name: partial(apply_adapter, dataset.adapt, adapter) for name, adapter in chosen.items()},
            featurization_fn,
            hide_targets,
        )

    def __repr__(self) -> str:
        targets = f"{', '.join(self.target_cols)}{' (hidden)' if self.hide_targets else ''}"
        return f"Subset({len(self)} rows, {', '.join(self.input_cols)} -> {targets})"

    # --- rows ------------------------------------------------------------------------------------------

    def __len__(self) -> int:
        return len(self.indices)

    def __getitem__(self, key: Any) -> Any:
        """Read `[i]`: the pair `(x, y)`, or `x` alone where targets are hidden. Negative ones count from the end.

        A slice, a mask or a list of such numbers gives the subset of these rows.

        Raises:
            RowNotFound: there is no such row; it is an IndexError, too.
        """
        if not hasattr(key, "__index__") or getattr(key, "ndim", 0):  # an array has the method whatever it holds
            return attrs.evolve(self, indices=self.indices[_places(key, len(self))])
        try:
            position = int(self.indices[operator.index(key)])
        except IndexError:
            raise RowNotFound(name=str(key), where=f"a subset of {len(self)} rows") from None
        row = {name: self._value(name, position) for name in self._shown}
        x = _one_or_all(row, self.input_cols)
        x = x if self.featurization_fn is None else self.featurization_fn(x)
        return x if self.hide_targets else (x, _one_or_all(row, self.target_cols))

    def __iter__(self) -> Iterator[Any]:
        for values in read_ahead(self._read, self._shown, self.indices):
            xs = self._featurized(rows_of(values, self.input_cols))
            yield from xs if self.hide_targets else zip(xs, rows_of(values, self.target_cols), strict=True)

    # --- arrays ----------------------------------------------------------------------------------------

    @property
    def X(self) -> Values:
        """Inputs of all rows: an array, or for several columns a dict of arrays. Empty subsets give float64."""
        return self._input_arrays()

    @property
    def y(self) -> Values:
        """Targets of all rows, in the form of `X`; raises HiddenTargets."""
        if self.hide_targets:
            raise HiddenTargets()
        return _one_or_all({name: self._array(name) for name in self.target_cols}, self.target_cols)

    inputs = X
    targets = y

    def as_array(self, data_type: str) -> Any:
        """Read all rows: `x` for inputs, `y` for targets, `xy` for the pair.

        Raises:
            HiddenTargets: targets were asked for, and are hidden.
            InvalidInput: another type, or `featurization_fn` does not give a dict of the inputs where there are
                several.
        """
        match data_type:
            case "x":
                return self.X
            case "y":
                return self.y
            case "xy":
                targets = self.y  # first, as it may be refused
                return self.X, targets
            case _:
                raise InvalidInput(f"data type {data_type!r}", "is not known", "Use 'x', 'y' or 'xy'")

    def as_dataframe(self) -> pandas.DataFrame:
        """Inputs, featurised, and targets unless hidden, as columns of a pandas DataFrame.

        Raises:
            MissingExtra: pandas is not installed.
            InvalidInput: a column has more than one dimension.
        """
        try:
            import pandas  # pyright: ignore[reportMissingTypeStubs]
        except ImportError as error:
            raise MissingExtra("a data frame", "pandas") from error
        columns = _by_name(self.X, self.input_cols)
        if not self.hide_targets:
            columns |= _by_name(self.y, self.target_cols)
        for name, values in columns.items():
            if values.ndim != 1:
                raise InvalidInput(f"column '{name}'", "has several values per row, which a data frame cannot hold")
        return pandas.DataFrame(columns)

    # --- other columns ---------------------------------------------------------------------------------

    def extend_inputs(self, input_cols: Names) -> Subset:
        """Copy with these inputs as well; raises NotFound, or HiddenTargets for a hidden target."""
        added = column_names(input_cols)
        if self.hide_targets and not set(added).isdisjoint(set(self.target_cols) - set(self.input_cols)):
            raise HiddenTargets()
        return attrs.evolve(self, input_cols=(*self.input_cols, *added))

    def filter_targets(self, target_cols: Names) -> Subset:
        """Copy with only these targets, in the order they have here.

        Raises:
            InvalidInput: one of them is no target of this subset, or none is named.
        """
        wanted = column_names(target_cols)
        unknown = [name for name in wanted if name not in self.target_cols]
        if unknown or not wanted:
            raise InvalidInput(
                f"target {unknown[0]!r}" if unknown else "an empty list of targets",
                "is none of this subset",
                f"Targets are: {', '.join(self.target_cols)}",
            )
        return attrs.evolve(self, target_cols=[name for name in self.target_cols if name in wanted])

    # --- reading ---------------------------------------------------------------------------------------

    @property
    def _shown(self) -> tuple[str, ...]:
        return self.input_cols if self.hide_targets else column_names((*self.input_cols, *self.target_cols))

    def _value(self, name: str, position: int) -> Any:
        value, adapter = self.columns.row(name, position), self.adapters.get(name)
        return value if adapter is None else adapter(value)

    def _read(self, name: str, positions: NDArray[np.intp]) -> NDArray[Any]:
        values, adapter = self.columns.read(name, positions), self.adapters.get(name)
        return values if adapter is None else object_array(map(adapter, values), len(values))

    def _array(self, name: str) -> NDArray[Any]:
        return packed(self._read(name, self.indices)) if len(self) else np.empty(0)

    def _featurized(self, xs: Iterable[Any]) -> Iterable[Any]:
        return xs if self.featurization_fn is None else map(self.featurization_fn, xs)

    def _input_arrays(self) -> Values:
        names = self.input_cols
        if self.featurization_fn is None or not len(self):
            return _one_or_all({name: self._array(name) for name in names}, names)
        found: list[Any] = []
        for values in read_ahead(self._read, names, self.indices):
            found.extend(self._featurized(rows_of(values, names)))
        if len(names) == 1:
            return stacked(found)
        for x in found:
            if not isinstance(x, Mapping) or not set(names) <= cast("Mapping[str, Any]", x).keys():
                raise InvalidInput(
                    "featurization_fn", "does not give a dict of all inputs", f"The inputs are: {', '.join(names)}"
                )
        return {name: stacked([x[name] for x in found]) for name in names}


def _one_or_all(values: dict[str, Any], names: tuple[str, ...]) -> Any:
    return values[names[0]] if len(names) == 1 else {name: values[name] for name in names}


def _by_name(values: Values, names: tuple[str, ...]) -> dict[str, NDArray[Any]]:
    return dict(values) if isinstance(values, dict) else {names[0]: values}


def _places(key: Any, count: int) -> Any:
    """Positions in the list of rows; raises RowNotFound."""
    try:
        return resolve_rows(key, count)
    except RowNotFound:
        raise
    except NotFound as error:
        raise RowNotFound(error.kind, error.name, f"a subset of {count} rows") from None
