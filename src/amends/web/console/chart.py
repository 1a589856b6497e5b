"""Numbers as shapes of an SVG of 100 by 40, so that a page draws them without a script. Pure."""

import math
from collections.abc import Callable, Sequence
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


class Dots(msgspec.Struct, frozen=True, kw_only=True):
    """A line through a few points, as SVG paths; `top` is the highest value, `now` the place of the one in force."""

    line: str
    dots: str
    now: float | None
    top: int


def dots_of(points: Sequence[tuple[float, int]], *, now: float) -> Dots:
    """Points in the order of their size from left to right; far apart, they stand on a logarithmic scale."""
    sizes = [size for size, _ in points]
    scaled: Callable[[float], float] = math.log if sizes and sizes[0] > 0 and sizes[-1] >= 8 * sizes[0] else float
    places = [scaled(size) for size in sizes]
    low, length = min(places, default=0), (max(places, default=0) - min(places, default=0)) or 1
    top = max((value for _, value in points), default=0)
    drawn = [
        (round(WIDTH * (place - low) / length, 3), round(HEIGHT - HEIGHT * value / (top or 1), 3))
        for place, (_, value) in zip(places, points, strict=True)
    ]
    marked = next((x for (x, _), size in zip(drawn, sizes, strict=True) if size == now), None)
    return Dots(
        line="M" + "L".join(f"{x} {y}" for x, y in drawn) if drawn else "",
        # A line of no length with round ends is a dot, however the picture is stretched.
        dots="".join(f"M{x} {y}h0" for x, y in drawn),
        now=marked,
        top=top,
    )
