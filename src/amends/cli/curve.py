"""A sweep as a picture: findings over the values tried, and beside them recall and precision. Plain SVG."""

import math
from collections.abc import Callable, Sequence
from html import escape
from typing import Final

from amends.detection.backtest import Score, Sweep

_WIDTH: Final = 720
_HEIGHT: Final = 380
_LEFT: Final = 64
_RIGHT: Final = 64
_TOP: Final = 64
_BOTTOM: Final = 64
_LOG_FROM: Final = 20
"""Values that span so many times the least are set on a logarithmic scale."""
_STYLE: Final = """
text { font: 13px system-ui, sans-serif; fill: #1f2937 }
.back { fill: #ffffff }
.title { font-size: 16px; font-weight: 600 }
.small { font-size: 11px; fill: #4b5563 }
.grid { stroke: #e5e7eb }
.now { stroke: #6b7280; stroke-dasharray: 3 3 }
.line { fill: none; stroke-width: 2 }
.findings { stroke: #2563eb } .findings-dot { fill: #2563eb }
.recall { stroke: #15803d; stroke-dasharray: 7 4 } .recall-dot { fill: #15803d }
.precision { stroke: #b45309; stroke-dasharray: 2 3 } .precision-dot { fill: #b45309 }
@media (prefers-color-scheme: dark) {
  text { fill: #e5e7eb } .back { fill: #111827 } .small { fill: #9ca3af } .grid { stroke: #374151 }
  .findings { stroke: #60a5fa } .findings-dot { fill: #60a5fa }
  .recall { stroke: #4ade80 } .recall-dot { fill: #4ade80 }
  .precision { stroke: #fbbf24 } .precision-dot { fill: #fbbf24 }
}
"""


def chart_of(sweep: Sweep) -> str:
    """The SVG document."""
    places = _places([point.value.size for point in sweep.points])
    top = _round_up(max((point.fired for point in sweep.points), default=0))
    findings = [(x, point.fired / top) for x, point in zip(places, sweep.points, strict=True)]
    labels = [f"{point.value.text}: {point.fired:,} findings" for point in sweep.points]
    body = [*_grid(top), *_axis(sweep, places), _line("findings", findings, labels)]
    legend = ["findings"]
    scores = [(x, point.score) for x, point in zip(places, sweep.points, strict=True) if point.score is not None]
    if scores:
        body += [
            f'<text class="small" x="{_WIDTH - _RIGHT + 8}" y="{_y(step / 4) + 4:.1f}">{25 * step} %</text>'
            for step in range(5)
        ]
    for name, value in (("recall", _recall), ("precision", _precision)):
        points = [(x, share) for x, one in scores if (share := value(one)) is not None]
        if points:
            body.append(_line(name, points, [f"{name} {share:.1%}" for _, share in points]))
            legend.append(name)
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" width="{_WIDTH}" role="img">',
            f"<title>{escape(_title(sweep))}</title>",
            f"<style>{_STYLE}</style>",
            f'<rect class="back" width="{_WIDTH}" height="{_HEIGHT}"/>',
            f'<text class="title" x="16" y="28">{escape(_title(sweep))}</text>',
            *_legend(legend),
            *body,
            "</svg>",
            "",
        ]
    )


def _title(sweep: Sweep) -> str:
    return f"{sweep.threshold.name}: what each value would have found"


def _recall(score: Score) -> float | None:
    return score.recall


def _precision(score: Score) -> float | None:
    return score.precision


def _places(sizes: Sequence[float]) -> list[float]:
    """Where each value stands from left (0) to right (1)."""
    scaled: Callable[[float], float] = float
    if min(sizes, default=0) > 0 and max(sizes) / min(sizes) >= _LOG_FROM:
        scaled = math.log
    low, high = scaled(min(sizes)), scaled(max(sizes))
    return [(scaled(size) - low) / (high - low) if high > low else 0.5 for size in sizes]


def _round_up(count: int) -> int:
    """The least round number, divisible by four, that is not below the count."""
    power = 1
    while True:
        for step in (4, 8, 12, 20, 32):
            if step * power >= count:
                return step * power
        power *= 10


def _x(share: float) -> float:
    return _LEFT + share * (_WIDTH - _LEFT - _RIGHT)


def _y(share: float) -> float:
    return _HEIGHT - _BOTTOM - share * (_HEIGHT - _TOP - _BOTTOM)


def _grid(top: int) -> list[str]:
    return [
        f'<line class="grid" x1="{_LEFT}" x2="{_WIDTH - _RIGHT}" y1="{_y(step / 4):.1f}" y2="{_y(step / 4):.1f}"/>'
        f'<text class="small" x="{_LEFT - 8}" y="{_y(step / 4) + 4:.1f}" text-anchor="end">{top * step // 4:,}</text>'
        for step in range(5)
    ]


def _axis(sweep: Sweep, places: Sequence[float]) -> list[str]:
    """The values below; where two stand close, the second is written a line lower."""
    parts, last, low = [], -1.0, False
    for x, point in zip(places, sweep.points, strict=True):
        low = not low if last >= 0 and _x(x) - last < 7 * len(point.value.text) + 10 else False
        last = _x(x)
        y = _HEIGHT - _BOTTOM + (34 if low else 18)
        parts.append(
            f'<text class="small" x="{last:.1f}" y="{y}" text-anchor="middle">{escape(point.value.text)}</text>'
        )
        if point.value.size == sweep.now:
            parts.append(f'<line class="now" x1="{last:.1f}" x2="{last:.1f}" y1="{_y(1):.1f}" y2="{_y(0):.1f}"/>')
    return [*parts, f'<text class="small" x="{_LEFT}" y="{_HEIGHT - 8}">now: {escape(sweep.threshold.text)}</text>']


def _line(name: str, points: Sequence[tuple[float, float]], titles: Sequence[str]) -> str:
    path = "L".join(f"{_x(x):.1f} {_y(y):.1f}" for x, y in points)
    dots = "".join(
        f'<circle class="{name}-dot" cx="{_x(x):.1f}" cy="{_y(y):.1f}" r="4"><title>{escape(title)}</title></circle>'
        for (x, y), title in zip(points, titles, strict=True)
    )
    return f'<path class="line {name}" d="M{path}"/>{dots}'


def _legend(names: Sequence[str]) -> list[str]:
    return [
        f'<line class="line {name}" x1="{16 + 130 * place}" x2="{44 + 130 * place}" y1="44" y2="44"/>'
        f'<text class="small" x="{52 + 130 * place}" y="48">{name}</text>'
        for place, name in enumerate(names)
    ]
