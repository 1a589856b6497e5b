"""A choice above a list."""

import msgspec


class Chip(msgspec.Struct, frozen=True, kw_only=True):
    """Leads to the list narrowed down to `words`; `chosen` if it is that already."""

    words: str
    address: str
    chosen: bool = False
    name: str = ""
