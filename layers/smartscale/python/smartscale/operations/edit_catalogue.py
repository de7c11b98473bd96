"""Change what is sold: one item, or a file of items."""

from collections.abc import Callable, Iterable
from datetime import datetime

from smartscale.domain.catalogue import Catalogue, Item
from smartscale.domain.errors import Conflict, InvalidInput, NotFound
from smartscale.operations.ports import CatalogueStore, Ledger


class EditCatalogue:
    """Edits the catalogue; each change is in the ledger before it is in the table."""

    def __init__(
        self, catalogue: CatalogueStore, ledger: Ledger, now: Callable[[], datetime]
    ) -> None:
        self._catalogue = catalogue
        self._ledger = ledger
        self._now = now

    def put(self, item: Item) -> Item:
        """Add or change an item. Prices it had before stay known for the weighings of their time.

        Raises:
            Conflict: another item has its PLU.
        """
        return self._put(item, self._catalogue.all())

    def put_missing(self, items: Iterable[Item]) -> int:
        """Add the items whose label is not there yet; tells how many.

        That is what a deployment does: it fills an empty shop and never overwrites its prices. It
        is not recorded, since the next deployment does the same.
        """
        return sum(self._catalogue.put(item) for item in items)

    def put_all(self, items: Iterable[Item]) -> int:
        """Add or change the items of a file; tells how many."""
        known = self._catalogue.all()
        return len([self._put(item, known) for item in items])

    def retire(self, label: str) -> None:
        """Stop selling an item; it stays known, so that old weighings keep their names.

        Raises:
            NotFound: there is no such item on sale.
        """
        self._change(label, Item.retire)

    def give_label(self, label: str, product: str) -> Item:
        """Sell what a model calls `label` as an item, and as no other.

        Raises:
            InvalidInput: there is no such item on sale.
        """
        item = self._catalogue.get(product)
        if item is None or item.retired:
            raise InvalidInput(f"{product[:80]} is not in the catalogue.")
        self.take_label(label, but=product)
        return self._change(product, lambda found: found.choose([*found.chosen, label]))

    def take_label(self, label: str, but: str | None = None) -> None:
        """Take the operator's word for a label back from all items but one."""
        for item in self._catalogue.all():
            if label in item.chosen and item.label != but:
                self._change(item.label, lambda found: found.choose(set(found.chosen) - {label}))

    def _change(self, label: str, change: Callable[[Item], Item]) -> Item:
        """Change an item on sale; when somebody else changes it meanwhile, as it is then.

        Raises:
            NotFound: there is no such item on sale.
        """
        while True:
            item = self._catalogue.get(label)
            if item is None or item.retired:
                raise NotFound(f"{label[:80]} is not in the catalogue.")
            changed = change(item)
            if changed is item or self._store(changed):
                return changed

    def _put(self, item: Item, known: Catalogue) -> Item:
        for other in known:
            if other.plu == item.plu and other.label != item.label:
                raise Conflict(f"PLU {item.plu} is taken by {other.label}.")
        while True:
            earlier = self._catalogue.get(item.label)
            changed = item if earlier is None else item.succeed(earlier)
            if self._store(changed):
                return changed

    def _store(self, item: Item) -> bool:
        """Whether it was stored: no when somebody else changed the item meanwhile."""
        self._ledger.record_item(item, self._now())
        return self._catalogue.put(item)
