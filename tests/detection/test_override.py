"""Overrides: a rule otherwise for some, as a transformation of the pack alone."""

import pytest

from amends.detection import Kernel, Pack, PackError, load_pack, pack_from_text
from amends.detection.document import Document, parse_document
from amends.detection.explain import explain
from amends.detection.pack import Files, pack_of, read_files
from amends.model.event import Event
from amends.model.instant import DAY, Instant, parse_instant

START = Instant(1_790_000_000_000_000)
PACK = """
tables:
  shipment:
    columns:
      carrier: {fold: last, of: carrier, on: [shipment.scanned]}
      destination: {fold: last, of: destination, on: [shipment.scanned]}
      scans: {fold: count, on: [shipment.scanned]}
      last_scan_at: {fold: max, of: time, on: [shipment.scanned]}
      delivered_at: {fold: min, of: time, on: [shipment.delivered]}
rules:
  - id: tracking_stalled
    kind: silence
    table: shipment
    severity: warning
    trouble: delivery
    since: last_scan_at
    within: 3 days
    until: delivered_at IS NOT NULL
    title: {en: Silent, zh-Hans: 停滞}
    says: {en: "Silent", zh-Hans: "停滞"}
  - id: lost
    kind: conflict
    table: shipment
    severity: high
    trouble: delivery
    when: scans > 2
    title: {en: Many scans, zh-Hans: 多次}
    says: {en: "Many", zh-Hans: "多次"}
  - id: refused
    kind: fault
    table: shipment
    severity: high
    trouble: delivery
    on: shipment.scanned
    when: event.status = 'Exception'
    title: {en: Refused, zh-Hans: 拒收}
    says: {en: "Refused", zh-Hans: "拒收"}
  - id: lane_disruption
    kind: surge
    table: shipment
    severity: high
    trouble: delivery
    of: {rules: [tracking_stalled]}
    by: [carrier]
    window: 1 day
    at_least: 6
    false_alarms: 1 per 365 days
    title: {en: Lane, zh-Hans: 线路}
    says: {en: "Lane", zh-Hans: "线路"}
"""


def pack(overrides: str = "", at: Instant | None = None) -> Pack:
    text = PACK + (f"overrides:\n{overrides}" if overrides else "")
    return pack_from_text(text, "pack.yaml") if at is None else _at(text, at)


def _at(text: str, at: Instant) -> Pack:
    return pack_of(Files([parse_document(text, "pack.yaml")]), at=at)


def scan(parcel: str, at: int, status: str = "InTransit", **data: str) -> Event:
    return Event(
        id=f"{parcel}/{at}", source="post", type="shipment.scanned", time=Instant(at), keys={"shipment": parcel},
        data={"status": status, **data},
    )  # fmt: skip


PARCELS = {
    "home": {"destination": "DE"},
    "far": {"destination": "BR"},
    "ems": {"destination": "BR", "carrier": "EMS"},
    "nowhere": {},
}


def fired(rules: Pack, *, days: int = 30) -> dict[tuple[str, str], float]:
    kernel = Kernel(rules)
    said = [kernel.on_events([scan(name, START, **data) for name, data in PARCELS.items()])]
    for number in (1, 2):
        said.append(
            kernel.on_events([scan(name, START + number, "Exception", **data) for name, data in PARCELS.items()])
        )
    said.append(kernel.sweep(Instant(START + days * DAY)))
    return {(one.rule, one.subject): round((one.fired_at - START) / DAY, 3) for each in said for one in each.findings}


def silent(rules: Pack) -> dict[str, float]:
    return {subject: day for (rule, subject), day in fired(rules).items() if rule == "tracking_stalled"}


def test_a_longer_wait_for_some_is_a_longer_wait_for_them_alone() -> None:
    assert silent(pack()) == {"home": 3, "far": 3, "ems": 3, "nowhere": 3}
    other = pack("  - {rule: tracking_stalled, for: \"destination = 'BR'\", within: 12 days}")
    assert silent(other) == {"home": 3, "far": 12, "ems": 12, "nowhere": 3}
    assert (
        other.rules["tracking_stalled"].within
        == "CASE WHEN destination = 'BR' THEN INTERVAL '12 days' ELSE INTERVAL '3 days' END"
    )
    assert other.digest != pack().digest
    assert other.rules["lost"] == pack().rules["lost"]


def test_the_later_of_two_overrides_goes_before_the_earlier() -> None:
    rules = pack(
        "  - {rule: tracking_stalled, for: \"destination = 'BR'\", within: 12 days}\n"
        "  - {rule: tracking_stalled, for: \"carrier = 'EMS'\", within: 20 days}\n"
        "  - {rule: tracking_stalled, for: \"destination = 'DE'\", off: true}\n"
    )
    assert silent(rules) == {"far": 12, "ems": 20, "nowhere": 3}, "what is not known to be in Germany still counts"


@pytest.mark.parametrize(
    ("rule", "condition"), [("lost", "destination = 'BR'"), ("refused", "event.destination = 'BR'")]
)
def test_a_conflict_and_a_fault_are_off_for_some(rule: str, condition: str) -> None:
    told = fired(pack(f'  - {{rule: {rule}, for: "{condition}", off: true}}'))
    assert {subject for name, subject in told if name == rule} == {"home", "nowhere"}


def test_off_for_all_and_numbers_for_all() -> None:
    assert not silent(pack("  - {rule: tracking_stalled, off: true}"))
    assert silent(pack("  - {rule: tracking_stalled, within: 5 days}"))["home"] == 5
    assert "lost" not in {rule for rule, _ in fired(pack("  - {rule: lost, when: 3}"))}
    for_some = fired(pack("  - {rule: lost, for: \"destination = 'BR'\", when: 3}"))
    assert {subject for rule, subject in for_some if rule == "lost"} == {"home", "nowhere"}
    surge = pack("  - {rule: lane_disruption, at_least: 10}").rules["lane_disruption"].surge
    assert surge is not None
    assert surge.at_least == 10


def test_an_override_expires() -> None:
    text = "  - {rule: tracking_stalled, within: 9 days, expires_at: 2026-12-01T00:00:00Z}"
    end = parse_instant("2026-12-01T00:00:00Z")
    before, after = pack(text, Instant(end - 1)), pack(text, end)
    assert before.rules["tracking_stalled"].within == "9 days"
    assert before.overrides[0].expires_at == end
    assert after.rules["tracking_stalled"].within == "3 days"
    assert after.overrides == ()
    assert before.digest != after.digest


@pytest.mark.parametrize(
    ("override", "complaint"),
    [
        ("{rule: tracking_staled, off: true}", "there is no rule `tracking_staled`; did you mean `tracking_stalled`?"),
        ("{rule: tracking_stalled}", "say either `off: true` or what is otherwise"),
        ("{rule: tracking_stalled, off: true, within: 1 day}", "say either `off: true` or what is otherwise"),
        ("{rule: tracking_stalled, for: \"dest = 'BR'\", within: 1 day}", "for: there is no `dest` here"),
        ("{rule: tracking_stalled, for: scans, within: 1 day}", "`for` is integer, where a condition is needed"),
        ("{rule: tracking_stalled, within: 12}", "`within` is integer, not duration"),
        ("{rule: tracking_stalled, within: last_scan_at}", "`within` is instant, not duration"),
        ("{rule: tracking_stalled, since: delivred_at}", "did you mean `delivered_at`?"),
        ("{rule: tracking_stalled, wihtin: 1 day}", "the rule has no `wihtin`; what can be otherwise is"),
        ("{rule: lost, when.7: 1}", "there is no number `when.7` in the rule"),
        ("{rule: lane_disruption, for: \"carrier = 'EMS'\", at_least: 9}", "is the same for every group of a surge"),
        ("{rule: lane_disruption, for: \"carrier = 'EMS'\", off: true}", "a surge counts what other rules find"),
        ("{rule: lane_disruption, at_least: none}", "give a whole number from 1 on"),
        ("{rule: lost, off: true, expires_at: tomorrow}", "expires_at: 'tomorrow' is not an RFC 3339 date-time"),
        ("[]", "an override should be a mapping"),
    ],
)
def test_a_bad_override_is_refused_at_its_place(override: str, complaint: str) -> None:
    line = PACK.count("\n") + 2
    with pytest.raises(PackError) as refused:
        pack(f"  - {override}")
    (problem,) = refused.value.problems
    assert problem.startswith(f"pack.yaml:{line}: ")
    assert complaint in problem


def test_every_built_in_rule_can_be_off_and_a_learned_wait_be_another() -> None:
    built_in = load_pack()
    files = read_files()
    off = [{"rule": name, "off": True} for name in built_in.rules]
    learned = {
        "rule": "no_first_scan",
        "for": "carrier = 'EMS'",
        "within": "LEARNED('leg', 0.9, INTERVAL '3 days', INTERVAL '1 day', INTERVAL '9 days')",
    }
    waits = {"leg": {"table": "shipment", "since": "created_at", "ends": "first_scan_at", "by": [["carrier"]]}}
    pack_of(Files([*files.documents, Document("off.yaml", {"overrides": off})]))
    asked = pack_of(Files([*files.documents, Document("own.yaml", {"waits": waits, "overrides": [learned]})]))
    Kernel(asked)


def test_an_explanation_tells_of_what_is_otherwise() -> None:
    rules = pack(
        "  - {rule: tracking_stalled, for: \"destination = 'BR'\", within: 12 days, why: customs, "
        "expires_at: 2026-12-01T00:00:00Z}"
    )
    told = explain(rules, rules.rules["tracking_stalled"], "en")
    assert told.overrides == ["`destination` is “BR”: `within`: 12 days, until 2026-12-01T00:00:00Z (customs)"]
    assert "Waits from `last_scan_at` for 12 days if `destination` is “BR”, otherwise 3 days." in told.fires
    off = pack("  - {rule: lost, off: true}")
    assert explain(off, off.rules["lost"], "zh-Hans").overrides == ["对全部：不触发"]
