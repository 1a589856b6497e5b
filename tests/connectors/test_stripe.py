"""What Stripe's events mean, beyond the payloads we have samples of."""

from typing import Any

import pytest
from tests.connectors.samples import RECEIVED, charge, delivery, intent, stripe_event

from amends.connectors import IrrelevantDeliveryError, UnreadableDeliveryError, connector_of
from amends.model import Event
from amends.model.instant import SECOND, Instant, parse_instant

stripe = connector_of("stripe")
HAPPENED = Instant(1772355600 * SECOND)


def read(body: Any, *, received: bool = True) -> list[Event]:
    return stripe.translate(delivery("stripe", body, received=received))


def told(type_: str, value: dict[str, Any], **more: Any) -> list[Event]:
    return read(stripe_event(type_, value, **more))


def one(events: list[Event], type_: str) -> Event:
    [event] = [event for event in events if event.type == type_]
    return event


def refund(**more: Any) -> dict[str, Any]:
    return {
        "id": "re_1",
        "object": "refund",
        "amount": 1000,
        "currency": "eur",
        "charge": "ch_31",
        "payment_intent": "pi_31",
        "created": 1772359200,
        "metadata": {"order_id": "5401"},
        "status": "succeeded",
        **more,
    }


def dispute(**more: Any) -> dict[str, Any]:
    return {
        "id": "dp_1",
        "object": "dispute",
        "amount": 5490,
        "currency": "eur",
        "charge": "ch_31",
        "payment_intent": "pi_31",
        "created": 1772359200,
        "evidence_details": {"due_by": 1773532799},
        "reason": "product_not_received",
        "status": "needs_response",
        **more,
    }


class TestPayments:
    def test_a_charge_is_authorized_and_captured_at_once(self) -> None:
        authorized, captured = told("charge.succeeded", charge())
        assert (authorized.type, captured.type) == ("payment.authorized", "payment.captured")
        assert captured.keys == {"payment": "pi_31", "order": "5401"}
        assert (captured.data["amount"], captured.data["currency"]) == (5490, "EUR")
        assert captured.data["test"] is False
        assert captured.time == HAPPENED
        assert (authorized.data["method"], authorized.data["risk_score"]) == ("card", 0.12)

    def test_charge_and_intent_tell_one_capture(self) -> None:
        by_charge = one(told("charge.succeeded", charge()), "payment.captured")
        by_intent = one(told("payment_intent.succeeded", intent()), "payment.captured")
        assert by_charge == by_intent
        # Versions before 2022-11-15 embed the charges.
        embedded = intent(latest_charge=None, charges={"data": [charge()]})
        assert one(told("payment_intent.succeeded", embedded), "payment.captured") == by_charge

    def test_charge_and_intent_tell_one_failure(self) -> None:
        declined = charge(
            status="failed",
            captured=False,
            failure_code="card_declined",
            failure_message="Your card has insufficient funds.",
            outcome={"reason": "insufficient_funds"},
        )
        error = {
            "charge": "ch_31",
            "code": "card_declined",
            "decline_code": "insufficient_funds",
            "message": "Your card has insufficient funds.",
            "payment_method": {"type": "card"},
        }
        by_charge = told("charge.failed", declined)
        by_intent = told(
            "payment_intent.payment_failed", intent(status="requires_payment_method", last_payment_error=error)
        )
        assert by_charge == by_intent
        [failed] = by_charge
        assert (failed.type, failed.data["reason"]) == ("payment.failed", "insufficient_funds")

    def test_manual_capture(self) -> None:
        [authorized] = told("charge.succeeded", charge(captured=False, amount_captured=0))
        assert authorized.type == "payment.authorized"
        ready = intent(status="requires_capture", amount_received=0, amount_capturable=5490, latest_charge="ch_31")
        [waiting] = told("payment_intent.amount_capturable_updated", ready)
        assert (waiting.type, waiting.data["amount"]) == ("payment.authorized", 5490)
        [captured] = told("charge.captured", charge(amount_captured=4000))
        assert (captured.type, captured.data["amount"]) == ("payment.captured", 4000)

    @pytest.mark.parametrize(
        ("type_", "event_type", "status"),
        [("charge.pending", "payment.attempted", "pending"), ("charge.expired", "payment.failed", "expired")],
    )
    def test_charges_in_between(self, type_: str, event_type: str, status: str) -> None:
        [event] = told(type_, charge(status="pending", captured=False))
        assert (event.type, event.data["status"]) == (event_type, status)

    @pytest.mark.parametrize(
        ("type_", "status", "event_type"),
        [
            ("payment_intent.created", "requires_payment_method", "payment.attempted"),
            ("payment_intent.processing", "processing", "payment.attempted"),
            ("payment_intent.requires_action", "requires_action", "payment.attempted"),
            ("payment_intent.partially_funded", "requires_action", "payment.attempted"),
            ("payment_intent.canceled", "canceled", "payment.failed"),
        ],
    )
    def test_intents_in_between(self, type_: str, status: str, event_type: str) -> None:
        [event] = told(type_, intent(status=status, amount_received=0))
        assert (event.type, event.data["status"], event.keys["order"]) == (event_type, status, "5401")

    @pytest.mark.parametrize(
        ("action", "method"),
        [
            ({"type": "boleto_display_details", "boleto_display_details": {"expires_at": 1772600000}}, "boleto"),
            ({"type": "oxxo_display_details", "oxxo_display_details": {"expires_after": 1772600000}}, "oxxo"),
            ({"type": "pix_display_qr_code", "pix_display_qr_code": {"expires_at": 1772600000}}, "pix"),
        ],
    )
    def test_vouchers_say_until_when(self, action: dict[str, Any], method: str) -> None:
        [event] = told("payment_intent.requires_action", intent(status="requires_action", next_action=action))
        assert (event.data["expires_at"], event.data["method"]) == ("2026-03-04T04:53:20Z", method)

    @pytest.mark.parametrize(
        ("type_", "parts", "event_type", "status"),
        [
            ("completed", {"status": "complete", "payment_status": "paid"}, "payment.authorized", "paid"),
            ("completed", {"status": "complete", "payment_status": "unpaid"}, "payment.attempted", "pending"),
            ("async_payment_succeeded", {"payment_status": "paid"}, "payment.authorized", "paid"),
            ("async_payment_failed", {"payment_status": "unpaid"}, "payment.failed", "failed"),
            ("expired", {"status": "expired", "payment_status": "unpaid"}, "payment.attempted", "expired"),
        ],
    )
    def test_checkout_sessions(self, type_: str, parts: dict[str, Any], event_type: str, status: str) -> None:
        session = {
            "id": "cs_1",
            "object": "checkout.session",
            "mode": "payment",
            "amount_total": 5490,
            "currency": "eur",
            "client_reference_id": "5401",
            "payment_intent": "pi_31",
            **parts,
        }
        [event] = told(f"checkout.session.{type_}", session)
        assert (event.type, event.data["status"]) == (event_type, status)
        assert event.keys == {"payment": "pi_31", "order": "5401"}

    @pytest.mark.parametrize(
        ("type_", "event_type"),
        [("chargeable", "payment.authorized"), ("failed", "payment.failed"), ("canceled", "payment.failed")],
    )
    def test_sources(self, type_: str, event_type: str) -> None:
        source = {
            "id": "src_1",
            "object": "source",
            "amount": 100,
            "currency": "eur",
            "type": "giropay",
            "status": type_,
        }
        [event] = told(f"source.{type_}", source)
        assert (event.type, event.keys["payment"], event.data["method"]) == (event_type, "src_1", "giropay")

    def test_reviews_and_warnings(self) -> None:
        review = {"id": "prv_1", "object": "review", "charge": "ch_31", "payment_intent": "pi_31", "reason": "rule"}
        [opened] = told("review.opened", {**review, "open": True, "opened_reason": "rule"})
        [closed] = told("review.closed", {**review, "open": False, "closed_reason": "approved", "reason": "approved"})
        assert (opened.type, opened.data["status"], opened.data["reason"]) == ("payment.reviewed", "opened", "rule")
        assert (closed.data["status"], closed.data["reason"], closed.keys["payment"]) == ("closed", "approved", "pi_31")
        warning = {
            "id": "issfr_1",
            "object": "radar.early_fraud_warning",
            "charge": "ch_31",
            "fraud_type": "made_with_lost_card",
        }
        [warned] = told("radar.early_fraud_warning.created", warning)
        assert (warned.type, warned.data["reason"], warned.keys["payment"]) == (
            "payment.reviewed",
            "made_with_lost_card",
            "ch_31",
        )

    def test_paid_payouts(self) -> None:
        payout = {"id": "po_1", "object": "payout", "amount": 100, "currency": "eur", "arrival_date": 1772409600}
        [paid] = told("payout.paid", {**payout, "status": "paid"})
        assert (paid.type, paid.data["payout"], paid.time) == (
            "payout.paid",
            "po_1",
            parse_instant("2026-03-02T00:00:00Z"),
        )
        assert told("payout.updated", {**payout, "status": "paid"}, created=1772500000) == [paid]
        for status in ("failed", "in_transit", "canceled"):
            with pytest.raises(IrrelevantDeliveryError, match=f"payout is {status}"):
                told("payout.failed", {**payout, "status": status})

    @pytest.mark.parametrize("name", ["order_id", "order", "shopify_order_id"])
    def test_the_order_is_named_in_the_metadata(self, name: str) -> None:
        assert told("charge.succeeded", charge(metadata={name: 5401}))[0].keys["order"] == "5401"
        assert told("charge.succeeded", charge(metadata={}, transfer_group="5401"))[0].keys["order"] == "5401"
        assert "order" not in told("charge.succeeded", charge(metadata={name: " "}))[0].keys

    def test_expanded_objects_stand_for_their_ids(self) -> None:
        assert told("charge.succeeded", charge(payment_intent=intent()))[0].keys["payment"] == "pi_31"

    def test_a_charge_without_intent_is_a_payment_of_its_own(self) -> None:
        assert told("charge.succeeded", charge(payment_intent=None))[0].keys["payment"] == "ch_31"


class TestMoney:
    @pytest.mark.parametrize(
        ("currency", "amount", "minor"),
        [
            ("usd", 1050, 1050),
            ("jpy", 500, 500),
            ("krw", 12000, 12000),
            ("kwd", 5120, 5120),
            # Stripe's own exponents: ISK and UGX count in hundredths still, MGA in whole ariary.
            ("isk", 50000, 500),
            ("ugx", 500000, 5000),
            ("mga", 500, 50000),
            ("huf", 1045, 1045),
            ("twd", 80000, 80000),
        ],
    )
    def test_stripes_smallest_unit_is_not_always_the_minor_unit(self, currency: str, amount: int, minor: int) -> None:
        paid = one(
            told("charge.succeeded", charge(amount=amount, amount_captured=amount, currency=currency)),
            "payment.captured",
        )
        assert (paid.data["amount"], paid.data["currency"]) == (minor, currency.upper())


class TestRefunds:
    def test_one_refund_by_whatever_event(self) -> None:
        [created] = told("refund.created", refund())
        assert (created.type, created.data["refund"], created.data["amount"]) == ("payment.refunded", "re_1", 1000)
        assert created.keys == {"payment": "pi_31", "order": "5401"}
        assert created.time == Instant(1772359200 * SECOND)
        listed = charge(amount_refunded=1000, refunded=False, refunds={"data": [refund()]})
        assert told("charge.refunded", listed) == [created]
        assert told("charge.refund.updated", refund(), created=1772400000) == [created]

    def test_under_way_then_done(self) -> None:
        [sent] = told("refund.created", refund(status="pending"))
        [done] = told("refund.updated", refund(), created=1772500000, previous={"status": "pending"})
        assert (sent.data["status"], done.data["status"]) == ("pending", "succeeded")
        assert sent.id != done.id
        assert done.time == Instant(1772500000 * SECOND)

    def test_failed(self) -> None:
        body = refund(status="failed", failure_reason="lost_or_stolen_card")
        [failed] = told("refund.failed", body)
        assert (failed.type, failed.data["reason"]) == ("payment.refund_failed", "lost_or_stolen_card")
        assert failed.time == HAPPENED
        [cancelled] = told("refund.updated", refund(status="canceled"), previous={"status": "pending"})
        assert (cancelled.type, cancelled.data["status"]) == ("payment.refund_failed", "canceled")

    def test_a_change_of_anything_else_is_no_news(self) -> None:
        with pytest.raises(IrrelevantDeliveryError, match="receipt_number"):
            told("charge.refund.updated", refund(), previous={"receipt_number": None})

    def test_a_charge_that_lists_no_refunds_tells_how_much_more_went_back(self) -> None:
        body = charge(amount_refunded=1500)
        [more] = told("charge.refunded", body, previous={"amount_refunded": 500})
        assert (more.type, more.data["amount"], more.keys["order"]) == ("payment.refunded", 1000, "5401")

    def test_the_shapes_of_old_versions(self) -> None:
        assert told("charge.refunded", charge(amount_refunded=1000, refunds=[refund()])) == told(
            "refund.created", refund()
        )
        [nameless] = told(
            "charge.refunded", charge(amount_refunded=1000, refunds=[{"amount": 1000, "object": "refund"}])
        )
        assert (nameless.type, nameless.data["amount"]) == ("payment.refunded", 1000)
        assert told("charge.succeeded", charge(refunds=[]))[1].type == "payment.captured"


class TestDisputes:
    @pytest.mark.parametrize(
        ("type_", "event_type", "status"),
        [
            ("created", "dispute.opened", "needs_response"),
            ("updated", "dispute.updated", "under_review"),
            ("funds_withdrawn", "dispute.updated", "needs_response"),
            ("funds_reinstated", "dispute.updated", "won"),
            ("closed", "dispute.closed", "lost"),
        ],
    )
    def test_by_event(self, type_: str, event_type: str, status: str) -> None:
        [event] = told(f"charge.dispute.{type_}", dispute(status=status))
        assert (event.type, event.data["status"], event.data["dispute"]) == (event_type, status, "dp_1")
        assert (event.keys["payment"], event.data["reason"]) == ("pi_31", "product_not_received")
        assert event.data["respond_by"] == "2026-03-14T23:59:59Z"
        assert event.data["stage"] == "dispute"

    def test_inquiries_come_before_disputes(self) -> None:
        [warned] = told("charge.dispute.created", dispute(status="warning_needs_response"))
        assert warned.data["stage"] == "pre_dispute"
        card = {"card": {"case_type": "inquiry", "network_reason_code": "13.1"}}
        [inquiry] = told("charge.dispute.created", dispute(payment_method_details=card))
        assert (inquiry.data["stage"], inquiry.data["code"]) == ("pre_dispute", "13.1")

    def test_no_answer_possible(self) -> None:
        [event] = told("charge.dispute.created", dispute(evidence_details={"due_by": 0}))
        assert "respond_by" not in event.data


class TestWhatIsPaidWith:
    @pytest.mark.parametrize(
        ("details", "instrument"),
        [
            ({"type": "card", "card": {"fingerprint": "Xt5EWLLDS7FJjR1c"}}, "Xt5EWLLDS7FJjR1c"),
            ({"type": "sepa_debit", "sepa_debit": {"fingerprint": "NwfJSf4tzMZcmDpx"}}, "NwfJSf4tzMZcmDpx"),
            ({"type": "paypal", "paypal": {"payer_id": "QRS57MYXDZZZZ"}}, "QRS57MYXDZZZZ"),
            ({"type": "card", "card": {}}, None),
            ({"type": "boleto", "boleto": {"tax_id": "1"}}, None),
        ],
    )
    def test_by_charge(self, details: dict[str, Any], instrument: str | None) -> None:
        [authorized, _] = read(charge(payment_method_details=details))
        assert authorized.data.get("instrument") == instrument
        [failed] = read(charge(status="failed", payment_method_details=details))
        assert failed.data.get("instrument") == instrument

    def test_by_a_payment_that_was_declined(self) -> None:
        method = {"type": "card", "card": {"fingerprint": "Xt5EWLLDS7FJjR1c"}}
        error = {"code": "card_declined", "payment_method": method}
        [event] = told("payment_intent.payment_failed", intent(status="canceled", last_payment_error=error))
        assert (event.type, event.data["instrument"]) == ("payment.failed", "Xt5EWLLDS7FJjR1c")


class TestWhatABodyIs:
    def test_bare_objects_and_lists_of_them(self) -> None:
        assert [event.type for event in read(charge())] == ["payment.authorized", "payment.captured"]
        assert [event.type for event in read(charge(status="failed"))] == ["payment.failed"]
        assert [event.type for event in read(intent(status="processing"))] == ["payment.attempted"]
        assert [event.type for event in read(dispute(status="won"))] == ["dispute.closed"]
        both = read({"object": "list", "data": [refund(), refund(id="re_2")]})
        assert [event.data["refund"] for event in both] == ["re_1", "re_2"]

    def test_a_topic_names_the_event_of_a_bare_object(self) -> None:
        bare = stripe.with_topic(delivery("stripe", charge()), "charge.captured")
        assert [event.type for event in stripe.translate(bare)] == ["payment.captured"]

    def test_without_a_time_of_its_own_it_is_as_of_its_receipt(self) -> None:
        [event] = read({**charge(status="pending"), "created": None})
        assert (event.time, event.data["time_assumed"]) == (RECEIVED, "received")
        with pytest.raises(UnreadableDeliveryError, match="Nothing tells when"):
            read({**charge(status="pending"), "created": None}, received=False)

    @pytest.mark.parametrize(
        ("type_", "kind", "why"),
        [
            ("customer.subscription.updated", "subscription", "not an order"),
            ("invoice.payment_failed", "invoice", "told by its charge"),
            ("issuing_authorization.request", "issuing.authorization", "own spending"),
            ("issuing_dispute.created", "issuing.dispute", "own spending"),
            ("transfer.created", "transfer", "own money"),
            ("price.created", "price", "not a payment"),
            ("charge.updated", "charge", "other changes are not followed"),
            ("source.refund_attributes_required", "source", "no payment that was tried"),
            ("something.new", "something", "names no payment"),
        ],
    )
    def test_what_is_not_followed_says_why(self, type_: str, kind: str, why: str) -> None:
        with pytest.raises(IrrelevantDeliveryError, match=why):
            told(type_, {"id": "x_1", "object": kind})

    def test_thin_events_are_not_enough(self) -> None:
        with pytest.raises(IrrelevantDeliveryError, match="thin"):
            read({"id": "evt_1", "object": "v2.core.event", "type": "v1.charge.succeeded"})

    @pytest.mark.parametrize(
        ("body", "why"),
        [
            (stripe_event("charge.succeeded", dispute()), "carries a dispute"),
            (stripe_event("charge.succeeded", charge(id=None)), "has no id"),
            (stripe_event("charge.succeeded", charge(amount="much", amount_captured=None)), "should be a number"),
            (stripe_event("charge.succeeded", charge(currency="eu")), "three letters"),
            (stripe_event("charge.succeeded", charge(), created=10**13), "1970 to 2199"),
            ({"object": "event", "type": "charge.succeeded", "data": {}}, "no `data.object`"),
            ({"object": "event", "id": "evt_1"}, "no `type`"),
            ({"id": 1}, "neither `object` nor `type`"),
        ],
    )
    def test_nonsense_is_named(self, body: Any, why: str) -> None:
        with pytest.raises(UnreadableDeliveryError, match=why):
            read(body)
