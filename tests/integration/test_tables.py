"""The tables keep their ports' promises: what the fakes promise in memory, on DynamoDB."""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import NoReturn

import pytest

from smartscale.adapters import catalogue as catalogue_table
from smartscale.adapters.briefings import DynamoBriefings
from smartscale.adapters.catalogue import DynamoCatalogue
from smartscale.adapters.connection import bind
from smartscale.adapters.rows import ItemRow, NameRow, RegistryRow
from smartscale.adapters.tables import DynamoRegistry, DynamoTrials, DynamoWeighings, plain
from smartscale.domain import pricing
from smartscale.domain.asking import Asking
from smartscale.domain.job_id import new_job_id
from smartscale.domain.load import Load
from smartscale.domain.registry import ModelSwitch
from smartscale.domain.trial import LATELY, Mode, Tallies, Tally, Trial, TrialState
from smartscale.domain.weighing import ConfirmedBy, ModelRef, Status, Weighing
from smartscale.operations.ports.briefings import Briefing
from smartscale.operations.ports.weighings import HistoryFilter, WeighingFacts
from smartscale.operations.weighing.history import History, history_filter
from tests.conftest import Deployed
from tests.examples import item
from tests.fakes import FakeLedger, FakeUploads

pytestmark = pytest.mark.integration

NOVEMBER = datetime(2025, 11, 30, 23, 59, 59, tzinfo=UTC)
LATER = datetime(2025, 12, 31, tzinfo=UTC)
LONG_AGO = datetime(2025, 1, 1, tzinfo=UTC)


@pytest.fixture(scope="module")
def _environment(deployed: Deployed) -> Iterator[None]:
    """The stack's names for the AWS SDK."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in deployed.environment.items():
            patch.setenv(name, value)
        yield


@pytest.fixture(scope="module")
def table(deployed: Deployed, _environment: None) -> DynamoWeighings:
    """The weighings table."""
    return DynamoWeighings(deployed.outputs.weighings_table, deployed.settings.region)


def weighing(at: datetime, scale_id: str = "a", label: str = "Banana", **other: object) -> Weighing:
    """A weighing of 1 kg."""
    candidate = pricing.price(
        item(label, valid_from=LONG_AGO), Load.parse("1"), Decimal("0.9"), LATER
    )
    done = Weighing(
        job_id=new_job_id(at),
        status=Status.DONE,
        scale_id=scale_id,
        upload_key="uploads/x",
        created_at=at,
        completed_at=at,
        load=Load.parse("1.000", "0.010"),
        label=label,
        confidence=Decimal("0.9"),
        top_k=(candidate,),
        model=ModelRef(id="builtin", revision="1"),
        timings={"total_ms": Decimal("12.3")},
        price=candidate.total,
        unit_price=candidate.unit_price,
        currency="EUR",
    )
    return done.model_copy(update=other)


@pytest.fixture(scope="module")
def months(table: DynamoWeighings) -> list[Weighing]:
    """Forty weighings of two scales around the end of a month, oldest first."""
    all_of_them = [
        weighing(
            NOVEMBER + timedelta(milliseconds=100 * n),
            scale_id="a" if n % 2 else "b",
            label="Banana" if n % 4 else "Lemon",
            needs_confirmation=n % 5 == 0,
            upload_key=f"uploads/{n}",
        )
        for n in range(40)
    ]
    for one in all_of_them:
        assert table.put(one)
    return all_of_them


def ids(weighings: list[Weighing]) -> list[str]:
    """Newest first."""
    return sorted((one.job_id for one in weighings), reverse=True)


def wanted(**filters: object) -> HistoryFilter:
    """The two months, with filters."""
    return HistoryFilter(from_=NOVEMBER - timedelta(days=1), to=LATER, **filters)  # type: ignore[arg-type]


def test_a_weighing_comes_back_exactly(table: DynamoWeighings) -> None:
    one = weighing(NOVEMBER - timedelta(days=90))
    assert table.put(one)
    assert table.get(one.job_id) == one


def test_a_stored_state_is_only_replaced_by_a_later_one(table: DynamoWeighings) -> None:
    done = weighing(NOVEMBER - timedelta(days=90))
    failed = done.model_copy(update={"status": Status.FAILED, "error": "no"})
    confirmed = done.confirm(
        pricing.price(item("Lemon", valid_from=LONG_AGO), Load.parse("1"), Decimal(0), LATER),
        ConfirmedBy.SHOPPER,
        LATER,
    )
    assert table.put(failed)
    assert not table.put(failed)
    assert table.put(done)
    assert not table.put(failed)
    assert table.put(confirmed)
    assert not table.put(done)
    assert table.get(done.job_id) == confirmed


def test_months_and_shards_are_one_history(table: DynamoWeighings, months: list[Weighing]) -> None:
    assert ids(table.newest(wanted(), None, 100)) == ids(months)
    assert [one.job_id for one in table.newest(wanted(), None, 7)] == ids(months)[:7]


def test_pages_follow_each_other_across_the_months(
    table: DynamoWeighings, months: list[Weighing]
) -> None:
    history = History(table, FakeLedger(), FakeUploads(), lambda: LATER)
    seen: list[str] = []
    cursor = None
    while True:
        page = history.page(wanted(), cursor, 7)
        seen += [one.job_id for one in page.weighings]
        cursor = page.next_cursor
        if cursor is None:
            break
    assert seen == ids(months)


def test_the_facts_are_those_of_the_weighings(table: DynamoWeighings) -> None:
    march = datetime(2025, 3, 1, tzinfo=UTC)
    confirmed = weighing(march, scale_id="facts", asked=True)
    table.put(confirmed.model_copy(update={"confirmed_label": "Lemon", "confirmations": 1}))
    failed = Weighing(
        job_id=new_job_id(march),
        status=Status.FAILED,
        scale_id="facts",
        upload_key="uploads/y",
        created_at=march,
        completed_at=march,
        error="no picture",
    )
    table.put(failed)
    around = HistoryFilter(from_=march - timedelta(days=1), to=march + timedelta(days=1))
    rows = table.newest(around, None, 100)
    assert len(rows) == 2
    assert table.facts(around, 100) == [WeighingFacts.of(row) for row in rows]
    assert table.facts(around, 1) == [WeighingFacts.of(rows[0])]


def test_each_filter(table: DynamoWeighings, months: list[Weighing]) -> None:
    def found(**filters: object) -> list[str]:
        return [one.job_id for one in table.newest(wanted(**filters), None, 100)]

    assert found(scale_id="a") == ids([m for m in months if m.scale_id == "a"])
    assert found(label="Lemon") == ids([m for m in months if m.label == "Lemon"])
    assert found(needs_confirmation=True) == ids([m for m in months if m.needs_confirmation])
    assert found(upload_key="uploads/3") == [months[3].job_id]
    assert found(scale_id="nobody") == []


@pytest.mark.parametrize("text", ["", "a" * 2049, "é" * 1025])
@pytest.mark.parametrize("name", ["scale_id", "label", "upload_key"])
def test_what_cannot_be_a_key_has_no_weighings(
    table: DynamoWeighings, name: str, text: str
) -> None:
    assert table.newest(wanted(**{name: text}), None, 10) == []


def test_a_confirmed_weighing_is_found_by_what_it_was_sold_as(table: DynamoWeighings) -> None:
    one = weighing(NOVEMBER - timedelta(days=60), scale_id="c")
    lemon = pricing.price(item("Lemon", valid_from=LONG_AGO), Load.parse("1"), Decimal(0), LATER)
    assert table.put(one.confirm(lemon, ConfirmedBy.SHOPPER, LATER))
    within = HistoryFilter(
        from_=one.created_at - timedelta(days=1), to=one.created_at, scale_id="c"
    )
    for label, expected in (("Lemon", [one.job_id]), ("Banana", [])):
        named = HistoryFilter(within.from_, within.to, "c", label)
        assert [found.job_id for found in table.newest(named, None, 5)] == expected


def test_a_suspicious_weighing_is_found_until_an_attendant_has_looked(
    table: DynamoWeighings,
) -> None:
    one = weighing(NOVEMBER - timedelta(days=60), scale_id="d")
    lemon = pricing.price(item("Lemon", valid_from=LONG_AGO), Load.parse("1"), Decimal(0), LATER)
    flagged = one.confirm(lemon, ConfirmedBy.SHOPPER, LATER, "Cheaper than what was recognised.")

    def found(*, suspicious: bool) -> list[Weighing]:
        within = HistoryFilter(
            one.created_at - timedelta(days=1), one.created_at, "d", suspicious=suspicious
        )
        return table.newest(within, None, 5)

    assert table.put(one)
    assert (found(suspicious=True), found(suspicious=False)) == ([], [one])
    assert table.put(flagged)
    assert (found(suspicious=True), found(suspicious=False)) == ([flagged], [])
    looked_at = flagged.confirm(lemon, ConfirmedBy.ATTENDANT, LATER)
    assert table.put(looked_at)
    assert (found(suspicious=True), found(suspicious=False)) == ([], [looked_at])


def test_from_and_to_are_inclusive(table: DynamoWeighings, months: list[Weighing]) -> None:
    between = HistoryFilter(from_=months[5].created_at, to=months[8].created_at)
    assert ids(table.newest(between, None, 100)) == ids(months[5:9])


@pytest.mark.parametrize(
    ("start", "end"),
    [
        (datetime.min.replace(tzinfo=UTC), None),
        (None, datetime.max.replace(tzinfo=UTC)),
        (LATER, LATER),
    ],
)
def test_no_range_takes_long_or_fails(
    table: DynamoWeighings, start: datetime | None, end: datetime | None
) -> None:
    assert table.newest(history_filter(LATER, start=start, end=end), "0" * 32, 5) == []


NOTHING = Briefing(switch=None, trial=None, asking=None, memory=0)


def _catalogue_of(deployed: Deployed) -> tuple[str, str, str]:
    """Where the stack's catalogue is."""
    outputs = deployed.outputs
    return outputs.catalogue_table, outputs.models_table, deployed.settings.region


def test_an_item_is_only_replaced_by_a_later_version(
    deployed: Deployed, _environment: None
) -> None:
    table = DynamoCatalogue(*_catalogue_of(deployed))
    first = item("Test-Jackfruit", plu="33309", valid_from=NOVEMBER)
    second = item("Test-Jackfruit", plu="33309", unit_price="3.00", valid_from=LATER).succeed(first)
    assert table.put(first)
    assert not table.put(first)
    assert table.put(second)
    assert not table.put(first)
    assert table.get("Test-Jackfruit") == second
    assert table.put(second.retire())
    assert table.all().find("Test-Jackfruit") is None


def test_a_kept_catalogue_hears_of_each_change_at_once(
    deployed: Deployed, _environment: None
) -> None:
    where = _catalogue_of(deployed)
    editor, worker = DynamoCatalogue(*where), DynamoCatalogue(*where)
    before = worker.all()
    assert worker.all() is before, "nothing has changed, so nothing is read again"
    sold = item("Test-Rambutan", plu="33298", valid_from=NOVEMBER)
    assert editor.put(sold)
    assert worker.all().find("Test-Rambutan") == sold
    assert not editor.put(sold)
    known = worker.all()
    dearer = item("Test-Rambutan", plu="33298", unit_price="9.00", valid_from=LATER).succeed(sold)
    assert editor.put(dearer)
    assert worker.all().find("Test-Rambutan") == dearer
    assert known.find("Test-Rambutan") == sold, "who holds a catalogue keeps it as it was"
    assert {found.label for found in before} | {"Test-Rambutan"} == {found.label for found in known}


def test_a_worker_that_is_far_behind_reads_the_whole_catalogue(
    deployed: Deployed, _environment: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(catalogue_table, "_CHANGES_KEPT", 2)
    where = _catalogue_of(deployed)
    editor, worker = DynamoCatalogue(*where), DynamoCatalogue(*where)
    worker.all()
    sold = item("Test-Salak", plu="33491", valid_from=NOVEMBER)
    assert editor.put(sold)
    for _ in range(9):
        sold = sold.show("a" * 64 if sold.picture is None else None)
        assert editor.put(sold)
    assert worker.all().find("Test-Salak") == sold


def test_what_labels_are_sold_as_is_looked_up_by_key(
    deployed: Deployed, _environment: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    where = _catalogue_of(deployed)
    editor, worker = DynamoCatalogue(*where), DynamoCatalogue(*where)
    briefings = DynamoBriefings(deployed.outputs.models_table, deployed.settings.region)
    editor.name_all()

    def sold(*labels: str) -> dict[str, str]:
        """The items that a worker finds under labels of models, and their PLUs."""
        briefing = briefings.read() or briefings.complete(NOTHING)
        found = worker.at(briefing.catalogue).sold_under(labels)
        return {one.label: one.plu for one in found}

    def refuse(_: DynamoCatalogue) -> NoReturn:
        raise AssertionError("the whole catalogue is read")

    monkeypatch.setattr(DynamoCatalogue, "_scan", refuse)
    assert sold("red cherimoya", "Mamey") == {}
    cherimoya = item("Cherimoya", plu="4256", aliases="Red-Cherimoya")
    assert editor.put(cherimoya)
    assert sold("red cherimoya", "Mamey") == {"Cherimoya": "4256"}, "by its alias"
    assert sold("cherimoya") == {"Cherimoya": "4256"}, "by its name"
    mamey = item("Sapote", plu="4260").choose(["Mamey"])
    assert editor.put(mamey)
    assert sold("red cherimoya", "Mamey") == {"Cherimoya": "4256", "Sapote": "4260"}
    assert editor.put(mamey.retire())
    assert sold("Mamey") == {}


@pytest.mark.parametrize("text", ["", "a" * 2049, "é" * 1025])
def test_what_cannot_be_a_key_is_no_item(deployed: Deployed, _environment: None, text: str) -> None:
    assert DynamoCatalogue(*_catalogue_of(deployed)).get(text) is None


def test_items_of_an_earlier_version_are_found_too(deployed: Deployed, _environment: None) -> None:
    where = _catalogue_of(deployed)
    rows, names = (bind(row, where[0], where[2]) for row in (ItemRow, NameRow))
    old = item("Test-Guava", plu="4299", aliases="Goiaba")
    names("#names").delete()
    rows(**plain(old)).save()
    for step in ("read whole", "named"):
        table = DynamoCatalogue(*where)
        assert table.get("Test-Guava") == old, step
        assert table.all().find("Test-Guava") == old, step
        found = table.at(["1 "]).sold_under(["goiaba"])
        assert found.find("Test-Guava") == old, step
        if step == "named":
            assert len(list(found)) == 1
        table.name_all()


def test_an_item_may_have_more_names_than_are_written_together(
    deployed: Deployed, _environment: None
) -> None:
    table = DynamoCatalogue(*_catalogue_of(deployed))
    many = item("Test-Grapes", plu="4022").choose(f"grape {number}" for number in range(130))
    assert table.put(many)
    assert table.at(["2 "]).sold_under(["Grape 129", "grape 0"]).find("Test-Grapes") == many


def test_a_file_of_items_is_written_together(deployed: Deployed, _environment: None) -> None:
    where = _catalogue_of(deployed)
    table = DynamoCatalogue(*where)
    some = [item(f"Sort {n}", plu=str(30000 + n), aliases=f"a{n}|b{n}") for n in range(60)]
    table.put(some[7])
    table.put_all(some)
    found = DynamoCatalogue(*where).at(["3 "]).sold_under([f"b{n}" for n in range(60)])
    assert sorted(found, key=str) == sorted(some, key=str)


def test_a_briefing_hears_of_each_change(deployed: Deployed, _environment: None) -> None:
    models, region = deployed.outputs.models_table, deployed.settings.region
    briefings = DynamoBriefings(models, region)
    registry, trials = DynamoRegistry(models, region), DynamoTrials(models, region)
    briefings.forget()
    assert briefings.read() is None
    briefings.announce_memory(3)
    assert briefings.read() is None, "it does not know the model yet"
    whole = briefings.complete(Briefing(registry.current(), trials.current(), Asking(), memory=2))
    assert (whole.switch, whole.trial, whole.memory) == (registry.current(), trials.current(), 3)
    briefings.announce_memory(2)
    assert briefings.read() == whole
    builtin = ModelRef(id="builtin", revision="1")
    switch = (registry.current() or ModelSwitch.initial(builtin, LATER)).activate(
        ModelRef(id="x", revision="9"), LATER
    )
    assert registry.replace(switch, expected=registry.current())
    told = briefings.read()
    assert told is not None
    assert told.switch == switch
    assert DynamoCatalogue(*_catalogue_of(deployed)).put(item("Test-Kumquat", plu="34427"))
    told = briefings.read()
    assert told is not None
    assert told.catalogue[-1].endswith(" Test-Kumquat")


def test_an_item_comes_back_with_what_its_pieces_weigh(
    deployed: Deployed, _environment: None
) -> None:
    table = DynamoCatalogue(*_catalogue_of(deployed))
    one = item(
        "Test-Pomelo",
        plu="34279",
        piece_kg_min="0.900",
        piece_kg_max="1.800",
        sold_as="single",
        origin="ES",
        quality_class="extra",
        variety="Honey",
        best_before_days="9",
    )
    assert table.put(one)
    assert table.get("Test-Pomelo") == one


def test_a_switch_is_replaced_by_who_knows_the_last(deployed: Deployed, _environment: None) -> None:
    registry = DynamoRegistry(deployed.outputs.models_table, deployed.settings.region)
    before = registry.current()
    initial = before or ModelSwitch.initial(ModelRef(id="builtin", revision="1"), LATER)
    one = initial.activate(ModelRef(id="x", revision="1"), LATER)
    other = initial.activate(ModelRef(id="y", revision="1"), LATER)
    assert registry.replace(one, expected=before)
    assert not registry.replace(other, expected=before)
    assert registry.replace(one.failed("test", LATER), expected=one)
    assert not registry.replace(one.succeeded(LATER), expected=one)


def test_a_switch_that_an_older_version_stored_can_be_replaced(
    deployed: Deployed, _environment: None
) -> None:
    registry = DynamoRegistry(deployed.outputs.models_table, deployed.settings.region)
    before = registry.current()
    assert before is not None
    older = json.dumps(json.loads(before.model_dump_json(exclude={"previous", "attempts"})))
    bind(RegistryRow, deployed.outputs.models_table, deployed.settings.region)(
        "switch", document=older.replace(": ", ":").replace(", ", ",")
    ).save()
    stored = registry.current()
    assert stored is not None
    assert registry.replace(stored.failed("test", LATER), expected=stored)


@pytest.fixture(scope="module")
def trials(deployed: Deployed, _environment: None) -> DynamoTrials:
    """The trials in the registry's table."""
    return DynamoTrials(deployed.outputs.models_table, deployed.settings.region)


def a_trial(number: int) -> Trial:
    return Trial(
        number=number,
        model=ModelRef(id="them/vgg", revision="a1"),
        against=ModelRef(id="builtin", revision="1"),
        mode=Mode.CANARY,
        share=Decimal("0.2"),
        started_at=NOVEMBER,
    )


def test_a_trial_is_replaced_by_who_knows_the_last_one(
    trials: DynamoTrials, deployed: Deployed
) -> None:
    row = bind(RegistryRow, deployed.outputs.models_table, deployed.settings.region)("trial")
    row.delete()  # another test may have tried a model
    first = a_trial(1)
    ended = first.ended(TrialState.STOPPED, LATER)
    assert trials.replace(first, expected=None)
    assert not trials.replace(first, expected=None)
    assert trials.replace(ended, expected=first)
    assert not trials.replace(first.ended(TrialState.PROMOTED, LATER), expected=first)
    assert trials.current() == ended
    registry = DynamoRegistry(deployed.outputs.models_table, deployed.settings.region)
    assert "trial" not in {report.worker for report in registry.workers()}
    row.delete()


def test_tallies_add_up_however_many_workers_count_at_once(trials: DynamoTrials) -> None:
    one = Tally.of_answer(Decimal("0.9137"), Decimal("12.3"), low=True)
    each = Tallies(active=one, candidate=one + Tally(errors=1), compared=1, agreed=1)
    assert trials.tallies(7) == Tallies()
    with ThreadPoolExecutor(8) as workers:
        list(workers.map(lambda _: trials.add(7, each, LATER), range(40)))
    total = trials.tallies(7)
    assert total.candidate == Tally(
        answers=40,
        errors=40,
        low_confidence=40,
        confidence=40 * Decimal("0.9137"),
        latency_ms=40 * Decimal("12.3"),
    )
    assert (total.compared, total.agreed, total.skipped) == (40, 40, 0)
    more = Tallies(skipped=2)
    assert trials.add(7, more, LATER) == (total + more, total + more)
    assert trials.add(7, more, LATER + LATELY) == (total + more + more, more)
    assert trials.tallies(8) == Tallies()
