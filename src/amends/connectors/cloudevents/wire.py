"""CloudEvents over HTTP, as far as there is more to them than the event itself, which is `amends.model.Event`.

Source: https://github.com/cloudevents/spec (CloudEvents 1.0.2, JSON format and HTTP protocol binding): one event in the
body, or a batch of them as an array. `keys` and `received` are our extensions; a `type` of the vocabulary makes an
event ours.
"""

from typing import Final

BINARY_PREFIX: Final = "ce-"


def is_binary(headers: dict[str, str]) -> bool:
    """Whether the event's attributes are in headers and the body is only its data."""
    return f"{BINARY_PREFIX}type" in headers
