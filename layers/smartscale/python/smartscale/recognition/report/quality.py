"""What the report says of outcomes on labelled photos: headline figures and sections."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from smartscale.domain.prediction import NO_ITEM
from smartscale.recognition.curves import PRODUCE_KEPT, acceptance, reliability, risk_coverage
from smartscale.recognition.evaluation import Outcome, Quality
from smartscale.recognition.report.charts import Axis, Bar, Dot, HeatMap, Line, Mark, Plot
from smartscale.recognition.report.document import (
    Chart,
    Gallery,
    Headline,
    Picture,
    Section,
    Share,
    Table,
    percent,
    thumbnail,
)
from smartscale.recognition.uncertainty import wilson

_HISTOGRAM_BINS = 20
_MOST_CONFUSED = 12
_WORST = 18
_WANTED_ERROR = 0.01
_NEGATIVES_LIMIT = 0.1
_LARGEST_DOT, _SMALLEST_DOT = 9.0, 3.0


def headlines(quality: Quality) -> list[Headline]:
    """The figures that matter, those without photos left out."""
    named = (
        ("top1", "Right at once (top-1)", "The first answer is the right label."),
        ("top3", "Among the first three (top-3)", "The right label is one tap away."),
        ("coarse_top1", "Right kind (coarse)", "An apple for an apple, whichever variety."),
        ("ece", "Calibration error", "How far confidence and accuracy lie apart."),
        ("needs_confirmation", "Needs confirmation", "Somebody is asked whether it is right."),
        ("error_when_sure", "Wrong when sure", "Of the answers that nobody is asked about."),
        (
            "negatives_accepted_at_95",
            "Negatives at 95% of produce",
            "Accepted of what is not on the menu, where 95% of the produce is.",
        ),
        (
            "negatives_accepted",
            "Negatives sold unasked",
            "What is not on the menu and would be sold without a question.",
        ),
    )
    found = []
    for key, name, meaning in named:
        value = getattr(quality, key)
        if value is not None:
            interval = quality.intervals.get(key)
            found.append(Headline(name, percent(value), meaning, value, interval))
    return found


def quality_sections(
    outcomes: Sequence[Outcome],
    quality: Quality,
    confirm: float,
    paths: Sequence[Path] | None = None,
) -> list[Section]:
    """Everything there is to show of these photos.

    Args:
        outcomes: one a photo.
        quality: their figures.
        confirm: the confidence below which an answer must be confirmed.
        paths: where each photo lies, for the worst ones' thumbnails; None shows no photo.

    Raises:
        ImageError: a photo to be shown cannot be read.
    """
    labelled = [outcome for outcome in outcomes if isinstance(outcome.truth, str)]
    sections = []
    if labelled:
        sections += [
            confidence_section(
                np.array([outcome.answer.confidence for outcome in labelled]),
                np.array([outcome.right for outcome in labelled]),
                confirm,
            ),
            _unconfirmed(labelled, quality, confirm),
            _confusions(labelled, quality),
            _classes(labelled, quality),
        ]
    if quality.per_coarse_class:
        sections.append(_kinds(quality))
    if quality.negatives_accepted_at_95 is not None:
        sections.append(_negatives(outcomes, quality))
    if paths is not None:
        sections.append(_worst(list(zip(outcomes, paths, strict=True))))
    return sections


def confidence_section(
    confidences: NDArray[np.float64], correct: NDArray[np.bool_], confirm: float, where: str = ""
) -> Section:
    """Whether confidence means accuracy.

    Args:
        confidences: one an answer.
        correct: whether each is right.
        confirm: the confidence below which an answer must be confirmed.
        where: on which photos, where those are not the report's own.
    """
    diagram = Plot(
        "Accuracy by confidence",
        Axis("confidence"),
        Axis("accuracy"),
        lines=[Line([(0, 0), (1, 1)], "ideal")],
    )
    bins = reliability(confidences, correct)
    most = max(found.n for found in bins)
    for found in bins:
        low, high = wilson(found.right, found.n)
        diagram.lines.append(Line([(found.confidence, low), (found.confidence, high)], "whisker"))
        title = f"{found.n} photos at {found.confidence:.0%}: {found.accuracy:.0%} right"
        radius = max(_LARGEST_DOT * (found.n / most) ** 0.5, _SMALLEST_DOT)
        diagram.dots.append(Dot(found.confidence, found.accuracy, title, round(radius, 1)))
    return Section(
        "Can its confidence be believed?" if not where else f"Its confidence on {where}",
        "Of the answers given with 80% confidence, 80% should be right: "
        "the dots then lie on the dotted line.",
        [
            Chart(
                diagram, "Each dot is a bin of answers, larger where there are more; whiskers: 95%."
            ),
            Chart(
                _histogram(confidences, correct, confirm),
                "Green answers are right, red ones wrong. Those to the right of the line are "
                "sold without a question.",
            ),
        ],
    )


def _histogram(
    confidences: NDArray[np.float64], correct: NDArray[np.bool_], confirm: float
) -> Plot:
    edges = np.linspace(0, 1, _HISTOGRAM_BINS + 1)
    right, _ = np.histogram(confidences[correct], edges)
    wrong, _ = np.histogram(confidences[~correct], edges)
    plot = Plot(
        "Answers by confidence, right and wrong",
        Axis("confidence"),
        Axis("photos", high=float((right + wrong).max()) * 1.08, percent=False),
        marks=[Mark("confirmed by nobody from here", x=confirm)],
    )
    for low, high, rights, wrongs in zip(
        edges[:-1].tolist(), edges[1:].tolist(), right.tolist(), wrong.tolist(), strict=True
    ):
        title = f"{low:.0%} to {high:.0%}: {rights} right, {wrongs} wrong"
        if wrongs:
            plot.bars.append(Bar(low, high, 0, wrongs, "wrong", title))
        if rights:
            plot.bars.append(Bar(low, high, wrongs, wrongs + rights, "right", title))
    return plot


def _unconfirmed(labelled: Sequence[Outcome], quality: Quality, confirm: float) -> Section:
    produce = [outcome for outcome in labelled if outcome.answer.label not in NO_ITEM]
    curve = risk_coverage(
        [outcome.answer.confidence for outcome in produce],
        [outcome.right for outcome in produce],
        len(labelled),
    )
    highest = max([point.y for point in curve] + [0.02])
    plot = Plot(
        "Wrong answers among those that nobody confirms, by how many those are",
        Axis("answers that nobody confirms"),
        Axis("wrong among them", high=min(1.0, 1.1 * highest)),
        lines=[Line([(point.x, point.y) for point in curve])],
        marks=[Mark(f"{_WANTED_ERROR:.0%} wrong", y=_WANTED_ERROR)],
    )
    rows = []
    for wanted in (0.005, 0.01, 0.02, 0.05):
        within = [point for point in curve if point.y <= wanted]
        best = max(within, key=lambda point: point.x, default=None)
        rows.append(
            (
                percent(wanted),
                Share(best.x) if best else "none",
                f"{best.threshold:.3f}" if best else "-",
            )
        )
    if quality.error_when_sure is not None and quality.needs_confirmation is not None:
        sure = 1 - quality.needs_confirmation
        plot.dots.append(
            Dot(sure, quality.error_when_sure, f"at the package's threshold {confirm:.3f}", 6)
        )
        plot.marks.append(Mark(f"threshold {confirm:.3f}", x=sure))
    return Section(
        "How much can go unconfirmed?",
        "A higher threshold asks more often and is wrong less often.",
        [
            Chart(
                plot,
                "Each point is a threshold; the dot is the package's own. "
                "Answers that are no item always need a person, so the line may end early.",
            )
        ],
        [
            Table(
                ("at most wrong", "unconfirmed on these photos", "threshold"),
                rows,
                "What a threshold chosen on these very photos would reach: an upper bound, "
                "for orientation.",
            )
        ],
    )


def _confusions(labelled: Sequence[Outcome], quality: Quality) -> Section:
    pairs = Counter((str(outcome.truth), outcome.answer.label) for outcome in labelled)
    names = sorted({label for pair in pairs for label in pair}, key=lambda n: (n in NO_ITEM, n))
    counts = [[pairs[truth, answer] for answer in names] for truth in names]
    rows = [
        (pair.truth, pair.answer, pair.n, Share(pair.n / quality.per_class[pair.truth].n))
        for pair in quality.confusions[:_MOST_CONFUSED]
    ]
    return Section(
        "What is taken for what?",
        charts=[
            Chart(
                HeatMap("Truths against answers", names, counts),
                "Rows are what a photo shows, columns what was answered; each row is shaded by its "
                "shares. Green is right.",
            )
        ],
        tables=[
            Table(
                ("truth", "answered as", "photos", "of all photos of it"),
                rows,
                "The most confused pairs.",
            )
        ]
        if rows
        else [],
    )


def _classes(labelled: Sequence[Outcome], quality: Quality) -> Section:
    taken = {pair.truth: pair for pair in reversed(quality.confusions)}
    rows = []
    for label, found in sorted(
        quality.per_class.items(), key=lambda named: (named[1].top1, -named[1].n)
    ):
        own = [outcome for outcome in labelled if outcome.truth == label]
        low, high = wilson(sum(outcome.right for outcome in own), found.n)
        asked = sum(not outcome.sure for outcome in own) / found.n
        pair = taken.get(label)
        rows.append(
            (
                label,
                found.n,
                Share(found.top1),
                f"{low:.0%} to {high:.0%}",
                percent(found.top3),
                percent(asked),
                f"{pair.answer} ({pair.n})" if pair else "",
            )
        )
    headings = (
        *("label", "photos", "top-1", "95% interval", "top-3"),
        *("needs confirmation", "most often taken for"),
    )
    return Section(
        "Class by class",
        "The weakest first. Few photos mean a wide interval: look at it before you judge a class.",
        tables=[Table(headings, rows)],
    )


def _kinds(quality: Quality) -> Section:
    rows = [
        (name, found.n, Share(found.top1))
        for name, found in sorted(
            quality.per_coarse_class.items(), key=lambda named: (named[1].top1, -named[1].n)
        )
    ]
    return Section(
        "The right kind",
        "An apple counts as right for an apple, whichever variety. Photos of which only the kind "
        "is known are counted here and nowhere above.",
        tables=[Table(("kind", "photos", "answered as that kind"), rows)],
    )


def _negatives(outcomes: Sequence[Outcome], quality: Quality) -> Section:
    curve = acceptance(
        [outcome.acceptance for outcome in outcomes if outcome.is_produce],
        [outcome.acceptance for outcome in outcomes if outcome.truth is None],
    )
    plot = Plot(
        "Negatives accepted by produce accepted",
        Axis("produce accepted"),
        Axis("negatives accepted"),
        lines=[Line([(0, 0), *((point.x, point.y) for point in curve)])],
        marks=[
            Mark(f"{PRODUCE_KEPT:.0%} of produce", x=PRODUCE_KEPT),
            Mark(f"{_NEGATIVES_LIMIT:.0%} of negatives", y=_NEGATIVES_LIMIT),
        ],
    )
    at_95, threshold = quality.negatives_accepted_at_95, quality.acceptance_threshold_at_95
    if at_95 is not None and threshold is not None:
        reached = next(point for point in reversed(curve) if point.threshold >= threshold)
        plot.dots.append(Dot(reached.x, reached.y, f"{at_95:.1%} of negatives", 6))
    answers = Counter(outcome.answer.label for outcome in outcomes if outcome.truth is None)
    rows = [
        (label, count, Share(count / quality.n_negatives))
        for label, count in answers.most_common(_MOST_CONFUSED)
    ]
    return Section(
        "What is not on the menu",
        "A photo is accepted as produce when 1 - P(unknown) - P(empty) reaches a threshold.",
        [
            Chart(
                plot,
                f"At {PRODUCE_KEPT:.0%} of produce accepted, {percent(at_95)} of the "
                f"{quality.n_negatives} negatives are accepted too (the dot).",
            )
        ],
        [Table(("answer", "negatives", "of all"), rows, "What negatives are answered as.")],
    )


def _worst(photos: Sequence[tuple[Outcome, Path]]) -> Section:
    def surest(chosen: Sequence[tuple[Outcome, Path]]) -> list[Picture]:
        worst = sorted(chosen, key=lambda photo: -photo[0].answer.confidence)[:_WORST]
        return [_picture(outcome, path) for outcome, path in worst]

    wrong = [photo for photo in photos if photo[0].truth is not None and not photo[0].matches]
    negatives = [
        photo for photo in photos if photo[0].truth is None and photo[0].answer.label not in NO_ITEM
    ]
    galleries = [
        Gallery(pictures, caption)
        for pictures, caption in (
            (surest(wrong), f"Wrong, the surest first; {len(wrong)} in all."),
            (
                surest(negatives),
                f"Not on the menu, but taken for produce; {len(negatives)} in all.",
            ),
        )
        if pictures
    ]
    return Section(
        "The worst photos",
        "" if galleries else "There are none: every answer was right.",
        galleries=galleries,
    )


def _picture(outcome: Outcome, path: Path) -> Picture:
    shown = f"is {outcome.shown}" if outcome.shown else "is not on the menu"
    answer = f"{outcome.answer.label} {outcome.answer.confidence:.0%}"
    return Picture(thumbnail(path), answer, shown, f"{path.name}: answered {answer}, {shown}")
