"""What cannot be said, each as a sentence that says what to do instead.

UnusableInputError
└── MessagingError
    ├── UnreadableTextsError
    └── UnsayableError
"""

from amends.model.errors import UnusableInputError


class MessagingError(UnusableInputError):
    """Something cannot be said to a buyer."""


class UnreadableTextsError(MessagingError):
    """The texts of a language cannot be used; the message names the place and the text."""


class UnsayableError(MessagingError):
    """A letter cannot be written from what was given; the message names what is wrong with it."""
