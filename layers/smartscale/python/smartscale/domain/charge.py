"""The price that a kiosk charged by itself while the service was away. The shopper has paid it."""

import re
from decimal import Decimal
from typing import Self

from pydantic import BaseModel, ConfigDict

from smartscale.domain.errors import InvalidInput
from smartscale.domain.load import Load
from smartscale.domain.money import check_currency
from smartscale.domain.pricing import charged_pieces, total
from smartscale.domain.weighing import Prediction, Unit

_AMOUNT = re.compile(r"[0-9]{1,9}(\.[0-9]{1,3})?", re.ASCII)


class Charge(BaseModel):
    """The price on a label. `tare_kg` is kilograms, `unit_price` per kilogram or per piece."""

    model_config = ConfigDict(frozen=True)

    unit: Unit
    unit_price: Decimal
    price: Decimal
    currency: str
    tare_kg: Decimal

    @classmethod
    def parse(cls, *, unit: str, unit_price: str, price: str, currency: str, tare_kg: str) -> Self:
        """Read a charge from text.

        Raises:
            InvalidInput: a field is not what it has to be; the message names it.
        """
        if unit not in set(Unit):
            raise InvalidInput(f"charged.unit {unit[:40]!r} must be one of: {', '.join(Unit)}.")
        check_currency(currency)
        return cls(
            unit=Unit(unit),
            unit_price=_decimal("unit_price", unit_price, "a price such as 2.49"),
            price=_decimal("price", price, "a price such as 1.25"),
            currency=currency,
            tare_kg=_decimal("tare_kg", tare_kg, "kilograms such as 0.015"),
        )

    def settle(self, prediction: Prediction, load: Load) -> Prediction:
        """The prediction with the price that was charged, instead of the catalogue's.

        Raises:
            InvalidInput: the total is not unit price times weight or pieces, so no kiosk
                printed it.
        """
        net_kg = load.weight_kg - self.tare_kg
        if net_kg <= 0:
            raise InvalidInput(
                f"charged.tare_kg ({self.tare_kg} kg) must be below the weight "
                f"({load.weight_kg} kg)."
            )
        quantity = charged_pieces(self.unit, load.quantity)
        right = total(self.unit, self.unit_price, net_kg, quantity, self.currency)
        if right != self.price:
            raise InvalidInput(
                f"charged.price {self.price} does not follow from charged.unit_price: "
                f"{right} would."
            )
        # The offer is the catalogue's: of another price nothing was announced.
        kept = self.unit_price == prediction.unit_price
        offer = {} if kept else {"unit_price_before": None, "offer_until": None}
        return prediction.model_copy(
            update={
                **offer,
                "unit": self.unit,
                "unit_price": self.unit_price,
                "quantity": quantity,
                "counted": self.unit is Unit.EACH,
                "tare_kg": self.tare_kg,
                "net_kg": net_kg,
                "total": self.price,
                "currency": self.currency,
            }
        )

    def deviation(self, prediction: Prediction) -> str | None:
        """Why an attendant should look at the charge; None where the catalogue had the same price.

        Args:
            prediction: the item as the catalogue priced it at the moment of the weighing.
        """
        if (prediction.unit_price, prediction.currency) == (self.unit_price, self.currency):
            return None
        return (
            f"The scale was cut off and charged {self.unit_price} {self.currency}; the catalogue "
            f"had {prediction.unit_price} {prediction.currency} for {prediction.label} "
            "at that time."
        )


def _decimal(field: str, text: str, right: str) -> Decimal:
    if not _AMOUNT.fullmatch(text):
        raise InvalidInput(f"charged.{field} {text[:40]!r} must be {right}.")
    return Decimal(text)
