"""What a request shows of who asks, for the routes that only staff and kiosks may use."""

from typing import Annotated

from fastapi import Header, Request

from smartscale.contract import proof
from smartscale.http.body_limit import sha256_of
from smartscale.operations.access.staff import Shown


async def shown_by(
    request: Request,
    kiosk_proof: Annotated[str | None, Header(alias=proof.HEADER)] = None,
    x_admin_token: Annotated[str | None, Header()] = None,
) -> Shown:
    """The request, and what it shows of who asks. Its body has been read when routes ask this."""
    return Shown(
        method=request.method,
        path=request.url.path,
        query=request.url.query,
        body_sha256=sha256_of(request),
        address=request.client.host if request.client else "",
        proof=kiosk_proof,
        token=x_admin_token,
    )
