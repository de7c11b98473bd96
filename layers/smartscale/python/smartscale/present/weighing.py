"""Weighings as the API shows them."""

from decimal import Decimal

from smartscale.contract import weighing as documents
from smartscale.contract.document import FALLBACK_LANGUAGE, in_language
from smartscale.domain.money import to_cent
from smartscale.domain.weighing import Pieces, Prediction, Status, Weighing
from smartscale.recognition.mixed import shows_two_kinds

_GRAM = Decimal("0.001")


def pending(job_id: str) -> documents.Result:
    """The document of a weighing without an outcome."""
    return documents.Result(job_id=job_id, status=Status.PENDING)


def result(weighing: Weighing, language: str = FALLBACK_LANGUAGE) -> documents.Result:
    """The document of a weighing with an outcome."""
    return documents.Result(
        job_id=weighing.job_id,
        status=weighing.status,
        scale_id=weighing.scale_id,
        label=weighing.label,
        name=in_language(weighing.names, language, weighing.sold_label),
        confidence=None if weighing.confidence is None else float(weighing.confidence),
        top_k=tuple(_prediction(one, language) for one in weighing.top_k),
        weight_kg=kilograms(weighing.load.weight_kg if weighing.load else None),
        tare_kg=kilograms(weighing.tare_kg),
        net_kg=kilograms(weighing.net_kg),
        unit=weighing.unit,
        quantity=weighing.quantity,
        pieces=_pieces(weighing.pieces),
        needs_count=weighing.needs_count,
        unit_price=money(weighing.unit_price, weighing.currency),
        price=money(weighing.price, weighing.currency),
        currency=weighing.currency,
        unit_price_before=money(weighing.unit_price_before, weighing.currency),
        offer_until=weighing.offer_until,
        **weighing.declared,
        needs_confirmation=weighing.needs_confirmation,
        two_kinds=weighing.needs_confirmation and shows_two_kinds(weighing.top_k),
        confirmed_label=weighing.confirmed_label,
        confirmed_by=weighing.confirmed_by,
        confirmed_at=weighing.confirmed_at,
        confirmed_by_staff=weighing.confirmed_by_staff,
        acts=weighing.acts,
        voided=weighing.voided is not None,
        suspicious=weighing.suspicious,
        suspicious_reason=weighing.suspicious_reason,
        charged_offline=weighing.charged_offline,
        model=weighing.model,
        timings={name: float(value) for name, value in weighing.timings.items()},
        upload_key=weighing.upload_key,
        created_at=weighing.created_at,
        error=weighing.error,
        correlation_id=weighing.correlation_id,
    )


def _prediction(prediction: Prediction, language: str) -> documents.Prediction:
    return documents.Prediction(
        label=prediction.label,
        plu=prediction.plu,
        name=in_language(prediction.names, language, prediction.label),
        confidence=float(prediction.confidence),
        unit=prediction.unit,
        unit_price=money(prediction.unit_price, prediction.currency),
        quantity=prediction.quantity,
        pieces=_pieces(prediction.pieces),
        needs_count=prediction.needs_count,
        net_kg=kilograms(prediction.net_kg),
        total=money(prediction.total, prediction.currency),
        currency=prediction.currency,
    )


def _pieces(pieces: Pieces | None) -> documents.Pieces | None:
    if pieces is None:
        return None
    return documents.Pieces(
        suggested=pieces.suggested, least=pieces.least, most=pieces.most, at_most=pieces.at_most
    )


def money(amount: Decimal | None, currency: str | None) -> Decimal | None:
    """An amount with the currency's decimals; a unit price may have more.

    >>> money(Decimal("2.5"), "EUR")
    Decimal('2.50')
    """
    if amount is None or currency is None:
        return None
    cents = to_cent(amount, currency)
    return cents if cents == amount else amount.normalize()


def kilograms(weight: Decimal | None) -> Decimal | None:
    """A weight with three decimals.

    >>> kilograms(Decimal("0.5"))
    Decimal('0.500')
    """
    return None if weight is None else weight.quantize(_GRAM)
