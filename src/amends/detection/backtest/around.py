"""Which number of a rule says most about it, and which other values of it are worth trying."""

from typing import Final

from amends.detection.backtest.threshold import Threshold, Value, parse_value, thresholds_of
from amends.detection.rule import Rule
from amends.model.instant import DAY, HOUR, MINUTE, Duration, format_duration

_FACTORS: Final = (0.25, 0.5, 0.75, 1, 1.5, 2, 3)
_GRACES: Final = tuple(Duration(length) for length in (0, 6 * HOUR, 12 * HOUR, DAY, 2 * DAY, 3 * DAY, 7 * DAY))
"""Where a rule waits no longer than its own moment, so much longer it might."""
_UNITS: Final = (DAY, HOUR, MINUTE)


def main_threshold(rule: Rule) -> Threshold | None:
    """The number by which a rule is made stricter or milder; None where it has none."""
    known = thresholds_of(rule)
    counted = [one for one in known if one.kind == "count"]
    lengths = [one for one in known if one.kind == "duration" and one.part != "window"]
    numbers = [one for one in known if one.kind in ("number", "chance")] if rule.surge is None else []
    # A length of nothing is worth less than any other number, but a silence can always wait longer.
    ordered = [*counted, *(one for one in [*lengths, *numbers] if _size(one)), *(one for one in lengths)]
    return ordered[0] if ordered else None


def values_around(threshold: Threshold) -> list[Value]:
    """A few values from much stricter to much milder, the one that the rule has among them."""
    now = parse_value(threshold, threshold.text)
    if threshold.kind == "duration":
        lengths = [_rounded(now.size * factor) for factor in _FACTORS] if now.size else list(_GRACES)
        texts = [format_duration(length) if length else "0 minutes" for length in lengths]
    elif threshold.kind == "chance":
        texts = [f"{float(f'{1 - (1 - now.size) * factor:.2g}'):.15g}" for factor in _FACTORS]
        texts = [text for text in texts if 0 < float(text) < 1]
    elif threshold.kind == "count":
        texts = [str(max(1, round(now.size * factor))) for factor in _FACTORS]
    else:
        texts = [f"{float(f'{now.size * factor:.2g}'):.15g}" for factor in _FACTORS]
    values = {value.size: value for value in (parse_value(threshold, text) for text in texts)}
    values[now.size] = now
    return [values[size] for size in sorted(values)]


def _size(threshold: Threshold) -> float:
    return parse_value(threshold, threshold.text).size


def _rounded(length: float) -> Duration:
    """To a whole number of the largest unit of which there are at least three, so that nobody reads odd seconds."""
    unit = next((unit for unit in _UNITS if length >= 3 * unit), MINUTE)
    return Duration(max(1, round(length / unit)) * unit)
