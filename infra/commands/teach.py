"""`smartscale teach`: what items look like, from a folder of photos, by one version."""

import time
from collections.abc import Collection, Iterable
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import Progress

from infra.commands.connection import connect
from infra.errors import PlainError
from infra.settings import load_settings
from smartscale.domain.catalogue import Catalogue
from smartscale.domain.errors import DomainError
from smartscale.domain.labels import products_of
from smartscale.domain.memory import (
    LESSONS_PER_LABEL,
    HeldBecause,
    HeldLesson,
    Lesson,
    MemoryProgress,
    MemoryVersion,
    held_back,
)
from smartscale.operations.learning.teach import Teach
from smartscale.recognition.labelled_photos import PHOTO_SUFFIXES
from smartscale.recognition.photo import ImageError

_WAIT_S = 120.0
_LOOK_EVERY_S = 0.5

app = typer.Typer()


@app.command()
def teach(
    folder: Annotated[
        Path, typer.Argument(help="Photos as FOLDER/<item>/*.jpg; an item by label or alias.")
    ],
) -> None:
    """Teach the scales what items of the catalogue look like; nothing is trained.

    All photos become one version of the memory, or none where one of them will not do. The same
    photos again change nothing. Of an item with many photos, 30 from all over its folder are taken.
    """
    connection = connect(load_settings())
    operation = connection.teach()
    try:
        photos = photos_of(folder, connection.catalogue.all())
        operation.check_items(photos)
        before = operation.progress()
        lessons = _lessons(operation, photos)
        version = operation.add(lessons)
    except DomainError as error:
        raise PlainError(str(error), 2) from error
    except OSError as error:
        raise PlainError(f"{error.filename} cannot be read: {error.strerror}", 2) from error
    count = sum(len(paths) for paths in photos.values())
    told = f"{count} photos of {len(photos)} items"
    if before is not None and before.version.number == version.number:
        typer.echo(f"Version {version.number} of the memory knows the {told} already.")
        for line in held_words(version.held, {one.picture for one in lessons}):
            typer.echo(line)
        return
    typer.echo(f"Version {version.number} of the memory holds the {told}.")
    _say_how_it_went(operation, version, lessons)


def photos_of(folder: Path, catalogue: Catalogue) -> dict[str, list[Path]]:
    """The photos to teach by the label of their item.

    Raises:
        PlainError: there is no such folder, a subfolder is named after no item, or none has photos.
    """
    if not folder.is_dir():
        raise PlainError(f"{folder} is not a folder", 2)
    products = products_of(catalogue)
    found: dict[str, list[Path]] = {}
    strangers: list[str] = []
    for place in sorted(path for path in folder.iterdir() if path.is_dir()):
        if place.name.startswith((".", "_")):  # made by the system, or photos of no item
            continue
        paths = sorted(
            path
            for path in place.iterdir()
            if path.suffix.lower() in PHOTO_SUFFIXES and path.is_file()
        )
        item, _ = products.find(place.name)
        if item is None:
            strangers.append(place.name)
        elif paths:
            found.setdefault(item.label, []).extend(paths)
    if strangers:
        raise PlainError(
            f"the catalogue has no item for the folders {', '.join(strangers)} of {folder}: "
            "name them after labels, or add the items first, with their prices",
            2,
        )
    if not found:
        raise PlainError(
            f"{folder} holds no photos in folders named after items, such as {folder}/Fig/1.jpg", 2
        )
    return {label: spread(paths, LESSONS_PER_LABEL) for label, paths in found.items()}


def spread(paths: list[Path], most: int) -> list[Path]:
    """At most so many of the paths, from all over the list: neighbours are often alike.

    Examples:
        >>> spread(["a", "b", "c", "d", "e"], 3)
        ['a', 'c', 'e']
        >>> spread(["a", "b"], 3)
        ['a', 'b']
    """
    if len(paths) <= most:
        return paths
    return [paths[place * (len(paths) - 1) // (most - 1)] for place in range(most)]


def _lessons(operation: Teach, photos: dict[str, list[Path]]) -> list[Lesson]:
    """Keep each photo, with a progress bar on stderr.

    Raises:
        PlainError: a file is no picture; nothing is taught.
    """
    lessons: list[Lesson] = []
    bar = Progress(*Progress.get_default_columns(), console=Console(stderr=True))
    with bar:
        task = bar.add_task("Teaching", total=sum(len(paths) for paths in photos.values()))
        for label, paths in photos.items():
            for path in paths:
                try:
                    lessons.append(operation.lesson(label, path.read_bytes()))
                except ImageError as error:
                    raise PlainError(f"{path}: {error} Nothing was taught.", 2) from error
                bar.advance(task)
    return lessons


def held_words(held: Iterable[HeldLesson], pictures: Collection[str]) -> list[str]:
    """What to say of those of the pictures that do not count until somebody accepts them."""
    waiting = held_back(one for one in held if one.lesson.picture in pictures)
    if not waiting:
        return []
    lines = ["Held back, until somebody lets them count (Lessons on the kiosk's Models page):"]
    for (label, because, seen_as), count in sorted(waiting.items()):
        many = "1 photo" if count == 1 else f"{count} photos"
        lines.append(f"  {many} of {label}: {_why(because, seen_as, label)}")
    return lines


def _why(because: HeldBecause, seen_as: str, label: str) -> str:
    match because:
        case HeldBecause.CONTRADICTS:
            return f"the scales were sure that it shows {seen_as}"
        case HeldBecause.MIXES_UP:
            return f"with it, photos of {seen_as} would be taken for {label}"
        case HeldBecause.SHOWS_NOTHING:
            return "there seems to be nothing on it"


def _say_how_it_went(operation: Teach, version: MemoryVersion, lessons: Iterable[Lesson]) -> None:
    """Wait until the scales know the version, and say what was held back and is mixed up."""
    until = time.monotonic() + _WAIT_S
    with Console(stderr=True).status("The scales are learning"):
        while time.monotonic() < until:
            newest = operation.progress()
            if newest is not None and newest.state is not MemoryProgress.PENDING:
                break
            time.sleep(_LOOK_EVERY_S)
        else:
            typer.echo("The scales have not learnt it yet: they do so with their next weighings.")
            return
    for line in held_words(newest.version.held, {one.picture for one in lessons}):
        typer.echo(line)
    found = operation.told_apart()
    if found is None or found[0] < version.number:
        return
    pairs = found[1].mixed_up
    typer.echo("The scales know it now." if not pairs else "The scales know it now, but mix up:")
    for pair in pairs:
        typer.echo(f"  {pair.first} and {pair.second}: more photos of both tell them apart")
