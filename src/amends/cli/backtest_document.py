"""A backtest as one JSON document."""

from typing import Any

import msgspec

from amends.cli.trial import Scored, Tried
from amends.detection.backtest import Change, Comparison, Report, RuleResult, Score, Sweep, SweepPoint
from amends.model.instant import MINUTE, SECOND, Duration, format_instant


def document_of(tried: Tried) -> dict[str, Any]:
    """Everything that the backtest tells; what was not asked for is absent."""
    document = {**_head(tried.report), "warnings": tried.warnings}
    document["rules"] = [_rule(one, tried.work[one.rule]) for one in tried.report.rules]
    if tried.comparison is not None:
        document["comparison"] = _comparison(tried.comparison)
    if tried.scored is not None:
        document["labels"] = _scored(tried.scored)
    if tried.scored_before is not None:
        document["labels_before"] = _scored(tried.scored_before)
    if tried.sweeps:
        document["sweeps"] = [_sweep(one) for one in tried.sweeps]
    return document


def _head(report: Report) -> dict[str, Any]:
    return {
        "events": report.events,
        "orders": report.orders,
        "since": None if report.since is None else format_instant(report.since),
        "until": None if report.until is None else format_instant(report.until),
        "learned_backward": report.backward,
        "findings": report.findings,
    }


def _rule(one: RuleResult, work: Duration) -> dict[str, Any]:
    return {
        "rule": one.rule,
        "exception": one.exception,
        "kind": one.kind,
        "severity": one.severity,
        "fired": one.fired,
        "cleared": one.cleared,
        "open": one.open,
        "orders": one.orders,
        "share_of_orders": one.share,
        "at_stake_minor": one.at_stake,
        "open_at_stake_minor": one.open_at_stake,
        "lead_median_seconds": _seconds(one.lead_median),
        "open_median_seconds": _seconds(one.open_median),
        "work_minutes": work // MINUTE,
        "overlaps": [{**msgspec.to_builtins(shared), "together": shared.together} for shared in one.overlaps],
    }


def _comparison(comparison: Comparison) -> dict[str, Any]:
    return {"total": _change(comparison.total), "rules": [_change(one) for one in comparison.rules]}


def _change(one: Change) -> dict[str, Any]:
    return {
        "rule": one.rule,
        "was": one.was,
        "both": one.both,
        "only_before": one.only_old,
        "only_now": one.only_new,
        "earlier": one.earlier,
        "earlier_median_seconds": _seconds(one.earlier_median),
        "later": one.later,
        "later_median_seconds": _seconds(one.later_median),
        "only_before_at_stake_minor": one.only_old_at_stake,
        "only_now_at_stake_minor": one.only_new_at_stake,
    }


def _scored(scored: Scored) -> dict[str, Any]:
    return {"exceptions": [_score(one) for one in scored.scores], "findings_not_judged": scored.unnamed}


def _score(one: Score) -> dict[str, Any]:
    return {
        "exception": one.exception,
        "labels": one.labels,
        "hit": one.hit,
        "recall": one.recall,
        "findings": one.findings,
        "right": one.right,
        "precision": one.precision,
        "ahead_median_seconds": _seconds(one.ahead_median),
        "before_end_median_seconds": _seconds(one.before_end_median),
    }


def _sweep(sweep: Sweep) -> dict[str, Any]:
    return {
        "threshold": sweep.threshold.name,
        "now": sweep.threshold.text,
        "points": [_point(one) for one in sweep.points],
    }


def _point(one: SweepPoint) -> dict[str, Any]:
    change = _change(one.change)
    return {
        "value": one.value.text,
        "fired": one.fired,
        "cleared": one.cleared,
        "orders": one.orders,
        "share_of_orders": one.share,
        "at_stake_minor": one.at_stake,
        **{name: change[name] for name in change if name not in ("rule", "was")},
        "score": None if one.score is None else _score(one.score),
    }


def _seconds(duration: Duration | None) -> float | None:
    return None if duration is None else duration / SECOND
