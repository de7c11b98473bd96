"""What the routes take: bodies and queries.

Money and weight come as text, since JSON's numbers are binary floats; shares are from 0 to 1.
"""

import re
from datetime import UTC, datetime, tzinfo
from decimal import Decimal
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, model_validator

from smartscale.contract.document import FALLBACK_LANGUAGE
from smartscale.contract.history import HistoryFilter
from smartscale.domain.catalogue import Item
from smartscale.domain.declaration import Declaration
from smartscale.domain.errors import InvalidInput
from smartscale.domain.fields import check_fields
from smartscale.domain.moments import parse_end, parse_moment
from smartscale.domain.registry import ImportHints
from smartscale.domain.trial import Limits, Mode
from smartscale.domain.weighing import Act, ConfirmedBy
from smartscale.importing.labels import parse_labels
from smartscale.importing.preprocessings import canonical_name
from smartscale.operations.ports.weighings import HistoryFilter as StoredFilter
from smartscale.operations.weighing.history import history_filter

LONGEST_WAIT_S = 10
"""How long a request may be held until its answer is there."""
_WAIT = re.compile(r"(?:^|[,;\s])wait=(\d{1,4})(?![\w.])", re.ASCII)
_LANGUAGE = re.compile(r"[a-z]{2}\b", re.ASCII)
_CLEARABLE = (
    "piece_kg_min",
    "piece_kg_max",
    "sold_as",
    "aliases",
    "synonyms",
    *Declaration.model_fields,
)


class Body(BaseModel):
    """A request's body; a field that is not known is refused, and the right one is named."""

    model_config = ConfigDict(extra="forbid", protected_namespaces=())

    @model_validator(mode="before")
    @classmethod
    def _known_fields(cls, sent: Any) -> Any:
        if isinstance(sent, dict):
            check_fields("field", map(str, sent), cls.model_fields)
        return sent


class UploadRequest(Body):
    """What the scale shows, for a picture that goes straight to the store."""

    weight: str | None = None
    weight_kg: str | None = None
    tare_kg: str | None = None
    quantity: int | None = None
    scale_id: str | None = None
    content_type: str = "image/jpeg"


def one_weight(weight: str | None, weight_kg: str | None) -> str | None:
    """The weight, which has two names.

    Raises:
        InvalidInput: it was sent by both.
    """
    if weight is not None and weight_kg is not None:
        raise InvalidInput("The weight was sent twice: send it as `weight` or as `weight_kg`.")
    return weight if weight is not None else weight_kg


class ChargedRequest(Body):
    """What a kiosk charged while the service was away; amounts and kilograms as text."""

    unit: str
    unit_price: str
    price: str
    currency: str
    tare_kg: str = "0.000"


class ConfirmationRequest(Body):
    """What the item is: its label or its PLU. With `charged` nothing is priced anew. `staff` is who
    of the staff says so."""

    label: Annotated[str, Field(min_length=1)] | None = None
    plu: Annotated[str, Field(min_length=1)] | None = None
    quantity: int | None = None
    confirmed_by: ConfirmedBy = ConfirmedBy.SHOPPER
    staff: Annotated[str, Field(min_length=1, max_length=80)] | None = None
    charged: ChargedRequest | None = None


class ActRequest(Body):
    """What staff do to a weighing, and who of them does it, such as `attendant@kiosk-1`."""

    what: Act
    staff: Annotated[str, Field(min_length=1, max_length=80)]


class CatalogueQuery(BaseModel):
    """A page of what is sold; without a limit all of it."""

    limit: int | None = Field(None, ge=1, le=1000)
    cursor: str | None = Field(None, max_length=80)


class HistoryQuery(HistoryFilter):
    """A page of the history, or with `Accept: text/csv` all that matches."""

    limit: int = Field(20, ge=1, le=100)
    cursor: str | None = None
    lang: str = Field("en", pattern="^[a-z]{2}$", description="names in this language")

    def filter(self, now: datetime, zone: tzinfo = UTC) -> StoredFilter:
        """Which weighings are asked for. Raises InvalidInput."""
        return history_filter(
            now,
            start=parse_moment(self.start, zone) if self.start else None,
            end=parse_moment(self.end, zone) if self.end else None,
            scale_id=self.scale_id,
            label=self.label,
            needs_confirmation=self.needs_confirmation,
            suspicious=self.suspicious,
            status=self.status,
            upload_key=self.upload_key,
        )


class ActivationRequest(Body):
    """The model to serve: a branch, tag or commit of a hub's repository, or the built-in package.

    `labels` and `preprocessing` are for repositories that do not say them.
    """

    model_id: str | None = None
    model_revision: str = "main"
    labels: list[str] | dict[str, str | int] | None = None
    preprocessing: str | None = None

    @property
    def hints(self) -> ImportHints | None:
        """What is said of a model that its repository does not say."""
        if self.labels is None and self.preprocessing is None:
            return None
        return ImportHints(
            labels=None if self.labels is None else parse_labels(self.labels),
            preprocessing=self.preprocessing and canonical_name(self.preprocessing),
        )


class TrialRequest(Body):
    """A package that is there, to try beside the active one.

    `share` is of the weighings for a shadow, of the scales for a canary.
    """

    model_id: str
    model_revision: str = "main"
    mode: Mode = Mode.SHADOW
    share: Annotated[Decimal, Field(gt=0, le=1)] = Decimal("0.2")
    limits: Limits = Limits()


class AskingRequest(Body):
    """The share of the answers that pass without a question that may be wrong: 0.01 is 1 in 100."""

    wanted: Decimal


class Product(Body):
    """The catalogue label of an item."""

    product: Annotated[str, Field(min_length=1)]


class ItemEdit(Body):
    """What is sold under a label. What is left out stays as it was; an empty text or list empties.

    `version` is that of the item that was looked at: when somebody has changed it meanwhile, the
    edit is refused.
    """

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
    synonyms: list[str] | None = None
    origin: str | None = None
    quality_class: str | None = None
    variety: str | None = None
    best_before_days: int | str | None = None
    currency: str | None = None
    valid_from: str | None = None
    valid_to: str | None = None
    version: int | None = None

    @property
    def clears(self) -> list[str]:
        """The fields that become empty."""
        return [name for name in _CLEARABLE if getattr(self, name) in ("", [])]

    def item(self, label: str, currency: str, moment: datetime, zone: tzinfo = UTC) -> Item:
        """The item; its dates are days of a zone. Raises InvalidInput."""
        fields = self.model_dump(
            exclude={"currency", "valid_from", "valid_to", "version", "aliases", "synonyms"},
            exclude_none=True,
        )
        if isinstance(self.best_before_days, int):
            fields["best_before_days"] = str(self.best_before_days)
        if any("|" in name for name in (*(self.aliases or ()), *(self.synonyms or ()))):
            raise InvalidInput("An alias or synonym must not hold the sign |.")
        return Item.parse(
            label=label,
            currency=self.currency or currency,
            valid_from=parse_moment(self.valid_from, zone) if self.valid_from else moment,
            valid_to=parse_end(self.valid_to, zone) if self.valid_to else None,
            aliases="|".join(self.aliases or ()),
            synonyms="|".join(self.synonyms or ()),
            **fields,
        )


def label_of(file_name: str | None) -> str:
    """The label before the slash of a picture's file name, such as `Fig/1.jpg`. Raises
    InvalidInput."""
    label, slash, rest = (file_name or "").partition("/")
    if not (label and slash and rest):
        raise InvalidInput(
            "The picture {name} must be named after its item, such as Fig/1.jpg.",
            name=repr((file_name or "")[:80]),
        )
    return label


def preferred_wait(prefer: str) -> int:
    """The seconds of `wait` in a header Prefer (RFC 7240), 10 at most; 0 where there is none.

    What cannot be read is no preference, as the standard wants it.

    Examples:
        >>> [preferred_wait(said) for said in ("", "respond-async, wait=5", "wait=3600", "wait=x")]
        [0, 5, 10, 0]
    """
    found = _WAIT.search(prefer)
    return min(LONGEST_WAIT_S, int(found[1])) if found else 0


def preferred_language(accept_language: str) -> str:
    """The first language of a header Accept-Language, by its two letters; else the fallback.

    Examples:
        >>> [preferred_language(said) for said in ("de-CH, en;q=0.8", "", "*")]
        ['de', 'en', 'en']
    """
    found = _LANGUAGE.match(accept_language.strip().lower())
    return found[0] if found else FALLBACK_LANGUAGE
