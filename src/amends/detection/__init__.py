"""Noticing: events in, findings out."""

from amends.detection.finding import Clearing, Finding, Verdicts
from amends.detection.kernel import Kernel, StaleSnapshotError
from amends.detection.lean import lean
from amends.detection.pack import PackError, load_pack, pack_from_documents, pack_from_text
from amends.detection.readiness import is_ready, make_ready
from amends.detection.rule import Pack, Rule

__all__ = [
    "Clearing",
    "Finding",
    "Kernel",
    "Pack",
    "PackError",
    "Rule",
    "StaleSnapshotError",
    "Verdicts",
    "is_ready",
    "lean",
    "load_pack",
    "make_ready",
    "pack_from_documents",
    "pack_from_text",
]
