"""Stories are told to every kernel there is, event by event and with all events at once."""

from typing import Any

import pytest
from tests.reference.implementations import MAKERS
from tests.reference.stories import pack_of, tell

TELLINGS = [(name, at_once) for name in MAKERS for at_once in (False, True)]


@pytest.fixture(params=TELLINGS, ids=[f"{name}-{'at-once' if at_once else 'stepwise'}" for name, at_once in TELLINGS])
def story(request: pytest.FixtureRequest) -> Any:
    """Tell a story to a fresh kernel: `story(pack, table)`."""
    name, at_once = request.param

    def told(pack: str, table: str) -> None:
        tell(MAKERS[name](pack_of(pack)), table, at_once=at_once)

    return told
