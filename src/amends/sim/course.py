"""The course of an order: everything that happens to it, when it happens and when it is told.

A course is planned in one piece when its order is placed, bent by a trouble where there is one, then told to the
outside as deliveries and read by the judge, who writes down what was truly wrong. It is the only record of the world
that changes, and only while it is being planned.
"""

from dataclasses import dataclass, field

from amends.model.instant import Duration, Instant
from amends.sim.catalogue import Product
from amends.sim.climate import STEADY, Climate
from amends.sim.places import Address
from amends.sim.shops import Market, Method, Shop, Warehouse


@dataclass(slots=True)
class Fact:
    """Something that happened `at`, and is `told` by its feed a little later. None of both is never changed after."""

    at: Instant
    told: Instant = Instant(0)

    def after(self, wait: Duration | int) -> "Fact":
        """A fact that happens `wait` later."""
        return Fact(Instant(self.at + wait))


@dataclass(slots=True, frozen=True)
class Device:
    """What a shop sees of the device that orders: its IP address, its browser and the language of that."""

    address: str
    browser: str
    language: str


@dataclass(slots=True)
class Buyer:
    """Who orders: the shop's customer id, an address, a language (BCP 47), a device and a card.

    The address and browser of the device, and the card's fingerprint at the payment provider.
    """

    id: int
    email: str
    language: str
    address: Address
    device: Device
    card: str
    orders: int = 0


@dataclass(slots=True)
class Line:
    """An article of an order, its units and the price of one in minor units."""

    product: Product
    quantity: int
    price: int
    gone: bool = False
    """The shop had deleted the product before it was ordered."""


@dataclass(slots=True)
class Attempt:
    """A payment attempt that was declined, with the provider's code."""

    declined: Fact
    code: str


@dataclass(slots=True)
class Refund:
    """Money on its way back to the buyer."""

    id: str
    amount: int
    asked: Fact
    settled: Fact | None = None
    failed: Fact | None = None


@dataclass(slots=True)
class Dispute:
    """A chargeback; `answered` is when evidence was filed."""

    id: str
    reason: str
    amount: int
    opened: Fact
    respond_by: Instant
    answered: Fact | None = None
    closed: Fact | None = None
    status: str = "lost"


@dataclass(slots=True)
class Hold:
    """A review of a payment at the provider."""

    id: str
    opened: Fact
    closed: Fact | None = None


@dataclass(slots=True)
class Payment:
    """One payment at the provider, from the first attempt to the last refund."""

    id: str
    charge: str
    method: Method
    amount: int
    currency: str
    attempts: list[Attempt] = field(default_factory=list)
    voucher: Fact | None = None
    expires_at: Instant | None = None
    captured: Fact | None = None
    hold: Hold | None = None
    refunds: list[Refund] = field(default_factory=list)
    disputes: list[Dispute] = field(default_factory=list)


@dataclass(slots=True)
class Scan:
    """What a carrier wrote about a parcel. `leg` is the stage of the lane, `sub_status` in 17TRACK's words.

    `customs` is what customs of the destination wants, if it wants something: inspection, documents, duties, refused.
    `written` keeps it in the tracking service's words, which are said again in every later push.
    """

    seen: Fact
    leg: str
    sub_status: str
    country: str
    city: str
    says: str
    last_carrier: bool = False
    customs: str | None = None
    written: bytes | None = None

    @property
    def is_at_pickup(self) -> bool:
        """Whether it says that the parcel waits for its buyer."""
        return self.sub_status == "AvailableForPickup_Other"


@dataclass(slots=True)
class Declaration:
    """What customs is told of the goods in a parcel. `mended` is when a better one took its place.

    Of the first line `lacks` names a part that is missing, `unmarked` says that it bears none of the marks its kind
    needs, and `un_number` that it is dangerous.
    """

    made: Fact
    mended: Fact | None = None
    lacks: str | None = None
    unmarked: bool = False
    un_number: str | None = None


@dataclass(slots=True)
class Parcel:
    """A parcel: told to the shop with `labelled`, then by its carriers' scans, in the order of time."""

    tracking: str
    carrier: str
    last_carrier: str
    origin: str
    destination: str
    labelled: Fact
    scans: list[Scan] = field(default_factory=list)
    pickup_until: Instant | None = None
    declaration: Declaration | None = None
    slow: float = 1.0
    """How much longer than usual each step of its way takes: by its lane, its service and the season."""
    part: tuple[int, int] | None = None
    """Units of the order's first line that are in it, and of all the others, where it does not hold the whole order."""

    @property
    def delivered(self) -> Fact | None:
        """When the carrier said it was delivered."""
        return next((scan.seen for scan in self.scans if scan.sub_status == "Delivered_Other"), None)

    def index(self, leg: str) -> int | None:
        """The place of the first scan of a stage, or None."""
        return next((index for index, scan in enumerate(self.scans) if scan.leg == leg), None)

    def delay(self, index: int, by: Duration | int) -> None:
        """Let the scan at `index` and all after it come later, and a pickup point keep it for as long."""
        if self.pickup_until is not None and any(scan.is_at_pickup for scan in self.scans[index:]):
            self.pickup_until = Instant(self.pickup_until + by)
        for scan in self.scans[index:]:
            scan.seen = scan.seen.after(by)

    def cut(self, index: int) -> None:
        """Let there be no scan at `index` nor after it."""
        del self.scans[index:]


@dataclass(slots=True)
class Message:
    """A message between the buyer and the shop, as the help desk passes it on."""

    sent: Fact
    author: str
    text: str
    intent: str | None = None
    tone: str | None = None
    promised_at: Instant | None = None
    sku: str | None = None


@dataclass(slots=True)
class Thread:
    """A conversation at the help desk."""

    id: str
    medium: str = "email"
    messages: list[Message] = field(default_factory=list)


@dataclass(slots=True)
class Review:
    """Stars and words about an order."""

    id: str
    posted: Fact
    rating: int
    text: str


@dataclass(slots=True)
class Return:
    """Goods on their way back; each step is absent until it is taken."""

    id: str
    line: Line
    reason: str
    requested: Fact
    approved: Fact | None = None
    shipped: Fact | None = None
    received: Fact | None = None
    inspected: Fact | None = None
    closed: Fact | None = None
    disposition: str = "Sellable"


@dataclass(slots=True)
class DeskCase:
    """A case that the shop's own help desk keeps: opened, told to the buyer, closed."""

    id: str
    exception: str
    opened: Fact
    contacts: list[Fact] = field(default_factory=list)
    resolved: Fact | None = None


@dataclass(slots=True)
class Claim:
    """What the buyer asks of the marketplace that the shop sells in; `status` says how it was closed."""

    id: str
    reason: str
    amount: int
    opened: Fact
    respond_by: Instant
    closed: Fact | None = None
    status: str = "denied"


@dataclass(slots=True)
class Mirror:
    """How a system behind the shop has the order at a moment."""

    id: str
    system: str
    seen: Fact
    total: int
    street: str
    status: str = "open"


@dataclass(slots=True)
class SyncFailure:
    """A change of the order that one of the shop's systems did not take."""

    id: str
    failed: Fact
    system: str
    says: str


@dataclass(slots=True)
class Shortfall:
    """Stock that could not be held for a line."""

    line: Line
    failed: Fact


@dataclass(slots=True)
class Course:
    """An order and all that comes of it."""

    number: int
    id: int
    shop: Shop
    market: Market
    warehouse: Warehouse
    buyer: Buyer
    orders_before: int
    address: Address
    language: str
    lines: list[Line]
    shipping: int
    deliver_by: Instant
    created: Fact
    climate: Climate = STEADY
    recipient_id: str | None = None
    note: str | None = None
    coupon: str | None = None
    blocked: bool = False
    split_allowed: bool | None = None
    unknown_to_shop: bool = False
    payments: list[Payment] = field(default_factory=list)
    paid: Fact | None = None
    cancelled: Fact | None = None
    cancel_reason: str = "customer"
    parcels: list[Parcel] = field(default_factory=list)
    threads: list[Thread] = field(default_factory=list)
    reviews: list[Review] = field(default_factory=list)
    returns: list[Return] = field(default_factory=list)
    desk_cases: list[DeskCase] = field(default_factory=list)
    claims: list[Claim] = field(default_factory=list)
    mirrors: list[Mirror] = field(default_factory=list)
    sync_failures: list[SyncFailure] = field(default_factory=list)
    shortfalls: list[Shortfall] = field(default_factory=list)
    oversold: Fact | None = None
    garbled: Fact | None = None

    @property
    def key(self) -> str:
        """The order's id as the channel knows it."""
        return str(self.id)

    @property
    def currency(self) -> str:
        return self.shop.currency

    @property
    def total(self) -> int:
        """What the buyer owes, in minor units."""
        return self.shipping + sum(line.price * line.quantity for line in self.lines)

    @property
    def payment(self) -> Payment:
        """The payment the order was placed with."""
        return self.payments[0]

    @property
    def parcel(self) -> Parcel:
        """The order's first parcel."""
        return self.parcels[0]
