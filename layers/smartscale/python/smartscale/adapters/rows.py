"""The rows of the DynamoDB tables, as PynamoDB models.

Numbers are stored as DynamoDB numbers through `Decimal`; PynamoDB's own NumberAttribute goes
through float, which money and weight must not.
"""

import uuid
from decimal import Decimal

from pynamodb.attributes import (
    Attribute,
    BinaryAttribute,
    BooleanAttribute,
    ListAttribute,
    MapAttribute,
    NumberAttribute,
    TTLAttribute,
    UnicodeAttribute,
    UnicodeSetAttribute,
)
from pynamodb.constants import NUMBER
from pynamodb.indexes import GlobalSecondaryIndex, IncludeProjection, KeysOnlyProjection
from pynamodb.models import Model

BRIEFING_KEY = "briefing"
"""The key of the row that workers read before a batch."""
_LONGEST_KEY_BYTES = 2048


class DecimalAttribute(Attribute[Decimal]):
    """A DynamoDB number that is a `Decimal` in Python, never a float."""

    attr_type = NUMBER

    def serialize(self, value: Decimal) -> str:
        """Write it as DynamoDB's number text."""
        return str(value)

    def deserialize(self, value: str) -> Decimal:
        """Read it back, exact."""
        return Decimal(value)


class HistoryIndex(GlobalSecondaryIndex["WeighingRow"]):
    """Weighings by what they need (see `tables.py`) in the order of their ids, which is that of
    time; with the facts that figures are made of."""

    class Meta:
        index_name = "history"
        projection = IncludeProjection(["scale_id", "sold_label", "facts"])

    history_shard = UnicodeAttribute(hash_key=True)
    job_id = UnicodeAttribute(range_key=True)


class LabelIndex(GlobalSecondaryIndex["WeighingRow"]):
    """The weighings of an item."""

    class Meta:
        index_name = "label"
        projection = IncludeProjection(["scale_id", "history_shard"])

    sold_label = UnicodeAttribute(hash_key=True)
    job_id = UnicodeAttribute(range_key=True)


class ScaleIndex(GlobalSecondaryIndex["WeighingRow"]):
    """The weighings of a scale."""

    class Meta:
        index_name = "scale"
        projection = IncludeProjection(["sold_label", "history_shard"])

    scale_id = UnicodeAttribute(hash_key=True)
    job_id = UnicodeAttribute(range_key=True)


class DroppedIndex(GlobalSecondaryIndex["WeighingRow"]):
    """The weighings of an object that somebody dropped into the bucket; others are not in it."""

    class Meta:
        index_name = "dropped"
        projection = KeysOnlyProjection()

    dropped_key = UnicodeAttribute(hash_key=True)
    job_id = UnicodeAttribute(range_key=True)


class WeighingRow(Model):
    """A weighing's state: the document, and beside it only what is searched for.

    The document is the ledger's JSON, packed, which makes a row of 3 kB one of less than 1 kB: a
    store charges by the kilobyte, for the row and for each index it is in.
    """

    job_id = UnicodeAttribute(hash_key=True)
    version = NumberAttribute()
    document = BinaryAttribute(legacy_encoding=False)
    facts = UnicodeAttribute()
    history_shard = UnicodeAttribute()
    scale_id = UnicodeAttribute()
    sold_label = UnicodeAttribute(null=True)
    dropped_key = UnicodeAttribute(null=True)
    kept_until = TTLAttribute()

    history = HistoryIndex()
    of_label = LabelIndex()
    of_scale = ScaleIndex()
    dropped = DroppedIndex()


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
    origin = UnicodeAttribute(null=True)
    quality_class = UnicodeAttribute(null=True)
    variety = UnicodeAttribute(null=True)
    best_before_days = DecimalAttribute(null=True)
    picture = UnicodeAttribute(null=True)
    retired = BooleanAttribute()
    version = DecimalAttribute()
    document = UnicodeAttribute(null=True)
    """The same as JSON, which is read much faster; versions before this one wrote none."""


class NameRow(Model):
    """Which items have a name, beside the items, under a key that no label can be.

    An item may have lost the name since: whoever follows it looks at the item.
    """

    label = UnicodeAttribute(hash_key=True)
    labels = UnicodeSetAttribute(null=True)


class RegistryRow(Model):
    """The model switch (`pk` "switch"), the last trial ("trial"), or what one worker has loaded
    ("worker#...")."""

    pk = UnicodeAttribute(hash_key=True)
    document = UnicodeAttribute()
    expires_at = TTLAttribute(null=True)


class BriefingRow(Model):
    """What workers must know before a batch (`pk` "briefing"), beside the registry's rows.

    `switch`, `trial` and `asking` are the documents of the rows of these names, empty where there
    are none;
    `memory` is the number of the memory's newest version; `changes` are the last changes of the
    catalogue, the newest last. Each change has something unique in it. A number would not do: after
    a crash and a restore the same number may come again, with other changes before it.
    """

    pk = UnicodeAttribute(hash_key=True)
    switch = UnicodeAttribute(null=True)
    trial = UnicodeAttribute(null=True)
    asking = UnicodeAttribute(null=True)
    memory = DecimalAttribute(null=True)
    changes: ListAttribute[str] = ListAttribute(null=True)


def can_be_key(text: str) -> bool:
    """Whether a row can have this as its partition key: DynamoDB takes 1 to 2,048 bytes."""
    return 0 < len(text.encode("utf-8", "surrogatepass")) <= _LONGEST_KEY_BYTES


def new_change(label: str) -> str:
    """A change of an item, as the briefing has it: something unique, a space, the label."""
    return f"{uuid.uuid4().hex[:12]} {label}"


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
