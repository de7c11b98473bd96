"""The form of one item: what it is called, what it costs from when, its picture."""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any

from nicegui import run, ui
from nicegui.events import UploadEventArguments

from frontend.api.admin import AdminClient
from frontend.screen import theme
from frontend.staff.desk import Desk, Notice
from frontend.weighing.pictures import (
    NOT_TAKEN,
    UnreadablePicture,
    prepare,
)
from frontend.words import wording
from frontend.words.languages import N_, Language
from smartscale.contract.catalogue import EditableItem, Price, QualityClass, SoldAs, Unit

NOT_A_MOMENT = N_("Please choose a day and a time, or leave the field empty.")
ENDS_BEFORE = N_("The price must end after it begins.")
NO_END = N_("Please say what the offer costs, and until when.")
IN_THE_PAST = N_("The price must begin now or later.")
NO_OFFER = N_("An offer must cost less than the usual price.")
SOLD_AS: dict[str, str] = {
    "": N_("not said"),
    SoldAs.SINGLE: N_("one at a time"),
    SoldAs.BULK: N_("several at once"),
}
UNITS: dict[str, str] = {
    Unit.KG: N_("per kg"),
    Unit.HUNDRED_GRAMS: N_("per 100 g"),
    Unit.LB: N_("per lb"),
    Unit.EACH: N_("by the piece"),
}


_JUST_NOW = timedelta(minutes=1)
"""The form has minutes: the one that runs has begun."""
_DECLARED = ("origin", "quality_class", "variety", "best_before_days")
_OFFER = ("offer_price", "offer_from", "offer_until")


class ItemForm:
    """Edits one item, or makes a new one."""

    def __init__(
        self,
        desk: Desk,
        item: EditableItem | None,
        on_saved: Callable[[EditableItem], Awaitable[None]],
        on_closed: Callable[[], None],
    ) -> None:
        self._desk = desk
        self._item = item
        self._saved = on_saved
        self._closed = on_closed
        self._typed = _typed_of(item, desk.visit.kiosk.languages)
        self._sure = False

    def build(self) -> None:
        """Draw the form; what was typed stays when parts of the form are redrawn."""
        t, item = self._desk.visit.language, self._item
        title = t("New item") if item is None else item.name_in(t.code)
        with ui.element("section").classes("card desk-card item-form").mark("item-form") as form:
            form.props["aria-label"] = title
            with ui.element("div").classes("search-head"):
                theme.text(title, "h2").classes("serving-name")
                theme.action(t("Back to the list"), self._closed, kind="quiet", symbol="back").mark(
                    "close-form"
                )
            if item is not None and item.retired:
                sold_again = t("This item is sold no more. Saving it sells it again.")
                theme.notice(sold_again, kind="calm").mark("sold-again")
            with ui.element("div").classes("fields"):
                if item is None:
                    self._box("label", t("Label"), t("As the model says it, for example Papaya"))
                self._box("plu", t("PLU number"), "4011").props("inputmode=numeric")
                for language in self._desk.visit.kiosk.languages.values():
                    name = t("Name ({language})", language=language.endonym)
                    self._box(f"name_{language.code}", name).props(f"lang={language.code}")
                self._box("category", t("Category"), "fruit")
            self._choice("unit", t("Sold"), UNITS)
            self._offer_that_holds()
            with ui.element("div").classes("fields"):
                self._box("unit_price", t("Unit price"), "2.49").props("inputmode=decimal")
                self._box("valid_from", t("Holds from (empty: now)")).props("type=datetime-local")
                self._box("tare_kg", t("Usual tare"), "0.000").props("inputmode=decimal suffix=kg")
                self._box("piece_kg_min", t("A piece weighs at least"), "0.120").props("suffix=kg")
                self._box("piece_kg_max", t("A piece weighs at most"), "0.250").props("suffix=kg")
                self._box("synonyms", t("Also found as, with commas"))
                self._box("aliases", t("Other names of models, with commas"))
            self._choice("sold_as", t("Comes onto the scale"), SOLD_AS)
            self._declaration()
            self._offer()
            with ui.element("div").classes("desk-actions"):
                save = theme.action(t("Save"), self._save, kind="primary", symbol="check")
                save.mark("save-item")
            if item is not None:
                self._prices()
                self._picture()
                self._end()

    def _offer_that_holds(self) -> None:
        """Say that the unit price in the form is the one after the offer, and offer to end that."""
        t, item, until = self._desk.visit.language, self._item, _offer_until(self._item)
        if item is None or until is None or item.usual_price is None:
            return
        usual = item.usual_price

        async def end() -> None:
            stored = self._edit(_typed_of(item, self._desk.visit.kiosk.languages))
            ended = stored | {"unit_price": _text(usual), "valid_from": None}
            done = N_("The offer is over.")
            if await self._change(lambda admin: admin.save_item(item.label, ended), done):
                await self._saved(self._item or item)

        with ui.element("div").classes("entry-actions").mark("offer-holds"):
            said = t(
                "An offer holds until {time}. The unit price is that after it.",
                time=wording.day_and_time(until, t),
            )
            theme.text(said, "p").classes("hint")
            theme.action(t("End the offer"), end).mark("end-offer")

    def _declaration(self) -> None:
        """Draw what the price sign and the label say of the produce."""
        t = self._desk.visit.language
        theme.text(t("On price sign and label"), "h3")
        with ui.element("div").classes("fields"):
            countries = wording.countries(t)
            ui.select(
                countries,
                label=t("Origin"),
                value=self._typed["origin"] if self._typed["origin"] in countries else None,
                with_input=True,
                clearable=True,
                on_change=lambda event: self._typed.update({"origin": event.value or ""}),
            ).props("outlined stack-label").classes("field").mark("item-origin")
            self._box("variety", t("Variety"), "Elstar")
            days = self._box("best_before_days", t("Keeps for days (empty: no date printed)"), "5")
            days.props("inputmode=numeric")
        qualities = {one.value: wording.quality(one, t) for one in QualityClass}
        self._choice("quality_class", t("Class"), {"": N_("not said"), **qualities})

    def _offer(self) -> None:
        """Draw what an offer needs: a lower price, from when, and until when."""
        t = self._desk.visit.language
        theme.text(t("Offer"), "h3")
        with ui.element("div").classes("fields"):
            self._box("offer_price", t("Offer price"), "1.99").props("inputmode=decimal")
            self._box("offer_from", t("Offer from (empty: now)")).props("type=datetime-local")
            self._box("offer_until", t("Offer until")).props("type=datetime-local")

    def _box(self, name: str, title: str, example: str = "") -> ui.input:
        box = ui.input(
            title,
            value=self._typed[name],
            placeholder=example,
            on_change=lambda event: self._typed.update({name: event.value or ""}),
        )
        box.props("outlined stack-label autocomplete=off maxlength=200")
        return box.classes("field").mark(f"item-{name}")

    def _choice(self, name: str, title: str, options: Mapping[str, str]) -> None:
        t = self._desk.visit.language

        async def choose(value: str) -> None:
            self._typed[name] = value

        with ui.element("div").classes("choice-line"):
            theme.text(title).classes("hint")
            shown = [(value, t(words)) for value, words in options.items()]
            theme.choice(title, shown, self._typed[name], choose)

    @ui.refreshable_method
    def _prices(self) -> None:
        t, item = self._desk.visit.language, self._item
        if item is None:
            return
        theme.text(t("Prices"), "h3")
        holds = item.unit_price is not None
        with ui.element("ul").classes("entries").mark("prices"):
            for price in item.past_prices:
                self._price(item, price, "plain", t("over"))
            for number, price in enumerate(item.prices):
                now = holds and number == 0
                words = t("holds now") if now else t("to come")
                mine = not (now or price.returns)
                self._price(item, price, "good" if now else "ask", words, may_go=mine)

    def _price(
        self, item: EditableItem, price: Price, kind: str, words: str, *, may_go: bool = False
    ) -> None:
        t = self._desk.visit.language
        price_words = wording.unit_price(price.unit_price, item.currency, item.unit, t)
        since = wording.day_and_time(price.valid_from, t)

        async def take_back() -> None:
            await self._change(
                lambda admin: admin.cancel_price(item.label, price.valid_from),
                N_("The price is taken back."),
            )

        with ui.element("li").classes("entry").mark("price"):
            with ui.element("div").classes("entry-head"):
                theme.text(price_words).classes("entry-name")
                theme.text(period(price.valid_from, price.valid_to, t)).classes("hint")
                theme.text(words).classes(f"pill {kind}")
            if may_go:
                back = theme.action(t("Take back"), take_back, kind="quiet").mark("take-price-back")
                back.props["aria-label"] = t("Take back {label}", label=f"{price_words}, {since}")

    @ui.refreshable_method
    def _picture(self) -> None:
        t, item = self._desk.visit.language, self._item
        if item is None:
            return
        theme.text(t("Picture"), "h3")
        uploader = theme.hidden_uploader(self._take, lambda: self._desk.show_problem(NOT_TAKEN))
        uploader.mark("picture-upload")
        with ui.element("div").classes("entry-head"):
            theme.picture(picture_of(self._desk, item), "", 96).classes("item-picture")
            choose = theme.action(t("Choose a picture"), symbol="folder").mark("choose-picture")
            pick = f"() => getElement({uploader.id}).$refs.qRef.pickFiles()"
            # In the browser: a file dialog opens only as the direct answer to a tap.
            choose.on("click", js_handler=pick)
            if item.picture_url is not None:
                away = theme.action(t("Show the drawing"), self._take_away, kind="quiet")
                away.mark("take-picture-away")

    async def _take(self, event: UploadEventArguments) -> None:
        item = self._item
        try:
            photo = await run.io_bound(prepare, await event.file.read())
        except UnreadablePicture as error:
            self._desk.show_problem(str(error))
            return
        if photo is not None and item is not None:
            await self._change(
                lambda admin: admin.give_picture(item.label, photo.jpeg),
                N_("The picture is shown from now on."),
            )

    async def _take_away(self) -> None:
        item = self._item
        if item is not None:
            await self._change(
                lambda admin: admin.take_picture_away(item.label),
                N_("The drawing is shown from now on."),
            )

    @ui.refreshable_method
    def _end(self) -> None:
        t, item = self._desk.visit.language, self._item
        if item is None or item.retired:
            return

        def ask() -> None:
            self._sure = True
            self._end.refresh()

        async def retire() -> None:
            done = await self._desk.act(
                lambda admin: admin.retire_item(item.label),
                N_("{item} is sold no more."),
                item=item.name_in(t.code),
            )
            if done:
                await self._saved(item)

        with ui.element("div").classes("desk-actions"):
            if self._sure:
                theme.action(t("Yes, sell it no more"), retire).mark("retire-sure")
            else:
                theme.action(t("Sell no more"), ask, kind="quiet").mark("retire")

    async def _change(
        self, call: Callable[[AdminClient], Awaitable[EditableItem]], done: str
    ) -> bool:
        """Send a change of the stored item to the API, and show the item afterwards; tells whether
        it was taken."""

        async def do(admin: AdminClient) -> None:
            self._item = await call(admin)

        if not await self._desk.act(do, done):
            return False
        self._desk.visit.kiosk.catalogue.forget()
        await self._desk.ask_shop(_fetch_catalogue(self._desk))
        self._prices.refresh()
        self._picture.refresh()
        return True

    async def _save(self) -> None:
        try:
            edit, offer = self._edit(self._typed), self._offer_edit()
        except ValueError as error:
            self._desk.show_problem(str(error))
            return
        if offer and _offer_until(self._item) is not None and not self._typed["valid_from"]:
            # A price that begins during an offer ends it.
            edit["valid_from"] = max(
                edit["valid_from"], offer["valid_to"], key=datetime.fromisoformat
            )
        item = self._item
        if item is None and (missing := self._missing()):
            self._desk.show(Notice(N_("Please fill in: {fields}"), values={"fields": missing}))
            return
        label = self._typed["label"].strip() if item is None else item.label
        name = (
            self._typed["name_en"] if item is None else item.name_in(self._desk.visit.language.code)
        )
        stored: list[EditableItem] = []

        async def save(admin: AdminClient) -> None:
            self._item = await admin.save_item(label, edit)
            if offer:
                again = edit | offer | {"version": self._item.version}
                self._item = await admin.save_item(label, again)
            stored.append(self._item)

        if await self._desk.act(save, N_("Saved: {item}"), item=name):
            self._desk.visit.kiosk.catalogue.forget()
            await self._saved(stored[0])

    def _missing(self) -> str:
        """The titles of required fields that are empty."""
        t = self._desk.visit.language
        needed = {
            "label": t("Label"),
            "plu": t("PLU number"),
            "name_en": t("Name ({language})", language="English"),
            "unit_price": t("Unit price"),
        }
        return ", ".join(title for name, title in needed.items() if not self._typed[name].strip())

    def _edit(self, fields: Mapping[str, str]) -> dict[str, Any]:
        """The request to the API. Raises ValueError with a message of the translations."""
        typed = {name: text.strip() for name, text in fields.items()}
        names = dict(self._item.names) if self._item is not None else {}
        for name, text in typed.items():
            if name.startswith("name_"):
                names[name.removeprefix("name_")] = text
        since = self._moment(typed["valid_from"])
        _refuse_past(since)
        since = since or _offer_until(self._item)  # the offer goes on
        return {
            "plu": typed["plu"],
            "names": {language: name for language, name in names.items() if name},
            "category": typed["category"] or "other",
            "unit": typed["unit"],
            "unit_price": _figure(typed["unit_price"]),
            "tare_kg": _figure(typed["tare_kg"]) or "0.000",
            "piece_kg_min": _figure(typed["piece_kg_min"]),
            "piece_kg_max": _figure(typed["piece_kg_max"]),
            "sold_as": typed["sold_as"],
            **{name: typed[name] for name in _DECLARED},
            "synonyms": _listed(typed["synonyms"]),
            "aliases": _listed(typed["aliases"]),
            "currency": None if self._item is None else self._item.currency,
            "valid_from": since and since.isoformat(),
            "version": 0 if self._item is None else self._item.version,
        }

    def _offer_edit(self) -> dict[str, Any]:
        """What a request for the offer says in other words; nothing where there is none. Raises
        ValueError with a message of the translations."""
        typed = {name: self._typed[name].strip() for name in _OFFER}
        if not any(typed.values()):
            return {}
        since, until = self._moment(typed["offer_from"]), self._moment(typed["offer_until"])
        if not typed["offer_price"] or until is None:
            raise ValueError(NO_END)
        if until <= (since or datetime.now(UTC)):
            raise ValueError(ENDS_BEFORE)
        _refuse_past(since)
        if not _is_less(typed["offer_price"], self._typed["unit_price"].strip()):
            raise ValueError(NO_OFFER)
        return {
            "unit_price": _figure(typed["offer_price"]),
            "valid_from": since and since.isoformat(),
            "valid_to": until.isoformat(),
        }

    def _moment(self, text: str) -> datetime | None:
        """What a field for day and time says, on the shop's clock. Raises ValueError."""
        if not text:
            return None
        try:
            return datetime.fromisoformat(text).replace(tzinfo=self._desk.visit.language.zone)
        except ValueError as error:
            raise ValueError(NOT_A_MOMENT) from error


def period(valid_from: datetime, valid_to: datetime | None, t: Language) -> str:
    """From when a price holds, and until when where it is an offer."""
    since = wording.day_and_time(valid_from, t)
    if valid_to is None:
        return t("from {time}", time=since)
    return t("from {time} until {end}", time=since, end=wording.day_and_time(valid_to, t))


def picture_of(desk: Desk, item: EditableItem) -> str:
    """Where the picture of an item is, also while the kiosk's catalogue does not know of it."""
    if item.picture_url is not None:
        return f"/pictures/{item.picture_url.rpartition('/')[2]}.jpg"
    return desk.visit.kiosk.artwork_of(item.label)


def _after_offer(item: EditableItem | None) -> Price | None:
    """What holds when the offer of now ends, or is ended by it; None where no offer holds."""
    if item is None or item.unit_price is None or len(item.prices) < 2:  # noqa: PLR2004
        return None
    now, after = item.prices[:2]
    ends = now.valid_to is not None and after.valid_from > datetime.now(UTC)
    return after if ends else None


def _offer_until(item: EditableItem | None) -> datetime | None:
    """When the offer that holds now ends; None where none does."""
    after = _after_offer(item)
    return None if after is None else after.valid_from


def _price_in_form(item: EditableItem) -> Decimal | None:
    """The unit price to edit: while an offer holds, the one after it."""
    after = _after_offer(item)
    return item.usual_price if after is None else after.unit_price


def _refuse_past(since: datetime | None) -> None:
    """Raises ValueError with a message of the translations where a price would begin earlier."""
    if since is not None and since < datetime.now(UTC) - _JUST_NOW:
        raise ValueError(IN_THE_PAST)


def _is_less(offer: str, usual: str) -> bool:
    """Whether an offer costs less, as far as both are figures: the API says what is none."""
    try:
        return Decimal(_figure(offer)) < Decimal(_figure(usual))
    except InvalidOperation:
        return True


def _fetch_catalogue(desk: Desk) -> Callable[[object], Awaitable[None]]:
    async def fetch(_api: object) -> None:
        await desk.visit.kiosk.catalogue.items()

    return fetch


def _text(value: object) -> str:
    return "" if value is None else str(value)


def _figure(text: str) -> str:
    """A figure as the API reads it, with a point where people write a comma."""
    return text.replace(",", ".")


def _listed(text: str) -> list[str]:
    """The names of a text that has commas between them."""
    return [name.strip() for name in text.split(",") if name.strip()]


def _typed_of(item: EditableItem | None, languages: Iterable[str]) -> dict[str, str]:
    """The initial content of the fields."""
    names = {f"name_{code}": "" for code in languages} | dict.fromkeys(_OFFER, "")
    if item is None:
        empty = (
            "label",
            "plu",
            "unit_price",
            "valid_from",
            *_DECLARED,
            "piece_kg_min",
            "piece_kg_max",
        )
        return {
            **names,
            **dict.fromkeys((*empty, "synonyms", "aliases", "sold_as", "tare_kg"), ""),
            "category": "fruit",
            "unit": Unit.KG.value,
        }
    return {
        **names,
        **{f"name_{code}": name for code, name in item.names.items()},
        "label": item.label,
        "plu": item.plu,
        "category": item.category,
        "unit": item.unit.value,
        "unit_price": _text(_price_in_form(item)),
        "valid_from": "",
        **{name: _text(getattr(item, name)) for name in _DECLARED},
        "tare_kg": f"{item.tare_kg:.3f}",
        "piece_kg_min": "" if item.piece_kg_min is None else f"{item.piece_kg_min:f}",
        "piece_kg_max": "" if item.piece_kg_max is None else f"{item.piece_kg_max:f}",
        "sold_as": item.sold_as or "",
        "synonyms": ", ".join(item.synonyms),
        "aliases": ", ".join(item.aliases),
    }
