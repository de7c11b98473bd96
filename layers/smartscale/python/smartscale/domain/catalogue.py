"""What the shop sells: items by label and PLU, with names and prices that start on a date."""

import hashlib
import re
import unicodedata
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from functools import cached_property
from typing import Self

from pydantic import AwareDatetime, BaseModel, ConfigDict

from smartscale.domain.declaration import Declaration
from smartscale.domain.errors import Conflict, InvalidInput, NotFound
from smartscale.domain.load import MAX_WEIGHT_KG
from smartscale.domain.money import check_currency, to_cent
from smartscale.domain.prediction import NO_ITEM
from smartscale.domain.weighing import Unit

_BREAKS = frozenset({"Cc", "Zl", "Zp"})
"""Unicode's categories of what is no letter of a line: control characters, breaks."""
MOST_LETTERS = 80
"""Of a name: more are not read from a label."""
_LABEL = re.compile(r"[^\W_][\w .'()-]{0,79}")
_PLU = re.compile(r"[1-9][0-9]{0,4}", re.ASCII)
"""Without leading zeros: a barcode fills up with them, so 0081 would be 81 at the till."""
_LANGUAGE = re.compile(r"[a-z]{2}", re.ASCII)
_PRICE = re.compile(r"[0-9]{1,7}(\.[0-9]{1,3})?", re.ASCII)
_KILOGRAMS = re.compile(r"[0-9]{1,2}(\.[0-9]{1,3})?", re.ASCII)
_GRAM = Decimal("0.001")
_LOOKS_BACK = timedelta(days=30)
"""Over how many days before an offer its lowest price counts as the price before it."""
_NOT_KILOGRAMS = "{field} {text} must be kilograms with at most 3 decimals, such as 0.120."


class SoldAs(StrEnum):
    """How an item usually comes onto the scale."""

    SINGLE = "single"
    """One at a time, or a part of one: a melon, half a cabbage."""
    BULK = "bulk"
    """Several whole ones, loose or in a bag: apples, mushrooms."""


class Price(BaseModel):
    """A unit price, the moment from which it holds, and for an offer the moment it ends.

    When an offer ends, the price before it holds again.
    """

    model_config = ConfigDict(frozen=True)

    unit_price: Decimal
    valid_from: AwareDatetime
    valid_to: AwareDatetime | None = None
    """The first moment at which it holds no more; None where it holds until the next price."""

    @property
    def order(self) -> tuple[datetime, bool]:
        """The last in this order counts among prices that hold: the one that began last, and of
        two that began together the offer."""
        return self.valid_from, self.valid_to is not None

    def holds_at(self, moment: datetime) -> bool:
        """Whether it has started and not ended."""
        return self.valid_from <= moment and (self.valid_to is None or moment < self.valid_to)


class Offer(BaseModel):
    """A lower price for a time."""

    model_config = ConfigDict(frozen=True)

    price_before: Decimal
    """The unit price that it is lower than."""
    until: AwareDatetime
    """The first moment at which it holds no more."""


class Item(Declaration):
    """One thing the shop sells. `tare_kg` is the packaging the item usually comes in.

    `piece_kg_min` to `piece_kg_max` is what one piece usually weighs, `sold_as` how it usually
    comes; None where the shop does not say. `version` grows with each change: a stored item is
    only replaced by a later version.
    """

    model_config = ConfigDict(frozen=True)

    label: str
    plu: str
    category: str
    names: dict[str, str]
    unit: Unit
    currency: str
    prices: tuple[Price, ...]
    tare_kg: Decimal = Decimal("0.000")
    piece_kg_min: Decimal | None = None
    piece_kg_max: Decimal | None = None
    sold_as: SoldAs | None = None
    aliases: tuple[str, ...] = ()
    """Other names under which models know it."""
    synonyms: tuple[str, ...] = ()
    """Other names under which people search for it, in any language."""
    chosen: tuple[str, ...] = ()
    """Model labels that the operator has assigned to this item."""
    picture: str | None = None
    """The SHA-256 of the shop's own picture of it."""
    retired: bool = False
    version: int = 0

    @classmethod
    def parse(
        cls,
        *,
        label: str,
        plu: str,
        category: str,
        names: dict[str, str],
        unit: str,
        unit_price: str,
        currency: str,
        tare_kg: str = "",
        piece_kg_min: str = "",
        piece_kg_max: str = "",
        sold_as: str = "",
        aliases: str = "",
        synonyms: str = "",
        origin: str = "",
        quality_class: str = "",
        variety: str = "",
        best_before_days: str = "",
        valid_from: datetime,
        valid_to: datetime | None = None,
    ) -> Self:
        """Build an item from text; the weight of a piece, `sold_as` and what is declared
        may be empty.

        Raises:
            InvalidInput: a field is not what it has to be; the message names it.
        """
        _check(_LABEL, label, "label {text} must be a name such as Granny-Smith.")
        _check(
            _PLU,
            plu,
            "plu {text} must be a PLU code of 1 to 5 digits without leading zeros, such as 4011, "
            "94011 or 81.",
        )
        _check(_PRICE, unit_price, "unit_price {text} must be a price such as 2.49.")
        if tare_kg:
            _check(_KILOGRAMS, tare_kg, _NOT_KILOGRAMS, field="tare_kg")
        check_currency(currency)
        if label in NO_ITEM:
            raise InvalidInput(
                "{label} is an answer of the model, not an item to sell.", label=label
            )
        if unit not in set(Unit):
            raise _not_one_of("unit", unit, Unit)
        if Decimal(unit_price) <= 0:
            raise InvalidInput("unit_price must be above 0.")
        if Decimal(unit_price) != to_cent(Decimal(unit_price), currency):
            raise InvalidInput(
                "unit_price {price} has more decimals than {currency}: such as {right}.",
                price=unit_price,
                currency=currency,
                right=to_cent(Decimal(unit_price), currency),
            )
        if tare_kg and Decimal(tare_kg) >= MAX_WEIGHT_KG:
            raise InvalidInput("tare_kg must be below {limit}.", limit=MAX_WEIGHT_KG)
        if valid_to is not None and valid_to <= valid_from:
            raise InvalidInput("valid_to must be after valid_from.")
        piece = _piece_weight(piece_kg_min, piece_kg_max)
        if sold_as and sold_as not in set(SoldAs):
            raise _not_one_of("sold_as", sold_as, SoldAs)
        declaration = Declaration.read(
            origin=origin,
            quality_class=quality_class,
            variety=variety,
            best_before_days=best_before_days,
        )
        if not names.get("en"):
            raise InvalidInput("names must hold at least an English name, as en.")
        for language, name in names.items():
            _check(
                _LANGUAGE,
                language,
                "a language in names {text} must be a two-letter code such as de.",
            )
            if not name.strip():
                raise InvalidInput("The name in {language} must not be empty.", language=language)
            if len(name) > MOST_LETTERS or any(
                unicodedata.category(letter) in _BREAKS for letter in name
            ):
                raise InvalidInput(
                    "The name in {language} must be one line of at most {limit} letters.",
                    language=language,
                    limit=MOST_LETTERS,
                )
        return cls(
            label=label,
            plu=plu,
            category=category,
            names=names,
            unit=Unit(unit),
            currency=currency,
            prices=(
                Price(unit_price=Decimal(unit_price), valid_from=valid_from, valid_to=valid_to),
            ),
            piece_kg_min=piece and piece[0],
            piece_kg_max=piece and piece[1],
            sold_as=SoldAs(sold_as) if sold_as else None,
            aliases=_listed(aliases),
            synonyms=_listed(synonyms),
            **declaration.declared,
            # Left unset where nobody says it, so that `succeed` can tell.
            **({"tare_kg": Decimal(tare_kg).quantize(_GRAM)} if tare_kg else {}),
        )

    def unit_price_at(self, moment: datetime) -> Decimal | None:
        """The unit price that holds at a moment, None when none does."""
        price = self.price_at(moment)
        return None if price is None else price.unit_price

    def price_at(self, moment: datetime) -> Price | None:
        """The price that holds at a moment, None when none does."""
        holding = [price for price in self.prices if price.holds_at(moment)]
        return max(holding, key=lambda price: price.order, default=None)

    def usual_price_at(self, moment: datetime) -> Decimal | None:
        """What it would cost at a moment without any offer."""
        usual = tuple(price for price in self.prices if price.valid_to is None)
        return self.model_copy(update={"prices": usual}).unit_price_at(moment)

    def offer_at(self, moment: datetime) -> Offer | None:
        """The offer that holds at a moment; None where none does, or it is no lower price.

        What it is lower than is the lowest price of the 30 days before it began, as directive
        98/6/EC, article 6a, wants it announced. Of an item that had no price then, it is what the
        item costs without the offer.
        """
        price = self.price_at(moment)
        if price is None or price.valid_to is None:
            return None
        first = price.valid_from - _LOOKS_BACK
        starts = [first, *(one.valid_from for one in self.prices)]
        ends = [one.valid_to for one in self.prices if one.valid_to is not None]
        held = [self.price_at(at) for at in (*starts, *ends) if first <= at < price.valid_from]
        known = [one.unit_price for one in held if one is not None]
        before = min(known) if known else self.usual_price_at(moment)
        if before is None or before <= price.unit_price:
            return None
        return Offer(price_before=before, until=price.valid_to)

    def succeed(self, earlier: Self) -> Self:
        """This item as the version after the earlier one.

        The earlier version's prices stay in the list. Names, tare, piece weights and what is
        declared that this item does not give are taken from the earlier version, so that importing
        a file of prices does not delete them. A price equal to the one that holds at that moment
        anyway is not added again; for that, an offer that both versions have is left out of
        account, so that importing a file again during its offer does not end the offer.
        """
        offers = [price for price in self.prices if price.valid_to is not None]
        regular = earlier.model_copy(
            update={"prices": tuple(price for price in earlier.prices if price not in offers)}
        )
        prices = earlier.prices
        for price in sorted(self.prices, key=lambda price: price.order):
            if price in earlier.prices:
                continue
            if price not in offers:
                if regular.unit_price_at(price.valid_from) == price.unit_price:
                    continue
                # Later ones of this item are compared with it, too.
                regular = regular.model_copy(update={"prices": _with(regular.prices, price)})
            prices = _with(prices, price)
        pieces = self if self.piece_kg_min is not None else earlier
        return self.model_copy(
            update={
                "prices": prices,
                "names": {**earlier.names, **self.names},
                "tare_kg": self.tare_kg if "tare_kg" in self.model_fields_set else earlier.tare_kg,
                "piece_kg_min": pieces.piece_kg_min,
                "piece_kg_max": pieces.piece_kg_max,
                "sold_as": self.sold_as or earlier.sold_as,
                "aliases": self.aliases or earlier.aliases,
                "synonyms": self.synonyms or earlier.synonyms,
                **earlier.declared,
                **self.declared,
                "chosen": earlier.chosen,
                "picture": self.picture or earlier.picture,
                "version": earlier.version + 1,
            }
        )

    def says_the_same(self, other: Self) -> bool:
        """Whether this item and the other differ in nothing but their version."""
        return self.model_copy(update={"version": other.version}) == other

    def choose(self, chosen: Iterable[str]) -> Self:
        """The item with these model labels assigned to it; the same object if they are already."""
        ordered = tuple(sorted(set(chosen)))
        if ordered == self.chosen:
            return self
        return self.model_copy(update={"chosen": ordered, "version": self.version + 1})

    def prices_from(self, moment: datetime) -> tuple[Price, ...]:
        """The price that holds at a moment, the one it falls back to, and later ones, in order."""
        ordered = sorted(self.prices, key=lambda price: price.order)
        left = [price for price in ordered if price.valid_to is None or moment < price.valid_to]
        # What began before the last started price without an end cannot hold again.
        started = [
            place
            for place, price in enumerate(left)
            if price.valid_to is None and price.valid_from <= moment
        ]
        return tuple(left[started[-1] if started else 0 :])

    def schedule_from(self, moment: datetime) -> tuple[Price, ...]:
        """What holds when, from a moment on: a price that holds again after an offer comes again,
        from the offer's end on."""
        limits = {price.valid_from for price in self.prices}
        limits |= {price.valid_to for price in self.prices if price.valid_to is not None}
        schedule: list[Price] = []
        before: Price | None = None
        for limit in [moment, *sorted(limit for limit in limits if limit > moment)]:
            price = self.price_at(limit)
            if price is not None and price != before:
                since = price.valid_from if limit == moment else limit
                schedule.append(price.model_copy(update={"valid_from": since}))
            before = price
        return tuple(schedule)

    def check_price_after_offers(self) -> None:
        """Refuse an item that has no price once its offers have ended.

        Raises:
            InvalidInput: each of its prices has an end.
        """
        if all(price.valid_to is not None for price in self.prices):
            raise InvalidInput(
                "{label} has no price after its offer: give its usual price in a row without "
                "valid_to.",
                label=self.label,
            )

    def cancel_price(self, valid_from: datetime, now: datetime) -> Self:
        """The item without a price that has not started yet.

        Raises:
            NotFound: it has no price from that moment on.
            Conflict: that price has started, or the item would have none.
        """
        named = [price for price in self.prices if price.valid_from == valid_from]
        if not named:
            raise NotFound(f"{self.label} has no price from {valid_from.isoformat()} on.")
        if valid_from <= now:
            raise Conflict("A price that has started stays: weighings were charged with it.")
        last = max(named, key=lambda price: price.order)
        kept = tuple(price for price in self.prices if price != last)
        if all(price.valid_to is not None for price in kept):
            raise Conflict(f"This is the only price of {self.label}.")
        return self.model_copy(update={"prices": kept, "version": self.version + 1})

    def show(self, picture: str | None) -> Self:
        """The item with another picture; the same object if it has that picture already."""
        if picture == self.picture:
            return self
        return self.model_copy(update={"picture": picture, "version": self.version + 1})

    def retire(self) -> Self:
        """The item as no longer sold."""
        return self.model_copy(update={"retired": True, "version": self.version + 1})


def _with(prices: Sequence[Price], price: Price) -> tuple[Price, ...]:
    """The prices in their order, with this one in place of one that has the same place."""
    others = [other for other in prices if other.order != price.order]
    return tuple(sorted((*others, price), key=lambda one: one.order))


class Catalogue:
    """All items by label. Retired items are kept, so that old weighings can be named."""

    def __init__(self, items: Iterable[Item]) -> None:
        self._items = {item.label: item for item in items}

    def replace(self, items: Iterable[Item]) -> "Catalogue":
        """The catalogue with these items in place of those of their labels."""
        return Catalogue((self._items | {item.label: item for item in items}).values())

    def sold_under(self, labels: Iterable[str]) -> "Catalogue":
        """What the items that these model labels may be sold as are in: all there are."""
        del labels
        return self

    def state_at(self, moment: datetime) -> str:
        """A text that differs whenever an item, or a price that holds, is another one.

        It is worked out once for a catalogue and costs next to nothing after that.
        """
        return f"{self._fingerprint}-{bisect_right(self._price_changes, moment)}"

    @cached_property
    def _fingerprint(self) -> str:
        said = "|".join(f"{item.label}:{item.version}" for item in self._everything)
        return hashlib.sha256(said.encode()).hexdigest()[:16]

    @cached_property
    def _price_changes(self) -> list[datetime]:
        prices = [price for item in self._on_sale for price in item.prices]
        ends = (price.valid_to for price in prices if price.valid_to is not None)
        return sorted([*(price.valid_from for price in prices), *ends])

    @cached_property
    def _on_sale(self) -> list[Item]:
        return [item for item in self._everything if not item.retired]

    @cached_property
    def _everything(self) -> list[Item]:
        return sorted(self._items.values(), key=lambda item: item.label)

    @cached_property
    def _by_plu(self) -> dict[str, Item]:
        return {item.plu: item for item in reversed(self._on_sale)}

    def find(self, label: str) -> Item | None:
        """The item sold under a label, None when there is none."""
        item = self._items.get(label)
        return None if item is None or item.retired else item

    def find_plu(self, plu: str) -> Item | None:
        """The item sold under a PLU code, None when there is none."""
        return self._by_plu.get(plu)

    def known(self, label: str) -> Item | None:
        """The item of a label, on sale or retired."""
        return self._items.get(label)

    def everything(self) -> list[Item]:
        """All items, the retired ones too."""
        return list(self._everything)

    def page(self, after: str | None, limit: int | None) -> tuple[list[Item], str | None]:
        """The items on sale whose labels come after one, by rising label.

        Args:
            after: the label before the first; None begins with the first item.
            limit: how many at most; None for all.

        Returns:
            The items, and the label to go on after; None where these are the last.
        """
        start = 0 if after is None else bisect_right(self._on_sale, after, key=lambda i: i.label)
        items = self._on_sale[start : None if limit is None else start + limit]
        more = start + len(items) < len(self._on_sale)
        return items, items[-1].label if items and more else None

    def __iter__(self) -> Iterator[Item]:
        return iter(self._on_sale)

    def __len__(self) -> int:
        return len(self._on_sale)


def _listed(text: str) -> tuple[str, ...]:
    """The names of a text in which `|` stands between them."""
    return tuple(name.strip() for name in text.split("|") if name.strip())


def _piece_weight(least: str, most: str) -> tuple[Decimal, Decimal] | None:
    """What one piece weighs in kg, None where neither bound is given."""
    if not least and not most:
        return None
    for field, text in (("piece_kg_min", least), ("piece_kg_max", most)):
        _check(_KILOGRAMS, text, _NOT_KILOGRAMS, field=field)
    if not 0 < Decimal(least) <= Decimal(most) <= MAX_WEIGHT_KG:
        raise InvalidInput(
            "piece_kg_min must be above 0 and at most piece_kg_max, and that at most {limit}.",
            limit=MAX_WEIGHT_KG,
        )
    return Decimal(least).quantize(_GRAM), Decimal(most).quantize(_GRAM)


def _check(pattern: re.Pattern[str], text: str, message: str, **values: str) -> None:
    if not pattern.fullmatch(text):
        raise InvalidInput(message, text=repr(text[:40]), **values)


def _not_one_of(field: str, text: str, choices: Iterable[str]) -> InvalidInput:
    return InvalidInput(
        "{field} {text} must be one of: {choices}.",
        field=field,
        text=repr(text[:40]),
        choices=", ".join(choices),
    )
