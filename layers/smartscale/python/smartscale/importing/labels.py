"""A model's labels, in whichever of the usual files and shapes its repository has them."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from smartscale.domain.errors import InvalidInput
from smartscale.recognition.package import MAX_LABEL_LENGTH

LABEL_FILES = (
    "class_labels.json",
    "class_names.json",
    "labels.json",
    "labels.txt",
    "class_names.txt",
    "id2label.json",
    "config.json",
)
"""Most trusted first: a file of labels alone is surer than a configuration."""

_KEYS = ("id2label", "label2id", "class_labels", "class_names", "labels", "classes", "names")
_NUMBERED = re.compile(r"\s*(\d+)\s*[:,;\t ]\s*(.*\S)\s*")
_PLACEHOLDER = re.compile(r"LABEL_\d+")
MAX_LABELS = 10_000


@dataclass(frozen=True)
class FoundLabels:
    """Labels in the order of the network's outputs, and where they were found."""

    labels: tuple[str, ...]
    where: str


def parse_labels(value: object) -> tuple[str, ...]:
    """Labels from a list, from a map of index to label or label to index, or from an object that
    holds one of these under a usual name.

    Raises:
        InvalidInput: it is none of these, an index is missing, or a label is none.
    """
    if isinstance(value, Mapping):
        for key in _KEYS:
            if isinstance(value.get(key), Mapping | list):
                return parse_labels(value[key])
        return _checked(_ordered(value))
    if isinstance(value, Sequence) and not isinstance(value, str | bytes):
        return _checked(value)
    raise InvalidInput("Labels must be a list, or a map between indices and labels.")


def read_labels(name: str, text: str) -> tuple[str, ...]:
    """Labels from a file's text; `name` decides how it is read: JSON, or a label on each line.

    Raises:
        InvalidInput: as `parse_labels`, or the JSON cannot be read.
    """
    if name.lower().endswith(".json"):
        try:
            value = json.loads(text)
        except ValueError as error:
            raise InvalidInput(f"{name} is no JSON: {error}") from error
        return parse_labels(value)
    lines = [line for line in text.lstrip("\ufeff").splitlines() if line.strip()]
    numbered = [_NUMBERED.fullmatch(line) for line in lines]
    indices = {int(match[1]) for match in numbered if match}
    if lines and indices == set(range(len(lines))):
        return _checked(_ordered({match[1]: match[2] for match in numbered if match}))
    return _checked([line.strip() for line in lines])


def find_labels(texts: Mapping[str, str]) -> tuple[list[FoundLabels], list[str]]:
    """What the label files of a repository say, most trusted first, and what was wrong with others.

    Args:
        texts: the text of each label file that the repository has, by its base name.
    """
    found, wrong = [], []
    for name in LABEL_FILES:
        if name not in texts:
            continue
        try:
            labels = read_labels(name, texts[name])
        except InvalidInput as error:
            wrong.append(f"{name}: {error}")
            continue
        # A configuration's placeholder for classes that have no names.
        if not all(_PLACEHOLDER.fullmatch(label) for label in labels):
            found.append(FoundLabels(labels, name))
    return found, wrong


def choose_labels(
    given: tuple[str, ...] | None, texts: Mapping[str, str], outputs: int
) -> FoundLabels:
    """The labels of a network with so many outputs: the operator's, else the repository's.

    Raises:
        InvalidInput: there are none, or none of that number.
    """
    if given is not None:
        if len(given) != outputs:
            raise InvalidInput(
                f"{len(given)} labels were given, but the model has {outputs} outputs."
            )
        return FoundLabels(given, "operator")
    found, wrong = find_labels(texts)
    for candidate in found:
        if len(candidate.labels) == outputs:
            return candidate
    hint = "give them in order by `labels` or --labels FILE"
    if found:
        counts = ", ".join(f"{one.where} has {len(one.labels)}" for one in found)
        raise InvalidInput(
            f"The number of labels is not the model's {outputs} outputs: {counts}; {hint}."
        )
    what = "; ".join(wrong) or f"none of {', '.join(LABEL_FILES)} names them"
    raise InvalidInput(f"The model's {outputs} labels are missing ({what}); {hint}.")


def _ordered(value: Mapping[object, object]) -> list[object]:
    """The labels of a map by rising index, whichever side the index is on."""
    by_key = {_index(key): label for key, label in value.items()}
    by_value = {_index(index): label for label, index in value.items()}
    # Labels may be numbers as well: the side that counts from 0 without gaps is the index.
    for candidate in (by_key, by_value):
        if candidate and set(candidate) == set(range(len(value))):
            return [candidate[index] for index in range(len(value))]
    raise InvalidInput(
        f"A map of {len(value)} labels must have each index from 0 to {len(value) - 1} once."
    )


def _index(value: object) -> int | None:
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return value
    if isinstance(value, str) and value.isascii() and value.isdigit():
        return int(value) if len(value) < 7 else None  # noqa: PLR2004  no model has so many
    return None


def _checked(labels: Sequence[object]) -> tuple[str, ...]:
    if not 0 < len(labels) <= MAX_LABELS:
        raise InvalidInput(f"There must be 1 to {MAX_LABELS} labels, not {len(labels)}.")
    checked = []
    for label in labels:
        text = label.strip() if isinstance(label, str) else ""
        if not 0 < len(text) <= MAX_LABEL_LENGTH:
            raise InvalidInput(
                f"{label!r} is no label: 1 to {MAX_LABEL_LENGTH} characters of text."
            )
        checked.append(text)
    if len(set(checked)) != len(checked):
        twice = next(label for label in checked if checked.count(label) > 1)
        raise InvalidInput(f"The label {twice!r} is there twice.")
    return tuple(checked)
