# ruff: noqa: E501 - a row a step
"""The built-in rules told as stories: each fires on what it is about, keeps quiet beside it, and clears."""

from hashlib import blake2b
from importlib.resources import files
from pathlib import Path

import pytest
from tests.reference.stories import MIDNIGHT, tell

from amends.detection import Kernel, Pack, load_pack
from amends.model.event import Event
from amends.model.instant import DAY, HOUR, Instant

PACK = load_pack()
BUILT_IN = Path(str(files("amends.detection"))) / "packs"


def story(table: str, pack: Pack = PACK) -> None:
    """Tell a story to a kernel with the built-in pack."""
    tell(Kernel(pack), table)


# ---------------------------------------------------------------- money


def test_currency_conversion_failed() -> None:
    story(
        """
        learned | happened | event            | keys              | data                                          | then
        00:00   |   | payment.failed   | payment=p order=1 | amount=900 currency=USD reason=currency_not_supported |
                |   |   |   |   | +currency_conversion_failed payment:p order=1 loss=900 currency=USD; +payment_failed payment:p
        00:05   |   | payment.failed   | payment=p order=1 | amount=900 currency=USD reason=currency_not_supported |
        00:09   |   | payment.captured | payment=p order=1 | amount=900 currency=USD |
                |   |   |   |   | -currency_conversion_failed payment:p; -payment_failed payment:p
        """
    )


def test_fx_limit_exceeded() -> None:
    story(
        """
        learned | happened | event            | keys      | data                                     | then
        00:00   |   | payment.failed   | payment=p | amount=900 reason=do_not_honor                   | +payment_failed payment:p
        00:01   |   | payment.failed   | payment=p | amount=900 reason=withdrawal_count_limit_exceeded |
                |   |   |   |   | +fx_limit_exceeded payment:p loss=900
        00:09   |   | payment.captured | payment=p | amount=900 |
                |   |   |   |   | -fx_limit_exceeded payment:p; -payment_failed payment:p
        """
    )


def test_payout_mismatch_counts_once_its_lines_have_been_told() -> None:
    story(
        """
        learned | happened | event           | keys     | data                                                   | then
        03:00   |   | payout.paid     | payout=a | amount=700 currency=EUR provider=stripe                       |
        03:05   |   | payout.itemized | payout=a | net=970 amount=1000 fee=30 currency=EUR reporting_category=charge |
        03:05   |   | payout.itemized | payout=a | net=-270 amount=-270 fee=0 currency=EUR reporting_category=refund |
        03:06   |   | payout.paid     | payout=b | amount=900 currency=EUR provider=stripe                       |
        03:07   |   | payout.itemized | payout=b | net=970 amount=1000 fee=30 currency=EUR reporting_category=charge |
        03:08   |   | payout.paid     | payout=c | amount=900 currency=EUR provider=stripe                       |
        05:00   |   | sweep           |          |  | +payout_mismatch payout:b at=04:07 loss=70 currency=EUR
        06:00   |   | payout.itemized | payout=b | net=-70 amount=-70 currency=EUR reporting_category=adjustment | -payout_mismatch payout:b
        """
    )


def _told(type: str, number: int, at: int, **data: object) -> Event:
    keys = {"order": str(number), "buyer": f"b{number}"}
    return Event(id=f"{type}-{number}", source="shop", type=type, time=Instant(at), keys=keys, data=data)


@pytest.mark.parametrize(("disputes", "is_high"), [(19, False), (20, True)])
def test_dispute_rate_high_at_one_in_a_hundred(disputes: int, is_high: bool) -> None:
    kernel = Kernel(PACK)
    placed = [_told("order.placed", number, MIDNIGHT, shop="a") for number in range(1000)]
    paid = [_told("order.paid", number, MIDNIGHT) for number in range(1000)]
    disputed = [_told("dispute.opened", number, MIDNIGHT + (number + 1) * HOUR) for number in range(disputes)]
    verdicts = kernel.on_events([*placed, *paid, *disputed])
    found = [(one.subject, one.fired_at) for one in verdicts.findings if one.rule == "dispute_rate_high"]
    assert found == ([("a", MIDNIGHT + 20 * HOUR)] if is_high else [])
    cleared = kernel.sweep(Instant(MIDNIGHT + 70 * DAY)).clearings
    ids = {one.id for one in verdicts.findings if one.rule == "dispute_rate_high"}
    assert {one.finding for one in cleared if one.finding in ids} == ids


def test_linked_loss_claimed_twice() -> None:
    story(
        """
        learned | happened | event            | keys              | data                              | then
        00:00   |   | order.placed     | order=1 buyer=b   | total=900 currency=USD units=1           |
        00:00   |   | order.paid       | order=1           |                                          |
        00:00   |   | payment.captured | payment=p order=1 | amount=900 currency=USD                  |
        01:00   |   | payment.refunded | payment=p order=1 | amount=900 currency=USD status=succeeded |
        02:00   |   | dispute.opened   | payment=p order=1 | amount=900 currency=USD respond_by=@999:00 |
                |   |   |   |   | +chargeback_opened payment:p; +linked_loss_claimed_twice order:1 loss=900 currency=USD
        03:00   |   | dispute.closed   | payment=p order=1 | amount=900 currency=USD status=won        |
                |   |   |   |   | -chargeback_opened payment:p; -linked_loss_claimed_twice order:1
        """
    )


def test_refunded_and_reshipped() -> None:
    story(
        """
        learned | happened | event            | keys               | data                                     | then
        00:00   |   | order.placed     | order=1 buyer=b    | total=900 currency=USD                          |
        00:00   |   | order.paid       | order=1            |                                                 |
        00:00   |   | payment.captured | payment=p order=1  | amount=900 currency=USD                         |
        00:30   |   | shipment.created | shipment=s order=1 | tracking=s                                      |
        01:00   |   | payment.refunded | payment=p order=1  | amount=900 currency=USD status=succeeded        |
        02:00   |   | shipment.created | shipment=t order=1 | tracking=t | +refunded_and_reshipped order:1 loss=900
        """
    )


# ---------------------------------------------------------------- stock


def test_low_stock_goes_by_the_pace_so_far() -> None:
    sold = "\n".join(
        f"{day * 24:02}:00 | | stock.reserved | stock=A@all order={day} | sku=A quantity=3 |" for day in range(10)
    )
    story(
        f"""
        learned | happened | event         | keys        | data               | then
        00:00   |   | stock.counted | stock=A@all | sku=A available=20 location=all |
        {sold}
        240:00  |   | stock.counted | stock=A@all | sku=A available=200 location=all | -low_stock stock:A@all
        """.replace(
            "168:00 | | stock.reserved | stock=A@all order=7 | sku=A quantity=3 |",
            "168:00 | | stock.reserved | stock=A@all order=7 | sku=A quantity=3 | +low_stock stock:A@all",
        )
    )


def test_delisted_but_ordered() -> None:
    story(
        """
        learned | happened | event            | keys                | data                       | then
        00:00   |   | stock.reserved   | stock=A@all order=1 | sku=A quantity=1 listed=false     |
                |   |   |   |   | +delisted_but_ordered order:1
        01:00   |   | order.cancelled  | order=1             |                                   |
                |   |   |   |   | -delisted_but_ordered order:1; +order_cancelled order:1
        02:00   |   | stock.reserved   | stock=A@all order=2 | sku=A quantity=1                  |
        03:00   |   | stock.counted    | stock=A@all         | sku=A available=5 listed=false    |
        04:00   |   | stock.reserved   | stock=A@all order=3 | sku=A quantity=1 number=#3        |
                |   |   |   |   | +delisted_still_selling stock:A@all order=- fact.event.number=#3
        05:00   |   | stock.counted    | stock=A@all         | sku=A available=5 listed=true     |
                |   |   |   |   | -delisted_still_selling stock:A@all
        """
    )


# ---------------------------------------------------------------- parcels and goods


def test_partial_shipment_forbidden() -> None:
    story(
        """
        learned | happened | event              | keys               | data                          | then
        00:00   |   | order.placed       | order=1 buyer=b    | units=3 split_allowed=false          |
        00:00   |   | order.placed       | order=2 buyer=b    | units=3 split_allowed=true           |
        00:00   |   | order.placed       | order=3 buyer=b    | units=3                              |
        01:00   |   | shipment.created   | shipment=x order=2 | tracking=x quantity=2                |
        01:00   |   | shipment.created   | shipment=y order=3 | tracking=y quantity=2                |
        01:00   |   | shipment.created   | shipment=s order=1 | tracking=s quantity=2 | +partial_shipment_forbidden order:1
        02:00   |   | shipment.created   | shipment=s order=1 | tracking=s status=cancelled          |
        02:00   |   | shipment.created   | shipment=t order=1 | tracking=t quantity=3 | -partial_shipment_forbidden order:1
        """
    )


def test_recipient_unreachable() -> None:
    story(
        """
        learned | happened | event              | keys               | data                                       | then
        00:00   |   | shipment.scanned   | shipment=s order=1 | status=Exception sub_status=Exception_NoBody      |
                |   |   |   |   | +recipient_unreachable shipment:s order=1
        01:00   |   | shipment.delivered | shipment=s order=1 | status=Delivered sub_status=Delivered_Other stage=last_mile |
                |   |   |   |   | -recipient_unreachable shipment:s
        """
    )


DECLARED = (
    "sku=A goods=toy hs_code=950300 hs_code_possible=true country_of_origin=CN material=wood purpose=play "
    "declared_value=900 currency=EUR ce=true carrier=4PX destination=DE transport=air"
)


@pytest.mark.parametrize(
    ("rule", "good", "bad"),
    [
        ("declaration_incomplete", "material=wood ", ""),
        ("declaration_incomplete", "hs_code_possible=true", "hs_code_possible=false"),
        ("declaration_incomplete", "declared_value=900", "declared_value=0"),
        ("declaration_incomplete", "destination=DE", "destination=NO"),
        ("certificate_missing", "ce=true", "ce=false"),
        ("restricted_goods", "transport=air", "transport=air un_number=UN3480"),
    ],
)
def test_what_customs_is_told(rule: str, good: str, bad: str) -> None:
    story(
        f"""
        learned | happened | event             | keys               | data | then
        00:00   |   | shipment.declared | shipment=s order=1 | {DECLARED} |
        01:00   |   | shipment.declared | shipment=t order=2 | {DECLARED.replace(good, bad)} | +{rule} shipment:t order=2
        01:00   |   | shipment.declared | shipment=t order=2 | {DECLARED} |
        02:00   |   | shipment.declared | shipment=t order=2 | {DECLARED} | -{rule} shipment:t
        """
    )


def test_what_is_not_known_to_lack_a_mark_is_not_blamed() -> None:
    story(
        f"""
        learned | happened | event             | keys               | data | then
        00:00   |   | shipment.declared | shipment=s order=1 | {DECLARED.replace("ce=true ", "")} |
        01:00   |   | shipment.declared | shipment=t order=2 | {DECLARED.replace("ce=true", "ce=false").replace("toy", "household")} |
        """
    )


def test_defect_surge_by_article() -> None:
    lines = [
        f"{hour:02}:00 | | message.received | order={hour} thread=t{hour} | intent=not_as_described sku=A | "
        f"+not_as_described order:{hour}" + ("; +defect_surge group:A" if hour == 5 else "")
        for hour in range(6)
    ]
    quiet = [f"{hour:02}:30 | | message.sent | order={hour} thread=t{hour} | |" for hour in range(6)]
    told = [line for pair in zip(lines, quiet, strict=True) for line in pair]
    story("learned | happened | event | keys | data | then\n" + "\n".join(told))


# ---------------------------------------------------------------- buyers


def test_phone_invalid() -> None:
    story(
        """
        learned | happened | event        | keys            | data                 | then
        00:00   |   | order.placed | order=1 buyer=b | phone_possible=false | +phone_invalid order:1
        00:00   |   | order.placed | order=2 buyer=b | phone_possible=true  |
        00:00   |   | order.placed | order=3 buyer=b |                      |
        01:00   |   | order.edited | order=1         | phone_possible=true  | -phone_invalid order:1
        """
    )


RING = blake2b(b"buyer a", digest_size=8).hexdigest()
"""What the ring of buyer `a` is called."""


def test_promo_abuse_holds_the_orders_of_a_ring() -> None:
    story(
        f"""
        learned | happened | event            | keys               | data                       | then
        00:00   |   | order.placed     | order=1 buyer=a    | coupon=X address_key=k            |
        01:00   |   | order.placed     | order=2 buyer=b    | coupon=X address_key=k            |
        02:00   |   | order.placed     | order=3 buyer=c    | coupon=Y address_key=k            |
        03:00   |   | order.cancelled  | order=1            |                                   | +order_cancelled order:1
        04:00   |   | order.placed     | order=4 buyer=d    | coupon=X address_key=other        |
        05:00   |   | order.placed     | order=5 buyer=e    | coupon=X address_key=k            |
        06:00   |   | order.placed     | order=6 buyer=f    | coupon=X address_key=k            |
                |   |   |   |   | +promo_abuse group:X/{RING}; +promo_abuse order:2; +promo_abuse order:5; +promo_abuse order:6;
                |   |   |   |   | +brushing_suspected group:{RING}; +brushing_suspected order:2; +brushing_suspected order:3;
                |   |   |   |   | +brushing_suspected order:5; +brushing_suspected order:6
        07:00   |   | order.cancelled  | order=5            |                                   |
                |   |   |   |   | +order_cancelled order:5; -promo_abuse order:5; -brushing_suspected order:5
        """
    )


def test_a_ring_is_seen_by_its_telephone_device_and_card_too() -> None:
    story(
        f"""
        learned | happened | event              | keys              | data                             | then
        00:00   |   | order.placed       | order=1 buyer=a   | address_key=k phone_key=p device=d       |
        01:00   |   | order.placed       | order=2 buyer=b   | address_key=l phone_key=p device=e       |
        02:00   |   | order.placed       | order=3 buyer=c   | address_key=m phone_key=q device=e       |
        03:00   |   | order.placed       | order=4 buyer=e   | address_key=n phone_key=r device=f       |
        04:00   |   | order.placed       | order=5 buyer=f   | address_key=o phone_key=r device=g       |
        05:00   |   | payment.authorized | payment=1 order=3 | instrument=card                          |
        06:00   |   | payment.authorized | payment=2 order=5 | instrument=card                          |
                |   |   |   |   | +brushing_suspected group:{RING}; +brushing_suspected order:1; +brushing_suspected order:2;
                |   |   |   |   | +brushing_suspected order:3; +brushing_suspected order:4; +brushing_suspected order:5
        """
    )


def test_one_buyer_who_orders_again_and_again_is_no_ring() -> None:
    story(
        """
        learned | happened | event        | keys            | data                                       | then
        00:00   |   | order.placed | order=1 buyer=a | coupon=X address_key=k phone_key=p device=d       |
        01:00   |   | order.placed | order=2 buyer=a | coupon=X address_key=k phone_key=p device=d       |
        02:00   |   | order.placed | order=3 buyer=a | coupon=X address_key=k phone_key=p device=d       |
        03:00   |   | order.placed | order=4 buyer=a | coupon=X address_key=k phone_key=p device=d       |
        04:00   |   | order.placed | order=5 buyer=a | coupon=X address_key=k phone_key=p device=d       |
        05:00   |   | order.placed | order=6 buyer=b | coupon=X address_key=k phone_key=q device=e       |
        """
    )


def test_serial_refunder() -> None:
    story(
        """
        learned | happened | event            | keys                      | data                    | then
        00:00   |   | order.placed     | order=1 buyer=b           |                                |
        00:00   |   | order.placed     | order=2 buyer=b           |                                |
        00:00   |   | order.placed     | order=3 buyer=b           |                                |
        00:00   |   | order.placed     | order=4 buyer=b           |                                |
        01:00   |   | payment.refunded | payment=p order=1         | amount=5 currency=EUR status=succeeded |
        02:00   |   | payment.refunded | payment=q order=2         | amount=5 currency=EUR status=succeeded |
        03:00   |   | payment.refunded | payment=r order=3         | amount=5 currency=EUR status=succeeded | +serial_refunder buyer:b
        04:00   |   | order.cancelled  | order=3                   |  | +order_cancelled order:3; -serial_refunder buyer:b
        """
    )


def test_blocklisted_buyer_by_the_shop_s_word() -> None:
    story(
        """
        learned | happened | event            | keys               | data                    | then
        00:00   |   | order.placed     | order=1 buyer=b    | blocked=true                   | +blocklisted_buyer order:1
        00:00   |   | order.placed     | order=2 buyer=c    |                                |
        01:00   |   | shipment.scanned | shipment=s order=1 | status=InTransit               | -blocklisted_buyer order:1
        """
    )


def test_blocklisted_buyer_by_the_shop_s_own_list(tmp_path: Path) -> None:
    own = tmp_path / "own.yaml"
    own.write_text("sets: {blocked_emails: [a@example.org], blocked_addresses: [k]}")
    story(
        """
        learned | happened | event        | keys            | data                        | then
        00:00   |   | order.placed | order=1 buyer=b | buyer_email=a@example.org   | +blocklisted_buyer order:1
        00:00   |   | order.placed | order=2 buyer=c | buyer_email=b@example.org   |
        00:00   |   | order.placed | order=3 buyer=d | address_key=k               | +blocklisted_buyer order:3
        """,
        load_pack([BUILT_IN, own]),
    )


# ---------------------------------------------------------------- service and systems


def test_messaging_window_closing() -> None:
    story(
        """
        learned | happened | event            | keys             | data            | then
        00:00   |   | message.received | thread=t order=1 | medium=whatsapp        |
        00:00   |   | message.received | thread=u order=2 | medium=email           |
        00:30   |   | message.sent     | thread=u order=2 | medium=email           |
        19:00   |   | sweep            |                  |                        | +reply_overdue thread:t
        21:00   |   | sweep            |                  |                        | +messaging_window_closing thread:t at=20:00
        22:00   |   | message.sent     | thread=t order=1 | medium=whatsapp        |
                |   |   |   |   | -reply_overdue thread:t; -messaging_window_closing thread:t
        """
    )


def test_platform_claim_opened() -> None:
    story(
        """
        learned | happened | event        | keys    | data                                                         | then
        00:00   |   | claim.opened | order=1 | amount=900 currency=EUR provider=amazon reason=product_not_received |
                |   |   |   |   | +platform_claim_opened order:1 loss=900
        09:00   |   | claim.closed | order=1 | amount=900 currency=EUR status=denied | -platform_claim_opened order:1
        """
    )


@pytest.mark.parametrize(
    "wrong",
    ["total=800 currency=EUR", "status=cancelled", "address_key=other"],
)
def test_systems_disagree(wrong: str) -> None:
    story(
        f"""
        learned | happened | event          | keys            | data                                   | then
        00:00   |   | order.placed   | order=1 buyer=b | total=900 currency=EUR address_key=k          |
        00:05   |   | order.mirrored | order=1         | {wrong} system=erp                            |
        01:00   |   | order.mirrored | order=1         | {wrong} system=erp | +systems_disagree order:1
        02:00   |   | order.mirrored | order=1         | total=900 currency=EUR address_key=k status=open system=erp | -systems_disagree order:1
        """
    )
