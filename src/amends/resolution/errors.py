"""What cannot be done to put something right, each as a sentence that says what to do instead.

UnusableInputError
└── ResolutionError
    ├── EmptyIdError
    ├── ExceedsEntitlementError
    ├── OtherContentError
    ├── StepNotAllowedError
    ├── UnreadableAuthorityError
    ├── UnreadablePlaybookError
    ├── UnreadableRemediesError
    ├── UnreadableWordsError
    └── EndlessPlaybookError
"""

from amends.model.errors import UnusableInputError


class ResolutionError(UnusableInputError):
    """What was asked cannot be done to put this right."""


class EmptyIdError(ResolutionError):
    """Something without a name cannot be told from anything else, and would be done again."""


class ExceedsEntitlementError(ResolutionError):
    """More would be paid for one loss than it was."""


class OtherContentError(ResolutionError):
    """What bears this id says something else: the same act cannot be done in two ways."""


class StepNotAllowedError(ResolutionError):
    """The state of the intent does not allow this."""


class UnreadableAuthorityError(ResolutionError):
    """Who may grant what cannot be read; the message names the place."""


class UnreadablePlaybookError(ResolutionError):
    """A playbook cannot be used; the message names the exception and the step."""


class UnreadableRemediesError(ResolutionError):
    """What can be done for buyers cannot be read; the message names the place and the remedy."""


class UnreadableWordsError(ResolutionError):
    """The names that playbooks may use cannot be read; the message names the place."""


class EndlessPlaybookError(ResolutionError):
    """Steps of a playbook lead to one another and nothing is waited for between them."""
