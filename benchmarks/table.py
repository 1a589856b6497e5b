"""The result in words: a table for the terminal and for the documents, and the marks that Amends sets itself."""

from collections.abc import Iterator
from typing import Final

from benchmarks.contestants import OURS
from benchmarks.race import Line, Race, times

HEADINGS: Final = (
    "contestant",
    "events/s",
    "events/CPU s",
    "of Amends",
    "events",
    "findings",
    "equal",
    "told late, minutes",
    "",
)
TITLES: Final = {"six": "Six rules", "pack": "The whole built-in pack"}


def rows_of(race: Race, rules: str) -> list[tuple[str, ...]]:
    """The lines of those with these rules."""
    return [_row(line) for line in race.lines if line.rules == rules]


def _row(line: Line) -> tuple[str, ...]:
    if line.missing:
        return (line.label, *[""] * 7, f"not run: {line.missing}")
    agreement = line.agreement
    late = (
        "0"
        if agreement is None or agreement.delay_minutes is None
        else "{:.1f} (p99 {:.1f})".format(*agreement.delay_minutes)
    )
    return (
        line.label, f"{line.per_second:,.0f}", f"{line.per_cpu_second:,.0f}", _share(line.of_ours), f"{line.events:,}",
        f"{line.findings:,}", _equal(line), late, line.remark,
    )  # fmt: skip


def _share(share: float) -> str:
    return f"{share:.2f}x" if share >= 0.1 else f"{share:.3f}x"


def _equal(line: Line) -> str:
    agreement = line.agreement
    if agreement is None or line.contestant in OURS.values():
        return "(the measure)"
    if not agreement.equal:
        return f"NO: {len(agreement.lacking)} lacking, {len(agreement.surplus)} too many"
    missed = f"; {agreement.missed} over before the poll" if agreement.missed else ""
    return "yes" + missed


def marks_of(race: Race) -> Iterator[str]:
    """What Amends is to reach, and where it stands."""
    whole = next((line for line in race.lines if line.contestant == "amends-pack" and line.rounds), None)
    if whole is not None:
        yield _mark("The whole pack, events for each CPU second", whole.per_cpu_second, 500_000, "{:,.0f}")
    for words, ours, theirs, aim in (
        ("The whole pack against a Python loop with six rules, from the same columns", "amends-pack", "loop", 2.0),
        ("The same, with all facts laid ready for the loop before the clock runs", "amends-pack", "loop-ready", None),
        ("The same rules against one event at a time", "amends-same", "per-event", 6.0),
        ("The whole pack against a DuckDB query with six rules", "amends-pack", "duckdb", 1.0),
    ):
        ratio = times(race, ours, theirs)
        if ratio is not None:
            yield _mark(words, ratio, aim, "{:.2f}x")


def _mark(words: str, value: float, aim: float | None, form: str) -> str:
    if aim is None:
        return f"{words}: {form.format(value)}"
    return f"{words}: {form.format(value)} (aim {form.format(aim)}{'' if value >= aim else ', not reached'})"


def conditions_of(race: Race) -> str:
    """What the figures depend on, in a sentence."""
    size = race.size
    return f"{size.events:,} events of {size.source}, median of {size.rounds} rounds, one core each; " + "; ".join(
        f"{name} {value}" for name, value in race.conditions.items()
    )


def markdown_of(race: Race) -> str:
    """The tables as they stand in docs/benchmarks.md."""
    parts = []
    for rules, title in TITLES.items():
        rows = rows_of(race, rules)
        if rows:
            parts += [f"### {title}", "", _markdown_row(HEADINGS), _markdown_row(["---", *["---:"] * 5, *["---"] * 3])]
            parts += [*(_markdown_row(row) for row in rows), ""]
    parts += [f"- {mark}" for mark in marks_of(race)]
    return "\n".join([*parts, "", f"{conditions_of(race)}."])


def _markdown_row(cells: tuple[str, ...] | list[str]) -> str:
    return f"| {' | '.join(cell.replace('|', '/') for cell in cells)} |"
