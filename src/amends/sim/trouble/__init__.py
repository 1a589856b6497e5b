"""What can go wrong with an order: a scenario for each exception, a file for each area."""

from random import Random
from typing import Final

from amends.sim.course import Course
from amends.sim.trouble import (
    abuse,
    address,
    customs,
    delivery,
    fulfilment,
    goods,
    payment,
    returns,
    service,
    stock,
    system,
)
from amends.sim.trouble.trouble import Trouble

TROUBLES: Final[tuple[Trouble, ...]] = (
    payment.PaymentFailed(),
    payment.PaymentPendingExpired(),
    payment.PaidNotUpdated(),
    payment.CapturedWithoutOrder(),
    payment.DuplicatePayment(),
    payment.AmountMismatch(),
    payment.PaymentRiskHold(),
    payment.RefundFailed(),
    payment.RefundStuck(),
    payment.ChargebackOpened(),
    payment.ChargebackDeadlineNear(),
    stock.Oversold(),
    stock.ReservationFailed(),
    fulfilment.HandoverLate(),
    fulfilment.NoFirstScan(),
    fulfilment.OrderCancelled(),
    fulfilment.CancelledButMoving(),
    delivery.TrackingStalled(),
    delivery.DestinationDark(),
    delivery.DeliveryLate(),
    delivery.Lost(),
    delivery.Damaged(),
    delivery.Misrouted(),
    delivery.AttemptFailed(),
    delivery.Refused(),
    delivery.PickupExpiring(),
    delivery.DeliveredNotReceived(),
    delivery.ReturnToSender(),
    customs.CustomsHold(),
    customs.CustomsDocsRequired(),
    customs.DutiesUnpaid(),
    customs.CustomsRejected(),
    address.AddressIncomplete(),
    address.RecipientIdMissing(),
    address.NoteUnread(),
    abuse.QuantityAbnormal(),
    service.NotAsDescribed(),
    service.PickError(),
    service.BuyerUpset(),
    service.NegativeReview(),
    service.ReplyOverdue(),
    service.PromiseUnkept(),
    service.PromiseKept(),
    service.FirstContactOverdue(),
    service.UpdateOverdue(),
    service.DeskCaseKept(),
    returns.ReturnNotSent(),
    returns.ReturnNotInspected(),
    returns.ReturnRefundOverdue(),
    system.OrderSyncFailed(),
    system.UndecodableDelivery(),
    payment.CurrencyConversionFailed(),
    payment.FxLimitExceeded(),
    payment.LossClaimedTwice(),
    stock.DelistedButOrdered(),
    fulfilment.PartialShipmentForbidden(),
    fulfilment.SplitAllowed(),
    delivery.RecipientUnreachable(),
    goods.DeclarationIncomplete(),
    goods.CertificateMissing(),
    goods.RestrictedGoods(),
    address.PhoneInvalid(),
    abuse.BlocklistedBuyer(),
    service.MessagingWindowClosing(),
    service.PlatformClaimOpened(),
    system.SystemsDisagree(),
)
NONE: Final = Trouble()
"""Nothing goes wrong."""


def draw_trouble(rng: Random, course: Course, *, desk: bool) -> Trouble:
    """One of the scenarios that fit the order, by weight; `desk`: those too that need a help desk with cases."""
    fitting = [trouble for trouble in TROUBLES if trouble.fits(course) and (desk or not trouble.needs_desk)]
    return rng.choices(fitting, [trouble.weight for trouble in fitting])[0]


__all__ = ["NONE", "TROUBLES", "Trouble", "draw_trouble"]
