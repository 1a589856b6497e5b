"""The life of a case as one table: in which state which action may be taken, and where it leads.

What is not in the table is refused with a sentence. States are those of the vocabulary.
"""

from typing import Final, Literal, get_args

from amends.cases.errors import CaseClosedError, CaseMergedError, MoveNotAllowedError

State = Literal[
    "new", "open", "waiting_buyer", "waiting_third_party", "waiting_approval", "resolved", "closed", "merged"
]
Action = Literal[
    "open",
    "assign",
    "note",
    "contact",
    "snooze",
    "wake",
    "wait_buyer",
    "wait_third_party",
    "wait_approval",
    "resolve",
    "heal",
    "reopen",
    "recur",
    "merge",
    "close",
]
"""People open, assign, note, contact (the buyer was told), snooze, wait, resolve, reopen, merge and close.
By itself a case wakes (a snooze is over), heals (every finding has cleared), reopens (the trouble is back) or
recurs (the trouble is back, and nobody had touched the case), and closes when the time for that is over."""

STATES: Final[tuple[State, ...]] = get_args(State)
ACTIONS: Final[tuple[Action, ...]] = get_args(Action)

ACTIVE: Final[frozenset[State]] = frozenset(("new", "open", "waiting_buyer", "waiting_third_party", "waiting_approval"))
"""States in which something is still to be done."""

MOVES: Final[dict[State, dict[Action, State]]] = {
    "new": {
        "open": "open",
        "assign": "open",
        "note": "open",
        "contact": "open",
        "snooze": "open",
        "wait_buyer": "waiting_buyer",
        "wait_third_party": "waiting_third_party",
        "wait_approval": "waiting_approval",
        "resolve": "resolved",
        "heal": "resolved",
        "merge": "merged",
    },
    "open": {
        "assign": "open",
        "note": "open",
        "contact": "open",
        "snooze": "open",
        "wake": "open",
        "wait_buyer": "waiting_buyer",
        "wait_third_party": "waiting_third_party",
        "wait_approval": "waiting_approval",
        "resolve": "resolved",
        "heal": "open",
        "merge": "merged",
    },
    "waiting_buyer": {
        "open": "open",
        "assign": "waiting_buyer",
        "note": "waiting_buyer",
        "contact": "waiting_buyer",
        "snooze": "waiting_buyer",
        "wake": "waiting_buyer",
        "wait_third_party": "waiting_third_party",
        "wait_approval": "waiting_approval",
        "resolve": "resolved",
        "heal": "waiting_buyer",
        "merge": "merged",
    },
    "waiting_third_party": {
        "open": "open",
        "assign": "waiting_third_party",
        "note": "waiting_third_party",
        "contact": "waiting_third_party",
        "snooze": "waiting_third_party",
        "wake": "waiting_third_party",
        "wait_buyer": "waiting_buyer",
        "wait_approval": "waiting_approval",
        "resolve": "resolved",
        "heal": "waiting_third_party",
        "merge": "merged",
    },
    "waiting_approval": {
        "open": "open",
        "assign": "waiting_approval",
        "note": "waiting_approval",
        "contact": "waiting_approval",
        "snooze": "waiting_approval",
        "wake": "waiting_approval",
        "wait_buyer": "waiting_buyer",
        "wait_third_party": "waiting_third_party",
        "resolve": "resolved",
        "heal": "waiting_approval",
        "merge": "merged",
    },
    "resolved": {
        "note": "resolved",
        "contact": "resolved",
        "reopen": "open",
        "recur": "new",
        "close": "closed",
    },
    "closed": {},
    "merged": {},
}
"""`heal` ends a case that nobody has touched; one that somebody works on stays where it is, flagged, for a person."""

_DONE: Final[dict[Action, str]] = {
    "open": "opened",
    "assign": "assigned",
    "note": "noted on",
    "contact": "marked as told to the buyer",
    "snooze": "snoozed",
    "wake": "woken",
    "wait_buyer": "left waiting for the buyer",
    "wait_third_party": "left waiting for a third party",
    "wait_approval": "left waiting for approval",
    "resolve": "resolved",
    "heal": "healed",
    "reopen": "reopened",
    "recur": "reopened",
    "merge": "merged",
    "close": "closed",
}


def move(state: State, action: Action) -> State:
    """The state that `action` leads to from `state`.

    Raises CaseClosedError, CaseMergedError or MoveNotAllowedError with a sentence that says what to do instead.
    """
    after = MOVES[state].get(action)
    if after is not None:
        return after
    if state == "closed":
        raise CaseClosedError("This case is closed; a new trouble of the order opens a new case.")
    if state == "merged":
        raise CaseMergedError("This case was merged into another: go on there.")
    raise MoveNotAllowedError(
        f"A case that is {state.replace('_', ' ')} cannot be {_DONE[action]}: {_way_out(state, action)}."
    )


def allowed(state: State) -> tuple[Action, ...]:
    """The actions that may be taken in `state`, in the order of `ACTIONS`."""
    return tuple(action for action in ACTIONS if action in MOVES[state])


def _way_out(state: State, action: Action) -> str:
    if state == "resolved":
        return "reopen it first"
    if action in ("close", "reopen", "recur"):
        return "resolve it first"
    return (
        "it is so already" if action in ("open", "wait_buyer", "wait_third_party", "wait_approval") else "nothing to do"
    )
