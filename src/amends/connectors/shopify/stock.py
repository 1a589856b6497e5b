"""Stock: how many units of an article are left, at a location or over all of them."""

from typing import Final

from amends.connectors.measures import count_of, id_of, moment_of, text_of
from amends.connectors.shopify import wire
from amends.connectors.shopify.telling import ANYWHERE, Telling, needed

_TRACKED: Final = "shopify"


def tell_level(level: wire.InventoryLevel, to: Telling) -> None:
    """What is left at one location. An article that is not counted there (`available` null) tells nothing."""
    article = text_of(level.sku) or needed(level.inventory_item_id, "the inventory item")
    place = needed(level.location_id, "the location of the inventory level")
    left = count_of(level.available, "available")
    if left is None and to.topic == "inventory_levels/disconnect":
        left = 0
    if left is None:
        return
    time, assumed = to.when(f"{article} was counted at {place}", moment_of(level.updated_at, "updated_at"))
    data = {
        "available": left,
        "location": place,
        "sku": text_of(level.sku),
        "inventory_item": id_of(level.inventory_item_id),
        **assumed,
    }
    key = f"{article}@{place}"
    to.draft.say("stock.counted", id=f"stock/{key}", time=time, keys={"stock": key}, data=data, as_seen=True)


def tell_variant(variant: wire.Variant, to: Telling, *, product: wire.Product | None = None) -> None:
    """What is left over all locations, and whether the article is on sale."""
    left = count_of(variant.inventory_quantity, "inventory_quantity")
    article = text_of(variant.sku) or id_of(variant.id)
    managed = text_of(variant.inventory_management)
    if left is None or article is None or managed not in (None, _TRACKED):
        return
    moments = (
        moment_of(variant.updated_at, "updated_at"),
        moment_of(product.updated_at, "updated_at") if product else None,
    )
    time, assumed = to.when(f"{article} was counted", *moments)
    data = {
        "available": left,
        "location": ANYWHERE,
        "sku": text_of(variant.sku),
        "listed": _listed(product),
        "title": text_of(product.title) if product else None,
        "inventory_item": id_of(variant.inventory_item_id),
        **assumed,
    }
    key = f"{article}@{ANYWHERE}"
    to.draft.say("stock.counted", id=f"stock/{key}", time=time, keys={"stock": key}, data=data, as_seen=True)


def tell_product(product: wire.Product, to: Telling) -> None:
    """The stock of each of its articles."""
    for variant in product.variants or ():
        if variant is not None:
            tell_variant(variant, to, product=product)


def _listed(product: wire.Product | None) -> bool | None:
    status = text_of(product.status) if product else None
    if product is None or status is None:
        return None
    return status == "active" and text_of(product.published_at) is not None
