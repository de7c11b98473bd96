"""The result function: results, confirmations, history, catalogue, analytics and health."""

import base64
import time
from collections.abc import Callable
from datetime import timedelta, tzinfo
from functools import lru_cache
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Depends, Header, Query, Request, Response
from fastapi.concurrency import run_in_threadpool

from smartscale.access import staff as staff_of
from smartscale.adapters.aws import cloudwatch_client, sqs_client
from smartscale.adapters.briefings import DynamoBriefings
from smartscale.adapters.bucket import Bucket, S3ItemPictures, S3Ledger, S3Uploads, data_bucket
from smartscale.adapters.catalogue import DynamoCatalogue
from smartscale.adapters.cloudwatch import CloudWatchQueries, count_cold_start, metrics_for
from smartscale.adapters.memories import S3Memories
from smartscale.adapters.queue import SqsQueue
from smartscale.adapters.tables import (
    DynamoAsking,
    DynamoRegistry,
    DynamoWeighings,
)
from smartscale.adapters.topic import topic_for
from smartscale.adapters.wishes import S3Wishes
from smartscale.clock import now
from smartscale.contract.analytics import Analytics
from smartscale.contract.catalogue import Catalogue
from smartscale.contract.document import in_language
from smartscale.contract.health import DiskHealth, Health
from smartscale.contract.memory import CarriedMemory
from smartscale.contract.weighing import HistoryPage, Result
from smartscale.domain.charge import Charge
from smartscale.domain.load import parse_quantity
from smartscale.domain.weighing import ConfirmedBy, ModelRef
from smartscale.http.app import create_app, lambda_handler
from smartscale.http.bell import Bell, NoBell, answered, bell_of
from smartscale.http.given import given
from smartscale.http.health import disk_of, probe
from smartscale.http.pictures import in_picture_thread
from smartscale.http.requests import (
    LONGEST_WAIT_S,
    ActRequest,
    CatalogueQuery,
    ConfirmationRequest,
    HistoryQuery,
)
from smartscale.http.shown import shown_by
from smartscale.http.table import as_csv
from smartscale.operations.access.staff import Shown, Staff
from smartscale.operations.catalogue.pictures import read_picture
from smartscale.operations.learning.carry import Carry
from smartscale.operations.metrics.analytics import analyse
from smartscale.operations.metrics.insights import insights_between
from smartscale.operations.metrics.pulse import FeelPulse
from smartscale.operations.ports.catalogue import CatalogueStore, ItemPictures
from smartscale.operations.ports.metrics import MetricQueries
from smartscale.operations.ports.weighings import Weighings
from smartscale.operations.weighing.act import ActOnWeighing
from smartscale.operations.weighing.announce import Announce
from smartscale.operations.weighing.ask import SayWanted
from smartscale.operations.weighing.confirm import Confirm
from smartscale.operations.weighing.history import History
from smartscale.present import analytics as figures_shown
from smartscale.present import catalogue as catalogue_shown
from smartscale.present import weighing as shown
from smartscale.settings import (
    BucketSettings,
    MetricsSettings,
    RegistrySettings,
    ShopSettings,
    StaffSettings,
    TableSettings,
    TopicSettings,
    time_zone,
)

PICTURE_AGE_S = 24 * 3600
"""How long a browser keeps a picture; it never changes, but it may expire."""


class Settings(
    BucketSettings,
    TableSettings,
    RegistrySettings,
    MetricsSettings,
    TopicSettings,
    ShopSettings,
    StaffSettings,
):
    """The result function's settings."""

    weighings_queue_url: str


@lru_cache
def settings() -> Settings:
    """The settings, read once."""
    return Settings()


@lru_cache
def bucket() -> Bucket:
    """The data bucket."""
    return data_bucket(settings().smartscale_bucket, settings().aws_region)


@lru_cache
def weighings() -> DynamoWeighings:
    """The weighings table."""
    configured = settings()
    return DynamoWeighings(
        configured.weighings_table, configured.aws_region, configured.history_kept
    )


@lru_cache
def catalogue() -> DynamoCatalogue:
    """The catalogue table."""
    return DynamoCatalogue(
        settings().catalogue_table, settings().models_table, settings().aws_region
    )


@lru_cache
def registry() -> DynamoRegistry:
    """The model registry."""
    return DynamoRegistry(settings().models_table, settings().aws_region)


@lru_cache
def say_wanted() -> SayWanted:
    """The operation that knows what the shop asks about."""
    store = DynamoAsking(settings().models_table, settings().aws_region)
    return SayWanted(store, S3Wishes(bucket()))


@lru_cache
def carry() -> Carry:
    """The operation that gives kiosks the memory to take along."""
    configured = settings()
    briefings = DynamoBriefings(configured.models_table, configured.aws_region)
    asking = DynamoAsking(configured.models_table, configured.aws_region)
    return Carry(S3Memories(bucket(), briefings), asking)


@lru_cache
def ledger() -> S3Ledger:
    """The immutable records."""
    return S3Ledger(bucket(), settings().ledger_lock_days)


@lru_cache
def history() -> History:
    """The operation that reads weighings."""
    return History(weighings(), ledger(), S3Uploads(bucket()), now)


@lru_cache
def queue() -> SqsQueue:
    """The queue of weighings."""
    return SqsQueue(sqs_client(settings().aws_region), settings().weighings_queue_url)


@lru_cache
def pulse() -> FeelPulse:
    """The operation that looks at queue and workers."""
    return FeelPulse(queue(), registry(), now)


async def bell(request: Request) -> Bell:
    """What tells that an answer is there; the embedded API has one."""
    return bell_of(request, NoBell())


@lru_cache
def confirm() -> Confirm:
    """The operation that confirms."""
    metrics = metrics_for(
        settings().metrics_sink, settings().aws_region, settings().smartscale_stack
    )
    topic = topic_for(settings().weighing_completed_topic_arn, settings().aws_region)
    return Confirm(
        weighings(),
        ledger(),
        catalogue(),
        metrics,
        queue(),
        Announce(topic, queue()),
        now,
    )


@lru_cache
def act() -> ActOnWeighing:
    """The operation that voids, and notes what is printed again."""
    topic = topic_for(settings().weighing_completed_topic_arn, settings().aws_region)
    return ActOnWeighing(weighings(), ledger(), Announce(topic, queue()), now)


@lru_cache
def item_pictures() -> S3ItemPictures:
    """The shop's own pictures of what it sells."""
    return S3ItemPictures(bucket())


@lru_cache
def metric_queries() -> CloudWatchQueries:
    """What the metrics were."""
    return CloudWatchQueries(cloudwatch_client(settings().aws_region), settings().smartscale_stack)


@lru_cache
def staff() -> Staff:
    """The operation that tells staff from everybody else."""
    configured = settings()
    return staff_of(configured, configured.models_table, configured.metrics_sink)


def for_staff(
    request: Annotated[Shown, Depends(shown_by)], operation: Annotated[Staff, Depends(staff)]
) -> None:
    """Let staff read what was weighed."""
    operation.may_read(request)


router = APIRouter()
Language = Annotated[str, Query(pattern="^[a-z]{2}$", description="names in this language")]


@router.get("/result/{job_id}", tags=["weigh"])
async def result(
    job_id: str,
    operation: Annotated[History, Depends(given(history))],
    told: Annotated[Bell, Depends(bell)],
    wait: Annotated[
        float, Query(ge=0, le=LONGEST_WAIT_S, description="seconds to hold the answer")
    ] = 0,
    lang: Language = "en",
) -> Result:
    """The answer of a weighing. With `wait` it is held until there is one, at most 10 seconds."""
    deadline = time.monotonic() + wait
    with told.listen(job_id) as pause:
        weighing = None
        if wait and (told.expects(job_id) or operation.is_just_begun(job_id)):
            weighing = await pause(wait)
        if weighing is None:
            weighing = await run_in_threadpool(operation.result, job_id)
        if weighing is None:
            left = deadline - time.monotonic()
            weighing = await answered(lambda: operation.outcome(job_id), pause, left)
    return shown.pending(job_id) if weighing is None else shown.result(weighing, lang)


@router.post("/confirm/{job_id}", tags=["weigh"])
def confirm_weighing(
    job_id: str,
    said: ConfirmationRequest,
    reading: Annotated[History, Depends(history)],
    operation: Annotated[Confirm, Depends(confirm)],
    asks: Annotated[Shown, Depends(shown_by)],
    of_staff: Annotated[Staff, Depends(staff)],
    lang: Language = "en",
) -> Result:
    """Confirm what the item is, and price the weighing as that. Doing so twice changes nothing.

    `confirmed_by` others than the shopper, `staff` and `charged` take a kiosk's proof or the admin
    token.
    """
    of_staff_alone = said.charged is not None or said.staff is not None
    if said.confirmed_by is not ConfirmedBy.SHOPPER or of_staff_alone:
        of_staff.may_decide(asks)
    reading.result(job_id)
    weighing = operation.process(
        job_id,
        label=said.label,
        plu=said.plu,
        quantity=None if said.quantity is None else parse_quantity(said.quantity),
        confirmed_by=said.confirmed_by,
        staff=said.staff,
        charge=None if said.charged is None else Charge.parse(**said.charged.model_dump()),
    )
    return shown.result(weighing, lang)


@router.post("/history/{job_id}", tags=["shop"])
def act_on_weighing(
    job_id: str,
    said: ActRequest,
    reading: Annotated[History, Depends(history)],
    operation: Annotated[ActOnWeighing, Depends(act)],
    asks: Annotated[Shown, Depends(shown_by)],
    of_staff: Annotated[Staff, Depends(staff)],
    lang: Language = "en",
) -> Result:
    """Void a weighing, or note that its label is printed again. For staff; the ledger keeps who
    and when. Voiding twice changes nothing."""
    of_staff.may_decide(asks)
    reading.result(job_id)
    return shown.result(operation.process(job_id, said.what, said.staff), lang)


@router.get(
    "/history",
    tags=["shop"],
    dependencies=[Depends(for_staff)],
    response_model=HistoryPage,
    responses={200: {"content": {"text/csv": {}}}},
)
def weighing_history(
    operation: Annotated[History, Depends(history)],
    asked: Annotated[HistoryQuery, Query()],
    zone: Annotated[tzinfo, Depends(time_zone)],
    accept: Annotated[str, Header()] = "application/json",
) -> HistoryPage | Response:
    """Weighings, newest first: the last 92 days, or `from` and `to`. For staff.

    With `Accept: text/csv` everything that matches (up to 10,000) comes as a table.
    """
    wanted = asked.filter(now(), zone)
    if "text/csv" in accept:
        return as_csv(
            shown.result(weighing, asked.lang) for weighing in operation.everything(wanted)
        )
    page = operation.page(wanted, asked.cursor, asked.limit)
    return HistoryPage(
        items=tuple(shown.result(weighing, asked.lang) for weighing in page.weighings),
        next_cursor=page.next_cursor,
    )


@router.get(
    "/history/{job_id}/picture",
    tags=["shop"],
    dependencies=[Depends(for_staff)],
    response_class=Response,
    responses={200: {"content": {"image/jpeg": {}}}},
)
async def weighing_picture(
    job_id: str,
    operation: Annotated[History, Depends(history)],
    side: Annotated[int, Query(ge=32, le=1280, description="pixels of the longer side")] = 160,
) -> Response:
    """The picture of a weighing, small; 404 when it has expired."""
    return Response(
        await in_picture_thread(lambda: operation.picture(job_id, side)),
        media_type="image/jpeg",
        headers={"Cache-Control": f"private, max-age={PICTURE_AGE_S}, immutable"},
    )


@router.get(
    "/catalogue",
    tags=["shop"],
    response_model=Catalogue,
    responses={304: {"description": "Nothing has changed since the answer with that ETag."}},
)
def shop_catalogue(
    store: Annotated[CatalogueStore, Depends(catalogue)],
    query: Annotated[CatalogueQuery, Query()],
    if_none_match: Annotated[str, Header()] = "",
) -> Response:
    """What the shop sells, by rising label: everything, or with `limit` a page of it.

    The answer has an `ETag`. With that as `If-None-Match` it comes again only when something has
    changed, a price that began or ended included.
    """
    sold, moment = store.all(), now()
    state = f'"{sold.state_at(moment)}"'
    headers = {"ETag": state, "Cache-Control": "no-cache"}
    if state in if_none_match:
        return Response(status_code=HTTPStatus.NOT_MODIFIED, headers=headers)
    items, next_cursor = sold.page(query.cursor, query.limit)
    page = Catalogue(
        items=tuple(catalogue_shown.item(item, moment) for item in items), next_cursor=next_cursor
    )
    return Response(page.model_dump_json(), media_type="application/json", headers=headers)


@router.get(
    "/catalogue/pictures/{sha256}",
    tags=["shop"],
    response_class=Response,
    responses={200: {"content": {"image/jpeg": {}}}},
)
def item_picture(sha256: str, store: Annotated[ItemPictures, Depends(item_pictures)]) -> Response:
    """The shop's own picture of an item; what lies at an address never changes."""
    return Response(
        read_picture(store, sha256),
        media_type="image/jpeg",
        headers={"Cache-Control": "public, max-age=31536000, immutable"},
    )


@router.get("/memory", tags=["weigh"], dependencies=[Depends(for_staff)])
def carried_memory(
    operation: Annotated[Carry, Depends(carry)],
    model_id: str,
    revision: str,
    known: Annotated[int, Query(ge=0, description="the version that the kiosk has")] = 0,
) -> CarriedMemory:
    """What was taught, for a kiosk with that model to go on by itself. For staff and kiosks."""
    found = operation.along(ModelRef(id=model_id, revision=revision), known)
    lessons = None if found.lessons is None else base64.b64encode(found.lessons).decode()
    return CarriedMemory(version=found.version, lessons=lessons, confirm_below=found.confirm_below)


@router.get("/analytics", tags=["shop"])
def analytics(
    queries: Annotated[MetricQueries, Depends(metric_queries)],
    store: Annotated[CatalogueStore, Depends(catalogue)],
    rows: Annotated[Weighings, Depends(weighings)],
    zone: Annotated[tzinfo, Depends(time_zone)],
    wish: Annotated[SayWanted, Depends(say_wanted)],
    hours: Annotated[int, Query(ge=1, le=24 * 31)] = 24,
    lang: Language = "en",
) -> Analytics:
    """How the system is doing: requests, latency, low confidence, top labels, errors.

    `asking` says what answers that pass without a question risk in this shop, with a bound.
    `insights` are from the weighings themselves, the newest 5,000 at most: what was confirmed
    against what was predicted, how confidence drifts over days, how each scale does.
    """
    names = {item.label: in_language(item.names, lang, item.label) for item in store.all()}
    figures = analyse(queries, now(), timedelta(hours=hours))
    insights = insights_between(rows, figures.start, now(), zone)
    return figures_shown.analytics(figures, insights, wish.current(), names)


def dependencies() -> dict[str, Callable[[], object]]:
    """A cheap read of each thing without which the system cannot work."""
    return {
        "bucket": lambda: S3Uploads(bucket()).find("uploads/health"),
        "weighings": lambda: weighings().get("health"),
        "catalogue": lambda: catalogue().get("health"),
        "models": lambda: registry().current(),
    }


@router.get("/health", tags=["operate"], responses={503: {"model": Health}})
def health(
    response: Response,
    needed: Annotated[dict[str, Callable[[], object]], Depends(dependencies)],
    beats: Annotated[FeelPulse, Depends(pulse)],
    left: Annotated[DiskHealth | None, Depends(disk_of)],
) -> Health:
    """Each dependency, what waits and for how long, the workers, the embedded run's disk.

    503 when one does not answer, when weighings wait for two minutes, or the disk is full:
    `dependencies` says what is wrong. Queue and workers are looked at every five seconds at most.
    """
    report = probe(needed, beats.feel, left)
    if report.status != "ok":
        response.status_code = HTTPStatus.SERVICE_UNAVAILABLE
    return report


def count_start() -> None:
    """Count a worker's start."""
    where = MetricsSettings()
    count_cold_start(where.metrics_sink, where.aws_region, where.smartscale_stack)


app = create_app("SmartScale result", router)
handler = lambda_handler(app, count_start)
