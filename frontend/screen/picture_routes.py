"""The pictures that the kiosk passes on from the API: of items for all, of weighings for staff."""

from http import HTTPStatus

from fastapi import HTTPException, Response
from fastapi.responses import FileResponse
from nicegui import app

from frontend.api.errors import ApiError, ApiRefused, log_unreachable
from frontend.kiosk import STATIC, Kiosk

_HOUR_S, _DAY_S = 3600, 24 * 3600
_PICTURES_KEPT = 500
"""Pictures of items in memory, some 20 kB each, so that they are there when the API is not."""


def serve_pictures(kiosk: Kiosk) -> None:
    """Register the routes with NiceGUI."""
    pictures: dict[str, bytes] = {}

    @app.get("/pictures/{sha256}.jpg", include_in_schema=False)
    async def item_picture(sha256: str) -> Response:
        if sha256 not in pictures:
            try:
                picture = await kiosk.api.service.item_picture(sha256)
            except ApiRefused as error:
                raise HTTPException(HTTPStatus.NOT_FOUND) from error
            except ApiError as error:
                log_unreachable(error)
                raise HTTPException(HTTPStatus.SERVICE_UNAVAILABLE) from error
            while len(pictures) >= _PICTURES_KEPT:
                pictures.pop(next(iter(pictures)))
            pictures[sha256] = picture
        headers = {"Cache-Control": "public, max-age=31536000, immutable"}
        return Response(pictures[sha256], media_type="image/jpeg", headers=headers)

    @app.get("/photos/{job_id}/{side}.jpg", include_in_schema=False)
    async def photo(job_id: str, side: int, until: int, sign: str) -> Response:
        if not kiosk.photos.holds(job_id, side, until, sign):
            raise HTTPException(HTTPStatus.FORBIDDEN)
        try:
            picture = await kiosk.api.service.weighing_picture(job_id, side)
        except ApiRefused:
            # The picture has expired or never existed: the browser may ask again tomorrow.
            return FileResponse(STATIC / "no-photo.svg", headers=_for(_HOUR_S))
        except ApiError as error:
            log_unreachable(error)
            return FileResponse(STATIC / "no-photo.svg", headers={"Cache-Control": "no-store"})
        return Response(picture, media_type="image/jpeg", headers=_for(_DAY_S))


def _for(seconds: int) -> dict[str, str]:
    """A Cache-Control header: only the browser may cache the picture, not a proxy."""
    return {"Cache-Control": f"private, max-age={seconds}"}
