"""What a label says: all that weighing law wants on it, and the number for the till."""

import logging
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal

from frontend.labels.barcode import DoesNotFit, Sold, number
from frontend.labels.profiles import Profile
from frontend.labels.shop import NO_SHOP, Shop
from frontend.words import wording
from frontend.words.languages import N_, Language
from smartscale.contract.weighing import QualityClass, Result, Status, Unit

_log = logging.getLogger(__name__)

NO_BARCODE = N_("No barcode: at the till, enter the PLU and the price.")
"""What a label says in place of a barcode that cannot hold its sale."""
_PRICE_PER = {
    Unit.KG: N_("Price per kg"),
    Unit.HUNDRED_GRAMS: N_("Price per 100 g"),
    Unit.LB: N_("Price per lb"),
    Unit.EACH: N_("Price per piece"),
}


class NotSettled(ValueError):
    """A weighing without a price that holds has no label."""


@dataclass(frozen=True)
class Label:
    """One label. Weights are kilograms; `quantity` counts for what is sold by the piece."""

    weighing: str
    name: str
    plu: str
    unit: Unit
    quantity: int
    weight_kg: Decimal
    tare_kg: Decimal
    net_kg: Decimal
    unit_price: Decimal
    total: Decimal
    currency: str
    weighed_at: datetime
    scale_id: str
    number: str | None
    """The digits of its barcode, None where the shop's kind of barcode cannot hold this sale."""
    shop: Shop = NO_SHOP
    origin: str | None = None
    quality_class: QualityClass | None = None
    variety: str | None = None
    best_before_days: int | None = None
    unit_price_before: Decimal | None = None
    """Of an offer, the unit price that it is lower than, and when it ends."""
    offer_until: datetime | None = None

    @property
    def sale(self) -> str:
        """What identifies the sale: scale, moment, item, pieces and price.

        Not the weighing's id: one of a kiosk that was cut off gets its id later.
        """
        moment = self.weighed_at.isoformat(timespec="milliseconds")
        return f"{self.scale_id} {moment} {self.plu} {self.quantity} {self.total} {self.currency}"


def label_of(result: Result, plu: str, profile: Profile, shop: Shop = NO_SHOP) -> Label:
    """The label of a weighing, in the language that the result is in.

    Where the profile's number cannot hold it, such as a PLU of five digits in a place for four, the
    label has no barcode: the till can still be told its PLU and its price.

    Raises:
        NotSettled: it has no price yet, or waits for somebody to say what it is or how many, or
            was voided.
    """
    weight, net, tare = result.weight_kg, result.net_kg, result.tare_kg
    price, each, currency, unit = result.price, result.unit_price, result.currency, result.unit
    if (
        result.status is not Status.DONE
        or result.needs_confirmation
        or result.needs_count
        or result.voided
        or None in {weight, net, tare, price, each, currency, unit, result.created_at}
    ):
        raise NotSettled("This weighing has no price that holds yet.")
    assert weight is not None and net is not None and tare is not None  # noqa: S101
    assert price is not None and each is not None and currency and unit  # noqa: S101
    assert result.created_at is not None  # noqa: S101
    quantity = result.quantity or 1
    try:
        barcode = number(Sold(plu, unit is Unit.EACH, quantity, net, price), profile)
    except DoesNotFit as error:
        _log.warning("the label of %s has no barcode: %s", result.job_id, error)
        barcode = None
    return Label(
        weighing=result.job_id,
        name=result.name or result.sold_label or "",
        plu=plu,
        unit=unit,
        quantity=quantity,
        weight_kg=weight,
        tare_kg=tare,
        net_kg=net,
        unit_price=each,
        total=price,
        currency=currency,
        weighed_at=result.created_at,
        scale_id=result.scale_id or "",
        number=barcode,
        shop=shop,
        origin=result.origin,
        quality_class=result.quality_class,
        variety=result.variety,
        best_before_days=result.best_before_days,
        unit_price_before=result.unit_price_before,
        offer_until=result.offer_until,
    )


def lines(label: Label, t: Language) -> list[tuple[str, str]]:
    """The figures of a label with what they are."""
    each = wording.unit_price(label.unit_price, label.currency, label.unit, t)
    if label.unit is Unit.EACH:
        return [(t("Pieces"), wording.count(label.quantity, t)), (t(_PRICE_PER[label.unit]), each)]
    figures = [
        (t("Net weight"), wording.kilograms(label.net_kg, t)),
        (t(_PRICE_PER[label.unit]), each),
    ]
    if label.tare_kg:
        figures.insert(1, (t("Tare"), wording.kilograms(label.tare_kg, t)))
    return figures


def declared(label: Label, t: Language) -> list[tuple[str, str]]:
    """What the shop declares of the produce, the days on the shop's clock, and its offer: each with
    what it is, or at the start of its line alone."""
    said: list[tuple[str, str]] = []
    if label.origin:
        said.append((t("Origin"), wording.country(label.origin, t)))
    if label.variety:
        said.append((t("Variety"), label.variety))
    if label.quality_class:
        said.append((wording.quality(label.quality_class, t), ""))
    if label.best_before_days is not None:
        packed: date = label.weighed_at.astimezone(t.zone).date()
        best = packed + timedelta(days=label.best_before_days)
        said.append((t("Packed on"), wording.full_day(packed, t)))
        said.append((t("Best before"), wording.full_day(best, t)))
    if label.unit_price_before is not None and label.offer_until is not None:
        before = wording.unit_price(label.unit_price_before, label.currency, label.unit, t)
        said.append((wording.offer_until(label.offer_until, t), t("was {price}", price=before)))
    return said


def issued(label: Label, t: Language) -> str:
    """Where and when it was weighed, on the shop's clock, and its PLU."""
    weighed_at = label.weighed_at.astimezone(t.zone)
    return f"PLU {label.plu} · {weighed_at:%Y-%m-%d %H:%M} · {label.scale_id}"


def receipt_text(label: Label, t: Language) -> str:
    """The label as plain text: what a phone reads from the code on the screen."""
    total = wording.money(label.total, label.currency, t)
    figures = [f"{what}: {figure}" for what, figure in lines(label, t)]
    sums = f"{t('Total')}: {total}"
    barcode = t(NO_BARCODE) if label.number is None else label.number
    about = [": ".join(filter(None, line)) for line in declared(label, t)]
    ends = [sums, issued(label, t), barcode]
    return "\n".join([*label.shop.lines, label.name, *about, *figures, *ends])
