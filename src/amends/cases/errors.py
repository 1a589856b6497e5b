"""What cannot be done with a case, each as a sentence that says what to do instead.

UnusableInputError
└── CaseError
    ├── UnknownCaseError
    ├── MoveNotAllowedError
    │   ├── CaseClosedError
    │   └── CaseMergedError
    ├── CannotMergeError
    ├── CannotSnoozeError
    ├── IncidentResolvedError
    └── CaseChangedError
UnknownRuleError, NoRateError: of what a case is made of
"""

from amends.model.errors import UnusableInputError


class CaseError(UnusableInputError):
    """What was asked cannot be done with this case."""


class UnknownCaseError(CaseError):
    """There is no such case or incident."""


class MoveNotAllowedError(CaseError):
    """The case's state does not allow this action."""


class CaseClosedError(MoveNotAllowedError):
    """The case is closed: nothing more is done with it."""


class CaseMergedError(MoveNotAllowedError):
    """The case went on as part of another."""


class CannotMergeError(CaseError):
    """These two cases are not about the same thing."""


class CannotSnoozeError(CaseError):
    """A case can only be put aside until a moment that is still to come."""


class IncidentResolvedError(CaseError):
    """The incident is over."""


class CaseChangedError(CaseError):
    """Somebody else changed the case between reading and writing."""


class UnknownRuleError(UnusableInputError):
    """A finding speaks of a rule that the pack does not hold."""


class NoRateError(UnusableInputError):
    """The table of exchange rates does not know this currency."""
