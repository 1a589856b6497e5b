"""The built-in playbooks: every way through each of them, gone as a graph, and by `advance` itself."""

import random
import re
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from importlib.resources import files
from typing import Any

import msgspec
import pytest
import sqlglot
import yaml
from sqlglot import exp
from tests.resolution.ways import (
    ASKED,
    HEALED,
    PASSED,
    SAID,
    Way,
    all_ways,
    circles,
    gone_through,
    is_counted,
    reached,
    ways_from,
)  # fmt: skip

from amends.connectors.stripe.client import StripeActor
from amends.model.exceptions import CATALOGUE, EXCEPTIONS
from amends.model.instant import DAY, HOUR, Duration, Instant
from amends.resolution.bookshelf import built_in_lists, built_in_playbooks, read_shelf
from amends.resolution.condition import holds
from amends.resolution.errors import UnreadablePlaybookError
from amends.resolution.facts import FACTS
from amends.resolution.playbook import ENDS, LATE, Playbook, Step, outcomes_of, read_playbooks
from amends.resolution.stepping import Known, Standing, advance, begin, intent_of, next_due, step_id
from amends.resolution.words import Deed, built_in_words

BOOKS = built_in_playbooks()
WORDS = built_in_words()
AT = Instant(1_790_000_000_000_000)

Fault = Callable[[Playbook], list[str]]
"""A check: what is wrong with a playbook, step by step; nothing if all is well."""


def deed(step: Step) -> Deed | None:
    return {"act": WORDS.acts, "task": WORDS.tasks}.get(step.do, {}).get(step.what)


def pays(step: Step) -> bool:
    found = deed(step)
    return found is not None and found.pays is not None


# ---------------------------------------------------------------- what each playbook has to keep


def cannot_be_reached(playbook: Playbook) -> list[str]:
    return sorted({step.name for step in playbook.steps} - reached(playbook))


def waits_for_ever(playbook: Playbook) -> list[str]:
    """Whatever does not go on by itself has a deadline: no condition here comes so surely that it needs none."""
    return [step.name for step in playbook.steps if step.do not in (*ENDS, "tell", "check") and step.within is None]


def goes_round_at_once(playbook: Playbook) -> list[str]:
    return circles(playbook, [way for way in all_ways(playbook) if way.is_at_once])


def goes_round_for_ever(playbook: Playbook) -> list[str]:
    """Whoever goes round passes a step that counts, and so comes to an end however others behave."""
    return circles(playbook, [way for way in all_ways(playbook) if not is_counted(way)])


def tells_twice(playbook: Playbook) -> list[str]:
    """Two words to the buyer, and nothing happens between them for an hour."""

    def after(said: bool, way: Way) -> bool:
        is_short = way.nothing_happens or (way.outcome == LATE and way.most < HOUR)
        return is_short and (said or way.step.do in SAID)

    return [step.name for said, step in gone_through(playbook, False, after) if said and step.do in SAID]


def tells_late(playbook: Playbook) -> list[str]:
    """A day may go by before the buyer hears anything."""
    if playbook.concerns == "house":
        return []

    def after(waited: Duration | None, way: Way) -> Duration | None:
        if waited is None or way.outcome == HEALED or way.step.do in SAID and way.outcome != PASSED:
            return None
        # A state for each hour up to a bit more than a day.
        return Duration(min(waited + way.most, 25 * HOUR))

    start: Duration | None = Duration(0)
    return [step.name for waited, step in gone_through(playbook, start, after) if waited is not None and waited > DAY]


TURN_OF_OTHERS = {
    ("chargeback_opened", "verdict"): "the bank decides, and tells its client",
    ("platform_claim_opened", "verdict"): "the marketplace decides, and tells the buyer",
    ("not_as_described", "sent_back"): "it is the buyer's turn",
    ("not_as_described", "received"): "the parcel is the buyer's own, and on its way to us",
    ("return_not_sent", "wait"): "it is the buyer's turn",
    ("cancelled_but_moving", "goods_back"): "the buyer waits for nothing: the order is cancelled and paid back",
    ("cancelled_but_moving", "restock"): "as above",
    ("cancelled_but_moving", "restock_by_hand"): "as above",
    ("cancelled_but_moving", "claim_by_hand"): "as above",
}
"""Where the buyer hears nothing from us for longer, and why that is as it should be."""


def leaves_without_news(playbook: Playbook) -> list[str]:
    """Nobody waits longer than 48 hours at a step, before they are put right, without a word."""
    if playbook.concerns == "house":
        return []
    found = [
        step.name
        for paid, step in gone_through(playbook, False, _paid)
        if not paid and step.do not in ASKED and (step.within or 0) > 48 * HOUR
    ]
    return [name for name in found if (playbook.exception, name) not in TURN_OF_OTHERS]


def is_silent_for_long(playbook: Playbook) -> list[str]:
    """All in all, nobody who is still to be put right hears nothing for more than four days."""
    if playbook.concerns == "house":
        return []

    def after(state: tuple[bool, int], way: Way) -> tuple[bool, int]:
        paid, hours = state
        # Whoever has been asked knows whose turn it is.
        spoken = way.step.do in SAID and way.outcome != PASSED
        others = (playbook.exception, way.step.name) in TURN_OF_OTHERS
        hours = 0 if spoken or others or way.outcome == HEALED else min(hours + way.most // HOUR, 97)
        return _paid(paid, way), hours

    found = gone_through(playbook, (False, 0), after)
    return [step.name for (paid, hours), step in found if not paid and hours > 96]


SEEN_TO = frozenset(("see_refund", "see_replacement"))
"""Tasks that see that a payment goes out, once."""


def _paid(paid: bool, way: Way) -> bool:
    """Whether the buyer has been put right, or may have been: what is late may be done."""
    return paid or ((pays(way.step) or way.step.what in SEEN_TO) and way.outcome in ("done", LATE))


def pays_twice(playbook: Playbook) -> list[str]:
    return [step.name for paid, step in gone_through(playbook, False, _paid) if paid and pays(step)]


PAID_BEFORE = {"cancelled_but_moving": "who cancelled has been paid back, or will be by order_cancelled"}


def recovers_first(playbook: Playbook) -> list[str]:
    """Something is got back from a third party before the buyer has been put right."""
    if playbook.exception in PAID_BEFORE:
        return []

    recover = ("file_claim", "file_claim_by_hand", "settle_with_broker")
    return [step.name for paid, step in gone_through(playbook, False, _paid) if not paid and step.what in recover]


SAYS_DONE = {
    "refunded": {"refund", "send_money", "refund_by_hand", "see_refund", "ask_provider_for_refund"},
    "part_refunded": {"refund", "refund_by_hand", "see_refund"},
    "sent_again": {"replace_order", "send_again_by_hand", "see_replacement"},
    "coupon_given": {"give_coupon", "give_coupon_by_hand"},
    "bank_returns_money": {"accept_dispute"},
    "claim_accepted": {"accept_claim"},
    "cancelled": {"cancel_order"},
    "cancelled_unpaid": {"cancel_order"},
    "cancelled_money_returns": {"cancel_order"},
    "order_not_accepted": {"cancel_order"},
    "parcel_stopped": {"intercept_parcel"},
    "return_label": {"make_return_label", "make_return_label_by_hand"},
    "promise_kept": {"keep_promise"},
}  # fmt: skip
"""Texts that say that something was done, and what of it."""
TOLD_BY_FACTS = {
    ("order_cancelled", "cancelled_money_returns"): "the order was cancelled before",
    ("refund_stuck", "refunded"): "a refund that is neither under way nor failed is done",
}


def says_what_is_not(playbook: Playbook) -> list[str]:
    """The buyer is told that something was done, and it was not."""
    wanted = set().union(*SAYS_DONE.values())

    def after(done: frozenset[str], way: Way) -> frozenset[str]:
        return done | {way.step.what} if way.outcome == "done" and way.step.what in wanted else done

    return [
        step.name
        for done, step in gone_through(playbook, frozenset[str](), after)
        if step.do == "tell" and step.what in SAYS_DONE and not done & SAYS_DONE[step.what]
        and (playbook.exception, step.what) not in TOLD_BY_FACTS
    ]  # fmt: skip


OWED = frozenset(
    """
    duplicate_payment refund_failed return_refund_overdue pick_error lost damaged customs_rejected return_to_sender
    delivered_not_received not_as_described
    """.split()
)
"""Troubles in which the buyer has less than they paid for, whatever others say."""


def ends_owing(playbook: Playbook) -> list[str]:
    """It is called put right, and the buyer has not got what is theirs, or what they were given is not known."""

    def after(owing: bool, way: Way) -> bool:
        if way.outcome == HEALED:
            return False
        if way.outcome != PASSED and (pays(way.step) or way.step.what in SEEN_TO):
            return way.outcome != "done"
        return owing

    found = gone_through(playbook, playbook.exception in OWED, after)
    return [step.name for owing, step in found if owing and step.do == "end" and step.what == "put_right"]


UNDONE_BY = {
    "hold_order": "release_order", "stop_sales": "resume_sales", "switch_payment_route": "restore_payment_route",
    "switch_lane": "restore_lane", "change_promised_dates": "restore_promised_dates",
}  # fmt: skip
"""What is done for a time, and what ends it."""
STAYS = {
    "delisted_but_ordered": "the shop does not sell it any more",
    "customs_rejected": "customs would refuse the next one too",
    "chargeback_surge": "it is calm because it is off sale; a person says whether it is over",
    "dispute_rate_high": "as above",
}
"""Where it does not end as the trouble goes away."""


def leaves_undone(playbook: Playbook) -> list[str]:
    """What is done for a time ends if the trouble goes away: an order that nobody holds any more would lie for ever."""
    done = {step.what for step in playbook.steps if step.do == "act"} & UNDONE_BY.keys()
    if not done or playbook.exception in STAYS:
        return []
    if playbook.healed is None:
        return sorted(done)
    after, names = set[str](), [playbook.healed]
    while names:
        step = playbook[names.pop()]
        if step.name not in after:
            after.add(step.name)
            names += [way.to for way in ways_from(playbook, step)]
    ends = {playbook[name].what for name in after}
    return sorted(what for what in done if UNDONE_BY[what] not in ends)


FAULTS: list[Fault] = [
    cannot_be_reached, waits_for_ever, goes_round_at_once, goes_round_for_ever, tells_twice, tells_late,
    leaves_without_news, is_silent_for_long, pays_twice, recovers_first, leaves_undone,
    says_what_is_not, ends_owing,
]  # fmt: skip


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.__name__)
def test_no_playbook_has_this_fault(fault: Fault) -> None:
    assert {exception: found for exception, book in BOOKS.items() if (found := fault(book))} == {}


LOST = """
lost:
  version: 1
  steps:
    - offer: parcel_lost
      name: choice
      options: [reship, refund_full]
      within: 20 hours
      on: {reship: again, refund_full: back, refused: person, late: count}
    - check: times > 2
      name: count
      on: {yes: person, no: choice}
    - act: replace_order
      name: again
      amount: total
      within: 1 day
      on: {done: recover, refused: person, late: person}
    - act: refund
      name: back
      amount: captured
      within: 2 days
      on: {done: told, refused: person, late: person}
    - tell: refunded
      name: told
    - act: file_claim
      name: recover
      amount: total
      within: 2 days
      on: {done: over, refused: over, late: over}
    - end: put_right
      name: over
    - escalate: lead
      name: person
"""


@pytest.mark.parametrize(
    ("fault", "before", "after"),
    [
        (cannot_be_reached, "refund_full: back", "refund_full: person"),
        (waits_for_ever, "within: 20 hours\n      on: {reship: again, refund_full: back, refused: person, late: count}",
         "on: {reship: again, refund_full: back, refused: person}"),
        (goes_round_at_once, "refused: person, late: person}\n    - tell", "refused: back, late: person}\n    - tell"),
        (goes_round_for_ever, "late: count", "late: choice"),
        (goes_round_for_ever, "times > 2", "captured > 2"),
        (tells_twice, "name: told\n",
         "name: told\n    - check: total > 3\n      on: {no: over}\n    - tell: sent_again\n"),
        (tells_twice, "check: times > 2\n      name: count\n      on: {yes: person, no: choice}",
         "tell: no_news_yet\n      name: count\n      on: {done: choice}"),
        (tells_twice, "name: told\n",
         "name: told\n    - wait: time\n      within: 59 minutes\n    - tell: sent_again\n"),
        (tells_late, "    - offer: parcel_lost", "    - task: find_stock\n      with: {role: warehouse}\n"
         "      within: 25 hours\n      on: {cannot: person, late: person}\n    - offer: parcel_lost"),
        (tells_late, "    - offer: parcel_lost", "    - wait: time\n      within: 20 hours\n    - task: find_stock\n"
         "      with: {role: warehouse}\n      within: 5 hours\n      on: {cannot: person, late: person}\n"
         "    - offer: parcel_lost"),
        (leaves_without_news, "amount: captured\n      within: 2 days", "amount: captured\n      within: 3 days"),
        (is_silent_for_long, "    - act: refund\n      name: back",
         "    - wait: time\n      name: back\n      within: 48 hours\n    - task: find_stock\n"
         "      with: {role: warehouse}\n      within: 48 hours\n      on: {cannot: person, late: person}\n"
         "    - wait: time\n      name: one_more\n      within: 1 hour\n    - act: refund\n      name: at_last"),
        (pays_twice, "amount: total\n      within: 1 day\n      on: {done: recover, refused: person, late: person}",
         "amount: total\n      within: 1 day\n      on: {done: recover, refused: back, late: back}"),
        (pays_twice, "{done: recover, refused", "{done: back, refused"),
        (recovers_first, "refund_full: back", "refund_full: recover"),
        (says_what_is_not, "{done: recover, refused", "{done: told, refused"),
        (ends_owing, "{done: told, refused: person, late: person}", "{done: told, refused: person, late: over}"),
        (ends_owing, "refund_full: back", "refund_full: over"),
        (leaves_undone, "    - offer: parcel_lost", "    - act: hold_order\n      within: 1 hour\n"
         "      on: {refused: person, late: person}\n    - offer: parcel_lost"),
    ],
)  # fmt: skip
def test_each_fault_is_found_in_a_playbook_that_has_it(fault: Fault, before: str, after: str) -> None:
    assert LOST.count(before) == 1
    assert not fault(read_playbooks(LOST, "lost.yaml", FACTS)["lost"])
    assert fault(read_playbooks(LOST.replace(before, after), "lost.yaml", FACTS)["lost"])


# ---------------------------------------------------------------- the same ways, gone by `advance` itself

LIKELY: tuple[Any, ...] = (
    None, 0, 1, 700, 4_950, 5_000, 10_000, AT - 60 * DAY, AT - DAY, AT - HOUR, AT, AT + DAY,
)  # fmt: skip
"""What a fact may be; and whatever stands in the condition itself."""


@cache
def asked_for(condition: str) -> dict[str, tuple[Any, ...]]:
    """The facts that a condition asks for, and what each may be: texts only where it is held against texts."""
    found: dict[str, tuple[Any, ...]] = {}
    for node in sqlglot.parse_one(condition).find_all(exp.Column):
        beside = [each.this for each in node.parent.find_all(exp.Literal) if each.is_string] if node.parent else []
        found[node.name] = (*beside, "other", None) if beside else LIKELY
    return {name: values for name, values in found.items() if name not in ("now", "times")}


def draw(random_: random.Random, conditions: Iterable[str]) -> dict[str, Any]:
    """Facts for these conditions; what is not known is left out."""
    domain = {name: values for condition in conditions for name, values in asked_for(condition).items()}
    facts = {name: random_.choice(values) for name, values in sorted(domain.items())}
    return {name: value for name, value in facts.items() if value is not None}


def drawn(step: Step, times: int, *, passed: bool = False, comes_true: bool = True) -> dict[str, Any] | None:
    """Facts of which the step's `if`, and its condition, say so; None if there are none to be found."""
    asks = step.what if step.do in ("check", "wait") and step.what != "time" else None
    random_ = random.Random(step.name)
    for _ in range(1_000):
        facts = draw(random_, [each for each in (step.when, asks) if each])
        known = {**facts, "now": AT, "times": times}
        if step.when is not None and holds(step.when, known) is passed:
            continue
        if passed or asks is None or holds(asks, known) is comes_true:
            return facts
    return None


@pytest.mark.parametrize("exception", sorted(BOOKS))
def test_each_step_comes_to_each_of_its_outcomes_and_goes_on_from_there(exception: str) -> None:
    book = BOOKS[exception]
    for step in book.steps:
        for way in ways_from(book, step):
            assert any(comes_to(book, step, way, times) for times in range(1, 10)), (step.name, way.outcome)


def comes_to(book: Playbook, step: Step, way: Way, times: int) -> bool:
    """Let a step come to an outcome; whether there is a world in which it does."""
    facts = drawn(step, times, passed=way.outcome == PASSED, comes_true=way.outcome in ("yes", "met"))
    if facts is None:
        return False
    if step.amount is not None:
        facts |= {"captured": 5_000, "total": 4_000, "disputed": 1_000, "claimed": 1_000, "agreed": 1_000, "duty": 700}
        facts |= {"refund_failed_amount": 900, "return_amount": 900}
    since = Instant(AT - (step.within or 0)) if way.outcome == LATE else AT
    standing = Standing(
        case="case", round=0, exception=book.exception, version=book.version, step=step.name, since=since,
        visits={step.name: times},
    )  # fmt: skip
    known = Known(now=AT, facts=facts)
    match step.do:
        case "act" if way.outcome in ("done", "refused"):
            state: Any = "confirmed" if way.outcome == "done" else "refused"
            known = msgspec.structs.replace(known, intents={intent_of(standing, step): state})
        case "ask" | "offer" | "task" if way.outcome not in (LATE, PASSED):
            known = msgspec.structs.replace(known, answers={step_id(standing): way.outcome})
        case _:
            pass
    gone = advance(book, standing, known).standing
    came = gone.visits.get(way.to, 0) - standing.visits.get(way.to, 0)
    assert came >= 1, (step.name, way.outcome, gone)
    assert gone.step is None or next_due(book, gone) is not None
    return True


@pytest.mark.parametrize("exception", sorted(BOOKS))
def test_every_case_comes_to_an_end_and_is_paid_once_whatever_happens(exception: str) -> None:
    for seed in range(80):
        live(BOOKS[exception], random.Random(f"{exception} {seed}"))


def live(book: Playbook, random_: random.Random) -> None:
    """One life of a case: what others do, what is known and how time goes by is drawn."""
    conditions = [text for step in book.steps for text in (step.when, step.amount) if text]
    conditions += [step.what for step in book.steps if step.do in ("check", "wait") and step.what != "time"]
    standing = begin(book, "case", 0, AT)
    now, healed = AT, False
    intents: dict[str, Any] = {}
    answers: dict[str, str] = {}
    planned: dict[str, str] = {}
    for _ in range(150):
        facts = draw(random_, conditions)
        known = Known(now=now, facts=facts, healed=healed, intents=intents, answers=answers)
        found = advance(book, standing, known)
        for intent in found.intents:
            assert intent.id not in planned
            assert intent.how.get("amount", 1) > 0
            planned[intent.id], intents[intent.id] = intent.does, "proposed"
        for gone in found.withdrawn:
            intents[gone] = "withdrawn"
        standing = found.standing
        if standing.step is None:
            break
        due = next_due(book, standing)
        assert due is not None
        step = book[standing.step]
        if random_.random() < 0.3:
            now = due
        elif step.do == "act":
            intents[intent_of(standing, step)] = random_.choice(("confirmed", "refused", "accepted", "unknown"))
        elif step.do in ("ask", "offer", "task"):
            answers[step_id(standing)] = random_.choice([one for one in outcomes_of(step) if one != LATE])
        else:
            now = Instant(min(now + random_.randrange(5) * HOUR, due))
        healed = healed or random_.random() < 0.02
    assert standing.ending is not None
    paid = [act for act, does in planned.items() if does in WORDS.acts and WORDS.acts[does].pays]
    assert sum(intents[act] not in ("refused", "withdrawn") for act in paid) <= 1


# ---------------------------------------------------------------- the shelf, and its words

FILES = {
    "payment": "payment.yaml", "stock": "stock.yaml", "fulfilment": "fulfilment.yaml", "logistics": "logistics.yaml",
    "product and compliance": "product.yaml", "buyer data": "buyer_data.yaml", "system": "system.yaml",
    "abuse": "abuse.yaml", "service": "service.yaml",
}  # fmt: skip


def text_of(name: str) -> str:
    return files("amends.resolution").joinpath("playbooks", name).read_text(encoding="utf-8")


def test_every_exception_has_a_playbook_in_the_file_of_its_area() -> None:
    assert BOOKS.keys() == EXCEPTIONS
    for area, name in FILES.items():
        found = read_playbooks(text_of(name), name, FACTS, lists=built_in_lists())
        assert tuple(found) == CATALOGUE[area]


def test_a_shelf_lacks_nothing_and_holds_nothing_twice() -> None:
    texts = {name: text_of(name) for name in FILES.values()}
    assert read_shelf(texts, built_in_lists()) == BOOKS
    with pytest.raises(UnreadablePlaybookError, match="no playbook for blocklisted_buyer, brushing_suspected"):
        read_shelf({name: text for name, text in texts.items() if name != "abuse.yaml"}, built_in_lists())
    with pytest.raises(UnreadablePlaybookError, match=r"own.yaml: lost has a playbook in logistics.yaml already"):
        read_shelf({**texts, "own.yaml": LOST}, built_in_lists())


def test_every_word_is_used_and_every_list_too() -> None:
    steps = [step for book in BOOKS.values() for step in book.steps]
    for do, known in (("act", WORDS.acts), ("task", WORDS.tasks)):
        # A letter that does not arrive becomes a task in any playbook.
        made = {"tell_by_hand"} if do == "task" else set()
        assert {step.what for step in steps if step.do == do} | made == known.keys()
    assert {step.what for step in steps if step.do in SAID} == WORDS.texts.keys()
    assert {step.what for step in steps if step.do == "escalate"} | {
        step.details["role"] for step in steps if step.do == "task"
    } == WORDS.roles.keys()
    used = {part["use"] for name in (*FILES.values(), "shared.yaml") for part in uses(yaml.safe_load(text_of(name)))}
    assert used == built_in_lists().keys()


def uses(part: Any) -> Iterator[dict[str, str]]:
    if isinstance(part, dict) and "use" in part:
        yield part
    for each in part.values() if isinstance(part, dict) else part if isinstance(part, list) else ():
        yield from uses(each)


def test_connectors_do_what_is_in_the_vocabulary() -> None:
    assert StripeActor.does <= WORDS.acts.keys()


ACCUSING = re.compile(
    r"fraud|fake|suspect|abuse|cheat|liar|lying|block|brush|odd|refus(?:e|al) to believe", re.IGNORECASE
)


def test_no_text_accuses_the_buyer() -> None:
    assert ACCUSING.search(WORDS.tasks["judge_order"].means)
    assert [name for name, means in WORDS.texts.items() if ACCUSING.search(f"{name} {means}")] == []
    # Of what is suspected, buyers only ever hear what any buyer may hear.
    said = {step.what for name in CATALOGUE["abuse"] for step in BOOKS[name].steps if step.do in SAID}
    assert said == {"order_not_accepted", "refunded", "is_quantity_meant"}


def test_a_playbook_knows_whether_a_buyer_is_concerned() -> None:
    """Nobody is left without a word by calling a buyer's trouble one of the house."""
    house = {exception for exception, book in BOOKS.items() if book.concerns == "house"}
    assert house.isdisjoint(CATALOGUE["logistics"] + CATALOGUE["buyer data"] + CATALOGUE["service"])
    assert house >= set(CATALOGUE["system"])
    many = {exception for exception, book in BOOKS.items() if book.concerns == "many"}
    assert many == {"chargeback_surge", "lane_disruption"}
