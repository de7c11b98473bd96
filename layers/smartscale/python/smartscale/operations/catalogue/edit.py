"""Change what is sold: one item, or a file of items."""

from collections import defaultdict
from collections.abc import Callable, Iterable
from datetime import datetime

from smartscale.domain.catalogue import Catalogue, Item
from smartscale.domain.catalogue_changes import ChangeKind, ItemChange, fingerprint
from smartscale.domain.errors import Conflict, InvalidInput, NotFound
from smartscale.operations.ports.catalogue import CatalogueStore
from smartscale.operations.ports.ledger import Ledger
from smartscale.parallel import batched, in_parallel

_AT_ONCE = 49
"""How many items of a file are stored together: DynamoDB writes them with a name each, and a note
of the change, in one step of 100 rows at most."""


class EditCatalogue:
    """Edits the catalogue. Each change is written to the ledger first, then to the table."""

    def __init__(
        self, catalogue: CatalogueStore, ledger: Ledger, now: Callable[[], datetime]
    ) -> None:
        self._catalogue = catalogue
        self._ledger = ledger
        self._now = now

    def put(
        self, item: Item, *, clears: Iterable[str] = (), expected_version: int | None = None
    ) -> Item:
        """Add or change an item. Prices it had before stay known for the weighings of their time.

        Args:
            item: what is sold under its label from now on.
            clears: fields to empty; other fields that the item does not give keep their value.
            expected_version: the version that somebody has looked at before.

        Raises:
            Conflict: another item has its PLU, or somebody else has changed it meanwhile.
        """
        self._refuse_double_plus(self._known(), [item])
        empty = {name: Item.model_fields[name].default for name in clears}
        empty["names"] = {}  # the edit gives all of them
        while True:
            stored = self._catalogue.get(item.label)
            if expected_version == 0 and stored is not None and stored.version:
                raise Conflict("There is {label} already: change that one.", label=item.label)
            if expected_version not in {None, 0 if stored is None else stored.version}:
                raise Conflict("{label} was changed meanwhile: look at it again.", label=item.label)
            changed = item if stored is None else item.succeed(stored.model_copy(update=empty))
            changed.check_price_after_offers()
            if stored is not None and changed.says_the_same(stored):
                return stored
            if self._store(changed):
                return changed

    def put_examples(self, items: Iterable[Item]) -> int:
        """Fill the catalogue of a shop that has changed nothing yet; tells how many are new.

        That is what a deployment does. A shop with an item or a price of its own is left as it
        is: it would sell at a price that nobody there has seen. An interrupted filling goes on at
        the next start. It is not recorded, since the next deployment does the same.
        """
        self._catalogue.name_all()
        examples = {item.label: item for item in items}
        known = self._catalogue.all().everything()
        if any(not _is_example(item, examples.get(item.label)) for item in known):
            return 0
        missing = [item for item in examples.values() if item.label not in {i.label for i in known}]
        for some in batched(missing, _AT_ONCE):
            self._catalogue.put_all(some)
        return len(missing)

    def preview(self, items: Iterable[Item]) -> list[ItemChange]:
        """What the items of a file would change, without changing it.

        Raises:
            Conflict: two items would have one PLU.
            InvalidInput: an item would have no price after its offer.
        """
        wanted, known = list(items), self._known()
        self._refuse_double_plus(known, wanted)
        changes = [ItemChange.of(item, known.known(item.label)) for item in wanted]
        for change in changes:
            change.item.check_price_after_offers()
        return changes

    def put_all(
        self,
        items: Iterable[Item],
        *,
        moment: datetime | None = None,
        previewed: str | None = None,
        progress: Callable[[int], object] = lambda done: done,
    ) -> list[ItemChange]:
        """Add or change the items of a file; what it changed.

        Args:
            items: the file's items; others stay as they are.
            moment: from when prices hold whose row names no moment.
            previewed: the fingerprint of what somebody has looked at before.
            progress: called with how many more items have been looked after.

        Raises:
            Conflict: two items would have one PLU, or it would change something else than what was
                looked at; nothing was changed.
        """
        wanted = list(items)
        changes = self.preview(wanted)
        if previewed is not None and previewed != fingerprint(changes, moment or self._now()):
            raise Conflict("The catalogue was changed meanwhile: look at the preview again.")
        recorded = in_parallel(self._record, changes)
        for some in batched(zip(wanted, changes, recorded, strict=True), _AT_ONCE):
            self._catalogue.put_all([item for _, _, item in some if item is not None])
            for item, change, stored in some:
                # Another edit came first: this one becomes the next.
                if stored is not None and stored != change.item:
                    self._put(item)
            progress(len(some))
        self._catalogue.name_all()
        return changes

    def retire(self, label: str) -> None:
        """Stop selling an item; it stays known, so that old weighings keep their names.

        Raises:
            NotFound: there is no such item on sale.
        """
        self._change(label, Item.retire)

    def cancel_price(self, label: str, valid_from: datetime) -> Item:
        """Take back a price that has not started yet.

        Raises:
            NotFound: there is no such item on sale, or no such price.
            Conflict: the price has started.
        """
        return self._change(label, lambda item: item.cancel_price(valid_from, self._now()))

    def show(self, label: str, picture: str | None) -> Item:
        """Give an item on sale another picture, or take its own away.

        Raises:
            NotFound: there is no such item on sale.
        """
        return self._change(label, lambda item: item.show(picture))

    def give_label(self, label: str, product: str) -> Item:
        """Assign a model's `label` to one item, and to no other.

        Raises:
            InvalidInput: there is no such item on sale.
        """
        item = self._latest(product)
        if item is None or item.retired:
            raise InvalidInput(f"{product[:80]} is not in the catalogue.")
        # Given before it is taken: whenever this is interrupted, some item has the label, and where
        # two people give it at once, the one who comes last gives it again.
        self._choose(product, label)
        self.take_label(label, but=product)
        return self._choose(product, label)

    def take_label(self, label: str, but: str | None = None) -> None:
        """Remove an assigned model label from every item except one."""
        for item in self._known():
            if label in item.chosen and item.label != but:
                self._change(item.label, lambda found: found.choose(set(found.chosen) - {label}))

    def _choose(self, product: str, label: str) -> Item:
        return self._change(product, lambda found: found.choose([*found.chosen, label]))

    def _change(self, label: str, change: Callable[[Item], Item]) -> Item:
        """Change an item on sale; when somebody else changes it meanwhile, change the new version.

        Raises:
            NotFound: there is no such item on sale.
        """
        while True:
            item = self._latest(label)
            if item is None or item.retired:
                raise NotFound(f"{label[:80]} is not in the catalogue.")
            changed = change(item)
            if changed is item or self._store(changed):
                return changed

    def _record(self, change: ItemChange) -> Item | None:
        """What the ledger has of a change; None where nothing changes."""
        if change.kind is ChangeKind.UNCHANGED:
            return None
        return self._ledger.record_item(change.item)

    def _put(self, item: Item) -> None:
        """Store an item as the next version; when another edit takes that number, try the next."""
        while True:
            if self._store(ItemChange.of(item, self._catalogue.get(item.label)).item):
                return

    @staticmethod
    def _refuse_double_plus(known: Catalogue, wanted: Iterable[Item]) -> None:
        """Refuse items that would give two labels one PLU, whatever order the file has."""
        changed = {item.label: item for item in wanted}
        after = {item.label: item for item in known} | changed
        owners: dict[str, set[str]] = defaultdict(set)
        for item in after.values():
            owners[item.plu].add(item.label)
        for item in changed.values():
            for other in sorted(owners[item.plu] - {item.label}):
                raise Conflict("PLU {plu} is taken by {other}.", plu=item.plu, other=other)

    def _latest(self, label: str) -> Item | None:
        """One item as the ledger knows it, for the reason that `_known` gives."""
        stored = self._catalogue.get(label)
        versions = {} if stored is None else {label: stored.version}
        later = self._ledger.later_items(versions, label)
        if not later:
            return stored
        self._catalogue.put(later[0])
        return later[0]

    def _known(self) -> Catalogue:
        """The catalogue as the ledger knows it.

        A table that was just restored to an earlier day would give numbers a second time, and call
        a price unchanged that is not.
        """
        known = self._catalogue.all()
        later = self._ledger.later_items({item.label: item.version for item in known.everything()})
        if not later:
            return known
        for item in later:
            self._catalogue.put(item)
        return self._catalogue.all()

    def _store(self, item: Item) -> bool:
        """Store an item; False when another edit took its version, which the table has then."""
        recorded = self._ledger.record_item(item)
        self._catalogue.put(recorded)
        return recorded == item


def _is_example(item: Item, example: Item | None) -> bool:
    """Whether an item is as the examples have it, from this or an earlier release."""
    return example is not None and (item.version, item.plu) == (0, example.plu)
