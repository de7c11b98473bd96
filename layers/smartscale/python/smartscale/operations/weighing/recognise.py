"""Turn an image object into the outcome of a weighing: recognised and priced."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Protocol

from smartscale.domain import correlation, pricing
from smartscale.domain.asking import Asking
from smartscale.domain.catalogue import Catalogue
from smartscale.domain.errors import InvalidInput, NotFound, Unprocessable
from smartscale.domain.evidence import break_near_ties
from smartscale.domain.labels import products_of
from smartscale.domain.load import Load
from smartscale.domain.moments import parse_moment
from smartscale.domain.prediction import NO_ITEM, UNKNOWN, Scored, decide
from smartscale.domain.upload import ACCEPTED_AT, EVIDENCE, StoredUpload
from smartscale.domain.weighing import (
    NO_MODEL,
    ModelRef,
    Prediction,
    Status,
    Weighing,
    priced_as,
)
from smartscale.operations.messages import Arrival
from smartscale.operations.metrics.figures import outcome_metrics, outcome_metrics_of
from smartscale.operations.ports.catalogue import SoldNow
from smartscale.operations.ports.ledger import Ledger
from smartscale.operations.ports.metrics import Metric
from smartscale.operations.ports.models import Recogniser
from smartscale.operations.ports.uploads import Uploads
from smartscale.operations.ports.weighings import Weighings
from smartscale.operations.weighing.announce import Announces
from smartscale.operations.weighing.evidence import read_evidence
from smartscale.recognition.photo import ImageError


@dataclass(frozen=True)
class RecognitionTask:
    """One picture to recognise, with what pricing its answer needs."""

    upload: StoredUpload
    load: Load
    image: bytes
    catalogue: SoldNow
    again: bool = False
    """Whether it was delivered before without reaching an outcome."""


class TrialRun(Protocol):
    """A trial of a candidate model, during one batch."""

    def answer(self, task: RecognitionTask) -> Weighing | None:
        """The candidate's answer where it replaces the active model's; None elsewhere."""

    def stored(self, task: RecognitionTask, weighing: Weighing) -> None:
        """Take note that the outcome of a weighing has been stored."""


class Recognise:
    """Processes the arrivals of a batch, all with the same catalogue and model."""

    def __init__(
        self,
        uploads: Uploads,
        ledger: Ledger,
        weighings: Weighings,
        announce: Announces,
        now: Callable[[], datetime],
    ) -> None:
        self._announce = announce
        self._uploads = uploads
        self._ledger = ledger
        self._weighings = weighings
        self._now = now

    def process(
        self,
        arrival: Arrival,
        recogniser: Recogniser,
        catalogue: SoldNow,
        trial: TrialRun | None = None,
        asking: Asking | None = None,
    ) -> list[Metric]:
        """Recognise, price and store one weighing; a weighing with an outcome stays as it is.

        Args:
            arrival: what to look at.
            recogniser: the active model.
            catalogue: what is sold.
            trial: the trial of a candidate, if there is one.
            asking: how sure an answer must be to pass; None for what the model's package says.

        Returns:
            The metrics of the weighing; none when this arrival was processed before.

        Raises:
            Unprocessable: no retry will mend it.
        """
        started = self._now()
        try:
            upload, image = read_evidence(self._uploads, arrival)
        except NotFound as error:
            raise Unprocessable("The picture was deleted before it was recognised.") from error
        correlation.adopt(upload.correlation_id)
        # Elsewhere the ledger and the row tell, when the outcome is written, that there was one.
        may_be_known = arrival.again or arrival.key.startswith(EVIDENCE)
        stored = self._weighings.get(upload.job_id) if may_be_known else None
        if stored is not None and stored.status is Status.DONE:
            if not arrival.again:
                return []
            # Its worker died before the batch ended: it may not have published the event, and it
            # has told no figures, which are the last thing that a batch does.
            self._announce.announce(stored)
            return outcome_metrics_of(stored)
        load = upload.load()
        task = RecognitionTask(upload, load, image, catalogue, arrival.again)
        found = self._now()
        weighing = None
        if not upload.has_picture:
            trial = None
            weighing = outcome(task, NOTHING_KNOWN, NobodyLooked(), self._now())
        elif trial is not None:
            weighing = trial.answer(task)
        if weighing is None:
            try:
                scores = recogniser.recognise(image)
            except ImageError as error:
                raise Unprocessable(str(error)) from error
            weighing = outcome(task, scores, recogniser, self._now(), asking)
        recognised = weighing.completed_at
        accepted = _accepted_at(upload, arrival)
        weighing = weighing.model_copy(
            update={
                # Where it came, not where it was moved: by that its sender knows it.
                "upload_key": arrival.key if stored is None else stored.upload_key,
                "timings": {
                    "queue_ms": _milliseconds(started - accepted),
                    "inference_ms": _milliseconds(recognised - found),
                    "total_ms": _milliseconds(recognised - accepted),
                },
            }
        )
        # The ledger first: after a crash in between, the row is rebuilt from it.
        recorded = self._ledger.append(weighing)
        over_a_failure = False
        if not self._weighings.add(recorded):
            over_a_failure = self._weighings.put(recorded)
            # Where the ledger took this outcome, the row that is there is its own: the answer to
            # a write was lost, and the write repeated. Else another delivery came first.
            if not over_a_failure and recorded is not weighing:
                return []
        weighing = recorded
        if trial is not None:
            trial.stored(task, weighing)
        stored_ms = _milliseconds(self._now() - accepted)
        # The shopper waits for the row, so the event comes after it.
        self._announce.announce(weighing)
        return outcome_metrics(weighing, stored_ms, failed_before=over_a_failure)


_NOTED_WITHIN = timedelta(minutes=1)

NOTHING_KNOWN = [Scored(UNKNOWN, Decimal(0))]
"""The scores where no model could look: a person says what the item is."""


class Answerer(Protocol):
    """Who gave the scores."""

    @property
    def ref(self) -> ModelRef:
        """The model."""

    @property
    def confirm_below(self) -> Decimal:
        """The confidence below which a person is asked."""


@dataclass(frozen=True)
class NobodyLooked:
    """Answers for a weighing without a picture."""

    ref: ModelRef = NO_MODEL
    confirm_below: Decimal = Decimal(1)


def outcome(
    task: RecognitionTask,
    scores: list[Scored],
    recogniser: Answerer,
    completed_at: datetime,
    asking: Asking | None = None,
) -> Weighing:
    """The weighing that follows from a model's scores.

    A label without a price is never sold at zero: it has no price and needs a confirmation.
    """
    upload, load = task.upload, task.load
    catalogue = task.catalogue.sold_under(score.label for score in scores)
    sold_scores = products_of(catalogue).sell(scores)
    threshold = recogniser.confirm_below
    if asking is not None and asking.threshold is not None:
        threshold = asking.threshold
    decision = decide(break_near_ties(sold_scores, load, catalogue), threshold)
    predictions = tuple(
        prediction_for(scored, load, catalogue, upload.created_at)
        for scored in decision.predictions
    )
    sold = None if decision.answer.label in NO_ITEM else predictions[0]
    priced = sold is not None and sold.total is not None
    must_ask = decision.needs_confirmation or not priced
    audited = not must_ask and asking is not None and asking.audits(upload.job_id)
    return Weighing(
        job_id=upload.job_id,
        status=Status.DONE,
        scale_id=upload.scale_id,
        upload_key=upload.key,
        created_at=upload.created_at,
        completed_at=completed_at,
        load=load,
        label=decision.answer.label,
        confidence=decision.answer.confidence,
        top_k=predictions,
        needs_confirmation=must_ask or audited,
        asked=must_ask or audited,
        audited=audited,
        model=recogniser.ref,
        correlation_id=upload.correlation_id,
    ).model_copy(
        update=priced_as(sold)
        if sold is not None
        else {
            "tare_kg": load.tare_kg or Decimal("0.000"),
            "net_kg": load.weight_kg - (load.tare_kg or Decimal("0.000")),
        }
    )


def prediction_for(scored: Scored, load: Load, catalogue: Catalogue, at: datetime) -> Prediction:
    """A label with what the load costs as that item, without a price when it is not sold."""
    item = catalogue.find(scored.label)
    if item is None:
        return Prediction(label=scored.label, confidence=scored.confidence)
    return pricing.price(item, load, scored.confidence, at)


def _accepted_at(upload: StoredUpload, arrival: Arrival) -> datetime:
    """When the shopper began to wait: as the upload function or a worker noted, else when S3 stored
    it. Anybody may write that metadata, and only a worker notes what was long ago."""
    stored = arrival.at or upload.stored_at
    try:
        noted = parse_moment(upload.metadata[ACCEPTED_AT])
    except (KeyError, InvalidInput):
        return stored
    lately = abs(upload.stored_at - noted) <= _NOTED_WITHIN
    return noted if lately or upload.key.startswith(EVIDENCE) else stored


def _milliseconds(span: timedelta) -> Decimal:
    return max(Decimal(0), Decimal(span // timedelta(microseconds=100)) / 10)
