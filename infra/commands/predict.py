"""`smartscale predict`: weigh one picture through the running system."""

import io
import json
import time
import uuid
from http import HTTPStatus
from pathlib import Path
from typing import Annotated, Any

import httpx
import typer
from rich.console import Console

from infra.errors import PlainError
from infra.outputs import gateway_url
from infra.settings import Cloud, load_settings
from infra.stack import stack_outputs
from smartscale.domain import correlation
from smartscale.recognition.photo import ImageError, decode

app = typer.Typer()
_WAIT_S = 10
_SPARE_S = 5
_LONGEST_SIDE = 1280


@app.command()
def predict(
    image: Annotated[Path, typer.Argument(help="A picture: JPEG, PNG or WebP.")],
    weight: Annotated[str, typer.Option(help="Gross weight in kg, such as 0.450.")],
    tare: Annotated[str | None, typer.Option(help="Tare in kg.")] = None,
    scale_id: Annotated[str, typer.Option(help="Which scale.")] = "terminal",
    lang: Annotated[str, typer.Option(help="Language of the names.")] = "en",
    api_url: Annotated[
        str | None, typer.Option(envvar="SMARTSCALE_API_URL", help="The API; default: the stack's.")
    ] = None,
    api_key: Annotated[
        str | None,
        typer.Option(envvar="SMARTSCALE_API_KEY", help="Its API key, where it wants one."),
    ] = None,
    timeout: Annotated[float, typer.Option(min=1, help="Seconds to wait for the answer.")] = 60,
) -> None:
    """Recognise and price IMAGE; prints the result as JSON."""
    try:
        picture = image.read_bytes()
    except OSError as error:
        raise PlainError(f"{image} cannot be read: {error.strerror}", 2) from error
    picture = _shrunk(picture)
    form = {"weight": weight, "scale_id": scale_id} | ({"tare_kg": tare} if tare else {})
    began = time.monotonic()
    base = f"{(api_url or _api_url()).rstrip('/')}/v1"
    try:
        with (
            httpx.Client(
                base_url=base,
                # The first answers of a new stack wait for functions to start.
                timeout=timeout + _SPARE_S,
                headers={correlation.HEADER: correlation.new()}
                | ({"x-api-key": api_key} if api_key else {}),
            ) as api,
            Console(stderr=True).status("recognising"),
        ):
            accepted = _answer(
                api.post(
                    "/predict",
                    data=form,
                    files={"image": (image.name, picture)},
                    headers={"Idempotency-Key": uuid.uuid4().hex},
                )
            )
            result = _result(api, accepted["job_id"], lang, began + timeout)
    except httpx.TimeoutException as error:
        raise PlainError(
            f"The API at {base} took more than {timeout:g} s; give it longer by --timeout."
        ) from error
    except httpx.HTTPError as error:
        raise PlainError(
            f"The API at {base} does not answer ({error}): start it with `make run`."
        ) from error
    typer.echo(json.dumps(result, indent=2, ensure_ascii=False))
    if result["status"] == "failed":
        raise typer.Exit(1)


def _shrunk(picture: bytes) -> bytes:
    """A large photo, shrunk to the size that recognition needs; anything else unchanged."""
    try:
        image = decode(picture, _LONGEST_SIDE)
    except ImageError:
        return picture  # the API says what is wrong with it
    if max(image.size) <= _LONGEST_SIDE:
        return picture
    image.thumbnail((_LONGEST_SIDE, _LONGEST_SIDE))
    out = io.BytesIO()
    image.save(out, "JPEG", quality=90)
    return out.getvalue()


def _result(api: httpx.Client, job_id: str, lang: str, until: float) -> dict[str, Any]:
    while True:
        wait = min(max(until - time.monotonic(), 0), _WAIT_S)
        result = _answer(api.get(f"/result/{job_id}", params={"wait": wait, "lang": lang}))
        if result["status"] != "pending":
            return result
        if time.monotonic() >= until:
            raise PlainError(
                f"There is no answer for {job_id} yet; GET {api.base_url}result/{job_id} has it "
                "when there is one. More patience: --timeout."
            )


def _answer(response: httpx.Response) -> dict[str, Any]:
    if response.status_code >= HTTPStatus.BAD_REQUEST:
        try:
            detail = response.json()["detail"]
        except (ValueError, KeyError, TypeError):
            detail = f"status {response.status_code}"
        if response.status_code == HTTPStatus.FORBIDDEN:
            detail += " Set SMARTSCALE_API_KEY."
        raise PlainError(f"The API refused: {detail}")
    answer: dict[str, Any] = response.json()
    return answer


def _api_url() -> str:
    settings = load_settings()
    if settings.cloud is Cloud.EMBEDDED and settings.endpoint_url is None:
        return settings.api_url
    outputs = stack_outputs(settings)
    if outputs.stage == Cloud.EMBEDDED:  # its emulator was named, and its API is no gateway
        return settings.api_url
    return gateway_url(outputs, settings.aws_endpoint)
