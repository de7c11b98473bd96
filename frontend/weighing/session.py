"""The item on the scale, and what became of it: one weighing after another, as the load changes.

Where the shopper stands follows from two facts: the load that `Flow` follows, and the weighing of
that load.
"""

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from enum import Enum, auto
from functools import partial
from typing import Any, Protocol

from frontend.devices.scales.scale import Condition, Reading
from frontend.weighing.figures import Figures
from frontend.weighing.flow import NOTHING, Do, Flow, Load, Plate
from frontend.weighing.last_load import LastLoad, LoadFile
from frontend.weighing.pictures import NO_PICTURE_TAKEN
from frontend.weighing.weighing import Entry, Photo, Service, Weighing
from frontend.words.languages import Language

STOOD_S = 4.0
"""For how long a price stands that somebody has looked at."""
_WEIGHED_AGAIN = 8
"""So many earlier weighings of a load are remembered: a pan may tremble all night."""
_CAMERAS = 8
"""How many are remembered: pages are opened and closed, and a page draws its camera anew."""


class Step(Enum):
    """What the shopper is to do, or to wait for."""

    IDLE = auto()
    """Put something on the scale."""
    CONTAINER = auto()
    """Put the own empty container on the scale."""
    MOVING = auto()
    """Wait until the weight settles."""
    READY = auto()
    """Have a picture taken."""
    WAITING = auto()
    """Wait for the answer."""
    ANSWERED = auto()
    """Look at the answer."""
    LEAVING = auto()
    """Take the item off the scale."""


_WITHOUT_A_SETTLED_LOAD = {
    Load.NONE: Step.IDLE,
    Load.CONTAINER: Step.CONTAINER,
    Load.MOVING: Step.MOVING,
    Load.LEAVING: Step.LEAVING,
}


class ShopService(Service, Protocol):
    """The kiosk's way to the API, which works without the API too."""

    def leave(self, weighing_id: str) -> None:
        """Nobody looks at this weighing any more."""

    async def void(self, weighing_id: str, by: str, *, unless_settled: bool) -> None:
        """This weighing is no sale, unless somebody else has given it a price meanwhile."""


class Camera(Protocol):
    """What takes pictures of the scale. They arrive at `Shopper.take_picture`."""

    @property
    def live(self) -> bool:
        """Whether it can take one now."""

    def capture(self) -> None:
        """Take one."""


@dataclass(frozen=True)
class Post:
    """What the kiosk is set to: the scale's name, and for how long an answer is waited for."""

    scale_id: str
    patience_s: float
    camera_patience_s: float = 2.0
    """For how long the picture of an item is waited for that the shopper has chosen."""


class Session:
    """The weighing of what is on the scale now."""

    def __init__(
        self,
        plate: Plate,
        service: ShopService,
        language: Callable[[], Language],
        post: Post,
        run: Callable[[Coroutine[Any, Any, None]], object],
        on_answer: Callable[[], None],
        on_sold: Callable[[str], None] = lambda _label: None,
        last: LoadFile | None = None,
    ) -> None:
        """Nothing is on the scale yet.

        Args:
            plate: what the scale shows.
            service: what recognises and prices.
            language: gives the language that the shopper reads now.
            post: what the kiosk is set to.
            run: runs a coroutine while the shopper goes on.
            on_answer: called when an answer has come, or will not come.
            on_sold: called with the label of an item that had its price when it was done with.
            last: keeps the load for a kiosk that starts again; None where no scale is wired.
        """
        self.plate = plate
        self.service = service
        self.language = language
        self.weighing = Weighing()
        self._load: list[Weighing] = []
        """The weighings of what lies on the scale before the one of now, the newest last."""
        self.figures = Figures()
        self.flow = Flow(plate)
        self._cameras: list[Camera] = []
        self._last = last
        self._before = None if last is None else last.last()
        """The load from before the kiosk started, until the scale shows whether it is there."""
        self._post = post
        self._run = run
        self._on_answer = on_answer
        self._on_sold = on_sold

    @property
    def step(self) -> Step:
        """Where the shopper stands."""
        if self.flow.load is not Load.SETTLED:
            return _WITHOUT_A_SETTLED_LOAD[self.flow.load]
        if self.weighing.result is not None:
            return Step.ANSWERED
        return Step.WAITING if self.weighing.waiting else Step.READY

    def use(self, camera: Camera) -> None:
        """Have pictures taken by this camera first, and by those before it when it is not live."""
        self._cameras = [camera, *self._cameras[: _CAMERAS - 1]]

    @property
    def camera(self) -> Camera | None:
        """The newest camera that is live: each page that shows the scale has one."""
        return next((one for one in self._cameras if one.live), None)

    @property
    def camera_sees(self) -> bool:
        """Whether there is a camera that can take a picture now."""
        return self.camera is not None

    @property
    def chosen_photo(self) -> Photo | None:
        """The picture, where a person chose it: it stays when the weight changes."""
        photo = self.weighing.photo
        return None if photo is None or photo.captured else photo

    def read(self, reading: Reading) -> None:
        """Take a reading of the scale, and do what follows from it."""
        recalled = self._recall(reading)
        todo = self.flow.read(reading, answered=self.step is Step.ANSWERED)
        if recalled is not None and Do.CAPTURE in todo:
            self._go_on_with(recalled)
        else:
            self._see_to(todo)

    def _recall(self, reading: Reading) -> LastLoad | None:
        """The load from before the kiosk started, where the first settled weight is its weight."""
        if self._before is None or reading.condition is not Condition.STABLE:
            return None
        before, self._before = self._before, None
        if not before.still_lies_there(reading, self.plate.division_kg):
            return None
        self.plate.zero_kg, self.plate.tare_kg = before.zero_kg, before.tare_kg
        return before

    def _go_on_with(self, before: LastLoad) -> None:
        """Go on with the weighing of the load that lay there already when the kiosk started."""
        self.show_tare()
        if before.finished:
            self.flow.finish()
            return
        self.weighing = Weighing.resume(before.photo, before.entry, before.key)
        self._run(self._recognise(self.weighing, self.weighing.send(before.entry)))

    def weigh_again(self) -> None:
        """Weigh what is on the scale once more, with the picture that was chosen or a new one."""
        self._reweigh()
        self._see_to(self.flow.weigh_again())

    def finish(self) -> None:
        """Be done with the item."""
        todo = self.flow.finish()
        self._forget_weighing(tapped=True)
        if self._last is not None and self.flow.load is Load.LEAVING:
            self._last.finish()
        self._see_to(todo)

    def forget(self, *, tapped: bool = False) -> None:
        """Begin with another item; its weight is written where weights are typed."""
        if self._last is not None:
            self._last.clear()
        self._forget_weighing(tapped=tapped)

    def _forget_weighing(self, *, tapped: bool) -> None:
        sold = self.weighing.result
        if sold is not None and sold.sold_label and self.weighing.sold:
            self._on_sold(sold.sold_label)
        self.replace(Weighing(), same_load=False, tapped=tapped)
        self.figures.show_weight(self.plate.gross_kg, self.language())
        self.show_tare()

    def replace(self, weighing: Weighing, *, same_load: bool, tapped: bool = True) -> None:
        """Go on with another weighing; nobody looks at the one before any more.

        Args:
            weighing: the other one.
            same_load: whether it is of what was weighed before.
            tapped: whether the shopper is done with that by a tap, and has not only taken it off.
        """
        before, self.weighing = self.weighing, weighing
        before.cancel()
        self.figures.clear_problems()
        if before.result is not None:
            self.service.leave(before.result.job_id)
        if before.sent is not None:
            self._load.append(before)
        if not same_load:
            load, self._load = self._load, []
            self._close(load, tapped=tapped)
        elif len(self._load) > _WEIGHED_AGAIN:
            oldest = self._load.pop(0)
            oldest.when_over(partial(self._void, oldest, unless_settled=False))

    def _close(self, load: list[Weighing], *, tapped: bool) -> None:
        """A load is gone, which was sold once. What else was weighed of it is void."""
        under_way = list(load)

        def close(one: Weighing) -> None:
            under_way.remove(one)
            if under_way:
                return
            sale = self._sale_of(load, tapped=tapped)
            for place, each in enumerate(load):
                if place != sale:
                    self._void(each, unless_settled=place > sale)

        for one in load:
            one.when_over(partial(close, one))

    def _sale_of(self, load: list[Weighing], *, tapped: bool) -> int:
        """Which weighing of a load is its sale, -1 where none is: the last that has a price that
        holds. Whoever takes a load off piece by piece passes lighter weights: one counts if the
        shopper has tapped then, or if its price stood for some time."""
        sale, heaviest = -1, NOTHING
        for place, one in enumerate(load):
            if not one.sold or one.sent is None:
                continue
            gross = one.sent[0].weight_kg
            stands = one.stood_s >= STOOD_S or (tapped and one is load[-1])
            if sale < 0 or stands or gross >= heaviest - 2 * self.plate.division_kg:
                sale, heaviest = place, gross
        return sale

    def _void(self, weighing: Weighing, *, unless_settled: bool) -> None:
        if weighing.job_id is not None:
            scale_id = self._post.scale_id
            voiding = self.service.void(weighing.job_id, scale_id, unless_settled=unless_settled)
            self._run(voiding)

    def show_tare(self) -> None:
        """Write the plate's tare where tares are typed."""
        self.figures.show_tare(self.plate.tare_kg, self.language())

    def choose(self, label: str) -> None:
        """Weigh as what the shopper says the item is, before anything was recognised.

        A camera that sees takes its picture all the same; where there is none, or it gives none in
        time, the item is weighed without.
        """
        self.weighing.presume(label)
        self.weighing.searching = self.weighing.unseen = False
        if self.step is Step.READY:
            self.capture()

    def go_on_unseen(self) -> None:
        """The camera shows nothing of the item: weigh as what the shopper has said, or wait for
        that."""
        if self.step is not Step.READY:
            return
        if self.weighing.presumed_label is not None:
            self._send()
        else:
            self.weighing.unseen = True

    def show_photo(self, photo: Photo) -> None:
        """Weigh with another picture."""
        before = self.weighing
        if before.waiting or before.result is not None:
            # Another picture is another weighing, of what is on the scale already.
            self.replace(before.another(), same_load=True)
        self.weighing.photo, self.weighing.notice = photo, None
        if self.step is Step.READY:
            self._send()

    def capture(self) -> None:
        """Send the picture that there is; without one, have the camera take one.

        What the shopper has said is weighed without a picture where no camera gives one.
        """
        weighing = self.weighing
        if weighing.photo is not None:
            self._send()
            return
        if self.camera is not None:
            self.camera.capture()
            if weighing.presumed_label is not None:
                self._run(self._go_on_without(weighing))
        elif weighing.presumed_label is not None:
            self._send()

    async def _go_on_without(self, weighing: Weighing) -> None:
        """Weigh without a picture if the camera gives none in time."""
        await asyncio.sleep(self._post.camera_patience_s)
        if self.weighing is weighing and self.step is Step.READY and weighing.photo is None:
            self._send()
            self._on_answer()

    def _see_to(self, todo: tuple[Do, ...]) -> None:
        for do in todo:
            match do:
                case Do.FORGET:
                    self.forget()
                case Do.REWEIGH:
                    self._reweigh()
                case Do.CAPTURE:
                    self.capture()

    def _reweigh(self) -> None:
        """Begin a weighing of the same item, which has another weight now."""
        before = self.weighing
        again = Weighing(self.chosen_photo, presumed=before.said, searching=before.searching)
        self.replace(again, same_load=True)

    def _send(self) -> None:
        weighing, plate = self.weighing, self.plate
        if plate.gross_kg is None or not plate.net_kg:
            return
        if weighing.photo is None and weighing.presumed_label is None:
            return
        picture = NO_PICTURE_TAKEN if weighing.photo is None else weighing.photo.picture
        # Without a tare the item's usual packaging would be taken off, for which the scale's own
        # tare stands already.
        tare_kg = NOTHING if plate.tared_by_scale else plate.tare_kg or None
        entry = Entry(picture, plate.gross_kg, tare_kg)
        if weighing.job_id is not None and weighing.sent is not None and weighing.sent[0] != entry:
            weighing = weighing.another(weighing.photo)  # something else is another weighing
            self.replace(weighing, same_load=True)
        attempt = weighing.send(entry)
        if self._last is not None and weighing.sent is not None:
            captured = weighing.photo is not None and weighing.photo.captured
            self._last.keep(plate, entry, weighing.sent[1], captured=captured)
        self._run(self._recognise(weighing, attempt))

    async def _recognise(self, weighing: Weighing, attempt: object) -> None:
        awaited = await weighing.recognise(
            attempt,
            self.service,
            self.language(),
            scale_id=self._post.scale_id,
            patience_s=self._post.patience_s,
        )
        if not awaited:
            return
        weighing.claim_again()
        if not weighing.settled:
            await weighing.settle(self.service, self.language())
        self._on_answer()
