"""The shopper at the scale: what each tap, picture and reading does. No screen.

After each of them `on_change` is called, and the screen draws what it finds here.
"""

import asyncio
import time
from collections.abc import Callable, Coroutine
from decimal import Decimal
from typing import Any, Concatenate, ParamSpec

from frontend.devices.scales.scale import Reading, Scale
from frontend.devices.scales.simulated import SimulatedScale
from frontend.weighing.bench import Bench
from frontend.weighing.camera_watch import BLIND, CameraWatch
from frontend.weighing.figures import Figures
from frontend.weighing.flow import NOTHING, Plate
from frontend.weighing.last_load import LoadFile
from frontend.weighing.pictures import UnreadablePicture, prepare
from frontend.weighing.samples import Sample
from frontend.weighing.session import Camera, Post, Session, ShopService, Step
from frontend.weighing.weighing import NO_PICTURE, Notice, Photo, Weighing
from frontend.words import wording
from frontend.words.languages import N_, Language
from smartscale.contract.weighing import EMPTY, UNKNOWN

NOTHING_YET = N_("Please put your item on the scale first")
NOT_STEADY = N_("One moment, it is being weighed")
TAKE_OFF = N_("Please take the last item off the scale first")
TARED_BY_SCALE = N_(
    "The scale has taken off a tare of its own. Press its tare key if that is not right."
)

_P = ParamSpec("_P")


def _event(
    method: Callable[Concatenate["Shopper", _P], None],
) -> Callable[Concatenate["Shopper", _P], None]:
    """Have the screen drawn once the method has changed something."""

    def happen(shopper: "Shopper", /, *args: _P.args, **kwargs: _P.kwargs) -> None:
        method(shopper, *args, **kwargs)
        shopper.on_change()

    happen.__doc__ = method.__doc__
    return happen


class Shopper:
    """Who stands at the scale now."""

    def __init__(
        self,
        scale: Scale,
        service: ShopService,
        language: Callable[[], Language],
        post: Post,
        run: Callable[[Coroutine[Any, Any, None]], object],
        on_change: Callable[[], None],
        *,
        on_sold: Callable[[str], None] = lambda _label: None,
        camera_watch: CameraWatch | None = None,
        last: LoadFile | None = None,
    ) -> None:
        """A new shopper.

        Args:
            scale: what is weighed with.
            service: what recognises and prices.
            language: gives the language that the shopper reads now.
            post: what the kiosk is set to.
            run: runs a coroutine while the shopper goes on.
            on_change: draws what holds now; called after everything that may have changed it.
            on_sold: called with the label of each item that had its price when it was done with.
            camera_watch: is told how the camera does, for staff.
            last: keeps the load for a kiosk that starts again; None where no scale is wired.
        """
        plate = Plate(scale.capacity_kg, scale.division_kg)
        self.on_change = on_change
        self._scale = scale
        self._session = Session(
            plate, service, language, post, run, on_answer=on_change, on_sold=on_sold, last=last
        )
        self._camera_watch = camera_watch or CameraWatch()
        self.bench = Bench(scale, self._session) if isinstance(scale, SimulatedScale) else None
        """The simulated scale; None where a scale is wired."""
        self._last_seen_s = time.monotonic()
        self.number = 1
        """Grows with each next shopper."""

    # ------------------------------------------------------------------ what holds now

    @property
    def step(self) -> Step:
        """Where the shopper stands."""
        return self._session.step

    @property
    def plate(self) -> Plate:
        """What the scale shows."""
        return self._session.plate

    @property
    def weighing(self) -> Weighing:
        """The weighing of what is on the scale."""
        return self._session.weighing

    @property
    def figures(self) -> Figures:
        """What is typed where the scale is simulated."""
        return self._session.figures

    @property
    def choosing(self) -> bool:
        """Whether the shopper chooses the item by hand: by wish, or for want of an answer."""
        if self.step in {Step.CONTAINER, Step.LEAVING}:
            return False
        return self.weighing.searching or self._has_to_choose

    @property
    def may_leave_choosing(self) -> bool:
        """Whether there is something to go back to from choosing."""
        return self.choosing and not self._has_to_choose

    @property
    def _has_to_choose(self) -> bool:
        weighing = self.weighing
        if weighing.result is not None:
            nobody_knows = {UNKNOWN} if self.bench is not None else {UNKNOWN, EMPTY}
            return weighing.result.sold_label in nobody_knows
        if self.step is not Step.READY or weighing.presumed_label is not None:
            return False
        # Without a scale of its own a shop has no samples and no files to take a picture from.
        waits_for_none = self.bench is None and weighing.photo is None and not self.camera_sees
        return weighing.unseen or waits_for_none

    @property
    def camera_sees(self) -> bool:
        """Whether a camera takes the picture by itself."""
        return self._session.camera_sees

    # ------------------------------------------------------------------ the scale

    async def follow(self) -> None:
        """Take the scale's readings until it is closed."""
        async for reading in self._scale.readings():
            self.read(reading)

    @_event
    def read(self, reading: Reading) -> None:
        """Take a reading of the scale."""
        step = self.step
        self._session.read(reading)
        if self.step is not step:
            self._last_seen_s = time.monotonic()
            if step is Step.CONTAINER:
                self._session.show_tare()

    @_event
    def take_tare(self, kg: Decimal) -> None:
        """Take a container's weight off; 0 stands for no container."""
        if self.step is Step.ANSWERED and kg >= (self.plate.gross_kg or NOTHING):
            self.weighing.notice = Notice(wording.TARE_TOO_HEAVY)
            return
        if kg and self.plate.tared_by_scale:
            self.weighing.notice = Notice(TARED_BY_SCALE)
            return
        self.plate.tare(kg)
        self._price_with_new_tare()

    @_event
    def set_to_zero(self) -> None:
        """Set the scale to zero, where what is on it is light enough."""
        self.plate.zero()
        self._price_with_new_tare()

    @_event
    def weigh_container(self) -> None:
        """Wait for the shopper's own container, to take its weight off."""
        if self.plate.tared_by_scale:
            self.weighing.notice = Notice(TARED_BY_SCALE)
            return
        lies = self.step in {Step.WAITING, Step.ANSWERED, Step.LEAVING}
        self._session.forget(tapped=True)
        self._session.flow.await_container(item_lies_there=lies)
        self._session.show_tare()
        if lies and self.bench is not None:
            self.bench.clear()
        elif lies:
            self.weighing.notice = Notice(TAKE_OFF)

    @_event
    def cancel_container(self) -> None:
        """Wait for no container any more; what is on the scale may be an item."""
        self._session.flow.end_container()
        self._session.read(self.plate.reading)

    def _price_with_new_tare(self) -> None:
        """Another tare is another net weight: what was sent or answered has no price any more."""
        self._session.show_tare()
        if self.step in {Step.WAITING, Step.ANSWERED} and self.plate.net_kg:
            self._session.weigh_again()
        else:
            self._session.read(self.plate.reading)

    # ------------------------------------------------------------------ the picture

    def use_camera(self, camera: Camera) -> None:
        """Have pictures taken by this camera from now on, for as long as it is live."""
        self._session.use(camera)

    @_event
    def notice_camera(self) -> None:
        """The camera begins to see, or sees no more: a load may have waited for it."""
        if self.step is Step.READY and self.weighing.photo is None and self.camera_sees:
            self.weighing.notice = None
            self._session.capture()

    async def take_picture(self, file: bytes, *, captured: bool) -> None:
        """Weigh with a picture that the camera took, or that the shopper chose."""
        try:
            picture = await asyncio.to_thread(prepare, file)
        except UnreadablePicture as error:
            self.notify(str(error))
            return
        if captured and picture.blind:
            self.camera_failed(BLIND)
            return
        if captured:
            self._camera_watch.well()
        self._show_photo(Photo(picture, captured=captured))

    @_event
    def camera_failed(self, message: str) -> None:
        """Go on without the camera, whose fault the message tells: one of `camera_watch`."""
        self._camera_watch.trouble(message)
        self.weighing.notice = Notice(message)
        self._session.go_on_unseen()

    async def place_sample(self, sample: Sample) -> None:
        """Put a sample on the simulated scale, and weigh with its picture."""
        picture = await asyncio.to_thread(lambda: prepare(sample.read()))
        self._place_sample(Photo(picture, sample=sample), sample)

    @_event
    def remove_picture(self) -> None:
        """Weigh with another picture."""
        self.weighing.photo = None

    @_event
    def _show_photo(self, photo: Photo) -> None:
        self._session.show_photo(photo)

    @_event
    def _place_sample(self, photo: Photo, sample: Sample) -> None:
        if self.bench is not None:
            self.bench.place_sample(photo, sample.weight_kg, sample.tare_kg)

    # ------------------------------------------------------------------ the answer

    @_event
    def classify(self) -> None:
        """Recognise what is on the scale, because the shopper asks for it by a tap."""
        self._last_seen_s = time.monotonic()
        self.weighing.notice = None
        missing = self._weigh_wired() if self.bench is None else self.bench.classify()
        if missing is not None:
            self.weighing.notice = Notice(missing)

    def _weigh_wired(self) -> str | None:
        """Weigh once more what is on the wired scale; returns what is missing, if something is."""
        if self.step is Step.LEAVING:
            return TAKE_OFF
        if not self.plate.net_kg:
            return NOTHING_YET
        if not self.plate.stable:
            return NOT_STEADY
        if self.step is not Step.WAITING:
            self._session.weigh_again()
            if self.weighing.photo is None and not self.camera_sees:
                return NO_PICTURE
        return None

    @_event
    def retake(self) -> None:
        """Take another picture of what is on the scale: the one there is shows no item."""
        self.weighing.photo, self.weighing.unseen = None, False
        self._session.weigh_again()

    @_event
    def cancel(self) -> None:
        """Wait for the answer no more; the load stays, and so does its picture."""
        self.weighing.cancel()

    # ------------------------------------------------------------------ what the shopper says

    async def confirm(self, label: str, quantity: int | None = None) -> None:
        """Say what the item is, and where that is asked for how many pieces there are; at any time:
        also while it is recognised, or before it is there."""
        self._last_seen_s = time.monotonic()
        if self.weighing.result is None:
            self._choose(label)
            return
        self.weighing.claim(label, quantity)
        await self._settle()

    @_event
    def _choose(self, label: str) -> None:
        self._session.choose(label)

    async def count(self, by: int) -> None:
        """Say that there are more pieces, or fewer."""
        self.weighing.count(by)
        await self._settle()

    async def count_as(self, quantity: int) -> None:
        """Say how many pieces there are."""
        self.weighing.count_as(quantity)
        await self._settle()

    async def _settle(self) -> None:
        """Have confirmed what was said, and show it before and after."""
        weighing = self.weighing
        self.on_change()
        session = self._session
        if await weighing.settle(session.service, session.language()):
            self.on_change()

    @_event
    def search(self, wanted: bool) -> None:
        """Choose the item oneself, or go back to what holds without."""
        self._last_seen_s = time.monotonic()
        self.weighing.searching = wanted
        self.weighing.notice = None

    @_event
    def take_back(self) -> None:
        """Take back what the shopper said the item is, before it was weighed."""
        self.weighing.presumed = None

    @_event
    def next_item(self) -> None:
        """Be done with this item."""
        self._session.finish()
        if self.bench is not None:
            self.bench.clear()

    # ------------------------------------------------------------------ who stands here

    @_event
    def notify(self, message: str) -> None:
        """Show the shopper one sentence: a message of the catalogues."""
        self.weighing.notice = Notice(message)

    async def translate(self) -> None:
        """Have in the shopper's new language what was typed and answered."""
        self._last_seen_s = time.monotonic()
        self.figures.translate(self._session.language())
        await self.weighing.translate(self._session.service, self._session.language())

    def has_left(self, away_s: float) -> bool:
        """Whether nothing has happened for so long that the next shopper will be another one.

        What the one before left behind is forgotten then.
        """
        if self.step is not Step.IDLE or time.monotonic() - self._last_seen_s <= away_s:
            return False
        self._last_seen_s = time.monotonic()
        self._session.forget()
        self.number += 1
        self.on_change()
        return True
