"""What the rooms below refuse, in the visitor's language. Their own sentences are English, for logs and the API."""

from typing import Final

from amends.cases.errors import (
    CannotMergeError,
    CannotSnoozeError,
    CaseChangedError,
    CaseClosedError,
    CaseError,
    CaseMergedError,
    IncidentResolvedError,
    MoveNotAllowedError,
    UnknownCaseError,
)
from amends.web.languages import mark

REFUSALS: Final[tuple[tuple[type[CaseError], str], ...]] = (
    (CaseClosedError, mark("This case is closed; a new trouble of the order opens a new case.")),
    (CaseMergedError, mark("This case was merged into another: go on there.")),
    (MoveNotAllowedError, mark("The case has moved on since you opened it, and this cannot be done with it now.")),
    (UnknownCaseError, mark("There is no such case any more: look for it on the board.")),
    (CannotSnoozeError, mark("A case can only be put aside until a moment that is still to come.")),
    (CannotMergeError, mark("These two cases are not about the same order.")),
    (IncidentResolvedError, mark("This incident is resolved; the next surge of its group opens a new one.")),
    (CaseChangedError, mark("Somebody else changed the case at the same moment. Look at it again.")),
)
"""The first class that fits; subclasses stand before what they derive from."""


def refusal_of(error: CaseError) -> str:
    """The marked text that words an error."""
    return next(
        (text for kind, text in REFUSALS if isinstance(error, kind)), mark("This cannot be done with the case.")
    )
