"""The catalogue as the API shows it."""

from collections import Counter
from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal

from smartscale.contract import catalogue as documents
from smartscale.contract.document import FALLBACK_LANGUAGE, in_language
from smartscale.domain.catalogue import Item, Price
from smartscale.domain.catalogue_changes import ChangeKind, ItemChange, fingerprint
from smartscale.present.weighing import kilograms, money


def item(item: Item, now: datetime) -> documents.CatalogueItem:
    """The document of an item; a price that starts later is shown when it has started."""
    prices, offer = item.schedule_from(now) or item.prices[-1:], item.offer_at(now)
    return documents.CatalogueItem(
        label=item.label,
        plu=item.plu,
        category=item.category,
        names=item.names,
        synonyms=item.synonyms,
        unit=item.unit,
        unit_price=money(item.unit_price_at(now), item.currency),
        currency=item.currency,
        tare_kg=item.tare_kg,
        piece_kg_min=kilograms(item.piece_kg_min),
        piece_kg_max=kilograms(item.piece_kg_max),
        sold_as=item.sold_as,
        picture_url=item.picture and f"/v1/catalogue/pictures/{item.picture}",
        **item.declared,
        unit_price_before=money(None if offer is None else offer.price_before, item.currency),
        offer_until=offer and offer.until,
        valid_from=prices[0].valid_from,
        prices=_prices(prices, item.currency),
    )


def editable_item(edited: Item, now: datetime) -> documents.EditableItem:
    """The document of an item for who edits it."""
    coming = edited.prices_from(now)
    past = [price for price in edited.prices if price not in coming]
    shown = item(edited, now)
    begin = {price.valid_from for price in edited.prices}
    return documents.EditableItem(
        **dict(shown)
        | {
            "prices": tuple(
                documents.PlannedPrice(**dict(price), returns=price.valid_from not in begin)
                for price in shown.prices
            )
        },
        aliases=edited.aliases,
        usual_price=money(edited.usual_price_at(now), edited.currency),
        past_prices=_prices(past, edited.currency),
        retired=edited.retired,
        version=edited.version,
    )


def _prices(prices: Iterable[Price], currency: str) -> tuple[documents.Price, ...]:
    return tuple(
        documents.Price(
            unit_price=money(price.unit_price, currency) or Decimal(0),
            valid_from=price.valid_from,
            valid_to=price.valid_to,
        )
        for price in prices
    )


def import_preview(
    changes: list[ItemChange], moment: datetime, language: str, *, applied: bool
) -> documents.ImportPreview:
    """The document of what a file changes."""
    kinds = Counter(change.kind for change in changes)
    return documents.ImportPreview(
        applied=applied,
        fingerprint=fingerprint(changes, moment),
        counts={kind: kinds[kind] for kind in ChangeKind},
        changes=tuple(
            _change(change, language)
            for change in changes
            if change.kind is not ChangeKind.UNCHANGED
        ),
    )


def _change(change: ItemChange, language: str = FALLBACK_LANGUAGE) -> documents.ItemChange:
    changed = change.item
    return documents.ItemChange(
        label=changed.label,
        name=in_language(changed.names, language, changed.label),
        kind=change.kind,
        fields=change.fields,
    )
