"""Which photos of a folder `smartscale teach` takes, and what it says of a folder that won't do."""

from pathlib import Path

import pytest

from infra.commands.teach import held_words, photos_of
from infra.errors import PlainError
from smartscale.domain.catalogue import Catalogue
from smartscale.domain.memory import (
    LESSONS_PER_LABEL,
    HeldBecause,
    HeldLesson,
    Lesson,
    Teacher,
)
from tests.examples import NOW, item

SOLD = Catalogue([item("Fig", plu="4266"), item("Red-Onion", plu="4082", aliases="Onion Red")])


def photos(folder: Path, *names: str) -> Path:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(b"a photo")
    return folder


def test_a_folder_is_an_item_by_its_label_or_alias(tmp_path: Path) -> None:
    photos(
        tmp_path, "fig/2.jpg", "fig/1.JPG", "fig/notes.txt", "Onion_Red/1.png", "red onion/2.png"
    )
    photos(tmp_path, "_negatives/1.jpg", ".git/1.jpg", "loose.jpg")
    found = photos_of(tmp_path, SOLD)
    assert {label: [path.name for path in paths] for label, paths in found.items()} == {
        "Fig": ["1.JPG", "2.jpg"],
        "Red-Onion": ["1.png", "2.png"],
    }


def test_of_many_photos_some_from_all_over_the_folder_are_taken(tmp_path: Path) -> None:
    photos(tmp_path, *(f"Fig/{number:03d}.jpg" for number in range(100)))
    taken = [int(path.stem) for path in photos_of(tmp_path, SOLD)["Fig"]]
    assert (len(set(taken)), taken[0], taken[-1]) == (LESSONS_PER_LABEL, 0, 99)


@pytest.mark.parametrize(
    ("names", "saying"),
    [
        (["Fig/1.jpg", "Mug/1.jpg", "Cup/1.jpg"], "no item for the folders Cup, Mug"),
        (["Fig/notes.txt"], "holds no photos in folders named after items"),
        (["1.jpg"], "such as .*/Fig/1.jpg"),
    ],
)
def test_a_folder_that_will_not_do_is_told_why(
    tmp_path: Path, names: list[str], saying: str
) -> None:
    with pytest.raises(PlainError, match=saying):
        photos_of(photos(tmp_path, *names), SOLD)


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(PlainError, match="gone is not a folder"):
        photos_of(tmp_path / "gone", SOLD)


def test_what_was_held_back_is_said_with_the_reason() -> None:
    def held(picture: str, label: str, because: HeldBecause) -> HeldLesson:
        taught = Lesson(label=label, picture=picture, teacher=Teacher.ENROLMENT, at=NOW)
        return HeldLesson(lesson=taught, because=because, seen_as="Banana")

    waiting = [
        held("a", "Fig", HeldBecause.CONTRADICTS),
        held("b", "Fig", HeldBecause.CONTRADICTS),
        held("c", "Red-Onion", HeldBecause.MIXES_UP),
        held("z", "Red-Onion", HeldBecause.MIXES_UP),
    ]
    assert held_words(waiting, {"a", "b", "c"}) == [
        "Held back, until somebody lets them count (Lessons on the kiosk's Models page):",
        "  2 photos of Fig: the scales were sure that it shows Banana",
        "  1 photo of Red-Onion: with it, photos of Banana would be taken for Red-Onion",
    ]
    assert held_words(waiting, {"other"}) == []
