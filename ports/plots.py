"""Charts of results, and who draws them. A chart holds the numbers that are shown, nothing is computed in drawing."""

from __future__ import annotations

import enum
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Protocol

import attrs

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Bar", "BarChart", "Chart", "Curve", "CurveChart", "MatrixChart", "PlotFormat", "Plotter", "ScatterChart"]


class PlotFormat(enum.StrEnum):
    """Kinds of picture."""

    PNG = "png"
    SVG = "svg"


@attrs.frozen
class Bar:
    """A value, and the ends of its interval where it has one. NaN is drawn as no bar."""

    label: str
    value: float
    low: float | None = None
    high: float | None = None


@attrs.frozen
class BarChart:
    """Bars from top to bottom."""

    title: str
    axis: str
    bars: tuple[Bar, ...] = attrs.field(converter=tuple)


@attrs.frozen(eq=False)
class ScatterChart:
    """Predicted against true values, one point each, and the line on which they are equal."""

    title: str
    truth: NDArray[Any]
    predicted: NDArray[Any]


@attrs.frozen(eq=False)
class Curve:
    """Points in their order."""

    label: str
    x: NDArray[Any]
    y: NDArray[Any]


@attrs.frozen(eq=False)
class CurveChart:
    """Curves in the unit square; `diagonal` draws what chance would reach."""

    title: str
    x_axis: str
    y_axis: str
    curves: tuple[Curve, ...] = attrs.field(converter=tuple)
    diagonal: bool = False


@attrs.frozen(eq=False)
class MatrixChart:
    """Counts by true (rows) and predicted class (columns)."""

    title: str
    labels: tuple[str, ...] = attrs.field(converter=tuple)
    counts: NDArray[Any]


Chart = BarChart | ScatterChart | CurveChart | MatrixChart


class Plotter(Protocol):
    """Draws charts."""

    def draw(self, charts: Sequence[Chart], picture: PlotFormat = PlotFormat.PNG) -> bytes:
        """Draw charts side by side as one picture. The same charts give the same bytes with the same library.

        Raises:
            InvalidInput: there is none, or more than fit on a picture.
            MissingExtra: the library is not installed.
        """
        ...
