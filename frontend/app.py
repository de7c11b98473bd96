"""Puts the kiosk together: its pages, what it serves besides, and what they share."""

from collections.abc import Callable
from http import HTTPStatus

import httpx
from fastapi import HTTPException, Request, Response
from fastapi.exception_handlers import http_exception_handler
from fastapi.responses import FileResponse, StreamingResponse
from nicegui import Client, app, ui

from frontend import theme
from frontend.api_client import ApiError, ApiMissing, ApiRefused, log_unreachable
from frontend.cameras import FILM, LIVE_PATH, open_camera
from frontend.catalogue import Catalogue
from frontend.containers import read_containers
from frontend.kiosk import ARTWORK, STATIC, Kiosk, Visit
from frontend.labels.desk import FORMATS, LabelDesk, NoLabel
from frontend.labels.issued import Issued
from frontend.labels.printer import printer_of
from frontend.labels.profiles import PROFILES
from frontend.languages import load_languages
from frontend.offline.api import OfflineApi
from frontend.pages.analytics import analytics_page
from frontend.pages.history import history_page, suspicious_page
from frontend.pages.items import items_page
from frontend.pages.lost import lost_page
from frontend.pages.models import models_page
from frontend.pages.teach import teach_page
from frontend.pages.weigh import weigh_page
from frontend.samples import load_samples, small_picture
from frontend.scales.scale import Scale
from frontend.scales.setting import open_scale
from frontend.settings import Settings

_STATIC_AGE_S = 3600
_PHOTO_AGE_S = 24 * 3600
_PICTURES_KEPT = 500
"""Pictures of items in memory, some 20 kB each, so that they are there when the API is not."""


def create_kiosk(
    settings: Settings,
    *,
    transport: httpx.AsyncBaseTransport | None = None,
    scale: Scale | None = None,
) -> Kiosk:
    """The kiosk of these settings.

    Another `transport` leads to another API than the network's, and a `scale` stands in for the
    one of the settings.
    """
    state = settings.home / "kiosk"
    state.mkdir(parents=True, exist_ok=True)
    api = OfflineApi(str(settings.api_url), state, transport=transport)
    catalogue = Catalogue(api)
    return Kiosk(
        settings=settings,
        api=api,
        catalogue=catalogue,
        labels=LabelDesk(
            api,
            catalogue,
            PROFILES[settings.label_profile],
            Issued(state / "labels.sqlite"),
            printer_of(settings.printer),
        ),
        languages=load_languages(),
        samples=load_samples(settings.samples),
        scale=scale or open_scale(settings.scale),
        camera=open_camera(settings.camera),
        containers=read_containers(settings.containers),
        artwork=frozenset(file.stem for file in ARTWORK.glob("*.svg")),
    )


def serve(kiosk: Kiosk) -> None:
    """Register pages and files with NiceGUI."""
    app.add_static_files("/static", STATIC, max_cache_age=_STATIC_AGE_S)
    samples = {sample.path.stem: sample for sample in kiosk.samples}

    @app.get("/samples/{name}.jpg", include_in_schema=False)
    def sample(name: str) -> Response:
        if name not in samples:
            raise HTTPException(404)
        return Response(
            small_picture(samples[name].path),
            media_type="image/jpeg",
            headers={"Cache-Control": f"max-age={_STATIC_AGE_S}"},
        )

    @app.get("/label/{weighing}.{kind}", include_in_schema=False)
    async def label(weighing: str, kind: str, lang: str = "") -> Response:
        if kind not in FORMATS:
            raise HTTPException(404)
        language = kiosk.language(lang)
        try:
            wanted = await kiosk.labels.label(weighing, language)
            file, media_type = await kiosk.labels.file(wanted, language, kind)
        except ApiMissing as error:
            raise HTTPException(404) from error
        except NoLabel as error:
            return Response(str(error), HTTPStatus.CONFLICT, media_type="text/plain")
        except ApiError as error:
            return Response(str(error), HTTPStatus.SERVICE_UNAVAILABLE, media_type="text/plain")
        # Each one that goes out is counted, so none comes from a cache.
        return Response(file, media_type=media_type, headers={"Cache-Control": "no-store"})

    pictures: dict[str, bytes] = {}

    @app.get("/pictures/{sha256}.jpg", include_in_schema=False)
    async def item_picture(sha256: str) -> Response:
        if sha256 not in pictures:
            try:
                picture = await kiosk.api.item_picture(sha256)
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
            picture = await kiosk.api.weighing_picture(job_id, side)
        except ApiRefused:
            # It has expired, or never was one: the list stays calm, and asks again tomorrow.
            return FileResponse(STATIC / "no-photo.svg", headers=_for(_STATIC_AGE_S))
        except ApiError as error:
            log_unreachable(error)
            return FileResponse(STATIC / "no-photo.svg", headers={"Cache-Control": "no-store"})
        return Response(picture, media_type="image/jpeg", headers=_for(_PHOTO_AGE_S))

    camera = kiosk.camera
    if camera is not None:

        @app.get(LIVE_PATH, include_in_schema=False)
        def live() -> StreamingResponse:
            return StreamingResponse(camera.film(), media_type=FILM)

    _page("/", weigh_page, kiosk)
    _page("/history", history_page, kiosk)
    _page("/suspicious", suspicious_page, kiosk)
    _page("/analytics", analytics_page, kiosk)
    _page("/items", items_page, kiosk)
    _page("/teach", teach_page, kiosk)
    _page("/models", models_page, kiosk)
    _lost(kiosk)


def _for(seconds: int) -> dict[str, str]:
    """How long this browser, and no one between, may keep it."""
    return {"Cache-Control": f"private, max-age={seconds}"}


def _lost(kiosk: Kiosk) -> None:
    """Give addresses where nothing is the kiosk's frame, and a way back."""

    @app.exception_handler(404)
    async def lost(request: Request, error: HTTPException) -> Response:
        if request.scope.get("endpoint") is not None:
            return await http_exception_handler(request, error)  # a file that is not there
        page = ui.page("", title="SmartScale", favicon=STATIC / "logo.svg")
        with Client(page, request=request) as client:
            visit = Visit(kiosk, client, kiosk.language(request.query_params.get("lang")))
            theme.add_head(visit)
            lost_page(visit)
        return client.build_response(request, HTTPStatus.NOT_FOUND)


def _page(path: str, build: Callable[[Visit], None], kiosk: Kiosk) -> None:
    @ui.page(path, title="SmartScale", favicon=STATIC / "logo.svg")
    def page(lang: str = "") -> None:
        visit = Visit(kiosk, ui.context.client, kiosk.language(lang))
        theme.add_head(visit)
        build(visit)
