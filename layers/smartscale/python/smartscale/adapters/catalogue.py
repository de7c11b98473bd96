"""The catalogue's table: what the shop sells, whole for who shows it, by key for who weighs."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from itertools import islice
from threading import Lock

from pynamodb.exceptions import UpdateError

from smartscale.adapters.connection import SharedConnection, bind
from smartscale.adapters.rows import (
    BRIEFING_KEY,
    BriefingRow,
    ItemRow,
    NameRow,
    can_be_key,
    new_change,
)
from smartscale.adapters.store_errors import translates_store_errors
from smartscale.adapters.tables import CONDITION_FAILED, document_of, plain
from smartscale.adapters.together import MOST_ROWS, write_together
from smartscale.domain.catalogue import Catalogue, Item
from smartscale.domain.names import plain_name
from smartscale.parallel import in_parallel

_CHANGES_KEPT = 20
"""Few enough that their row is one read unit."""
_NAME = "#name "
_ALL_NAMED = "#names"
"""The row that says that all items' names are there: versions before this one wrote none."""
_FOUND_KEPT = 8


@translates_store_errors
class DynamoCatalogue:
    """The catalogue table. Safe to share between threads.

    The whole catalogue is kept here between calls, and so are the items that were looked up by
    their names. Each change is noted in the workers' briefing, in the same transaction, so one
    small read tells what has changed since.
    """

    def __init__(self, table_name: str, models_table_name: str, region: str) -> None:
        self._rows = bind(ItemRow, table_name, region)
        self._names = bind(NameRow, table_name, region)
        self._briefing = bind(BriefingRow, models_table_name, region)
        self._connection = SharedConnection(region=region)
        self._puts = 0
        self._lock = Lock()
        self._kept: tuple[str, Catalogue] | None = None
        self._looked_up = _LookedUp("")

    def all(self) -> Catalogue:
        """The whole catalogue as it is now; the same object for as long as nothing changes."""
        with self._lock:
            # Before the items are read: a change in between makes the next call read them again.
            changes = self._changes()
            version = changes[-1] if changes else ""
            kept, catalogue = self._kept or ("", None)
            if catalogue is not None and version == kept != "":
                return catalogue
            since = changes[changes.index(kept) + 1 :] if kept in changes else None
            if catalogue is None or since is None:
                catalogue = Catalogue(self._scan())
            else:
                labels = {label for _, _, label in (change.partition(" ") for change in since)}
                catalogue = catalogue.replace(self._items(labels - {""}))
            self._kept = version, catalogue
            return catalogue

    def at(self, changes: Sequence[str]) -> "SoldNow":
        """The catalogue of a briefing that says these were its last changes."""
        return SoldNow(self, changes[-1] if changes else "")

    def sold_under(self, labels: Iterable[str], version: str) -> Catalogue:
        """The items that model labels may be sold as, read by their keys, as of a version."""
        wanted = frozenset(labels)
        with self._lock:
            if version != self._looked_up.version or not version:
                self._looked_up = _LookedUp(version)
            found = self._looked_up.found.get(wanted)
            if found is None:
                found = self._look_up(wanted)
                if len(self._looked_up.found) == _FOUND_KEPT:
                    self._looked_up.found.clear()
                self._looked_up.found[wanted] = found
            return found

    def _look_up(self, labels: frozenset[str]) -> Catalogue:
        known = self._looked_up
        names = {plain_name(label) for label in labels}
        missing = names - known.names.keys()
        if missing:
            keys = [_ALL_NAMED, *map(_name_key, missing)]
            rows = self._names.batch_get(keys, consistent_read=True)
            named = {row.label: row.labels or set() for row in rows}
            if _ALL_NAMED not in named:
                return Catalogue(self._scan())
            known.names |= {name: named.get(_name_key(name), set()) for name in missing}
        sold = set[str]().union(*(known.names[name] for name in names))
        known.items |= {item.label: item for item in self._items(sold - known.items.keys())}
        return Catalogue(known.items[label] for label in sold if label in known.items)

    def _items(self, labels: Iterable[str]) -> Iterator[Item]:
        rows = self._rows.batch_get(
            list(labels), consistent_read=True, attributes_to_get=["label", "document"]
        )
        yield from self._whole(rows)

    def _scan(self) -> Iterator[Item]:
        rows = self._rows.scan(
            self._rows.plu.exists(), consistent_read=True, attributes_to_get=["label", "document"]
        )
        yield from self._whole(rows)

    def _whole(self, rows: Iterable[ItemRow]) -> Iterator[Item]:
        older: list[str] = []
        for row in rows:
            if row.document is None:
                older.append(row.label)
            else:
                yield Item.model_validate_json(row.document)
        for row in self._rows.batch_get(older, consistent_read=True):
            yield _item(row)

    def _changes(self) -> list[str]:
        """The last changes, each as a text of its own: something unique, a space, a label."""
        try:
            row = self._briefing.get(
                BRIEFING_KEY, consistent_read=True, attributes_to_get=["changes"]
            )
        except self._briefing.DoesNotExist:
            return []
        return list(row.changes or [])

    def get(self, label: str) -> Item | None:
        """An item, retired or not."""
        if not can_be_key(label):
            return None
        try:
            return _item(self._rows.get(label, consistent_read=True))
        except self._rows.DoesNotExist:
            return None

    def put(self, item: Item) -> bool:
        """Store an item unless the same or a later version is there."""
        return self._put_together([item])

    def put_all(self, items: Sequence[Item]) -> None:
        """Store items, each unless the same or a later version is there."""
        for some in _together(items):
            if not self._put_together(some):
                for item in some:  # one of them was there: the transaction stored none
                    self.put(item)

    def name_all(self) -> None:
        """Note the names of items that versions before this one have stored."""
        try:
            self._names.get(_ALL_NAMED, consistent_read=True)
        except self._names.DoesNotExist:
            self._add_names(_names_of(self._scan()))
            self._names(_ALL_NAMED).save()

    def _add_names(self, names: Mapping[str, set[str]]) -> None:
        def add(name: str) -> None:
            self._names(_name_key(name)).update(actions=[self._names.labels.add(names[name])])

        for _ in in_parallel(add, names):
            pass

    def _put_together(self, items: Sequence[Item]) -> bool:
        """Store items, their names, and the note that they have changed: all or none."""
        stored, briefing = self._rows.version, self._briefing
        names = _names_of(items)
        together = dict(islice(names.items(), MOST_ROWS - len(items) - 1))
        # A name that is noted too early leads to an item that does not have it.
        self._add_names({name: names[name] for name in names.keys() - together.keys()})
        changes = [new_change(item.label) for item in items]
        done = write_together(
            self._connection,
            [
                (
                    self._rows(**plain(item), document=item.model_dump_json()),
                    stored.does_not_exist() | (stored < Decimal(item.version)),
                )
                for item in items
            ],
            [
                *(
                    (self._names(_name_key(name)), [self._names.labels.add(labels)])
                    for name, labels in together.items()
                ),
                (
                    briefing(BRIEFING_KEY),
                    [briefing.changes.set((briefing.changes | []).append(changes))],
                ),
            ],
        )
        if done:
            before = self._puts
            self._puts += len(items)
            if before == 0 or before // _CHANGES_KEPT != self._puts // _CHANGES_KEPT:
                self._forget_old_changes()
        return done

    def _forget_old_changes(self) -> None:
        """Keep the briefing small; whoever is further behind reads everything anew."""
        changes, rows = self._changes(), self._briefing
        if len(changes) > 2 * _CHANGES_KEPT:
            try:
                rows(BRIEFING_KEY).update(
                    actions=[rows.changes.set(changes[-_CHANGES_KEPT:])],
                    condition=rows.changes == changes,
                )
            except UpdateError as error:
                if error.cause_response_code != CONDITION_FAILED:
                    raise


class SoldNow:
    """What is sold at the moment of a briefing."""

    def __init__(self, table: DynamoCatalogue, version: str) -> None:
        self._table = table
        self._version = version

    def sold_under(self, labels: Iterable[str]) -> Catalogue:
        """The items that model labels may be sold as."""
        return self._table.sold_under(labels, self._version)


class _LookedUp:
    """What was looked up by key, as of a version of the catalogue."""

    def __init__(self, version: str) -> None:
        self.version = version
        self.names: dict[str, set[str]] = {}
        self.items: dict[str, Item] = {}
        self.found: dict[frozenset[str], Catalogue] = {}


def _item(row: ItemRow) -> Item:
    if row.document is not None:
        return Item.model_validate_json(row.document)
    return Item.model_validate(document_of(row))


def _name_key(name: str) -> str:
    return f"{_NAME}{name}"


def _names_of(items: Iterable[Item]) -> dict[str, set[str]]:
    """The labels of items by the names under which models may know them."""
    names: dict[str, set[str]] = {}
    for item in items:
        for name in (item.label, *item.aliases, *item.chosen):
            names.setdefault(plain_name(name), set()).add(item.label)
    return names


def _together(items: Sequence[Item]) -> Iterator[list[Item]]:
    """Items in parts that, with their names and the note, are written together."""
    part: list[Item] = []
    names: set[str] = set()
    for item in items:
        own = set(_names_of([item]))
        if len(part) + 1 + len(names | own) + 1 > MOST_ROWS:
            yield part
            part, names = [], set()
        part.append(item)
        names |= own
    if part:
        yield part
