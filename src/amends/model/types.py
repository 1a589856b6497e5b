"""The types of event: past tense, `subject.happened`."""

from typing import Final

EVENT_TYPES: Final = frozenset(
    """
    order.placed order.paid order.edited order.held order.released order.cancelled order.closed order.mirrored
    payment.attempted payment.failed payment.authorized payment.captured payment.reviewed
    payment.refunded payment.refund_failed payout.paid payout.itemized
    dispute.opened dispute.updated dispute.closed claim.opened claim.updated claim.closed
    stock.counted stock.moved stock.reserved stock.reservation_failed stock.released
    shipment.created shipment.declared shipment.scanned shipment.delivered shipment.claimed
    return.requested return.approved return.shipped return.received return.inspected return.closed
    message.received message.sent message.failed review.posted
    case.opened case.contacted case.proposed case.approved case.acted case.resolved case.reopened
    sync.failed delivery.undecodable
    """.split()
)
