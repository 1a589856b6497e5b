"""Tables of past orders, as CSV or Parquet, read into events by a declared mapping (docs/history.md)."""

from amends.connectors.tables.mapping import Mapping, MappingError
from amends.connectors.tables.problem import Problem
from amends.connectors.tables.script import read_mapping
from amends.connectors.tables.translate import History, Portion, read_history
from amends.connectors.tables.width import UnreadableTableError

__all__ = [
    "History",
    "Mapping",
    "MappingError",
    "Portion",
    "Problem",
    "UnreadableTableError",
    "read_history",
    "read_mapping",
]
