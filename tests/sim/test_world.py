"""The world is the same for the same seed, goes by its own time, and has every trouble there is a rule for."""

import subprocess
import sys
from collections import Counter
from hashlib import sha256

import pytest

from amends.detection.backtest.labels import GROUPS
from amends.sim.world import Plan, World

# What the built-in rules can notice, each to be found in a world of some size.
INJECTED = set(
    """
    payment_failed payment_pending_expired paid_not_updated captured_without_order duplicate_payment amount_mismatch
    payment_risk_hold refund_failed refund_stuck chargeback_opened chargeback_deadline_near payment_success_drop
    chargeback_surge oversold reservation_failed stock_sync_lag stock_count_conflict handover_late no_first_scan
    order_cancelled cancelled_but_moving tracking_stalled destination_dark delivery_late customs_hold
    customs_docs_required duties_unpaid customs_rejected lost damaged misrouted attempt_failed refused pickup_expiring
    delivered_not_received return_to_sender lane_disruption not_as_described pick_error address_incomplete
    recipient_id_missing note_unread order_sync_failed channel_silent undecodable_delivery brushing_suspected
    quantity_abnormal buyer_upset negative_review reply_overdue first_contact_overdue update_overdue promise_unkept
    return_not_sent return_not_inspected return_refund_overdue currency_conversion_failed fx_limit_exceeded
    payout_mismatch dispute_rate_high linked_loss_claimed_twice low_stock delisted_but_ordered
    partial_shipment_forbidden recipient_unreachable defect_surge certificate_missing declaration_incomplete
    restricted_goods phone_invalid systems_disagree promo_abuse serial_refunder blocklisted_buyer
    platform_claim_opened messaging_window_closing
    """.split()
)

_DIGEST = """
from hashlib import sha256
from amends.sim.world import Plan, World
world = World(Plan.of(seed=5, orders=60))
digest = sha256()
for sending in world.run():
    digest.update(repr(sending).encode())
print(sha256(digest.digest() + repr(world.truths()).encode()).hexdigest())
"""


def _digest(*, seed: int) -> str:
    digest = sha256()
    for sending in World(Plan.of(seed=seed, orders=60)).run():
        digest.update(repr(sending).encode())
    return digest.hexdigest()


def test_the_same_seed_gives_the_same_world() -> None:
    assert _digest(seed=5) == _digest(seed=5)
    assert _digest(seed=5) != _digest(seed=6)


def test_no_hash_seed_changes_the_world() -> None:
    digests = {
        subprocess.run(
            [sys.executable, "-c", _DIGEST],
            env={"PYTHONHASHSEED": str(seed)},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in (0, 4711)
    }
    assert len(digests) == 1


@pytest.fixture(scope="module")
def big() -> World:
    world = World(Plan.of(seed=2, orders=4000))
    latest = 0
    names: Counter[str] = Counter()
    for sending in world.run():
        assert latest <= sending.at
        latest = sending.at
        names[sending.id] += 1
    assert max(names.values()) == 1
    return world


@pytest.mark.slow
def test_every_exception_happens(big: World) -> None:
    assert {truth.exception for truth in big.truths()} == INJECTED


@pytest.mark.slow
def test_truth_lies_within_the_world_and_heals_after_it_began(big: World) -> None:
    for truth in big.truths():
        assert big.plan.start <= truth.at <= big.clock
        assert truth.healed_at is None or truth.at <= truth.healed_at <= big.clock
        assert bool(truth.order) or truth.exception in GROUPS | {
            "channel_silent", "oversold", "stock_sync_lag", "stock_count_conflict", "undecodable_delivery",
            "payout_mismatch", "low_stock", "delisted_but_ordered", "serial_refunder",
        }  # fmt: skip


def test_where_nothing_is_injected_nothing_is_wrong() -> None:
    world = World(Plan(seed=3, days=12, orders_per_day=125, trouble=0, incidents=False))
    for _ in world.run():
        pass
    assert world.truths() == []


@pytest.mark.parametrize("orders", [1, 2, 333])
def test_as_many_orders_are_placed_as_were_asked_for(orders: int) -> None:
    world = World(Plan.of(seed=4, orders=orders))
    placed = [sending for sending in world.run() if sending.topic == "orders/create"]
    unknown = {truth.order for truth in world.truths() if truth.exception == "captured_without_order"}
    assert orders - len(unknown) <= len(placed) <= orders
