"""What a text may leave open, and what is put there."""

from typing import Final, Literal

Kind = Literal["text", "name", "link", "money", "day", "moment", "list"]
"""`text` is said as it is; `name` is a text that a stranger chose; `link` is an address; `money` is an amount; `day`
and `moment` are instants, and a moment is said with its hour; `list` is put in by the renderer itself."""

PLACEHOLDERS: Final[dict[str, tuple[Kind, str]]] = {
    "name": ("name", "the buyer's name"),
    "shop": ("text", "the shop's name, as buyers know it"),
    "number": ("text", "the order's number, as the buyer knows it"),
    "amount": ("money", "what the text is about: what goes back, what is to be paid, what a coupon is worth"),
    "date": ("day", "when what the text is about happens: the parcel comes or came, the order leaves, we answer"),
    "until": ("moment", "until when something is open or valid: the order, the coupon, the label, the pick-up"),
    "news_by": ("day", "when the buyer hears from us again at the latest"),
    "answer_by": ("moment", "until when an answer is waited for"),
    "tracking": ("text", "the parcel's number"),
    "carrier": ("text", "who has the parcel, by a name that buyers know"),
    "reference": ("text", "the refund's reference, by which a bank finds it"),
    "code": ("text", "what has to be shown or entered: for a pick-up, for a coupon"),
    "place": ("text", "where the parcel waits"),
    "pay_at": ("link", "where something can be paid"),
    "label": ("link", "where the label of a return is"),
    "link": ("link", "where the buyer can choose, correct, and send photos"),
    "options": ("list", "what may be chosen"),
}
"""Every placeholder by its name: its kind, and what it means."""
