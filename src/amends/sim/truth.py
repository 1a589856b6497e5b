"""What is truly wrong in the world: the rows that findings are measured by."""

import msgspec

from amends.model.instant import Instant


class Truth(msgspec.Struct, frozen=True, kw_only=True):
    """An exception that is so from `at` on: from then a rule can notice it.

    For a silence `at` is the moment its limit passes. `subject` is the id of what it is about; for an exception
    about a group, what the group's members share, joined by `|`. `order` is the channel's id of the order, empty where
    it is about none. `healed_at` is when it was over, absent where it was not.
    """

    exception: str
    subject: str
    order: str
    at: Instant
    healed_at: Instant | None = None
