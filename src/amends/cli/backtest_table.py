"""A backtest as tables for people."""

from collections.abc import Sequence

from amends.cli import output
from amends.cli.trial import Scored, Tried
from amends.detection.backtest import Change, Comparison, RuleResult, Score, Sweep, SweepPoint
from amends.model.instant import HOUR, Duration, format_duration, format_instant
from amends.model.money import Money

_HEADINGS = (
    "rule", "severity", "fired", "cleared", "open", "orders", "of orders", "at stake", "still at stake",
    "came right after", "open for", "work",
)  # fmt: skip


def show(tried: Tried) -> None:
    """Everything that the backtest tells, the whole at the end in a sentence."""
    report = tried.report
    fired = sorted((rule for rule in report.rules if rule.fired), key=lambda rule: -rule.fired)
    output.print_table(_HEADINGS, [_row(rule, tried.work[rule.rule]) for rule in fired])
    _show_overlaps(fired)
    if tried.comparison is not None:
        _show_comparison(tried.comparison)
    if tried.scored is not None:
        _show_scores(tried.scored, tried.scored_before)
    for sweep in tried.sweeps:
        _show_sweep(sweep)
    assert report.since is not None
    assert report.until is not None
    quiet = len(report.rules) - len(fired)
    output.say(
        f"{report.events:,} events from {format_instant(report.since)} to {format_instant(report.until)}; "
        f"{report.findings:,} findings of {len(fired)} rules; {quiet} rules found nothing."
    )


def _row(result: RuleResult, work: Duration) -> tuple[object, ...]:
    return (
        result.rule, result.severity, result.fired, result.cleared, result.open, result.orders, share(result.share),
        sums(result.at_stake), sums(result.open_at_stake), length(result.lead_median), length(result.open_median),
        f"{work / HOUR:,.1f} h",
    )  # fmt: skip


def _show_overlaps(fired: Sequence[RuleResult]) -> None:
    """For each rule the one that shares most of its orders."""
    rows = [
        (rule.rule, rule.orders, one.other, one.orders, share(one.share), one.first, one.later, one.together)
        for rule in fired
        for one in rule.overlaps[:1]
    ]
    if rows:
        headings = ("rule", "orders", "shares most with", "shared", "of its own", "was first", "was later", "at once")
        output.say("")
        output.print_table(headings, rows)
        output.say("")


def _show_comparison(comparison: Comparison) -> None:
    headings = (
        "rule", "both find", "only before", "only now", "earlier now", "by", "later now", "by",
        "no longer at stake", "newly at stake",
    )  # fmt: skip
    changed = [one for one in comparison.rules if one.differing]
    total = comparison.total
    if changed:
        output.print_table(headings, [_changed(_named(one), one) for one in changed] + [_changed("all rules", total)])
    same = len(comparison.rules) - len(changed)
    output.say(
        f"Beside the version before: {total.both:,} findings of both, {total.only_old:,} only before, "
        f"{total.only_new:,} only now, {total.earlier:,} earlier and {total.later:,} later; {same} rules find the same."
    )
    output.say("")


def _named(change: Change) -> str:
    if change.rule is None:
        return f"{change.was} (gone)"
    if change.was is None:
        return f"{change.rule} (new)"
    return change.rule if change.rule == change.was else f"{change.was} → {change.rule}"


def _changed(name: str, one: Change) -> tuple[object, ...]:
    return (
        name, one.both, one.only_old, one.only_new, one.earlier, length(one.earlier_median), one.later,
        length(one.later_median), sums(one.only_old_at_stake), sums(one.only_new_at_stake),
    )  # fmt: skip


def _show_scores(scored: Scored, before: Scored | None) -> None:
    headings = [
        "exception",
        "labels",
        "found",
        "recall",
        "findings",
        "right",
        "precision",
        "ahead by",
        "before its end",
    ]
    rows: list[tuple[object, ...]] = [
        (
            one.exception, one.labels, one.hit, percent(one.recall), one.findings, one.right, percent(one.precision),
            length(one.ahead_median), length(one.before_end_median),
        )
        for one in scored.scores
    ]  # fmt: skip
    if before is not None:
        headings += ["recall before", "precision before"]
        was = {one.exception: one for one in before.scores}
        rows = [(*row, *_was(was.get(str(row[0])))) for row in rows]
    output.print_table(headings, rows)
    if scored.unnamed:
        output.say(f"{scored.unnamed:,} findings are of exceptions that the labels do not name, and are not judged.")
    output.say("")


def _was(one: Score | None) -> tuple[str, str]:
    return ("", "") if one is None else (percent(one.recall), percent(one.precision))


def _show_sweep(sweep: Sweep) -> None:
    headings = [
        sweep.threshold.name, "fired", "orders", "of orders", "at stake", "more", "fewer",
        "earlier", "by", "later", "by",
    ]  # fmt: skip
    labelled = any(point.score is not None for point in sweep.points)
    if labelled:
        headings += ["recall", "precision", "ahead by"]
    output.print_table(headings, [_point(one, labelled=labelled) for one in sweep.points])
    output.say(f"More, fewer, earlier and later beside its value now, {sweep.threshold.text}.")
    output.say("")


def _point(point: SweepPoint, *, labelled: bool) -> tuple[object, ...]:
    change, score = point.change, point.score
    row = (
        point.value.text, point.fired, point.orders, share(point.share), sums(point.at_stake), change.only_new,
        change.only_old, change.earlier, length(change.earlier_median), change.later, length(change.later_median),
    )  # fmt: skip
    if not labelled:
        return row
    if score is None:
        return (*row, "", "", "")
    return (*row, percent(score.recall), percent(score.precision), length(score.ahead_median))


def sums(by_currency: dict[str, int]) -> str:
    """Sums of money, each in its currency."""
    return ", ".join(f"{Money(minor, currency).amount:,} {currency}" for currency, minor in by_currency.items())


def length(duration: Duration | None) -> str:
    """In its two largest units: nobody reads the seconds of a week."""
    return "" if duration is None else " ".join(format_duration(duration).split()[:4])


def share(value: float | None) -> str:
    """A share of many, such as 0.4 %; nothing of none."""
    return f"{value:.1%}" if value else ""


def percent(value: float | None) -> str:
    """Recall or precision."""
    return "" if value is None else f"{value:.2%}"
