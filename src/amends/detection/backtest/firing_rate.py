"""Rules that fire too often to be looked at."""

from typing import Final

from amends.detection.backtest.report import Report
from amends.detection.rule import Pack

SHARE_MAX: Final = 0.1
"""What more than a tenth of all orders have is the way of the shop, or a limit that is wrong, and no exception."""


def often(report: Report, pack: Pack) -> list[str]:
    """A sentence for each rule that fired on more than a tenth of the orders, beginning with the rule's place."""
    return [
        f"{place(pack, one.rule)}rule `{one.rule}`: would fire on {one.orders:,} of {report.orders:,} orders "
        f"({one.share:.1%}), more than one in ten: nobody looks at so many; set a wider limit, or narrow whom it is for"
        for one in report.rules
        if one.share is not None and one.share > SHARE_MAX
    ]


def place(pack: Pack, rule: str) -> str:
    """`file:line: ` of a rule; nothing where the pack was made of no files."""
    return f"{pack.places[rule]}: " if rule in pack.places else ""
