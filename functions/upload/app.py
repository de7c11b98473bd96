"""The upload function: takes weighings in. Once it answers 202, a weighing is not lost."""

from collections.abc import Callable
from datetime import tzinfo
from functools import lru_cache
from typing import Annotated

from fastapi import APIRouter, Depends, File, Form, Header, Request, UploadFile
from fastapi.concurrency import run_in_threadpool

from smartscale.access import staff as staff_of
from smartscale.adapters.answers import DynamoAnswers
from smartscale.adapters.aws import dynamodb_client
from smartscale.adapters.bucket import S3IdempotencyKeys, S3Uploads, data_bucket
from smartscale.adapters.cloudwatch import count_cold_start
from smartscale.clock import now
from smartscale.contract.weighing import Accepted, DirectUpload
from smartscale.domain.errors import InvalidInput
from smartscale.domain.limits import MAX_IMAGE_BYTES
from smartscale.domain.load import Load, parse_scale_id
from smartscale.domain.moments import parse_moment
from smartscale.domain.upload import NO_PICTURE
from smartscale.domain.weighing import Weighing
from smartscale.http.app import BASE_PATH, create_app, lambda_handler
from smartscale.http.bell import Bell, NoBell, answered, bell_of
from smartscale.http.given import given
from smartscale.http.pictures import in_picture_thread
from smartscale.http.requests import UploadRequest, one_weight, preferred_language, preferred_wait
from smartscale.http.shown import shown_by
from smartscale.operations.access.staff import Shown, Staff
from smartscale.operations.weighing.accept import Accept
from smartscale.present import weighing as shown
from smartscale.settings import (
    BucketSettings,
    MetricsSettings,
    RegistrySettings,
    ShopSettings,
    StaffSettings,
    WeighingsSettings,
    time_zone,
)

_SOONEST_S = 0.15
"""No weighing is done sooner where nobody tells: each look costs money there."""


class Settings(
    BucketSettings,
    RegistrySettings,
    MetricsSettings,
    StaffSettings,
    ShopSettings,
    WeighingsSettings,
):
    """The upload function's settings."""

    max_image_bytes: int = MAX_IMAGE_BYTES


@lru_cache
def accept() -> Accept:
    """The operation on the real bucket."""
    settings = Settings()
    bucket = data_bucket(settings.smartscale_bucket, settings.aws_region)
    return Accept(S3Uploads(bucket), S3IdempotencyKeys(bucket), now, settings.max_image_bytes)


@lru_cache
def answers() -> DynamoAnswers:
    """Where outcomes are, for who wants to wait for one."""
    settings = Settings()
    return DynamoAnswers(dynamodb_client(settings.aws_region), settings.weighings_table)


async def answers_when_wanted() -> Callable[[str], Weighing | None]:
    """What looks for an outcome: not all wait, and it takes a connection."""
    return lambda job_id: answers().get(job_id)


async def bell(request: Request) -> Bell:
    """What tells that an answer is there; the embedded API has one."""
    return bell_of(request, NoBell(_SOONEST_S))


@lru_cache
def staff() -> Staff:
    """The operation that tells staff from everybody else."""
    settings = Settings()
    return staff_of(settings, settings.models_table, settings.metrics_sink)


async def staff_when_needed() -> Callable[[], Staff]:
    """What gives that operation: hardly any weighing is of before, and it takes connections."""
    return staff


router = APIRouter(tags=["weigh"])


@router.post("/predict", status_code=202)
async def predict(
    operation: Annotated[Accept, Depends(given(accept))],
    asks: Annotated[Shown, Depends(shown_by)],
    of_staff: Annotated[Callable[[], Staff], Depends(staff_when_needed)],
    zone: Annotated[tzinfo, Depends(given(time_zone))],
    look: Annotated[Callable[[str], Weighing | None], Depends(answers_when_wanted)],
    told: Annotated[Bell, Depends(bell)],
    image: Annotated[UploadFile | None, File(description="JPEG, PNG, WebP or HEIC")] = None,
    weight: Annotated[str | None, Form(description="gross weight in kg, such as 0.450")] = None,
    weight_kg: Annotated[str | None, Form(description="the same as weight")] = None,
    tare_kg: Annotated[str | None, Form(description="below the weight")] = None,
    quantity: Annotated[str | None, Form(description="pieces, for items sold each")] = None,
    scale_id: Annotated[str | None, Form()] = None,
    weighed_at: Annotated[
        str | None,
        Form(description="when, if not now: it takes a proof"),
    ] = None,
    picture: Annotated[
        str | None, Form(description="`none`: there is no image, a person says what it is")
    ] = None,
    idempotency_key: Annotated[str | None, Header()] = None,
    prefer: Annotated[
        str, Header(description="`wait=5` (RFC 7240) holds the answer until there is a `result`")
    ] = "",
    accept_language: Annotated[str, Header(description="of the names in `result`")] = "",
) -> Accepted:
    """Weigh: send a picture and a weight; ask `result_url` for the answer.

    A picture has at most 10 MB and 40 megapixels (PNG 20, HEIC 24.5, WebP 12.5); shrink photos to
    about 1280 pixels first. Where no camera sees anything, `picture=none` in place of the image
    gives a weighing that needs a confirmation. With an `Idempotency-Key` a request can be repeated
    and is still one weighing. With `Prefer: wait=SECONDS`, 10 at most, the answer is held until the
    weighing has its `result`; when the time is over it comes without. `weighed_at`, of a scale that
    was cut off, takes a kiosk's proof or the admin token.
    """
    if picture not in {None, NO_PICTURE}:
        raise InvalidInput("picture can only be none: a picture is sent as the file `image`.")
    if picture is not None and image is not None:
        raise InvalidInput("Send either the file `image` or picture=none, not both.")
    if image is None and picture is None:
        raise InvalidInput(
            "The picture is missing: send it as the file `image` of a form (multipart/form-data), "
            "with the field `weight` beside it."
        )
    load = Load.parse(one_weight(weight, weight_kg), tare_kg, quantity)
    scale = parse_scale_id(scale_id)
    begun = parse_moment(weighed_at, zone) if weighed_at else None
    if begun is not None:
        await run_in_threadpool(lambda: of_staff().may_backdate(asks))
    if image is None:
        job_id = await run_in_threadpool(
            operation.without_picture, load, scale, idempotency_key, begun
        )
    else:
        file = image.file
        job_id = await in_picture_thread(
            lambda: operation.image(file.read(), load, scale, idempotency_key, begun)
        )
    told.expect(job_id)
    accepted = Accepted(job_id=job_id, result_url=_result_url(job_id))
    if not (wait_s := preferred_wait(prefer)):
        return accepted
    with told.listen(job_id) as pause:
        weighing = await answered(lambda: look(job_id), pause, wait_s)
    if weighing is None:
        return accepted
    answer = shown.result(weighing, preferred_language(accept_language))
    return accepted.model_copy(update={"status": answer.status, "result": answer})


@router.post("/uploads", status_code=202)
def uploads(
    wanted: UploadRequest, operation: Annotated[Accept, Depends(given(accept))]
) -> DirectUpload:
    """Ask for a direct upload: post the picture to `url` with `fields`, which starts the weighing.

    The form's last field is the picture, as `file`. The permission holds for five minutes.
    """
    weight = one_weight(wanted.weight, wanted.weight_kg)
    load = Load.parse(weight, wanted.tare_kg, wanted.quantity)
    upload = operation.presign(load, parse_scale_id(wanted.scale_id), wanted.content_type)
    return DirectUpload(
        job_id=upload.job_id,
        result_url=_result_url(upload.job_id),
        url=upload.post.url,
        fields=upload.post.fields,
    )


def _result_url(job_id: str) -> str:
    """The result's address below the API's own, whatever stage or domain is in front of it."""
    return f"{BASE_PATH}/result/{job_id}"


def count_start() -> None:
    """Count a worker's start."""
    where = MetricsSettings()
    count_cold_start(where.metrics_sink, where.aws_region, where.smartscale_stack)


app = create_app("SmartScale upload", router)
handler = lambda_handler(app, count_start)
