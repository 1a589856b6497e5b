"""What nobody reads is not kept, and makes no difference to what is found."""

import pytest
from tests.reference import differences
from tests.reference.differences import by_reference
from tests.reference.streams import stream

from amends.detection import Kernel, lean, load_pack, pack_from_documents, pack_from_text
from amends.model.event import Event
from amends.model.instant import Instant

PACK = """
tables:
  order:
    columns:
      placed_at: {fold: min, of: time, on: [order.placed]}
      paid_at: {fold: min, of: time, on: [order.paid]}
      street: {fold: last, of: street, on: [order.placed]}
      total: {fold: last, of: total, on: [order.placed]}
      currency: {fold: last, of: currency, on: [order.placed]}
      shop: {fold: last, of: shop, on: [order.placed]}
      city: {fold: last, of: city, on: [order.placed]}
rules:
  - id: unpaid
    exception: paid_not_updated
    kind: silence
    table: order
    trouble: payment
    since: placed_at
    within: 1 hour
    until: paid_at IS NOT NULL
    loss: total
    evidence: [city]
    title: {en: Unpaid, zh-Hans: 未付}
    says: {en: Unpaid, zh-Hans: 未付}
"""


def test_a_row_holds_what_rules_read_show_and_state_as_loss() -> None:
    kernel = Kernel(lean(pack_from_text(PACK)))
    data = {"street": "1 Long Street", "total": 500, "currency": "EUR", "shop": "north", "city": "Bremen"}
    kernel.on_events([Event(id="1", source="s", type="order.placed", time=Instant(10), keys={"order": "o"}, data=data)])
    assert kernel.row("order", "o") == {"placed_at": 10, "total": 500, "currency": "EUR", "city": "Bremen"}


def test_the_built_in_pack_keeps_no_street_no_name_and_no_tax_number() -> None:
    columns = lean(load_pack()).tables["order"].columns
    assert not columns.keys() & {"street", "recipient", "recipient_id", "postcode", "number"}
    assert columns.keys() >= {"has_street", "total", "deliver_by", "address_key"}


@pytest.mark.parametrize("block", range(10))
def test_random_packs_find_the_same(block: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """All but the last part, which says how rows stand in the end."""
    left = 0
    for seed in range(10 * block, 10 * block + 10):
        _, document, steps = stream(seed)
        whole = pack_from_documents([document])
        left += sum(len(table.columns) for table in whole.tables.values())
        left -= sum(len(table.columns) for table in lean(whole).tables.values())
        expected = by_reference(document, steps)[:-1]
        with monkeypatch.context() as patch:
            patch.setattr(differences, "pack_from_documents", lambda given: lean(pack_from_documents(given)))
            found = differences.in_whole_batches(document, steps)[:-1]
        assert [sorted(lines) for lines in found] == [sorted(lines) for lines in expected], seed
    assert left > 0, "some column must have been left out"
