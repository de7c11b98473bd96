"""The admin function: which model serves, what is sold, what the shop has taught.

Each route wants `X-Admin-Token`.
"""

from datetime import tzinfo
from functools import lru_cache
from io import StringIO
from typing import Annotated, Any

from fastapi import APIRouter, Depends, File, Header, Query, Request, Response, UploadFile
from mangum.types import LambdaContext, LambdaEvent

from smartscale.access import administrators
from smartscale.adapters.aws import sqs_client
from smartscale.adapters.briefings import DynamoBriefings
from smartscale.adapters.bucket import (
    Bucket,
    S3ItemPictures,
    S3Ledger,
    S3Packages,
    data_bucket,
)
from smartscale.adapters.catalogue import DynamoCatalogue
from smartscale.adapters.cloudwatch import count_cold_start
from smartscale.adapters.memories import S3Memories
from smartscale.adapters.queue import SqsQueue
from smartscale.adapters.tables import (
    DynamoAsking,
    DynamoRegistry,
    DynamoTrials,
)
from smartscale.adapters.wishes import S3Wishes
from smartscale.clock import now
from smartscale.contract.analytics import Asking
from smartscale.contract.catalogue import EditableCatalogue, EditableItem, ImportPreview
from smartscale.contract.memory import Lessons, MemoryVersion, Taught, Teaching
from smartscale.contract.models import LabelMapping, ModelStatus, Package, Trial
from smartscale.domain.catalogue_file import read_csv, write_csv
from smartscale.domain.errors import NotFound
from smartscale.domain.moments import parse_moment
from smartscale.domain.registry import BUILTIN
from smartscale.domain.spreadsheet import decode_table
from smartscale.domain.trial import Tallies
from smartscale.domain.weighing import ModelRef
from smartscale.http.app import create_app, lambda_handler
from smartscale.http.pictures import in_picture_thread
from smartscale.http.requests import (
    ActivationRequest,
    AskingRequest,
    ItemEdit,
    Product,
    TrialRequest,
    label_of,
)
from smartscale.http.table import csv_file
from smartscale.logs import function_logger
from smartscale.operations.access.authorise import Authorise
from smartscale.operations.catalogue.edit import EditCatalogue
from smartscale.operations.catalogue.pictures import PictureItems
from smartscale.operations.learning.teach import Teach
from smartscale.operations.models.map_labels import MapLabels
from smartscale.operations.models.switch import ActivateModel
from smartscale.operations.models.trial import ManageTrial
from smartscale.operations.ports.catalogue import CatalogueStore
from smartscale.operations.ports.models import Registry
from smartscale.operations.weighing.ask import SayWanted
from smartscale.present import catalogue as show
from smartscale.present.analytics import asking_document
from smartscale.present.models import (
    label_mapping,
    memory_version,
    model_status,
    trial_document,
)
from smartscale.present.models import (
    lessons as lessons_document,
)
from smartscale.present.models import (
    teaching as teaching_document,
)
from smartscale.recognition.builtin import (
    builtin_labels,
    builtin_learns,
    builtin_revision,
    builtin_trained_labels,
)
from smartscale.settings import (
    AdminSettings,
    BucketSettings,
    MetricsSettings,
    RegistrySettings,
    ShopSettings,
    time_zone,
)

logger = function_logger()


class Settings(BucketSettings, RegistrySettings, MetricsSettings, AdminSettings, ShopSettings):
    """The admin function's settings."""

    catalogue_table: str
    weighings_queue_url: str
    imports_queue_url: str
    imports_models: bool = True
    currency: str = "EUR"
    smartscale_model_id: str = "Adriana213/vgg16-fruit-classifier"


@lru_cache
def settings() -> Settings:
    """The settings, read once. The demo's token is refused where others could use it."""
    found = Settings()
    if found.uses_default_token:
        logger.warning("ADMIN_TOKEN is the default, which everybody knows: set your own")
    return found


@lru_cache
def bucket() -> Bucket:
    """The data bucket."""
    return data_bucket(settings().smartscale_bucket, settings().aws_region)


@lru_cache
def registry() -> DynamoRegistry:
    """The model registry."""
    return DynamoRegistry(settings().models_table, settings().aws_region)


@lru_cache
def catalogue() -> DynamoCatalogue:
    """The catalogue table."""
    return DynamoCatalogue(
        settings().catalogue_table, settings().models_table, settings().aws_region
    )


@lru_cache
def ledger() -> S3Ledger:
    """The immutable records."""
    return S3Ledger(bucket(), settings().ledger_lock_days)


@lru_cache
def packages() -> S3Packages:
    """The model packages in the bucket."""
    return S3Packages(bucket())


@lru_cache
def builtin() -> ModelRef:
    """The package that comes with the code."""
    return ModelRef(id=BUILTIN, revision=builtin_revision())


def queue(url: str) -> SqsQueue:
    """The queue at an address."""
    return SqsQueue(sqs_client(settings().aws_region), url)


@lru_cache
def activate_model() -> ActivateModel:
    """The operation that asks for another model."""
    return ActivateModel(
        registry(),
        packages(),
        ledger(),
        queue(settings().weighings_queue_url),
        queue(settings().imports_queue_url) if settings().imports_models else None,
        builtin(),
        now,
    )


@lru_cache
def manage_trial() -> ManageTrial:
    """The operation that tries a model beside the active one."""
    return ManageTrial(
        DynamoTrials(settings().models_table, settings().aws_region),
        activate_model(),
        ledger(),
        queue(settings().weighings_queue_url),
        now,
    )


@lru_cache
def edit_catalogue() -> EditCatalogue:
    """The operation that edits the catalogue."""
    return EditCatalogue(catalogue(), ledger(), now)


@lru_cache
def picture_items() -> PictureItems:
    """The operation that gives items pictures."""
    return PictureItems(S3ItemPictures(bucket()), edit_catalogue())


@lru_cache
def teach() -> Teach:
    """The operation that teaches the shop's scales."""
    return Teach(
        S3Memories(bucket(), DynamoBriefings(settings().models_table, settings().aws_region)),
        catalogue(),
        registry(),
        packages(),
        queue(settings().weighings_queue_url),
        builtin(),
        builtin_learns(),
        now,
    )


@lru_cache
def say_wanted() -> SayWanted:
    """The operation that lets the shop say how many unasked answers may be wrong."""
    store = DynamoAsking(settings().models_table, settings().aws_region)
    return SayWanted(store, S3Wishes(bucket()))


@lru_cache
def map_labels() -> MapLabels:
    """The operation that says what labels are sold as."""
    return MapLabels(catalogue(), edit_catalogue(), registry(), packages(), builtin_labels)


@lru_cache
def map_known_labels() -> MapLabels:
    """The same of the labels that a model was trained on: of others the built-in one guesses."""
    return MapLabels(catalogue(), edit_catalogue(), registry(), packages(), builtin_trained_labels)


@lru_cache
def authorisation() -> Authorise:
    """The operation that compares tokens."""
    configured = settings()
    return administrators(configured, configured.models_table, configured.metrics_sink)


def authorise(
    request: Request,
    operation: Annotated[Authorise, Depends(authorisation)],
    x_admin_token: Annotated[str | None, Header()] = None,
) -> None:
    """Let requests with the admin token pass. Raises what `Authorise.check` raises."""
    operation.check(x_admin_token, request.client.host if request.client else "")


router = APIRouter(prefix="/admin", tags=["admin"], dependencies=[Depends(authorise)])


@router.post("/reload-model", status_code=202)
def reload_model(
    request: ActivationRequest,
    configured: Annotated[Settings, Depends(settings)],
    operation: Annotated[ActivateModel, Depends(activate_model)],
    workers: Annotated[Registry, Depends(registry)],
) -> ModelStatus:
    """Serve another model, without a restart; it is imported first where it is not there yet."""
    switch = operation.activate(
        request.model_id or configured.smartscale_model_id, request.model_revision, request.hints
    )
    return model_status(switch, workers.workers())


@router.get("/model")
def model(
    operation: Annotated[ActivateModel, Depends(activate_model)],
    workers: Annotated[Registry, Depends(registry)],
) -> ModelStatus:
    """The wanted and the active model, and how the switch went."""
    return model_status(operation.current(), workers.workers())


@router.get("/models")
def models(
    operation: Annotated[ActivateModel, Depends(activate_model)],
    trials: Annotated[ManageTrial, Depends(manage_trial)],
    mapping: Annotated[MapLabels, Depends(map_labels)],
) -> list[Package]:
    """Every model package there is, the built-in one first."""
    trial = trials.current()
    tried = trial.model if trial is not None and trial.running else None
    return [
        Package(
            **package.ref.model_dump(),
            active=package.active,
            previous=package.previous,
            candidate=package.ref == tried,
            **_labels_of(package.ref, mapping),
        )
        for package in operation.packages()
    ]


def _labels_of(model: ModelRef, mapping: MapLabels) -> dict[str, int]:
    try:
        mapped = mapping.labels(model)
    except (NotFound, ValueError, TypeError):
        return {}
    return {"labels": len(mapped), "unmapped": sum(one.product is None for one in mapped)}


@router.post("/rollback", status_code=202)
def rollback(
    operation: Annotated[ActivateModel, Depends(activate_model)],
    workers: Annotated[Registry, Depends(registry)],
) -> ModelStatus:
    """Serve the model that served before the active one."""
    return model_status(operation.roll_back(), workers.workers())


@router.get("/candidate")
def candidate(
    operation: Annotated[ManageTrial, Depends(manage_trial)],
) -> Trial | None:
    """The candidate that is tried, or was tried last; null before the first."""
    trial = operation.current()
    return None if trial is None else trial_document(trial, operation.tallies(trial))


@router.post("/candidate", status_code=202)
def try_model(
    request: TrialRequest, operation: Annotated[ManageTrial, Depends(manage_trial)]
) -> Trial:
    """Try a package beside the active one; it is taken back when it passes one of its limits."""
    trial = operation.begin(
        request.model_id, request.model_revision, request.mode, request.share, request.limits
    )
    return trial_document(trial, Tallies())


@router.post("/candidate/promote", status_code=202)
def promote(operation: Annotated[ManageTrial, Depends(manage_trial)]) -> Trial:
    """Serve the candidate from now on."""
    trial = operation.promote()
    return trial_document(trial, operation.tallies(trial))


@router.delete("/candidate")
def stop_trial(operation: Annotated[ManageTrial, Depends(manage_trial)]) -> Trial:
    """End the trial; the candidate is not used any more."""
    trial = operation.stop()
    return trial_document(trial, operation.tallies(trial))


@router.get(
    "/catalogue",
    response_model=EditableCatalogue,
    responses={200: {"content": {"text/csv": {}}}},
)
def whole_catalogue(
    store: Annotated[CatalogueStore, Depends(catalogue)],
    zone: Annotated[tzinfo, Depends(time_zone)],
    accept: Annotated[str, Header()] = "application/json",
) -> EditableCatalogue | Response:
    """Every item with all its prices, retired ones too.

    With `Accept: text/csv` what is on sale comes as a file that can be imported again.
    """
    moment, items = now(), store.all()
    if "text/csv" in accept:
        return csv_file(write_csv(items, moment, zone), "catalogue.csv")
    return EditableCatalogue(
        items=tuple(show.editable_item(item, moment) for item in items.everything())
    )


async def table_text(request: Request) -> str:
    """The body as text. Raises InvalidInput."""
    return decode_table(await request.body())


@router.post(
    "/catalogue/import",
    openapi_extra={"requestBody": {"content": {"text/csv": {"schema": {"type": "string"}}}}},
)
def import_catalogue(
    file: Annotated[str, Depends(table_text)],
    operation: Annotated[EditCatalogue, Depends(edit_catalogue)],
    zone: Annotated[tzinfo, Depends(time_zone)],
    dry_run: Annotated[bool, Query(description="only say what would change")] = False,
    fingerprint: Annotated[str | None, Query(description="of the preview")] = None,
    lang: Annotated[str, Query(pattern="^[a-z]{2}$")] = "en",
) -> ImportPreview:
    """Add or change the items of a CSV file; other items stay as they are.

    With the `fingerprint` of a preview, the import is refused if it would change anything else.
    """
    moment = now()
    items = read_csv(StringIO(file, newline=""), moment, zone)
    if dry_run:
        return show.import_preview(operation.preview(items), moment, lang, applied=False)
    changes = operation.put_all(items, moment=moment, previewed=fingerprint)
    return show.import_preview(changes, moment, lang, applied=True)


@router.put("/catalogue/{label}")
def put_item(
    label: str,
    edit: ItemEdit,
    configured: Annotated[Settings, Depends(settings)],
    operation: Annotated[EditCatalogue, Depends(edit_catalogue)],
    zone: Annotated[tzinfo, Depends(time_zone)],
) -> EditableItem:
    """Add or change an item. A price with a later `valid_from` holds from then on.

    A date is a day of the shop's time zone: `valid_from` is its beginning, `valid_to` the last day.
    """
    moment = now()
    item = edit.item(label, configured.currency, moment, zone)
    stored = operation.put(item, clears=edit.clears, expected_version=edit.version)
    return show.editable_item(stored, moment)


@router.delete("/catalogue/{label}/prices")
def cancel_price(
    label: str,
    valid_from: str,
    operation: Annotated[EditCatalogue, Depends(edit_catalogue)],
    zone: Annotated[tzinfo, Depends(time_zone)],
) -> EditableItem:
    """Take back a price that has not started yet."""
    return show.editable_item(operation.cancel_price(label, parse_moment(valid_from, zone)), now())


@router.put("/catalogue/{label}/picture")
async def give_picture(
    label: str,
    image: UploadFile,
    operation: Annotated[PictureItems, Depends(picture_items)],
) -> EditableItem:
    """Show an item with a picture of the shop's own; it is made small and kept for good."""
    given = await in_picture_thread(lambda: operation.give(label, image.file.read()))
    return show.editable_item(given, now())


@router.delete("/catalogue/{label}/picture")
def take_picture_away(
    label: str, operation: Annotated[PictureItems, Depends(picture_items)]
) -> EditableItem:
    """Show an item without a picture of the shop's own."""
    return show.editable_item(operation.take_away(label), now())


@router.delete("/catalogue/{label}", status_code=204, response_class=Response)
def retire_item(label: str, operation: Annotated[EditCatalogue, Depends(edit_catalogue)]) -> None:
    """Stop selling an item. Old weighings keep its name and price."""
    operation.retire(label)


@router.get("/labels")
def labels(
    operation: Annotated[MapLabels, Depends(map_labels)],
    model_id: str | None = None,
    model_revision: str = "main",
) -> list[LabelMapping]:
    """What the labels of a model are sold as; of the active model where none is named."""
    model = ModelRef(id=model_id, revision=model_revision) if model_id else None
    return [label_mapping(mapped) for mapped in operation.labels(model)]


@router.put("/labels/{label}")
def give_label(
    label: str, wanted: Product, operation: Annotated[MapLabels, Depends(map_labels)]
) -> LabelMapping:
    """Sell a model's label as an item of the catalogue."""
    return label_mapping(operation.give(label, wanted.product))


@router.delete("/labels/{label}")
def take_label_back(
    label: str, operation: Annotated[MapLabels, Depends(map_labels)]
) -> LabelMapping:
    """Remove the assignment of a label."""
    return label_mapping(operation.take_back(label))


@router.get("/asking")
def asking(operation: Annotated[SayWanted, Depends(say_wanted)]) -> Asking:
    """How many unasked answers may be wrong, the threshold that follows, and what it risks."""
    return asking_document(operation.current())


@router.put("/asking")
def want(request: AskingRequest, operation: Annotated[SayWanted, Depends(say_wanted)]) -> Asking:
    """Say how many of the answers that pass without a question may be wrong: 0.01 is 1 in 100.

    The threshold follows within a minute, from what became of the shop's own answers.
    """
    return asking_document(operation.want(request.wanted))


@router.post("/enrol/{label}", status_code=202)
async def enrol(
    label: str,
    operation: Annotated[Teach, Depends(teach)],
    images: Annotated[
        list[UploadFile] | None, File(description="1 to 20 pictures, together at most 10 MB")
    ] = None,
) -> Taught:
    """Teach what an item of the catalogue looks like; it is recognised once the version is ready.

    Nothing is trained and nothing restarts. The same pictures again change nothing.
    """
    version = await in_picture_thread(
        lambda: operation.enrol(label, [image.file.read() for image in images or []])
    )
    count = sum(lesson.label == label for lesson in version.lessons)
    return Taught(memory_version=version.number, label=label, images=count)


@router.post("/enrol", status_code=202)
async def enrol_many(
    operation: Annotated[Teach, Depends(teach)],
    images: Annotated[
        list[UploadFile] | None,
        File(description="pictures named LABEL/FILE, such as Fig/1.jpg; together at most 10 MB"),
    ] = None,
) -> Taught:
    """Teach many items by one version: each picture's file name begins with its item's label.

    Nothing is taught when one of the pictures or labels will not do. `images` counts all pictures
    of the version.
    """

    def enrol_all() -> Taught:
        pictures = [(label_of(image.filename), image.file.read()) for image in images or []]
        version = operation.enrol_all(pictures)
        labels = {label for label, _ in pictures}
        return Taught(
            memory_version=version.number,
            label=labels.pop() if len(labels) == 1 else None,
            images=len(version.lessons),
        )

    return await in_picture_thread(enrol_all)


@router.get("/teaching")
def teaching(
    operation: Annotated[Teach, Depends(teach)],
    mapping: Annotated[MapLabels, Depends(map_known_labels)],
    store: Annotated[CatalogueStore, Depends(catalogue)],
) -> Teaching:
    """Which items the scales recognise, by the model or by pictures, and which they mix up."""
    recognised = {mapped.product for mapped in mapping.labels() if mapped.product is not None}
    return teaching_document(operation.progress(), store.all(), recognised, operation.told_apart())


@router.get("/memory")
def memory(operation: Annotated[Teach, Depends(teach)]) -> list[MemoryVersion]:
    """Every version of what the shop has taught, the newest first."""
    return [memory_version(version) for version in operation.versions()]


@router.get("/memory/lessons")
def memory_lessons(operation: Annotated[Teach, Depends(teach)]) -> Lessons:
    """Every lesson with who taught it and when; what is held back for an attendant comes first."""
    return lessons_document(operation.progress())


@router.get(
    "/memory/lessons/{picture}",
    response_class=Response,
    responses={200: {"content": {"image/jpeg": {}}}},
)
def lesson_picture(picture: str, operation: Annotated[Teach, Depends(teach)]) -> Response:
    """The picture of a lesson."""
    return Response(operation.picture(picture), media_type="image/jpeg")


@router.delete("/memory/lessons/{picture}", status_code=202)
def forget_lesson(picture: str, operation: Annotated[Teach, Depends(teach)]) -> Taught:
    """Take one lesson out, whether it counts or is held back, by a new version of the memory."""
    version = operation.forget(picture)
    return Taught(memory_version=version.number, label=None, images=len(version.lessons))


@router.post("/memory/lessons/{picture}/accept", status_code=202)
def accept_lesson(picture: str, operation: Annotated[Teach, Depends(teach)]) -> Taught:
    """Let a lesson count that was held back, by a new version of the memory."""
    version = operation.accept(picture)
    return Taught(memory_version=version.number, label=None, images=len(version.lessons))


@router.post("/memory/rollback", status_code=202)
def roll_memory_back(operation: Annotated[Teach, Depends(teach)]) -> Taught:
    """Go back to the lessons of the version before; again, to those before that."""
    version = operation.go_back()
    return Taught(memory_version=version.number, label=None, images=len(version.lessons))


def count_start() -> None:
    """Count a worker's start."""
    where = MetricsSettings()
    count_cold_start(where.metrics_sink, where.aws_region, where.smartscale_stack)


app = create_app("SmartScale admin", router)
_answer = lambda_handler(app, count_start)


def handler(event: LambdaEvent, context: LambdaContext) -> dict[str, Any]:
    """Answer a request of the gateway. With unsafe settings the function does not start."""
    settings()
    return _answer(event, context)
