"""The result as a picture: bars of events for each CPU second, on a scale of powers of ten, as plain SVG."""

import math
from html import escape
from typing import Final

from benchmarks.race import Line, Race
from benchmarks.table import TITLES, conditions_of

_WIDTH: Final = 860
_LEFT: Final = 290
_RIGHT: Final = 90
_BAR: Final = 20
_STEP: Final = 30
_STYLE: Final = """
text { font: 13px system-ui, sans-serif; fill: #1f2937 }
.title { font-size: 16px; font-weight: 600 }
.group { font-weight: 600 }
.small { font-size: 11px; fill: #6b7280 }
.grid { stroke: #e5e7eb }
.ours { fill: #2563eb }
.others { fill: #9ca3af }
"""


def chart_of(race: Race) -> str:
    """The SVG document."""
    lines = [line for line in race.lines if line.rounds]
    if not lines:
        return '<svg xmlns="http://www.w3.org/2000/svg"/>'
    scale = _Scale(lines)
    body, y = [], 64
    for rules, title in TITLES.items():
        group = [line for line in lines if line.rules == rules]
        if not group:
            continue
        body.append(f'<text class="group" x="16" y="{y}">{escape(title)}</text>')
        y += 14
        for line in sorted(group, key=lambda line: -line.per_cpu_second):
            body.append(_bar(line, scale, y))
            y += _STEP
        y += 24
    grid = [
        f'<line class="grid" x1="{scale.x(tick):.1f}" x2="{scale.x(tick):.1f}" y1="48" y2="{y - 24}"/>'
        f'<text class="small" x="{scale.x(tick):.1f}" y="{y - 8}" text-anchor="middle">{tick:,}</text>'
        for tick in scale.ticks
    ]
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {y + 24}" width="{_WIDTH}">',
            f"<style>{_STYLE}</style>",
            f'<rect width="{_WIDTH}" height="{y + 24}" fill="#ffffff"/>',
            '<text class="title" x="16" y="28">Events judged for each second of one core</text>',
            *grid,
            *body,
            f'<text class="small" x="16" y="{y + 12}">{escape(conditions_of(race))}</text>',
            "</svg>",
            "",
        ]
    )


class _Scale:
    """Powers of ten from below the slowest to above the fastest."""

    def __init__(self, lines: list[Line]) -> None:
        rates = [line.per_cpu_second for line in lines]
        self._low, high = math.floor(math.log10(min(rates))), math.ceil(math.log10(max(rates)))
        self._span = max(1, high - self._low)
        self.ticks = [10**power for power in range(max(0, self._low), high + 1)]

    def x(self, rate: float) -> float:
        return _LEFT + (math.log10(rate) - self._low) / self._span * (_WIDTH - _LEFT - _RIGHT)


def _bar(line: Line, scale: _Scale, y: int) -> str:
    kind = "ours" if line.contestant.startswith("amends") else "others"
    end, text_y = scale.x(line.per_cpu_second), y + _BAR - 5
    return (
        f'<text x="{_LEFT - 10}" y="{text_y}" text-anchor="end">{escape(line.label)}</text>'
        f'<rect class="{kind}" x="{_LEFT}" y="{y}" width="{max(1.0, end - _LEFT):.1f}" height="{_BAR}" rx="3"/>'
        f'<text x="{end + 6:.1f}" y="{text_y}">{line.per_cpu_second:,.0f}</text>'
    )
