"""An act that goes out, and how far it has come. Pure.

Its id is a digest of the case, its round, the step and what is done, so whoever plans the same step again plans the
same act, and a vendor that is given the id as idempotency key does it once. An act that was sent and got no answer is
*unknown*: it may have been done, so it is looked up, and never sent again before the look-up says that it was not.
"""

from typing import Any, Final, Literal, get_args

import msgspec

from amends.cases.case import digest
from amends.model.instant import Instant
from amends.resolution.errors import EmptyIdError, StepNotAllowedError

IntentState = Literal["proposed", "approved", "sending", "unknown", "accepted", "confirmed", "refused", "withdrawn"]
"""Accepted: the vendor says it will; confirmed: a fact that came back says that it has."""
Step = Literal["approve", "send", "lose", "find_nothing", "accept", "confirm", "refuse", "withdraw"]
"""`lose`: no answer came, or it was cut off; `find_nothing`: the vendor says that it was not done."""

STATES: Final[tuple[IntentState, ...]] = get_args(IntentState)
STEPS: Final[tuple[Step, ...]] = get_args(Step)

MOVES: Final[dict[IntentState, dict[Step, IntentState]]] = {
    "proposed": {"approve": "approved", "withdraw": "withdrawn"},
    # News of what was done outweighs a look-up that did not find it.
    "approved": {
        "send": "sending", "lose": "unknown", "withdraw": "withdrawn", "accept": "accepted", "confirm": "confirmed",
    },
    # Whoever takes over from a sender that died knows as little as one whose answer never came.
    "sending": {
        "lose": "unknown", "find_nothing": "approved", "accept": "accepted", "confirm": "confirmed",
        "refuse": "refused",
    },
    "unknown": {"find_nothing": "approved", "accept": "accepted", "confirm": "confirmed", "refuse": "refused"},
    "accepted": {"confirm": "confirmed", "refuse": "refused"},
    "confirmed": {},
    # A fact is stronger than an answer, and than what we wanted.
    "refused": {"confirm": "confirmed"},
    "withdrawn": {"confirm": "confirmed"},
}  # fmt: skip
"""What is not in the table is refused. A fact that confirms may come before any answer, a webhook overtakes it."""

OVER: Final[frozenset[IntentState]] = frozenset(("confirmed", "refused", "withdrawn"))


class Intent(msgspec.Struct, frozen=True, kw_only=True):
    """One act: `does` names what (`refund`, `send_message`, ...), `how` all that the vendor needs to be told.

    `tries` counts how often it was sent, `since` is when it came into its state.
    """

    id: str
    case: str
    does: str
    how: dict[str, Any]
    planned_at: Instant
    since: Instant
    state: IntentState = "proposed"
    tries: int = 0

    @property
    def is_over(self) -> bool:
        """Nothing more is to be done about it."""
        return self.state in OVER


def intent_id(case: str, round: int, step: str, does: str) -> str:
    """The id of an act: 16 bytes in hexadecimal. Raises EmptyIdError where a part is missing."""
    if not (case and step and does):
        raise EmptyIdError("An act needs a case, a step and a name: without them it could be done twice.")
    return digest("intent", case, str(round), step, does)


def plan(case: str, round: int, step: str, does: str, how: dict[str, Any], at: Instant) -> Intent:
    """An act that is to be done."""
    return Intent(id=intent_id(case, round, step, does), case=case, does=does, how=how, planned_at=at, since=at)


def move(intent: Intent, step: Step, at: Instant) -> Intent:
    """The intent after a step. The step that led to its state may be told again.

    Raises StepNotAllowedError with a sentence.
    """
    after = MOVES[intent.state].get(step)
    if after is None:
        if step in _LEADS_TO and _LEADS_TO[step] == intent.state:
            return intent
        raise StepNotAllowedError(
            f"An act that is {intent.state} cannot {step.replace('_', ' ')}: {_way_out(intent.state)}."
        )
    tries = intent.tries + (step == "send")
    return msgspec.structs.replace(intent, state=after, since=max(at, intent.since), tries=tries)


_LEADS_TO: Final[dict[Step, IntentState]] = {
    "accept": "accepted", "confirm": "confirmed", "refuse": "refused", "withdraw": "withdrawn",
}  # fmt: skip


def _way_out(state: IntentState) -> str:
    match state:
        case "proposed":
            return "let it be approved first"
        case "approved":
            return "it has not been sent"
        case "sending" | "unknown":
            return "look up first whether it was done"
        case "accepted":
            return "wait for what confirms it, or look it up"
        case _:
            return "it is over"
