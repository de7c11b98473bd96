"""Models, trials and what was taught, as the API shows them."""

from collections import Counter
from collections.abc import Collection, Iterable
from decimal import Decimal

from smartscale.contract import memory, models
from smartscale.domain.catalogue import Item
from smartscale.domain.memory import held_back
from smartscale.domain.registry import ModelSwitch, WorkerReport
from smartscale.domain.told_apart import ToldApart
from smartscale.domain.trial import Tallies, Tally, Trial
from smartscale.operations.learning.teach import TaughtVersion
from smartscale.operations.models.map_labels import MappedLabel


def model_status(switch: ModelSwitch, workers: list[WorkerReport]) -> models.ModelStatus:
    """The document of a switch."""
    return models.ModelStatus(**dict(switch), workers=tuple(workers))


def trial_document(tried: Trial, tallies: Tallies) -> models.Trial:
    """The document of a trial."""
    return models.Trial(
        **dict(tried),
        compared=tallies.compared,
        agreement=_rounded(tallies.agreement),
        skipped=tallies.skipped,
        active=_figures(tallies.active),
        candidate=_figures(tallies.candidate),
    )


def _figures(tally: Tally) -> models.Figures:
    return models.Figures(
        n=tally.answers,
        latency_ms=_rounded(tally.mean_latency_ms, 1),
        confidence=_rounded(tally.mean_confidence),
        low_confidence_rate=_rounded(tally.low_confidence_rate),
        error_rate=_rounded(tally.error_rate),
    )


def _rounded(value: Decimal | None, digits: int = 4) -> float | None:
    return None if value is None else round(float(value), digits)


def label_mapping(mapped: MappedLabel) -> models.LabelMapping:
    """The document of what a label is sold as."""
    return models.LabelMapping(label=mapped.label, product=mapped.product, how=mapped.how)


def memory_version(taught: TaughtVersion) -> memory.MemoryVersion:
    """The document of a version."""
    return memory.MemoryVersion(
        version=taught.version.number,
        state=taught.state,
        active=taught.active,
        label=taught.version.label,
        labels=Counter(lesson.label for lesson in taught.version.lessons),
        held=Counter(one.lesson.label for one in taught.version.held),
        images=len(taught.version.lessons),
        created_at=taught.version.created_at,
        error=taught.error,
    )


def lessons(newest: TaughtVersion | None) -> memory.Lessons:
    """The document of every lesson."""
    if newest is None:
        return memory.Lessons(memory_version=0, lessons=())
    version = newest.version
    counting = sorted(version.lessons, key=lambda lesson: lesson.at, reverse=True)
    return memory.Lessons(
        memory_version=version.number,
        lessons=tuple(
            memory.Lesson(
                picture=lesson.picture,
                label=lesson.label,
                teacher=lesson.teacher,
                by=lesson.by,
                at=lesson.at,
                held=held.because if held else None,
                seen_as=held.seen_as if held else None,
            )
            for lesson, held in (
                *((one.lesson, one) for one in version.held),
                *((lesson, None) for lesson in counting),
            )
        ),
    )


def teaching(
    newest: TaughtVersion | None,
    on_sale: Iterable[Item],
    recognised: Collection[str],
    told_apart: tuple[int, ToldApart] | None,
) -> memory.Teaching:
    """The document of how far the shop's scales are taught."""
    images = Counter(lesson.label for lesson in newest.version.lessons) if newest else Counter()
    looked_at, found = told_apart or (0, ToldApart(mixed_up=()))
    return memory.Teaching(
        memory_version=newest.version.number if newest else 0,
        state=newest.state if newest else None,
        error=newest.error if newest else None,
        items=tuple(
            memory.TaughtItem(
                label=item.label, recognised=item.label in recognised, images=images[item.label]
            )
            for item in on_sale
        ),
        looked_at=looked_at,
        mixed_up=tuple(
            memory.MixedUp(first=pair.first, second=pair.second, share=float(pair.share))
            for pair in found.mixed_up
        ),
        held=tuple(
            memory.HeldBack(label=label, images=images, held=because, seen_as=seen_as)
            for (label, because, seen_as), images in held_back(
                newest.version.held if newest else ()
            ).items()
        ),
    )
