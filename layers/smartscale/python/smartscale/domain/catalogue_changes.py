"""What an edit of the catalogue would change, so that a person can review it first."""

import hashlib
from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum
from typing import Self

from pydantic import BaseModel, ConfigDict

from smartscale.domain.catalogue import Item


class ChangeKind(StrEnum):
    """What becomes of an item."""

    ADDED = "added"
    CHANGED = "changed"
    RETURNED = "returned"
    """It was retired, and is sold again."""
    UNCHANGED = "unchanged"


class FieldChange(BaseModel):
    """One field of an item before and after, as text; None for an empty field. A price also says
    from when to when it holds."""

    model_config = ConfigDict(frozen=True)

    field: str
    before: str | None
    after: str | None
    valid_from: datetime | None = None
    valid_to: datetime | None = None


class ItemChange(BaseModel):
    """What becomes of an item, and the item as it will be."""

    model_config = ConfigDict(frozen=True)

    kind: ChangeKind
    item: Item
    fields: tuple[FieldChange, ...]

    @classmethod
    def of(cls, wanted: Item, earlier: Item | None) -> Self:
        """The difference between `earlier`, the stored item if there is one, and the wanted one."""
        if earlier is None:
            return cls(kind=ChangeKind.ADDED, item=wanted, fields=_differences(wanted, None))
        after = wanted.succeed(earlier)
        if after.says_the_same(earlier):
            return cls(kind=ChangeKind.UNCHANGED, item=earlier, fields=())
        kind = ChangeKind.RETURNED if earlier.retired else ChangeKind.CHANGED
        return cls(kind=kind, item=after, fields=_differences(after, earlier))


def fingerprint(changes: Iterable[ItemChange], moment: datetime) -> str:
    """A short text that identifies a set of changes: two different sets have different texts.

    A price without a date of its own starts at `moment`, the time of the edit. That time is left
    out, so that a preview and the import that follows a minute later have the same fingerprint.
    """
    digest = hashlib.sha256()
    for change in changes:
        if change.kind is not ChangeKind.UNCHANGED:  # one that only returns has no field to name
            digest.update(repr((change.item.label, change.kind)).encode())
        for field in change.fields:
            later = field.valid_from is not None and field.valid_from != moment
            since = str(field.valid_from) if later else ""
            until = str(field.valid_to or "")
            said = (field.field, field.before, field.after)
            digest.update(repr((*said, since, until)).encode())
    return digest.hexdigest()[:32]


def _differences(after: Item, before: Item | None) -> tuple[FieldChange, ...]:
    old, new = {} if before is None else _texts(before), _texts(after)
    fields = [
        FieldChange(field=name, before=old.get(name), after=new.get(name))
        for name in dict.fromkeys((*new, *old))
        if old.get(name) != new.get(name)
    ]
    known = () if before is None else before.prices
    for price in after.prices:
        if price not in known:
            was = None if before is None else before.unit_price_at(price.valid_from)
            fields.append(
                FieldChange(
                    field="unit_price",
                    before=None if was is None else f"{was:f}",
                    after=f"{price.unit_price:f}",
                    valid_from=price.valid_from,
                    valid_to=price.valid_to,
                )
            )
    return tuple(fields)


def _texts(item: Item) -> dict[str, str]:
    """The fields of an item but for its prices, as people read them."""
    texts = {
        "plu": item.plu,
        "category": item.category,
        "unit": item.unit.value,
        "currency": item.currency,
        "tare_kg": f"{item.tare_kg:f}",
        "sold_as": item.sold_as or "",
        "aliases": ", ".join(item.aliases),
        "synonyms": ", ".join(item.synonyms),
        **{name: str(value) for name, value in item.declared.items()},
        **{f"name_{language}": name for language, name in sorted(item.names.items())},
    }
    if item.piece_kg_min is not None:
        texts |= {"piece_kg": f"{item.piece_kg_min:f} to {item.piece_kg_max:f}"}
    return {name: text for name, text in texts.items() if text}
