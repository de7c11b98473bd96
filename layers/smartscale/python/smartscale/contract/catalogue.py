"""The catalogue: what is sold, at which prices, and what an edit or a file would change."""

from datetime import datetime

from smartscale.contract.document import Document, Exact, in_language
from smartscale.domain.catalogue import SoldAs
from smartscale.domain.catalogue_changes import ChangeKind, FieldChange
from smartscale.domain.declaration import QualityClass
from smartscale.domain.weighing import Unit

__all__ = [
    "Catalogue",
    "CatalogueItem",
    "ChangeKind",
    "EditableCatalogue",
    "EditableItem",
    "FieldChange",
    "ImportPreview",
    "ItemChange",
    "Price",
    "QualityClass",
    "SoldAs",
    "Unit",
]


class Price(Document):
    """A unit price, and from when it holds; `valid_to` is the moment at which an offer ends."""

    unit_price: Exact
    valid_from: datetime
    valid_to: datetime | None = None


class CatalogueItem(Document):
    """What is sold under a label, at the price that holds now; `prices` has those to come too.

    `tare_kg` is the packaging it usually comes in, `piece_kg_min` to `piece_kg_max` what one piece
    usually weighs. `picture_url` is where the API has the shop's own picture of it. `synonyms` are
    other names, in any language, under which people search for it. `origin` is a country's code of
    two letters in ISO 3166-1; with `best_before_days` a label has the day until which it keeps, so
    many days after it was packed. While an offer holds, `unit_price_before` is the lowest price of
    the 30 days before it, and `offer_until` the moment at which it ends.
    """

    label: str
    plu: str
    category: str
    names: dict[str, str]
    synonyms: tuple[str, ...] = ()
    unit: Unit
    unit_price: Exact | None
    currency: str
    tare_kg: Exact
    piece_kg_min: Exact | None
    piece_kg_max: Exact | None
    sold_as: SoldAs | None
    picture_url: str | None
    origin: str | None = None
    quality_class: QualityClass | None = None
    variety: str | None = None
    best_before_days: int | None = None
    unit_price_before: Exact | None = None
    offer_until: datetime | None = None
    valid_from: datetime
    prices: tuple[Price, ...]

    def name_in(self, language: str) -> str:
        """Its name in a language, else in English, else its label."""
        return in_language(self.names, language, self.label)


class Catalogue(Document):
    """What the shop sells."""

    items: tuple[CatalogueItem, ...]
    next_cursor: str | None = None
    """Asks for the items after these, where the answer was limited; None at the end."""


class PlannedPrice(Price):
    """A price as who edits it sees it; `returns` where it holds again after an offer, and ends with
    nothing to take back."""

    returns: bool = False


class EditableItem(CatalogueItem):
    """An item as who edits it sees it: the prices before, too."""

    prices: tuple[PlannedPrice, ...]
    usual_price: Exact | None = None
    """What it costs now without an offer."""
    aliases: tuple[str, ...]
    past_prices: tuple[Price, ...]
    retired: bool
    version: int


class EditableCatalogue(Document):
    """Everything that was ever sold."""

    items: tuple[EditableItem, ...]


class ItemChange(Document):
    """What becomes of an item."""

    label: str
    name: str
    kind: ChangeKind
    fields: tuple[FieldChange, ...]


class ImportPreview(Document):
    """What a file of items would change, or has changed; `fingerprint` names just these changes.

    Items that stay as they are are only counted.
    """

    applied: bool
    fingerprint: str
    counts: dict[ChangeKind, int]
    changes: tuple[ItemChange, ...]
