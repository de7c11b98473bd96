"""A shop in memory."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from smartscale.domain.job_id import new_job_id
from smartscale.domain.upload import upload_key
from smartscale.operations.learning.learn import Learn
from smartscale.operations.learning.teach import Teach
from smartscale.operations.mending.reconcile import Reconcile
from smartscale.operations.messages import (
    Announcement,
    Arrival,
    Arrivals,
    LessonOffer,
    WakeUp,
    parse,
)
from smartscale.operations.ports.metrics import Metric
from smartscale.operations.weighing.act import ActOnWeighing
from smartscale.operations.weighing.announce import Announce
from smartscale.operations.weighing.ask import SayWanted
from smartscale.operations.weighing.confirm import Confirm
from smartscale.operations.weighing.fail import Fail
from smartscale.operations.weighing.recognise import Recognise
from tests.examples import item, picture
from tests.fakes import (
    Clock,
    FakeAsking,
    FakeBriefings,
    FakeCatalogue,
    FakeEvents,
    FakeItemPictures,
    FakeLedger,
    FakeMemories,
    FakeMetrics,
    FakePackages,
    FakeQueue,
    FakeRecogniser,
    FakeRegistry,
    FakeTrials,
    FakeUploads,
    FakeWeighings,
    FakeWishes,
)


@dataclass
class Shop:
    """Every port faked, and the operations on them."""

    clock: Clock = field(default_factory=Clock)
    ledger: FakeLedger = field(default_factory=FakeLedger)
    weighings: FakeWeighings = field(default_factory=FakeWeighings)
    registry: FakeRegistry = field(default_factory=FakeRegistry)
    trials: FakeTrials = field(default_factory=FakeTrials)
    asking: FakeAsking = field(default_factory=FakeAsking)
    wishes: FakeWishes = field(default_factory=FakeWishes)
    queue: FakeQueue = field(default_factory=FakeQueue)
    pictures: FakeItemPictures = field(default_factory=FakeItemPictures)
    memories: FakeMemories = field(default_factory=FakeMemories)
    metrics: FakeMetrics = field(default_factory=FakeMetrics)
    events: FakeEvents = field(default_factory=FakeEvents)
    recogniser: FakeRecogniser = field(default_factory=FakeRecogniser)
    catalogue: FakeCatalogue = field(
        default_factory=lambda: FakeCatalogue.of(
            item("Banana", plu="4011", unit_price="2.00"),
            item("Lemon", plu="4053", unit_price="0.50", unit="each"),
        )
    )

    def __post_init__(self) -> None:
        self.briefings = FakeBriefings(self.registry, self.trials, self.asking, self.memories)
        self.uploads = FakeUploads(self.clock)
        self.announce = Announce(self.events, self.queue, self.clock)
        self.fail = Fail(self.uploads, self.ledger, self.weighings, self.announce, self.clock)
        self.confirm = Confirm(
            self.weighings,
            self.ledger,
            self.catalogue,
            self.metrics,
            self.queue,
            self.announce,
            self.clock,
        )
        self.act = ActOnWeighing(self.weighings, self.ledger, self.announce, self.clock)
        self.learn = Learn(self.memories, self.weighings, self.uploads, self.clock)
        self.teach = Teach(
            self.memories,
            self.catalogue,
            self.registry,
            FakePackages(),
            self.queue,
            self.recogniser.ref,
            builtin_learns=True,
            now=self.clock,
        )

    def upload(self, metadata: Mapping[str, str] | None = None) -> str:
        """Store a picture as the upload function does; the job id."""
        job_id = new_job_id(self.clock())
        said = {"weight-kg": "1.000", "scale-id": "till-1"} if metadata is None else metadata
        self.uploads.put(upload_key(job_id), picture(), "image/jpeg", said)
        return job_id

    def recognise(self, job_id: str) -> list[Metric]:
        """Deliver the arrival of an upload."""
        return self.deliver(Arrival(upload_key(job_id)))

    def deliver(self, arrival: Arrival) -> list[Metric]:
        """Process an arrival with the catalogue and the model of now."""
        operation = Recognise(self.uploads, self.ledger, self.weighings, self.announce, self.clock)
        told = operation.process(arrival, self.recogniser, self.catalogue.all())
        self.metrics.emit(told)
        return told

    def reconcile(self) -> Reconcile:
        """The operation that mends."""
        return Reconcile(
            self.uploads,
            self.ledger,
            self.weighings,
            self.catalogue,
            self.registry,
            self.trials,
            SayWanted(self.asking, self.wishes),
            self.memories,
            self.briefings,
            self.queue,
            self.metrics,
            self.announce,
            "bucket",
            now=self.clock,
        )

    def drain(self) -> None:
        """Process everything in the queue."""
        messages, self.queue.messages = self.queue.messages, []
        for body, _ in messages:
            match parse(body):
                case Arrivals(objects):
                    for arrival in objects:
                        self.deliver(arrival)
                case LessonOffer(job_id):
                    self.learn.process(job_id)
                case Announcement(event):
                    self.announce.publish(event)
                case WakeUp():
                    pass
