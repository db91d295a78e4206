"""Charts as PNG and SVG, through matplotlib without any window."""

from __future__ import annotations

import io
import math
from collections.abc import Sequence
from typing import Any

import attrs

from ...domain.arrays import np
from ...domain.errors import InvalidInput, MissingExtra
from ...ports.plots import BarChart, Chart, CurveChart, MatrixChart, PlotFormat, ScatterChart

MOST_CHARTS = 24
MOST_BARS = 200
COLUMNS = 3
SIDE = 4.5  # inches
BAR = 0.32  # inches
RASTERED = 5_000
"""Points from which on they are drawn as pixels in an SVG, too."""
INK, SHADE = "#1f5a8c", "#888888"

# What a picture looks like depends on nothing of this machine: neither its settings nor its time nor chance.
SETTINGS: dict[Any, Any] = {
    "svg.hashsalt": "groundtruth",
    "svg.fonttype": "path",
    "font.family": ["DejaVu Sans"],
    "font.size": 9,
    "axes.titlesize": 10,
    "path.simplify": True,
}
METADATA: dict[PlotFormat, dict[str, Any]] = {
    PlotFormat.PNG: {"Software": None},
    PlotFormat.SVG: {"Date": None, "Creator": None},
}


@attrs.frozen
class MatplotlibPlotter:
    """Implements `ports.plots.Plotter`. May be used from several threads, one drawing at a time."""

    dots_per_inch: int = 120

    def draw(self, charts: Sequence[Chart], picture: PlotFormat = PlotFormat.PNG) -> bytes:
        """Draw charts side by side; see the port."""
        if not charts:
            raise InvalidInput("picture", "has no chart", "There is nothing to show")
        if len(charts) > MOST_CHARTS:
            raise InvalidInput(
                "picture", f"would have {len(charts)} charts, more than {MOST_CHARTS}",
                "Choose a metric, a test set or a target",
            )  # fmt: skip
        try:
            import matplotlib as mpl
            from matplotlib.backends.backend_agg import FigureCanvasAgg
            from matplotlib.figure import Figure
        except ImportError as error:
            raise MissingExtra("plots", "plots") from error
        with mpl.rc_context():
            mpl.rcdefaults()
            mpl.rcParams.update(SETTINGS)
            columns = min(COLUMNS, len(charts))
            rows = math.ceil(len(charts) / columns)
            size = (_width(charts) * columns, max(map(_height, charts)) * rows)
            figure = Figure(figsize=size, dpi=self.dots_per_inch, layout="constrained")
            FigureCanvasAgg(figure)
            for place, chart in enumerate(charts, start=1):
                _draw(figure.add_subplot(rows, columns, place), chart)
            held = io.BytesIO()
            figure.savefig(held, format=str(picture), metadata=METADATA[picture])
        return held.getvalue()


def _width(charts: Sequence[Chart]) -> float:
    return SIDE * 1.5 if any(isinstance(chart, BarChart) for chart in charts) else SIDE


def _height(chart: Chart) -> float:
    if isinstance(chart, BarChart):
        return max(2.0, 1.2 + BAR * min(MOST_BARS, len(chart.bars)))
    return SIDE


def _text(text: str, most: int = 60) -> str:
    """A text that matplotlib takes as it is: `$` begins a formula there, and names can be of any length."""
    short = text if len(text) <= most else f"{text[: most - 1]}…"
    return "".join(char if char.isprintable() else "�" for char in short).replace("$", r"\$")


def _draw(axes: Any, chart: Chart) -> None:
    axes.set_title(_text(chart.title))
    match chart:
        case BarChart():
            _bars(axes, chart)
        case ScatterChart():
            _scatter(axes, chart)
        case CurveChart():
            _curves(axes, chart)
        case MatrixChart():
            _matrix(axes, chart)


def _bars(axes: Any, chart: BarChart) -> None:
    bars = chart.bars[:MOST_BARS]
    places, values = np.arange(len(bars)), np.array([bar.value for bar in bars], dtype=np.float64)
    axes.barh(places, np.nan_to_num(values), color=INK, height=0.7)
    for place, bar in enumerate(bars):
        ends = [one for one in (bar.low, bar.high) if one is not None and math.isfinite(one)]
        if len(ends) == 2:
            axes.plot(ends, [place, place], color="black", linewidth=1.5, marker="|")
        right = max([0.0, *ends, bar.value]) if math.isfinite(bar.value) else 0.0
        axes.annotate(f"{bar.value:.4g}", (right, place), (4, 0), textcoords="offset points", va="center", fontsize=7)
    axes.set_yticks(places, [_text(bar.label, 40) for bar in bars])
    axes.invert_yaxis()
    axes.margins(x=0.12)
    axes.set_xlabel(_text(chart.axis))


def _scatter(axes: Any, chart: ScatterChart) -> None:
    truth, predicted = (np.asarray(one, dtype=np.float64) for one in (chart.truth, chart.predicted))
    shown = np.isfinite(truth) & np.isfinite(predicted)
    truth, predicted = truth[shown], predicted[shown]
    axes.scatter(truth, predicted, s=8, color=INK, alpha=0.5, linewidths=0, rasterized=truth.size > RASTERED)
    if truth.size:
        ends = [float(min(truth.min(), predicted.min())), float(max(truth.max(), predicted.max()))]
        axes.plot(ends, ends, color=SHADE, linewidth=1, linestyle="--")
    axes.set_xlabel("true")
    axes.set_ylabel("predicted")


def _curves(axes: Any, chart: CurveChart) -> None:
    for curve in chart.curves:
        axes.plot(curve.x, curve.y, linewidth=1.5, label=_text(curve.label, 30))
    if chart.diagonal:
        axes.plot([0, 1], [0, 1], color=SHADE, linewidth=1, linestyle="--")
    axes.set_xlim(-0.02, 1.02)
    axes.set_ylim(-0.02, 1.02)
    axes.set_xlabel(_text(chart.x_axis))
    axes.set_ylabel(_text(chart.y_axis))
    if len(chart.curves) <= 12:
        axes.legend(fontsize=7)


def _matrix(axes: Any, chart: MatrixChart) -> None:
    counts = np.asarray(chart.counts)
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    if len(chart.labels) <= 20:
        for row, column in np.ndindex(*counts.shape):
            ink = "white" if shares[row, column] > 0.5 else "black"
            axes.text(column, row, str(counts[row, column]), ha="center", va="center", fontsize=7, color=ink)
    if len(chart.labels) <= 40:
        names = [_text(label, 20) for label in chart.labels]
        axes.set_xticks(np.arange(len(names)), names, rotation=90 if len(names) > 6 else 0)
        axes.set_yticks(np.arange(len(names)), names)
    axes.set_xlabel("predicted")
    axes.set_ylabel("true")
