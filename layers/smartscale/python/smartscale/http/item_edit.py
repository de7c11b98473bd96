"""An edit of one item of the catalogue, as a request carries it."""

from datetime import datetime

from pydantic import BaseModel, ConfigDict

from smartscale.domain.catalogue import Item
from smartscale.domain.errors import InvalidInput
from smartscale.domain.moments import parse_end, parse_moment

_CLEARABLE = ("piece_kg_min", "piece_kg_max", "sold_as", "aliases")


class ItemEdit(BaseModel):
    """What is sold under a label. What is left out stays as it was; an empty text or list empties.

    `version` is that of the item that was looked at: when somebody has changed it meanwhile, the
    edit is refused.
    """

    model_config = ConfigDict(extra="forbid")

    plu: str
    names: dict[str, str]
    unit: str
    unit_price: str
    category: str = "other"
    tare_kg: str | None = None
    piece_kg_min: str | None = None
    piece_kg_max: str | None = None
    sold_as: str | None = None
    aliases: list[str] | None = None
    currency: str | None = None
    valid_from: str | None = None
    valid_to: str | None = None
    version: int | None = None

    @property
    def clears(self) -> list[str]:
        """The fields that become empty."""
        return [name for name in _CLEARABLE if getattr(self, name) in ("", [])]

    def item(self, label: str, currency: str, moment: datetime) -> Item:
        """The item. Raises InvalidInput."""
        fields = self.model_dump(
            exclude={"currency", "valid_from", "valid_to", "version", "aliases"}, exclude_none=True
        )
        if any("|" in alias for alias in self.aliases or ()):
            raise InvalidInput("An alias must not hold the sign |.")
        return Item.parse(
            label=label,
            currency=self.currency or currency,
            valid_from=parse_moment(self.valid_from) if self.valid_from else moment,
            valid_to=parse_end(self.valid_to) if self.valid_to else None,
            aliases="|".join(self.aliases or ()),
            **fields,
        )
