"""Small examples that tests build on."""

import io
from datetime import UTC, datetime
from decimal import Decimal

from PIL import Image

from smartscale.domain.catalogue import Item
from smartscale.domain.prediction import Scored

NOW = datetime(2026, 11, 25, 8, 30, tzinfo=UTC)


def item(
    label: str = "Banana",
    *,
    plu: str = "4011",
    unit: str = "kg",
    unit_price: str = "2.00",
    currency: str = "EUR",
    tare_kg: str = "0.000",
    piece_kg_min: str = "",
    piece_kg_max: str = "",
    sold_as: str = "",
    aliases: str = "",
    synonyms: str = "",
    origin: str = "",
    quality_class: str = "",
    variety: str = "",
    best_before_days: str = "",
    valid_from: datetime = datetime(2026, 1, 1, tzinfo=UTC),
) -> Item:
    """A catalogue item."""
    return Item.parse(
        label=label,
        plu=plu,
        category="fruit",
        names={"en": label, "de": f"{label}-de"},
        unit=unit,
        unit_price=unit_price,
        currency=currency,
        tare_kg=tare_kg,
        piece_kg_min=piece_kg_min,
        piece_kg_max=piece_kg_max,
        sold_as=sold_as,
        aliases=aliases,
        synonyms=synonyms,
        origin=origin,
        quality_class=quality_class,
        variety=variety,
        best_before_days=best_before_days,
        valid_from=valid_from,
    )


def scores(**confidences: float) -> list[Scored]:
    """Scores by label; hyphens are written as underscores."""
    return [
        Scored(label.replace("_", "-"), Decimal(str(confidence)))
        for label, confidence in confidences.items()
    ]


def picture(
    image_format: str = "JPEG",
    size: tuple[int, int] = (64, 48),
    colour: str | tuple[int, int, int] = "goldenrod",
    *,
    shows: bool = True,
    **save: object,
) -> bytes:
    """A small picture of something of this colour; with `shows=False` of nothing."""
    out = io.BytesIO()
    drawn = Image.new("RGB", size, colour)
    if shows:
        lying = (size[0] // 4, size[1] // 4, size[0] // 2, size[1] // 2)
        drawn.paste("gray", lying)
    drawn.save(out, image_format, **save)
    return out.getvalue()


def too_large() -> bytes:
    """A picture of more pixels than are taken; black and white, which is drawn at once."""
    out = io.BytesIO()
    Image.new("1", (8000, 6300)).save(out, "PNG")
    return out.getvalue()
