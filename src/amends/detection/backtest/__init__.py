"""Rules over history: what they would have found, cost and missed, beside other rules and beside what was true."""

from amends.detection.backtest.around import main_threshold, values_around
from amends.detection.backtest.comparison import Change, Comparison, compare
from amends.detection.backtest.firing_rate import often
from amends.detection.backtest.labels import Found, Label, Score, Tolerance, score
from amends.detection.backtest.ledger import digest_of, last_of_each
from amends.detection.backtest.outcome import Outcome
from amends.detection.backtest.overlap import Overlap
from amends.detection.backtest.report import Report, RuleResult
from amends.detection.backtest.run import Backtest
from amends.detection.backtest.sweep import Sweep, SweepPoint, found_of, swept
from amends.detection.backtest.threshold import (
    Threshold,
    UnusableThresholdError,
    Value,
    alone,
    changed,
    parse_value,
    threshold_of,
    thresholds_of,
    variant,
)

__all__ = [
    "Backtest",
    "Change",
    "Comparison",
    "Found",
    "Label",
    "Outcome",
    "Overlap",
    "Report",
    "RuleResult",
    "Score",
    "Sweep",
    "SweepPoint",
    "Threshold",
    "Tolerance",
    "UnusableThresholdError",
    "Value",
    "alone",
    "changed",
    "compare",
    "digest_of",
    "found_of",
    "last_of_each",
    "main_threshold",
    "often",
    "parse_value",
    "score",
    "swept",
    "threshold_of",
    "thresholds_of",
    "values_around",
    "variant",
]
