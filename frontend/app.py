"""Puts the kiosk together: its pages, what it serves besides, and what they share."""

from collections.abc import Callable, Coroutine
from dataclasses import replace
from http import HTTPStatus
from pathlib import Path
from typing import Any

import httpx
from fastapi import HTTPException, Request, Response
from fastapi.exception_handlers import http_exception_handler
from fastapi.responses import StreamingResponse
from nicegui import Client, app, background_tasks, ui

from frontend.api.catalogue import Catalogue
from frontend.api.client import LONGEST_WAIT_S
from frontend.api.errors import ApiError, ApiMissing
from frontend.devices.cameras import FILM, LIVE_PATH, open_camera
from frontend.devices.scales.scale import Scale
from frontend.devices.scales.setting import open_scale
from frontend.kiosk import ARTWORK, STATIC, Kiosk, Visit
from frontend.labels.desk import FORMATS, LabelDesk, NoLabel
from frontend.labels.issued import Issued
from frontend.labels.printer import printer_of
from frontend.labels.profiles import PROFILES
from frontend.offline.api import OfflineApi
from frontend.screen import theme
from frontend.screen.lost import fault_page, lost_page
from frontend.screen.picture_routes import serve_pictures
from frontend.settings import Settings
from frontend.shopper.page import weigh_page
from frontend.staff.analytics.page import analytics_page
from frontend.staff.catalogue.page import items_page
from frontend.staff.history.page import history_page, suspicious_page
from frontend.staff.history.report import report_page
from frontend.staff.live import live_page
from frontend.staff.models.page import models_page
from frontend.staff.setup.page import setup_page
from frontend.staff.teach import teach_page
from frontend.weighing.containers import read_containers
from frontend.weighing.favourites import Favourites
from frontend.weighing.last_load import LoadFile
from frontend.weighing.samples import load_samples, small_picture
from frontend.weighing.session import Post
from frontend.weighing.station import Station
from frontend.words.languages import load_languages_in
from smartscale.contract.browsers import HEADERS

AUTHORITY_PATH = "/authority.crt"
"""Where a phone fetches what it has to trust."""
_STATIC_AGE_S = 3600

POLICY = (
    "default-src 'self'; "
    # NiceGUI starts its pages by inline scripts, and Vue compiles their templates there.
    "script-src 'self' 'unsafe-inline' 'unsafe-eval'; "
    "style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; font-src 'self' data:; "
    "media-src 'self' blob:; worker-src 'self' blob:; connect-src 'self'; object-src 'none'; "
    "base-uri 'none'; form-action 'self'; frame-src 'self' blob:; frame-ancestors 'none'"
)
"""What a page of the kiosk may load: nothing from anywhere else, and nobody may frame it."""


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
    key = settings.api_key.get_secret_value() if settings.api_key else None
    secret = settings.kiosk_secret.get_secret_value() if settings.kiosk_secret else None
    look_s = settings.looks_every_s
    api = OfflineApi(
        str(settings.api_url),
        state,
        look_s=look_s,
        hold_s=LONGEST_WAIT_S if key else 0,
        api_key=key,
        kiosk_secret=secret,
        transport=transport,
    )
    catalogue = Catalogue(api, look_s)
    wired = scale or open_scale(settings.scale)
    kiosk = Kiosk(
        settings=settings,
        api=api,
        catalogue=catalogue,
        labels=LabelDesk(
            api,
            catalogue,
            PROFILES[settings.label_profile],
            Issued(state / "labels.sqlite"),
            printer_of(settings.printer),
            settings.shop,
        ),
        favourites=Favourites(state / "favourites.sqlite"),
        languages=load_languages_in(settings.time_zone),
        samples=load_samples(settings.samples),
        scale=wired,
        camera=open_camera(settings.camera),
        containers=read_containers(settings.containers),
        artwork=frozenset(file.stem for file in ARTWORK.glob("*.svg")),
    )
    return kiosk if wired is None else replace(kiosk, station=_station(kiosk, wired, state))


def _station(kiosk: Kiosk, scale: Scale, state: Path) -> Station:
    """The one shopper at the wired scale, whom all pages show."""
    settings = kiosk.settings

    def run(work: Coroutine[Any, Any, None]) -> None:
        background_tasks.create(work, name="weigh")

    return Station(
        scale,
        kiosk.api,
        Post(settings.scale_id, settings.patience_s),
        kiosk.language(settings.language),
        LoadFile(state / "load.sqlite"),
        run,
        on_sold=lambda label: run(kiosk.note_sold(label)),
        camera_watch=kiosk.camera_watch,
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

    @app.get("/shop/logo.png", include_in_schema=False)
    def logo() -> Response:
        if kiosk.labels.shop.logo is None:
            raise HTTPException(404)
        age = {"Cache-Control": f"max-age={_STATIC_AGE_S}"}
        return Response(kiosk.labels.shop.logo, media_type="image/png", headers=age)

    serve_pictures(kiosk)
    authority = kiosk.settings.authority
    if authority is not None:

        @app.get(AUTHORITY_PATH, include_in_schema=False)
        def trusted() -> Response:
            # By this type phones offer to trust it.
            return Response(authority.read_bytes(), media_type="application/x-x509-ca-cert")

    camera = kiosk.camera
    if camera is not None:

        @app.get(LIVE_PATH, include_in_schema=False)
        def live() -> StreamingResponse:
            return StreamingResponse(camera.film(), media_type=FILM)

    _page("/", weigh_page, kiosk)
    _page("/history", history_page, kiosk)
    _page("/suspicious", suspicious_page, kiosk)
    _page("/live", live_page, kiosk)
    _page("/report", report_page, kiosk)
    _page("/analytics", analytics_page, kiosk)
    _page("/items", items_page, kiosk)
    _page("/teach", teach_page, kiosk)
    _page("/setup", setup_page, kiosk)
    _page("/models", models_page, kiosk)
    _lost(kiosk)


def _lost(kiosk: Kiosk) -> None:
    """Show the kiosk's own page, with a way back, where there is none, or one that fails."""

    def instead(request: Request, build: Callable[[Visit], None], status: HTTPStatus) -> Response:
        page = ui.page("", title="SmartScale", favicon=STATIC / "logo.svg")
        with Client(page, request=request) as client:
            visit = Visit(kiosk, client, kiosk.language(request.query_params.get("lang")))
            theme.add_head(visit)
            build(visit)
        return client.build_response(request, status)

    @app.exception_handler(404)
    async def lost(request: Request, error: HTTPException) -> Response:
        if request.scope.get("endpoint") is not None:
            return await http_exception_handler(request, error)  # a file that is not there
        return instead(request, lost_page, HTTPStatus.NOT_FOUND)

    @app.exception_handler(Exception)
    async def failed(request: Request, _error: Exception) -> Response:
        # The server logs the error; here it is told to nobody.
        status = HTTPStatus.INTERNAL_SERVER_ERROR
        if request.scope.get("nicegui_page_path"):
            answer = instead(request, fault_page, status)
        else:
            language = kiosk.language(request.query_params.get("lang"))
            said = language("Something went wrong here")
            answer = Response(said, status, media_type="text/plain")
        # It does not come by the doorkeeper, who would add them.
        answer.headers.update(HEADERS | {"content-security-policy": POLICY})
        return answer


def _page(path: str, build: Callable[[Visit], None], kiosk: Kiosk) -> None:
    @ui.page(path, title="SmartScale", favicon=STATIC / "logo.svg")
    def page(lang: str = "") -> None:
        visit = Visit(kiosk, ui.context.client, kiosk.language(lang))
        theme.add_head(visit)
        build(visit)
