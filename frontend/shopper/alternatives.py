"""The other items that a picture may show, each with what this weighing costs as that."""

from nicegui import ui

from frontend.kiosk import Visit
from frontend.screen import theme
from frontend.weighing.shopper import Shopper
from frontend.words import wording
from smartscale.contract.weighing import Prediction


def draw_alternatives(visit: Visit, shopper: Shopper, title: str) -> None:
    """Draw them below a title; a tap on one says that it is that. Nothing where there are none."""
    predictions = shopper.weighing.alternatives
    if not predictions:
        return
    theme.text(title, "h2").classes("alternatives-title")
    with ui.element("div").classes("alternatives"):
        for prediction in predictions:
            _alternative(visit, shopper, prediction)


def _alternative(visit: Visit, shopper: Shopper, prediction: Prediction) -> None:
    t = visit.language

    async def choose() -> None:
        await shopper.confirm(prediction.label)

    row = ui.element("button").classes("alternative").on("click", choose)
    with row.mark(f"prediction-{prediction.label}"):
        theme.picture(visit.kiosk.drawing(prediction.label), "", 44)
        with ui.element("span").classes("alternative-name"):
            theme.text(prediction.name)
            share = wording.percent(prediction.confidence, t)
            theme.text(share).classes("alternative-share")
        with ui.element("span").classes("alternative-prices"):
            theme.text(wording.total(prediction, t)).classes("alternative-total")
            theme.text(wording.prediction_price(prediction, t)).classes("alternative-each")
