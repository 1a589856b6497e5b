"""Events as Parquet: a file of columns that a backtest reads without holding it. See docs/events-parquet.md."""

from amends.store.archive.form import PORTION, UnusableArchiveError
from amends.store.archive.reader import Archive
from amends.store.archive.records import batch_of_events, batch_of_records
from amends.store.archive.writer import ArchiveWriter

__all__ = ["PORTION", "Archive", "ArchiveWriter", "UnusableArchiveError", "batch_of_events", "batch_of_records"]
