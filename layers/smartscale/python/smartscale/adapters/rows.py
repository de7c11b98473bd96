"""The rows of the DynamoDB tables, as PynamoDB models.

Numbers are stored as DynamoDB numbers through `Decimal`; PynamoDB's own NumberAttribute goes
through float, which money and weight must not.
"""

from decimal import Decimal
from typing import TypeVar

from pynamodb.attributes import (
    Attribute,
    BooleanAttribute,
    ListAttribute,
    MapAttribute,
    NumberAttribute,
    TTLAttribute,
    UnicodeAttribute,
)
from pynamodb.constants import NUMBER
from pynamodb.indexes import AllProjection, GlobalSecondaryIndex
from pynamodb.models import Model

Row = TypeVar("Row", bound=Model)


class DecimalAttribute(Attribute[Decimal]):
    """A DynamoDB number that is a `Decimal` in Python, never a float."""

    attr_type = NUMBER

    def serialize(self, value: Decimal) -> str:
        """Write it as DynamoDB's number text."""
        return str(value)

    def deserialize(self, value: str) -> Decimal:
        """Read it back, exact."""
        return Decimal(value)


class LoadMap(MapAttribute[str, object]):
    """What the scale showed."""

    weight_kg = DecimalAttribute()
    tare_kg = DecimalAttribute(null=True)
    quantity = DecimalAttribute(null=True)


class ModelMap(MapAttribute[str, str]):
    """Which model answered."""

    id = UnicodeAttribute()
    revision = UnicodeAttribute()


class TimingsMap(MapAttribute[str, object]):
    """Milliseconds by stage."""

    queue_ms = DecimalAttribute(null=True)
    inference_ms = DecimalAttribute(null=True)
    total_ms = DecimalAttribute(null=True)


class PiecesMap(MapAttribute[str, object]):
    """How many pieces it can be."""

    suggested = DecimalAttribute()
    least = DecimalAttribute()
    most = DecimalAttribute()
    at_most = DecimalAttribute()
    odd_below = DecimalAttribute()
    clear = BooleanAttribute()


class CandidateMap(MapAttribute[str, object]):
    """One of the top-k."""

    label = UnicodeAttribute()
    confidence = DecimalAttribute()
    plu = UnicodeAttribute(null=True)
    names: MapAttribute[str, str] = MapAttribute(default=dict)
    unit = UnicodeAttribute(null=True)
    unit_price = DecimalAttribute(null=True)
    quantity = DecimalAttribute()
    pieces = PiecesMap(null=True)
    counted = BooleanAttribute(null=True)
    tare_kg = DecimalAttribute(null=True)
    net_kg = DecimalAttribute(null=True)
    total = DecimalAttribute(null=True)
    currency = UnicodeAttribute(null=True)


class HistoryIndex(GlobalSecondaryIndex["WeighingRow"]):
    """Weighings by month and shard, in the order of their ids, which is the order of time."""

    class Meta:
        index_name = "history"
        projection = AllProjection()

    history_shard = UnicodeAttribute(hash_key=True)
    job_id = UnicodeAttribute(range_key=True)


class WeighingRow(Model):
    """A weighing's state."""

    job_id = UnicodeAttribute(hash_key=True)
    version = NumberAttribute()
    history_shard = UnicodeAttribute()
    history = HistoryIndex()

    status = UnicodeAttribute()
    scale_id = UnicodeAttribute()
    upload_key = UnicodeAttribute()
    created_at = UnicodeAttribute()
    completed_at = UnicodeAttribute()
    load = LoadMap(null=True)
    label = UnicodeAttribute(null=True)
    names: MapAttribute[str, str] = MapAttribute(default=dict)
    confidence = DecimalAttribute(null=True)
    top_k = ListAttribute(of=CandidateMap, default=list)
    needs_confirmation = BooleanAttribute()
    asked = BooleanAttribute(null=True)
    tare_kg = DecimalAttribute(null=True)
    net_kg = DecimalAttribute(null=True)
    unit = UnicodeAttribute(null=True)
    quantity = DecimalAttribute()
    pieces = PiecesMap(null=True)
    counted = BooleanAttribute(null=True)
    needs_count = BooleanAttribute(null=True)
    unit_price = DecimalAttribute(null=True)
    price = DecimalAttribute(null=True)
    currency = UnicodeAttribute(null=True)
    model = ModelMap(null=True)
    timings = TimingsMap(null=True)
    confirmations = DecimalAttribute()
    confirmed_label = UnicodeAttribute(null=True)
    confirmed_by = UnicodeAttribute(null=True)
    confirmed_at = UnicodeAttribute(null=True)
    suspicious_reason = UnicodeAttribute(null=True)
    charged_offline = BooleanAttribute(null=True)
    error = UnicodeAttribute(null=True)
    correlation_id = UnicodeAttribute(null=True)


class PriceMap(MapAttribute[str, object]):
    """A unit price and from when to when it holds."""

    unit_price = DecimalAttribute()
    valid_from = UnicodeAttribute()
    valid_to = UnicodeAttribute(null=True)


class ItemRow(Model):
    """One item of the catalogue."""

    label = UnicodeAttribute(hash_key=True)
    plu = UnicodeAttribute()
    category = UnicodeAttribute()
    names: MapAttribute[str, str] = MapAttribute(default=dict)
    unit = UnicodeAttribute()
    currency = UnicodeAttribute()
    prices = ListAttribute(of=PriceMap)
    tare_kg = DecimalAttribute()
    piece_kg_min = DecimalAttribute(null=True)
    piece_kg_max = DecimalAttribute(null=True)
    sold_as = UnicodeAttribute(null=True)
    aliases: ListAttribute[str] = ListAttribute(default=list)
    synonyms: ListAttribute[str] = ListAttribute(default=list)
    chosen: ListAttribute[str] = ListAttribute(default=list)
    picture = UnicodeAttribute(null=True)
    retired = BooleanAttribute()
    version = DecimalAttribute()


class CatalogueVersionRow(Model):
    """The last changes of the catalogue, in a row of its table whose key no label can be.

    The newest is last: a worker that knows the catalogue up to the third last change needs to read
    two items. Each change has something unique in it. A number would not do: after a crash and a
    restore the same number may come again, with other changes before it.
    """

    label = UnicodeAttribute(hash_key=True)
    changes: ListAttribute[str] = ListAttribute(default=list)


class RegistryRow(Model):
    """The model switch (`pk` "switch"), the last trial ("trial"), or what one worker has loaded
    ("worker#...")."""

    pk = UnicodeAttribute(hash_key=True)
    document = UnicodeAttribute()
    expires_at = TTLAttribute(null=True)


class TallyRow(Model):
    """The tallies of a trial (`pk` "tally#..."), beside the registry's rows: sums to add to."""

    pk = UnicodeAttribute(hash_key=True)
    expires_at = TTLAttribute(null=True)
    active_answers = DecimalAttribute(null=True)
    active_errors = DecimalAttribute(null=True)
    active_low_confidence = DecimalAttribute(null=True)
    active_confidence = DecimalAttribute(null=True)
    active_latency_ms = DecimalAttribute(null=True)
    candidate_answers = DecimalAttribute(null=True)
    candidate_errors = DecimalAttribute(null=True)
    candidate_low_confidence = DecimalAttribute(null=True)
    candidate_confidence = DecimalAttribute(null=True)
    candidate_latency_ms = DecimalAttribute(null=True)
    compared = DecimalAttribute(null=True)
    agreed = DecimalAttribute(null=True)
    skipped = DecimalAttribute(null=True)


class RefusalRow(Model):
    """How often an address showed a wrong admin token in a minute (`pk` "refused#...")."""

    pk = UnicodeAttribute(hash_key=True)
    expires_at = TTLAttribute(null=True)
    refusals = DecimalAttribute(null=True)


def bind(model: type[Row], table_name: str, region: str) -> type[Row]:
    """The model on a table whose name is a setting."""
    meta = type(
        "Meta",
        (),
        {
            "table_name": table_name,
            "region": region,
            "max_pool_connections": 50,
            "connect_timeout_seconds": 2,
            "read_timeout_seconds": 10,
        },
    )
    return type(model.__name__, (model,), {"Meta": meta})
