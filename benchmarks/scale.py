"""What 10,000 kiosks meet on AWS: a simulation against its documented limits and latencies.

    python benchmarks/scale.py [--kiosks 10000] [--peak-per-minute 2] [--seed 1]

Nothing is deployed. Every tenth of a second weighings move on as far as the limits let them: from
the kiosks through the gateway into the bucket, from there into the queue, by batches to the
workers, and into the stores. What the gateway turns away its kiosk answers by itself and sends
later. It tells how long shoppers wait, how near each limit comes, and with how many kiosks each
would be reached, with what to do then. The same seed gives the same figures.

What one weighing takes is what the calculators know (`infra/sizing/workload.py`, whose calls a test
counts). Limits are AWS's, each with its source; what AWS does not say is marked as assumed.
"""

import math
import random
import statistics
from collections import defaultdict, deque
from collections.abc import MutableMapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from frontend.offline.api import SLOW_S
from frontend.offline.availability import LOOK_PAID_S
from frontend.offline.sender import SLOW_S as SENDER_SLOW_S
from frontend.offline.watch import probe_pause_s
from infra.sizing.limits import limits
from infra.sizing.workload import ARRIVAL, CONFIRMATION, LOOK_REQUESTS, UPLOAD, Usage
from smartscale.adapters.tables import HISTORY_SHARDS

_DOCS = "https://docs.aws.amazon.com/"
TICK_S = 0.1
_OPENING_MIN = 10
"""Shops open: within so many minutes as many weigh as in the busiest one. Assumed."""
_BATCH = 5
"""Messages of a batch, as template.yaml has it."""
_HOTTEST = 0.1
"""The share of weighings that are of one item, such as bananas. Assumed."""
_NOTIFIED_S = (0.1, 1.0)
"""From a picture stored to its message in the queue. AWS says "typically in seconds": assumed.
https://docs.aws.amazon.com/AmazonS3/latest/userguide/EventNotifications.html"""
_COLD_S = 3.0
"""From a batch to its answer where a worker has to begin with loading the model. Assumed."""
_FIRST_BATCHES, _MORE_A_MINUTE = 5, 300
"""A queue's event source begins with five batches at once, and adds up to 300 a minute.
https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-scaling.html"""
_EXECUTIONS = 1000
"""https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html"""
_NEW_A_SECOND = 100
"""1,000 instances more of each function every ten seconds.
https://docs.aws.amazon.com/lambda/latest/dg/lambda-concurrency.html"""


@dataclass(frozen=True)
class Limit:
    """So many a second (or at once), where AWS says so, and what to do when it is reached."""

    most: float
    source: str
    plan: str


_S3 = _DOCS + "AmazonS3/latest/userguide/optimizing-performance.html"
_DYNAMODB = _DOCS + "amazondynamodb/latest/developerguide/"
_PARTITION = _DYNAMODB + "bp-partition-key-design.html"
GATEWAY, RUNNING, STARTING = "API requests", "Lambda, at once", "Lambda, new instances"
UPLOADS, LEDGER = "S3 writes below uploads/", "S3 writes below ledger/"
TABLE, SETTLED, ASKED = "DynamoDB, rows", "DynamoDB, a shard of settled", "DynamoDB, what asks"
ITEM, BRIEFING, TOPIC = "DynamoDB, the commonest item", "DynamoDB, the briefing", "SNS messages"
LIMITS = {
    GATEWAY: Limit(
        10_000,
        _DOCS + "apigateway/latest/developerguide/limits.html",
        "ask for more in Service Quotas; then a stack, and its kiosks, for each part of the chain",
    ),
    RUNNING: Limit(_EXECUTIONS, "see above", "ask for more in Service Quotas (L-B99A9384)"),
    STARTING: Limit(_NEW_A_SECOND, "see above", "InferenceProvisionedConcurrency for the opening"),
    UPLOADS: Limit(3_500, _S3, "the hour into the key, behind the day: S3 splits by prefixes"),
    LEDGER: Limit(3_500, _S3, "the hour into the key, behind the day: S3 splits by prefixes"),
    TABLE: Limit(
        4_000,
        _DYNAMODB + "on-demand-capacity-mode.html",
        "WarmThroughput before the first busy day; later it takes twice what it has taken",
    ),
    SETTLED: Limit(1_000, _PARTITION, "more HISTORY_SHARDS: old rows keep their four"),
    ASKED: Limit(1_000, _PARTITION, "shards for what asks, as what is settled has"),
    ITEM: Limit(1_000, _PARTITION, "shards for the index of items"),
    BRIEFING: Limit(3_000, _PARTITION, "workers keep the briefing for a second"),
    TOPIC: Limit(3_000, _DOCS + "general/latest/gr/sns.html", "ask for more in Service Quotas"),
}


@dataclass(frozen=True)
class Setup:
    """What is deployed: the parameters of template.yaml that limit."""

    name: str
    requests_a_second: int = 1000
    burst: int = 2000
    batches: int = 2


@dataclass
class Seen:
    """What came of it."""

    waits: list[float] = field(default_factory=list)
    """Seconds, from a shopper's picture sent to its outcome stored."""
    kept: int = 0
    """What was stored of the weighings that kiosks had kept."""
    here: int = 0
    """Shoppers that their kiosk answered by itself: the service turned it away, or was slow."""
    turned_away: int = 0
    """Requests that the gateway refused."""
    backlog: int = 0
    late_s: float = 0.0
    """When all was stored that kiosks had kept; 0 where it was not."""
    left: int = 0
    """What is not stored at the end, and still to come."""
    most: dict[str, float] = field(default_factory=lambda: dict.fromkeys(LIMITS, 0.0))
    """The most that a second took of each limit."""


class Kiosks:
    """What they send: shoppers' weighings, and what was kept while the service was away."""

    def __init__(self, usage: Usage, peak: float, kept: int, chance: random.Random) -> None:
        self._usage, self._peak, self._chance = usage, peak, chance
        # Each looks for the service at times of its own.
        pauses = [probe_pause_s(20, LOOK_PAID_S, chance.random()) for _ in range(usage.kiosks)]
        self._back = deque(sorted(chance.uniform(0, pause) for pause in pauses) if kept else [])
        self._kept, self.away = kept, len(self._back)
        self.left = 0
        """What is still to be sent of it by those that are back."""

    def weigh(self, now: float) -> int:
        """How many shoppers weigh in the tick at a kiosk that has its service."""
        share = min(1.0, 0.1 + 0.9 * now / 60 / _OPENING_MIN)
        rate = (self._usage.kiosks - self.away) * self._peak / 60 * share
        return _poisson(rate * TICK_S, self._chance)

    def come_back(self, now: float) -> int:
        """How many find the service in the tick."""
        found = 0
        while self._back and self._back[0] <= now:
            self._back.popleft()
            found += 1
        self.away -= found
        self.left += found * self._kept
        return found

    def catch_up(self, waited: float) -> int:
        """How much they send in the tick of what was kept: each one a second, and one a round
        where the service has lately made weighings wait."""
        sending = min(self.left, self._usage.kiosks - self.away)
        pause_s = 1.0 if waited < SENDER_SLOW_S else probe_pause_s(20, LOOK_PAID_S, 0.5)
        sent = min(self.left, _poisson(sending / pause_s * TICK_S, self._chance))
        self.left -= sent
        return sent


_Sent = tuple[float, bool]
"""When it was sent, or how long ago; and whether a shopper waits for it."""


class Workers:
    """The queue, its batches, and the stores behind them."""

    def __init__(self, setup: Setup, usage: Usage, chance: random.Random) -> None:
        self._most, self._chance = setup.batches, chance
        self._network_s = float(usage.inference.ms) / 1000
        self._confirmed = float(usage.confirmed)
        self._batches = float(min(_FIRST_BATCHES, setup.batches))
        self._told: deque[list[_Sent]] = deque(
            [] for _ in range(round(_NOTIFIED_S[1] / TICK_S) + 1)
        )
        self._waiting: deque[_Sent] = deque()
        self._could = 0.0
        self._cold = 0.0

    @property
    def backlog(self) -> int:
        """What waits."""
        return len(self._waiting)

    def tell(self, shoppers: int, late: int, now: float) -> None:
        """The bucket has got so many pictures."""
        for place in range(shoppers + late):
            told = int(self._chance.uniform(*_NOTIFIED_S) / TICK_S)
            self._told[told].append((now, place < shoppers))

    def work(self, now: float, second: MutableMapping[str, float]) -> list["_Sent"]:
        """Work for a tick; how long each weighing had waited that was stored in it, and whether a
        shopper had."""
        self._waiting.extend(self._told.popleft())
        self._told.append([])
        if len(self._waiting) > self._batches and self._batches < self._most:
            more = min(self._most - self._batches, _MORE_A_MINUTE / 60 * TICK_S)
            self._batches, self._cold = self._batches + more, self._cold + more
            second[STARTING] += more
        size = min(_BATCH, max(1.0, len(self._waiting) / self._batches))
        took_s = self._took_s(size)
        most = min(self._batches * size / took_s, self._stores_take())
        self._could = min(self._could + most * TICK_S, len(self._waiting) + 1.0)
        done = min(int(self._could), len(self._waiting))
        self._could -= done
        taken = [self._waiting.popleft() for _ in range(done)]
        slow = min(done, int(self._cold))  # the first of new workers
        self._cold -= slow
        self._count(done, size, second)
        return [
            (now - sent + took_s + _COLD_S * (place < slow), shopper)
            for place, (sent, shopper) in enumerate(taken)
        ]

    def _took_s(self, size: float) -> float:
        """A batch: what is done once is two fifths of what one picture takes. Assumed."""
        return self._network_s * (0.4 + 0.6 * size)

    def _stores_take(self) -> float:
        """How many weighings a second, with their confirmations."""
        return min(
            LIMITS[TABLE].most / self._writes,
            LIMITS[SETTLED].most * HISTORY_SHARDS,
            LIMITS[ASKED].most / (2 * self._confirmed),
            LIMITS[LEDGER].most / (ARRIVAL.s3_writes + self._confirmed),
            LIMITS[TOPIC].most / (1 + self._confirmed),
        )

    @property
    def _writes(self) -> float:
        return float(ARRIVAL.table_writes) + self._confirmed * float(CONFIRMATION.table_writes)

    def _count(self, done: int, size: float, second: MutableMapping[str, float]) -> None:
        confirmed = done * self._confirmed
        second[TABLE] += done * self._writes
        second[SETTLED] += done / HISTORY_SHARDS
        second[ASKED] += 2 * confirmed
        second[ITEM] += (done + confirmed) * _HOTTEST
        second[BRIEFING] += done / size + confirmed
        second[LEDGER] += done * ARRIVAL.s3_writes + confirmed
        second[TOPIC] += done + confirmed
        second[RUNNING] += done / size * self._took_s(size)


def simulate(setup: Setup, usage: Usage, minutes: int, peak: float, kept: int, seed: int) -> Seen:
    """Let it go on for so many minutes.

    Args:
        setup: what is deployed.
        usage: how many kiosks, and what functions take.
        minutes: how long.
        peak: weighings a minute of each kiosk when most is weighed.
        kept: weighings that each kiosk has kept when the service comes back; 0: it never went.
        seed: of all chances.
    """
    chance, seen = random.Random(seed), Seen()  # noqa: S311  no secret
    second: dict[str, float] = defaultdict(float)
    kiosks, workers = Kiosks(usage, peak, kept, chance), Workers(setup, usage, chance)
    tokens, lately = float(setup.burst), 0.0
    looks = LOOK_REQUESTS * usage.kiosks / (60 * usage.look_minutes) * TICK_S
    api_s = float(usage.upload.ms + usage.confirm.ms * usage.confirmed) / 1000

    for tick in range(round(minutes * 60 / TICK_S)):
        now = tick * TICK_S
        # The gateway has a bucket of tokens, and takes one for each request.
        tokens = min(setup.burst, tokens + setup.requests_a_second * TICK_S)
        found, shoppers, late = kiosks.come_back(now), kiosks.weigh(now), kiosks.catch_up(lately)
        asked = found + looks + (shoppers + late) * (1 + float(usage.confirmed))
        share = min(1.0, tokens / asked) if asked else 1.0
        tokens -= asked * share
        refused = shoppers - round(shoppers * share)
        again = late - round(late * share)
        seen.turned_away += round(asked * (1 - share))
        seen.here += refused
        kiosks.left += refused + again
        sent = shoppers + late - refused - again
        workers.tell(shoppers - refused, late - again, now)
        second[GATEWAY] += asked
        second[UPLOADS] += sent * UPLOAD.s3_writes
        second[RUNNING] += sent * api_s

        for lately, is_shopper in workers.work(now, second):
            if is_shopper:
                seen.waits.append(lately)
                seen.here += lately > SLOW_S
            else:
                seen.kept += 1
        seen.backlog = max(seen.backlog, workers.backlog)
        if kept and not kiosks.away and kiosks.left == workers.backlog == 0 and not seen.late_s:
            seen.late_s = now
        if (tick + 1) % round(1 / TICK_S) == 0:
            seen.most |= {name: max(used, seen.most[name]) for name, used in second.items()}
            second.clear()
    seen.left = kiosks.left + workers.backlog
    return seen


_BELL = 30
"""From this mean on a bell is as good."""


def _poisson(mean: float, chance: random.Random) -> int:
    if mean > _BELL:
        return max(0, round(chance.gauss(mean, math.sqrt(mean))))
    left, count, product = math.exp(-mean), 0, chance.random()
    while product > left:
        product *= chance.random()
        count += 1
    return count


def advised(usage: Usage, peak: Decimal) -> Setup:
    """What `smartscale limits` says for so many kiosks."""
    said = {one.parameter: one.value for one in limits(usage, peak, 10) if one.parameter}
    return Setup(
        "as `smartscale limits` says",
        int(said["ApiRequestsPerSecond"] or 0),
        # The account's own, as long as nobody has asked for more.
        min(5_000, int(said["ApiBurst"] or 0)),
        int(said["InferenceConcurrency"] or 0),
    )


def main(
    kiosks: Annotated[int, typer.Option(min=1)] = 10_000,
    peak_per_minute: Annotated[float, typer.Option(help="Weighings of each kiosk.")] = 2.0,
    kept: Annotated[int, typer.Option(help="What each kiosk kept in an outage.")] = 20,
    minutes: Annotated[int, typer.Option(min=1, help="How long each is simulated.")] = 15,
    seed: int = 1,
) -> None:
    """Simulate an opening, and the return of the service after an outage."""
    usage, peak = Usage(kiosks=kiosks), Decimal(str(peak_per_minute))
    setup = advised(usage, peak)
    runs = [
        ("shops open", one, simulate(one, usage, minutes, peak_per_minute, 0, seed))
        for one in (Setup("the template's defaults"), setup)
    ]
    after = simulate(setup, usage, minutes, peak_per_minute, kept, seed)
    runs.append((f"an outage ends, {kept} kept by each", setup, after))
    table = Table(title=f"{kiosks:,} kiosks, {peak_per_minute:g} weighings a minute each at most")
    left = ("", "deployed")
    for heading in (
        *left,
        "weighed",
        "kept",
        "p50 s",
        "p95 s",
        "p99 s",
        "by kiosks",
        "429",
        "queue",
        "left",
    ):
        table.add_column(heading, justify="left" if heading in left else "right")
    for what, one, seen in runs:
        cuts = statistics.quantiles(seen.waits, n=100)
        table.add_row(
            what + (f", all stored after {seen.late_s:.0f} s" if seen.late_s else ""),
            one.name,
            f"{len(seen.waits):,}",
            f"{seen.kept:,}",
            *(f"{cuts[place - 1]:.1f}" for place in (50, 95, 99)),
            f"{seen.here:,}",
            f"{seen.turned_away:,}",
            f"{seen.backlog:,}",
            f"{seen.left:,}",
        )
    Console(width=120).print(table)

    seen = runs[1][2]
    order = sorted(LIMITS, key=lambda name: -seen.most[name] / LIMITS[name].most)
    plan = Table(title="What is reached first, and the plan for it")
    for heading in ("limit", "of", "taken", "reached with", "plan"):
        plan.add_column(heading, justify="left" if heading in {"limit", "plan"} else "right")
    for name in order:
        taken, limit = seen.most[name], LIMITS[name]
        reached = math.floor(kiosks * limit.most / taken) if taken else 0
        plan.add_row(
            name,
            f"{limit.most:,.0f}",
            f"{taken:,.0f}",
            f"{reached:,} kiosks" if taken else "never",
            limit.plan,
        )
    Console(width=120).print(plan)


if __name__ == "__main__":
    typer.run(main)
