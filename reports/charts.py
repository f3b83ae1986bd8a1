"""Small pictures as inline SVG: no script, no colour of their own (the page's style gives it), and words for those who
do not see them. A gap in a line is an unknown, never a zero.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from markupsafe import Markup

SPARK_WIDTH, SPARK_HEIGHT = 96, 26
CURVE_WIDTH, CURVE_HEIGHT = 440, 230
LEFT, RIGHT, TOP, BOTTOM = 44, 4, 10, 28


def spark(series: Sequence[float | None], *, label: str) -> Markup:
    """Return a line of a series from zero up, its last point marked."""
    top = max((point for point in series if point is not None), default=0) or 1
    step = (SPARK_WIDTH - 8) / max(len(series) - 1, 1)
    points = [
        None if point is None else (4 + index * step, SPARK_HEIGHT - 4 - point / top * (SPARK_HEIGHT - 8))
        for index, point in enumerate(series)
    ]
    lines = Markup("").join(
        Markup('<polyline points="{}"/>').format(_points(run)) for run in _runs(points) if len(run) > 1
    )
    dots = Markup("")
    if points and points[-1] is not None:
        dots = Markup('<circle cx="{:.1f}" cy="{:.1f}" r="2.4"/>').format(*points[-1])
    return Markup(
        '<svg class="spark" viewBox="0 0 {} {}" preserveAspectRatio="xMinYMid meet" role="img" aria-label="{}">'
        '<line x1="4" y1="{}" x2="{}" y2="{}"/>{}{}</svg>'
    ).format(SPARK_WIDTH, SPARK_HEIGHT, label, SPARK_HEIGHT - 4, SPARK_WIDTH - 4, SPARK_HEIGHT - 4, lines, dots)


def bar(share: float | None, *, kind: str = "") -> Markup:
    """Return a bar of a share of its own width; decoration beside a number, so hidden from readers' machines."""
    width = 0.0 if share is None else max(0.0, min(1.0, share)) * 100
    return Markup(
        '<svg class="bar {}" viewBox="0 0 100 6" preserveAspectRatio="none" aria-hidden="true" focusable="false">'
        '<rect class="whole" width="100" height="6"/><rect class="part" width="{:.2f}" height="6"/></svg>'
    ).format(kind, width)


def mix(shares: Sequence[float], *, label: str) -> Markup:
    """Return one bar of stacked shares, in order."""
    parts, left = Markup(""), 0.0
    for index, share in enumerate(shares):
        parts += Markup('<rect class="m{}" x="{:.2f}" width="{:.2f}" height="10"/>').format(
            min(index, 5), left * 100, max(share * 100 - 0.4, 0.2)
        )
        left += share
    return Markup(
        '<svg class="mix" viewBox="0 0 100 10" preserveAspectRatio="none" role="img" aria-label="{}">{}</svg>'
    ).format(label, parts)


def waiting_curve(
    hours: Sequence[float],
    shares: Sequence[float | None],
    low: Sequence[float | None],
    high: Sequence[float | None],
    *,
    marks: Sequence[tuple[float, str]],
    levels: Sequence[tuple[float, str]],
    label: str,
) -> Markup:
    """Return a falling step line with its band; time is on a logarithmic axis so that the first hours can be seen."""
    longest = max(hours)

    def x(hour: float) -> float:
        return LEFT + math.log1p(hour) / math.log1p(longest) * (CURVE_WIDTH - LEFT - RIGHT)

    def y(share: float) -> float:
        return TOP + (1 - share) * (CURVE_HEIGHT - TOP - BOTTOM)

    known = [
        (hour, share, a, b) for hour, share, a, b in zip(hours, shares, low, high, strict=True) if share is not None
    ]
    line = _steps([(x(hour), y(share)) for hour, share, _, _ in known])
    band = [(x(hour), y(a), y(b)) for hour, _, a, b in known if a is not None and b is not None]
    lower, upper = _steps([(h, a) for h, a, _ in band]), _steps([(h, b) for h, _, b in band])
    grid = Markup("").join(
        Markup('<line class="grid" x1="{}" x2="{}" y1="{:.1f}" y2="{:.1f}"/>'
               '<text x="{}" y="{:.1f}" text-anchor="end" data-meta="">{}</text>').format(
            LEFT, CURVE_WIDTH - RIGHT, y(level), y(level), LEFT - 8, y(level) + 4, text
        )
        for level, text in levels
    )  # fmt: skip
    ticks = Markup("").join(
        Markup('<line class="grid" x1="{0:.1f}" x2="{0:.1f}" y1="{1}" y2="{2}"/>'
               '<text x="{0:.1f}" y="{3}" text-anchor="{5}" data-meta="">{4}</text>').format(
            x(hour), TOP, CURVE_HEIGHT - BOTTOM, CURVE_HEIGHT - BOTTOM + 18, text,
            "end" if hour == longest else "middle",
        )
        for hour, text in marks
    )  # fmt: skip
    return Markup(
        '<svg class="curve" viewBox="0 0 {} {}" role="img" aria-label="{}">{}{}'
        '<polygon points="{}"/><polyline points="{}"/></svg>'
    ).format(CURVE_WIDTH, CURVE_HEIGHT, label, grid, ticks, _points([*lower, *reversed(upper)]), _points(line))


def _steps(points: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """Return the corners of a step line through points: flat, then down."""
    corners: list[tuple[float, float]] = []
    for x, y in points:
        if corners:
            corners.append((x, corners[-1][1]))
        corners.append((x, y))
    return corners


def _runs(points: Sequence[tuple[float, float] | None]) -> list[list[tuple[float, float]]]:
    runs: list[list[tuple[float, float]]] = [[]]
    for point in points:
        if point is None:
            runs.append([])
        else:
            runs[-1].append(point)
    return runs


def _points(points: Sequence[tuple[float, float]]) -> str:
    return " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
