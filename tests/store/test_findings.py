"""Findings: recorded once, cleared once, whatever a replay says again."""

from amends.detection.finding import Clearing, Finding, Verdicts
from amends.model.instant import Instant
from amends.pipeline.ports import NOWHERE, Progress, Snapshot
from amends.store.work import SqlStore


def _finding(id_: str, *, order: str | None = "1001", fired_at: int = 10) -> Finding:
    return Finding(
        id=id_,
        rule="refund_failed",
        version=1,
        exception="refund_failed",
        kind="payment",
        subject="pi_1",
        order=order,
        fired_at=Instant(fired_at),
        cause="stripe/north evt_1",
        loss=1050,
        currency="JPY",
        facts={"captured": 1050, "reason": "declined", "captured_at": 1_700_000_000_000_000},
    )


def _clearing(id_: str, at: int = 20) -> Clearing:
    return Clearing(finding=id_, cleared_at=Instant(at), cause="stripe/north evt_2")


def _record(store: SqlStore, verdicts: Verdicts) -> Verdicts:
    with store.writing() as work:
        known = work.findings.cleared(found.id for found in verdicts.findings)
        new = [found for found in verdicts.findings if found.id not in known]
        work.findings.add(verdicts.findings)
        return Verdicts(new, work.findings.clear(verdicts.clearings))


def test_a_finding_comes_back_as_it_was(store: SqlStore) -> None:
    _record(store, Verdicts([_finding("a")], []))
    with store.reading() as work:
        (recorded,) = work.findings.of_order("1001")
    assert (recorded.finding, recorded.cleared_at) == (_finding("a"), None)


def test_what_a_replay_says_again_is_no_news(store: SqlStore) -> None:
    said = Verdicts([_finding("a"), _finding("b")], [_clearing("a")])
    assert _record(store, said) == said
    assert _record(store, said) == Verdicts()
    assert _record(store, Verdicts([], [_clearing("a", at=30), _clearing("never seen")])) == Verdicts()
    with store.reading() as work:
        recorded = work.findings.get(["a", "b", "c"])
        assert {id_: found.cleared_at for id_, found in recorded.items()} == {"a": 20, "b": None}
        assert recorded["a"].cleared_by == "stripe/north evt_2"
        assert work.findings.open_ids() == {"b"}
        assert work.findings.counts() == {"refund_failed": (2, 1)}


def test_findings_can_be_asked_for_by_what_they_are_about(store: SqlStore) -> None:
    _record(store, Verdicts([_finding("late", fired_at=30), _finding("b", fired_at=5), _finding("c", order=None)], []))
    with store.reading() as work:
        assert [found.finding.id for found in work.findings.of_order("1001")] == ["b", "late"]
        assert [found.finding.id for found in work.findings.of_subject("payment", "pi_1")] == ["b", "c", "late"]
        assert [found.finding.id for found in work.findings.latest(2, open_only=True)] == ["late", "c"]


def test_only_the_newest_snapshots_are_kept(store: SqlStore) -> None:
    with store.reading() as work:
        assert work.snapshots.latest() is None
        assert work.progress.get() == NOWHERE
    for position in range(1, 5):
        at = Progress(position=position, clock=Instant(position), pack="p")
        with store.writing() as work:
            work.snapshots.save(Snapshot(progress=at, blob=b"%d" % position))
            work.progress.set(at)
    with store.reading() as work:
        assert work.snapshots.latest() == Snapshot(progress=at, blob=b"4")
        assert work.progress.get() == at
        assert work.connection.exec_driver_sql("SELECT count(*) FROM kernel_snapshot").scalar() == 2
