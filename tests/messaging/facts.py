"""Facts for letters: one of each, and Hypothesis's own."""

from zoneinfo import ZoneInfo

from hypothesis import strategies as st

from amends.messaging.placeholders import PLACEHOLDERS
from amends.messaging.render import Fact
from amends.model.instant import parse_instant
from amends.model.money import Money

BERLIN = ZoneInfo("Europe/Berlin")
EVENING = parse_instant("2026-11-30T23:30:00Z")
"""The next day already in Berlin."""

ONE_OF_EACH: dict[str, Fact] = {
    "name": "Ana Ruiz",
    "shop": "Lumo",
    "number": "#1001",
    "amount": Money(123456, "EUR"),
    "date": EVENING,
    "until": EVENING,
    "news_by": EVENING,
    "answer_by": EVENING,
    "tracking": "LX123456789CN",
    "carrier": "DHL",
    "reference": "re_1",
    "code": "A-7",
    "place": "Kiosk 3",
    "pay_at": "https://shop.example/pay",
    "label": "https://shop.example/label",
    "link": "https://shop.example/o/1",
}
OPTIONS = ("wait", "reship", "refund_full")

some_facts = st.sets(st.sampled_from(sorted(ONE_OF_EACH))).map(
    lambda names: {name: ONE_OF_EACH[name] for name in names}
)
"""Any of them known, and any not."""

strange_texts = st.text(max_size=60) | st.sampled_from(
    ["<script>alert(1)</script>", "a\r\nBcc: x@example.com", "{amount}", "[x|y]", "%(name)s", "{0.__class__}",
     "\u202egnp", "None", "\x00", "   ", "\u2028", "|", "&amp;", "=cmd()", "a" * 500]
)  # fmt: skip
strange_facts = st.fixed_dictionaries(
    {}, optional={name: strange_texts for name, (kind, _) in PLACEHOLDERS.items() if kind in ("text", "name")}
)
