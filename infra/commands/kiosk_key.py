"""`smartscale kiosk-key`: the API keys of kiosks, where the API wants one."""

import contextlib
from typing import TYPE_CHECKING, Annotated

import typer
from botocore.exceptions import BotoCoreError, ClientError

from infra.errors import PlainError
from infra.settings import Settings, load_settings
from infra.stack import session_of, stack_outputs

if TYPE_CHECKING:
    from mypy_boto3_apigateway import APIGatewayClient

app = typer.Typer()


@app.command("kiosk-key")
def kiosk_key(
    kiosk: Annotated[str, typer.Argument(help="The kiosk, as its SMARTSCALE_SCALE_ID says.")],
    revoke: Annotated[bool, typer.Option(help="Take the key back instead.")] = False,
    secret: Annotated[
        bool, typer.Option(help="Show the SMARTSCALE_KIOSK_SECRET of all kiosks instead.")
    ] = False,
) -> None:
    """Make the API key of a kiosk, or show it where there is one; prints nothing else."""
    settings = load_settings()
    outputs = stack_outputs(settings)
    if secret:
        typer.echo(_secret(settings, outputs.kiosk_secret_arn))
        return
    plan = outputs.kiosk_usage_plan
    if plan is None:
        raise PlainError(f"The stack {settings.stack!r} asks for no API keys.")
    gateway = _gateway(settings)
    name = f"{settings.stack}-{kiosk}"
    try:
        pages = gateway.get_paginator("get_api_keys").paginate(nameQuery=name, includeValues=True)
        key_id, value = next(
            (
                (key["id"], key["value"])
                for page in pages  # also of all whose name only begins like that
                for key in page["items"]
                if key["name"] == name
            ),
            ("", ""),
        )
        if revoke:
            if not key_id:
                raise PlainError(f"The kiosk {kiosk!r} has no key.")
            gateway.delete_api_key(apiKey=key_id)
            return
        if not key_id:
            made = gateway.create_api_key(name=name, enabled=True)
            key_id, value = made["id"], made["value"]
        # Each time, as it may have been interrupted in between.
        with contextlib.suppress(gateway.exceptions.ConflictException):
            gateway.create_usage_plan_key(usagePlanId=plan, keyId=key_id, keyType="API_KEY")
    except (BotoCoreError, ClientError) as error:
        raise PlainError(f"The key of {kiosk!r} could not be looked after: {error}") from error
    typer.echo(value)


def _secret(settings: Settings, arn: str | None) -> str:
    if arn is None:
        raise PlainError(f"The stack {settings.stack!r} has no kiosk secret yet; deploy it again.")
    secrets = session_of(settings).client("secretsmanager", endpoint_url=settings.aws_endpoint)
    return secrets.get_secret_value(SecretId=arn)["SecretString"]


def _gateway(settings: Settings) -> "APIGatewayClient":
    endpoint = settings.aws_endpoint
    return session_of(settings).client(
        "apigateway", endpoint_url=endpoint, region_name=settings.region
    )
