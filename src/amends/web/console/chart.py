"""Numbers as shapes of an SVG of 100 by 40, so that a page draws them without a script. Pure."""

from collections.abc import Sequence
from typing import Final

import msgspec

from amends.model.instant import Duration, Instant

HEIGHT: Final = 40.0
WIDTH: Final = 100.0


class Bar(msgspec.Struct, frozen=True, kw_only=True):
    """One bar: its place, and what it counts from when."""

    x: float
    y: float
    width: float
    height: float
    count: int
    at: Instant


class Bars(msgspec.Struct, frozen=True, kw_only=True):
    """Bars of equal lengths of time; `top` is the highest count."""

    bars: list[Bar]
    top: int


class Curve(msgspec.Struct, frozen=True, kw_only=True):
    """A stepped line and the area under it, as SVG paths; `top` is the highest value."""

    line: str
    area: str
    top: int


def bars_of(times: Sequence[Instant], *, since: Instant, until: Instant, width: Duration) -> Bars:
    """How many of `times` fall into each length `width` from `since` to `until`."""
    count = max(1, -(-(until - since) // width))
    counts = [0] * count
    for at in times:
        place = (at - since) // width
        if 0 <= place < count:
            counts[place] += 1
    top = max(counts, default=0)
    step = WIDTH / count
    bars = [
        Bar(
            x=round(place * step, 3),
            y=round(HEIGHT - HEIGHT * number / top, 3),
            width=round(step * 0.78, 3),
            height=round(HEIGHT * number / top, 3),
            count=number,
            at=Instant(since + place * width),
        )
        for place, number in enumerate(counts)
        if number
    ]
    return Bars(bars=bars, top=top)


def curve_of(points: Sequence[tuple[Instant, int]], *, until: Instant) -> Curve:
    """A line that keeps each value until the next; the last one until `until`."""
    if not points:
        return Curve(line="", area="", top=0)
    since = points[0][0]
    length = max(1, until - since)
    top = max(1, *(value for _, value in points))
    parts: list[str] = []
    for at, value in points:
        x = round(WIDTH * (at - since) / length, 3)
        y = round(HEIGHT - HEIGHT * value / top, 3)
        parts.append(f"M{x} {y}" if not parts else f"H{x}V{y}")
    line = "".join(parts) + f"H{WIDTH:g}"
    return Curve(line=line, area=f"{line}V{HEIGHT:g}H0Z", top=top)
