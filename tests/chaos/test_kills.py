"""Whatever is killed, and whenever: what was acknowledged is there, once.

Shoppers weigh and confirm and a manager changes everything that can be changed, without a pause,
while one process after another is killed. `CHAOS_SEED` repeats the order of kills and actions,
`CHAOS_MINUTES` says for how long.
"""

import io
import os
import random
import shutil
import signal
import threading
import time
import uuid
from collections import Counter
from collections.abc import Callable, Hashable, Iterator
from contextlib import ExitStack, suppress
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest
from PIL import Image

from infra.credentials import credentials_of
from infra.probe import answers
from infra.settings import Settings
from infra.stack import emulator_session, stack_outputs
from smartscale.recognition.builtin import builtin_package
from tests.chaos.conftest import TOKEN
from tests.chaos.oracle import Oracle
from tests.running import Run
from tests.support import eventually

pytestmark = pytest.mark.chaos

SAMPLES = Path(__file__).parents[2] / "sample_data"
MINUTES = float(os.environ.get("CHAOS_MINUTES", "4"))
MODEL = "shop/produce"
SHOPPERS = 2
BACK_S = 180.0
PRICED = ("Banana", "Carrots", "Lemon", "Kiwi", "Orange")
PAUSES_S = (3.0, 14.0)
"""Between two kills. A run gives up on a child that fails five times within a minute."""


class Actor(threading.Thread):
    """Somebody who acts without a pause, until told to stop; nobody acts while it is checked."""

    def __init__(self, campaign: "Campaign", seed: int) -> None:
        super().__init__(daemon=True)
        self.campaign = campaign
        self.chance = random.Random(seed)  # noqa: S311 - repeatable by its seed
        self.acting = threading.Lock()
        self.client = httpx.Client(
            base_url=campaign.run.api, headers={"X-Admin-Token": TOKEN}, timeout=30, trust_env=False
        )
        self.failed: BaseException | None = None

    def run(self) -> None:
        """Act."""
        try:
            while not self.campaign.over.wait(self.chance.uniform(0.02, 0.15)):
                self.campaign.open.wait()
                with self.acting:
                    self.act()
        except Exception as error:  # noqa: BLE001 - told by the campaign
            self.failed = error

    def act(self) -> None:
        """Do one thing."""
        raise NotImplementedError


class Shopper(Actor):
    """Weighs, reads the answer, confirms one in three, and has one in ten voided."""

    def __init__(self, campaign: "Campaign", number: int) -> None:
        super().__init__(campaign, campaign.seed + number)
        self.scale_id = f"chaos-{number}"
        self.unanswered: dict[str, str] = {}
        """Weights by the idempotency keys with which they are sent again."""
        self.jobs: set[str] = set()
        self.open: list[str] = []
        self.pictures = [(SAMPLES / name).read_bytes() for name in ("bananas.jpg", "carrots.jpg")]

    def act(self) -> None:
        """Send again what got no answer, or weigh, or look what became of a weighing."""
        if len(self.unanswered) > 5 or (self.unanswered and self.chance.random() < 0.5):
            self.weigh(self.chance.choice(sorted(self.unanswered)))
        elif len(self.open) > 5:
            self.read(self.open.pop(0))
        else:
            weight = f"{self.chance.randrange(100, 2000) / 1000:.3f}"
            key = str(uuid.UUID(int=self.chance.getrandbits(128)))
            self.unanswered[key] = weight
            self.weigh(key)

    def weigh(self, key: str) -> None:
        """Send a picture under its key."""
        weight = self.unanswered[key]
        answer = self.campaign.oracle.answer_of(
            "weighing",
            lambda: self.client.post(
                "/predict",
                files={"image": ("plate.jpg", self.pictures[hash(weight) % 2])},
                data={"weight": weight, "scale_id": self.scale_id},
                headers={"Idempotency-Key": key},
            ),
        )
        if answer is None or answer.status_code >= httpx.codes.BAD_REQUEST:
            self.campaign.oracle.unanswered["weighing"] += 1
            return
        del self.unanswered[key]
        job = answer.json()["job_id"]
        self.jobs.add(job)
        self.open.append(job)
        self.campaign.oracle.note("weighing", job, Decimal(weight))

    def read(self, job: str) -> None:
        """Note what a weighing costs, and confirm one in three as something."""
        oracle = self.campaign.oracle
        answer = oracle.answer_of(
            "outcome", lambda: self.client.get(f"/result/{job}", params={"wait": 2})
        )
        if answer is None or not answer.is_success or answer.json()["status"] == "pending":
            self.open.append(job)
            return
        result = answer.json()
        oracle.note("outcome", job, (result["status"], result["label"], result["created_at"]))
        if result["confirmed_label"] is None and self.chance.random() < 0.33:
            label = self.chance.choice(PRICED)
            said = oracle.ask(
                "confirmation",
                job,
                label,
                lambda: self.client.post(
                    f"/confirm/{job}", json={"label": label, "confirmed_by": "shopper"}
                ),
            )
            if said is not None:
                oracle.note("charge", job, said.json()["price"])
        if result["status"] == "done" and self.chance.random() < 0.1:
            oracle.ask(
                "void",
                job,
                True,
                lambda: self.client.post(
                    f"/history/{job}", json={"what": "void", "staff": "attendant@chaos"}
                ),
            )


class Manager(Actor):
    """Changes prices, what labels are sold as, lessons, models, trials and what may go wrong."""

    def __init__(self, campaign: "Campaign") -> None:
        super().__init__(campaign, campaign.seed - 1)
        self.kinds: list[Callable[[], None]] = [
            *[self.price] * 6,
            *[self.map_label] * 3,
            self.teach,
            self.activate,
            self.start_trial,
            self.set_risk,
        ]
        self.items = {
            item["label"]: item
            for item in self.client.get("/admin/catalogue").raise_for_status().json()["items"]
        }
        labels = self.client.get("/admin/labels").raise_for_status().json()
        self.label = next(one["label"] for one in labels if one["label"] not in PRICED)

    def act(self) -> None:
        """Change one thing."""
        self.chance.choice(self.kinds)()

    def price(self) -> None:
        """Give an item another price."""
        label = self.chance.choice(PRICED)
        item = self.items[label]
        price = f"{self.chance.randrange(50, 900) / 100:.2f}"
        edit = {name: item[name] for name in ("plu", "names", "unit", "category")}
        self.campaign.oracle.ask(
            "price",
            label,
            Decimal(price),
            lambda: self.client.put(f"/admin/catalogue/{label}", json=edit | {"unit_price": price}),
        )

    def map_label(self) -> None:
        """Sell a label of the model as another item."""
        label, product = self.label, self.chance.choice(PRICED)
        self.campaign.oracle.ask(
            "label map",
            label,
            product,
            lambda: self.client.put(f"/admin/labels/{label}", json={"product": product}),
        )

    def teach(self) -> None:
        """Enrol a picture that nobody has seen."""
        label, picture = self.chance.choice(PRICED), io.BytesIO()
        noise = self.chance.randbytes(64 * 64 * 3)
        Image.frombytes("RGB", (64, 64), noise).resize((256, 256)).save(picture, "JPEG")
        answer = self.campaign.oracle.answer_of(
            "lesson",
            lambda: self.client.post(
                f"/admin/enrol/{label}", files={"images": ("a.jpg", picture.getvalue())}
            ),
        )
        if answer is not None and answer.is_success:
            taught = answer.json()
            self.campaign.oracle.note("lesson", taught["memory_version"], taught["images"])

    def activate(self) -> None:
        """Have another model serve."""
        wanted = self.chance.choice(["one", "two"])
        self.campaign.oracle.ask(
            "model",
            "",
            wanted,
            lambda: self.client.post(
                "/admin/reload-model", json={"model_id": MODEL, "model_revision": wanted}
            ),
        )

    def start_trial(self) -> None:
        """Try a third model beside it."""
        share = f"0.{self.chance.randrange(100, 1000)}"
        self.campaign.oracle.ask(
            "trial",
            "",
            Decimal(share),
            lambda: self.client.post(
                "/admin/candidate",
                json={"model_id": MODEL, "model_revision": "three", "share": share},
            ),
        )

    def set_risk(self) -> None:
        """Say how many of the answers that pass unasked may be wrong."""
        share = f"0.0{self.chance.randrange(1, 9)}"
        self.campaign.oracle.ask(
            "risk",
            "",
            Decimal(share),
            lambda: self.client.put("/admin/asking", json={"wanted": share}),
        )


class Campaign:
    """Actors, a killer and an oracle around a run."""

    def __init__(self, run: Run, seed: int) -> None:
        self.run = run
        self.seed = seed
        self.chance = random.Random(seed)  # noqa: S311 - repeatable by its seed
        self.oracle = Oracle()
        self.kills: Counter[str] = Counter()
        self.restarts = 0
        self.over, self.open = threading.Event(), threading.Event()
        self.lost: list[str] = []
        self.shoppers = [Shopper(self, number) for number in range(SHOPPERS)]
        self.manager = Manager(self)
        self.actors: list[Actor] = [*self.shoppers, self.manager]
        self.client = self.manager.client

    def fight(self, minutes: float) -> None:
        """Kill one thing after another while everybody acts; compare after each."""
        end = time.monotonic() + minutes * 60
        self.open.set()
        for act in dict.fromkeys(self.manager.kinds):  # each kind at least once
            eventually(partial(self.done_once, act), BACK_S)
        for actor in self.actors:
            actor.start()
        try:
            while time.monotonic() < end and not self.lost:
                time.sleep(self.chance.uniform(*PAUSES_S))  # any moment of what they do
                self.chance.choice(
                    [
                        self.worker,
                        self.api,
                        self.kiosk,
                        self.emulator,
                        self.emulator_twice,
                        self.all,
                    ]
                )()
                self.wait_until_back()
                with self.nobody_acts():
                    self.compare(newest=50)
            self.settle()
        finally:
            self.over.set()
            self.open.set()
            for actor in self.actors:
                actor.join(60)

    def done_once(self, act: Callable[[], None]) -> bool:
        """Have the manager do something; whether that was acknowledged. A switch takes its time."""
        before = self.oracle.acknowledged.total()
        with self.manager.acting:
            act()
        return self.oracle.acknowledged.total() > before

    # ------------------------------------------------------------------ what is killed

    def worker(self) -> None:
        """One of the processes that recognise."""
        with suppress(psutil.NoSuchProcess, ProcessLookupError):
            workers = psutil.Process(self.run.pid("cloud")).children(recursive=True)
            if workers:
                self.chance.choice(workers).kill()
                self.kills["worker"] += 1

    def api(self) -> None:
        """The API."""
        self._kill("api")

    def kiosk(self) -> None:
        """The kiosk."""
        self._kill("kiosk")

    def emulator(self) -> None:
        """The emulator and its workers."""
        self._kill("cloud")

    def emulator_twice(self) -> None:
        """The emulator, and once more while it is started, deployed into, or restored."""
        dead = self.run.pid("cloud")
        self._kill("cloud")
        eventually(lambda: not self.run.alive or self.run.replaced("cloud", dead), 60)
        time.sleep(self.chance.uniform(0, 6))  # any moment of that
        if self.run.alive:
            self._kill("cloud")

    def all(self) -> None:
        """Everything, as a power cut does."""
        if self.run.alive:
            self.run.kill_everything()
            self.kills["all"] += 1

    def _kill(self, name: str) -> None:
        with suppress(ProcessLookupError, ValueError):  # it is just being started
            os.killpg(self.run.pid(name), signal.SIGKILL)
            self.kills[name] += 1

    # ------------------------------------------------------------------ what is compared

    def wait_until_back(self) -> None:
        """Wait until it serves; start it where nothing is left, or where it gave up."""
        if not self.run.alive:
            self.restarts += 1
            self.run.start()
        eventually(lambda: answers(f"{self.run.api}/health") or not self.run.alive, BACK_S)
        if not self.run.alive:
            self.wait_until_back()

    def nobody_acts(self) -> ExitStack:
        """While it is compared."""
        stack = ExitStack()
        self.open.clear()
        for actor in self.actors:
            stack.enter_context(actor.acting)
        stack.callback(self.open.set)
        return stack

    def get(self, path: str) -> Any:
        """What the service says; it is asked again while it restores."""
        found: list[Any] = []

        def said() -> bool:
            with suppress(httpx.TransportError):
                answer = self.client.get(path)
                if answer.is_success:
                    found.append(answer.json())
            return bool(found)

        eventually(said, BACK_S)
        return found[0]

    def compare(self, newest: int | None = None) -> None:
        """Compare all that was acknowledged, of the weighings the newest."""
        oracle = self.oracle
        items = {one["label"]: one for one in self.get("/admin/catalogue")["items"]}
        self._lost("price", {label: Decimal(one["unit_price"]) for label, one in items.items()})
        labels = self.get("/admin/labels")
        self._lost("label map", {one["label"]: one["product"] for one in labels})
        memory = self.get("/admin/memory")
        images = {
            one["version"]: one["labels"].get(one["label"]) if one["label"] else one["images"]
            for one in memory
        }
        self._lost("lesson", images)
        self._lost("model", {"": self.get("/admin/model")["wanted"]["revision"]})
        trial = self.get("/admin/candidate")
        self._lost("trial", {"": Decimal(str(trial["share"])) if trial else None})
        self._lost("risk", {"": Decimal(str(self.get("/admin/asking")["wanted"]))})
        jobs = sorted(key[1] for key in oracle.known if key[0] == "weighing")  # type: ignore[type-var]
        checked = set(jobs[-newest:] if newest else jobs)
        results = {job: self.result(str(job)) for job in checked}
        known = {key: one for key, one in oracle.known.items() if key[1] not in set(jobs) - checked}
        part = Oracle(known=known)
        views: dict[str, Callable[[dict[str, Any]], object]] = {
            "weighing": lambda one: one["weight_kg"] and Decimal(one["weight_kg"]),
            "outcome": lambda one: (one["status"], one["label"], one["created_at"]),
            "confirmation": lambda one: one["confirmed_label"],
            "charge": lambda one: one["price"],
            "void": lambda one: one["voided"],
        }
        for kind, what in views.items():
            self.lost += part.lost(kind, {job: what(one) for job, one in results.items()})
        oracle.known.update(part.known)

    def _lost(self, kind: str, found: dict[Any, object]) -> None:
        self.lost += self.oracle.lost(kind, dict[Hashable, object](found))

    def result(self, job: str) -> dict[str, Any]:
        """What became of a weighing; it is recognised in the end."""
        result: dict[str, Any] = {}

        def recognised() -> bool:
            result.update(self.get(f"/result/{job}?wait=5"))
            return bool(result["status"] != "pending")

        eventually(recognised, BACK_S)
        return result

    def settle(self) -> None:
        """Have everything sent that got no answer, and compare everything."""
        self.wait_until_back()
        with self.nobody_acts():
            for shopper in self.shoppers:
                eventually(partial(self.all_sent, shopper), BACK_S)
            self.compare()
            for shopper in self.shoppers:
                listed = Counter(self.listed(shopper.scale_id))
                doubled = [job for job, times in listed.items() if times > 1]
                self.lost += [f"listed twice: {job}" for job in doubled]
                self.lost += [f"not listed: {job}" for job in shopper.jobs - listed.keys()]
                self.lost += [f"never acknowledged: {job}" for job in listed.keys() - shopper.jobs]

    @staticmethod
    def all_sent(shopper: Shopper) -> bool:
        for key in list(shopper.unanswered):
            shopper.weigh(key)
        return not shopper.unanswered

    def listed(self, scale_id: str) -> Iterator[str]:
        """The weighings of a scale, as the history lists them."""
        cursor = ""
        while True:
            page = self.get(f"/history?scale_id={scale_id}&limit=100{cursor}")
            yield from (one["job_id"] for one in page["items"])
            if page["next_cursor"] is None:
                return
            cursor = f"&cursor={page['next_cursor']}"


def put_packages(run: Run) -> None:
    """Three models by other names than the built-in one, in the bucket."""
    settings = Settings(SMARTSCALE_HOME=run.home, SMARTSCALE_CLOUD_PORT=run.ports["CLOUD"])
    session = emulator_session(credentials_of(settings), settings.region)
    s3 = session.client("s3", endpoint_url=settings.aws_endpoint)
    bucket = stack_outputs(settings).bucket
    for revision in ("one", "two", "three"):
        for file in builtin_package().folder.iterdir():
            if file.is_file() and file.suffix != ".py":
                s3.upload_file(str(file), bucket, f"models/{MODEL}/{revision}/{file.name}")


def test_nothing_acknowledged_is_lost_whatever_is_killed(
    tmp_path: Path, measured: Callable[[str], None]
) -> None:
    seed = int(os.environ.get("CHAOS_SEED") or random.SystemRandom().randrange(1, 10**6))
    measured(f"kills: CHAOS_SEED={seed}, {MINUTES:g} minutes")
    run = Run(tmp_path / "home", ADMIN_TOKEN=TOKEN)
    run.start()
    try:
        put_packages(run)
        campaign = Campaign(run, seed)
        campaign.fight(MINUTES)
    finally:
        run.end()
    oracle = campaign.oracle
    measured(f"kills: {dict(campaign.kills)}, started anew {campaign.restarts} times")
    measured(f"kills: acknowledged {dict(oracle.acknowledged)}")
    measured(f"kills: unanswered {dict(oracle.unanswered)}, refused {dict(oracle.refused)}")
    measured(f"kills: {len(campaign.lost)} lost, doubled or changed")
    assert campaign.lost == []
    assert [actor.failed for actor in campaign.actors if actor.failed] == []
    assert oracle.broken == []
    kinds = {
        "weighing",
        "outcome",
        "confirmation",
        "price",
        "label map",
        "lesson",
        "model",
        "trial",
        "risk",
        "void",
    }
    assert kinds <= oracle.acknowledged.keys()
    assert sum(campaign.kills.values()) >= 1
    shutil.rmtree(tmp_path / "home")
