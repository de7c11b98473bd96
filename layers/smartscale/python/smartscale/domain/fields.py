"""Named values that somebody sends: those that nobody reads are refused, since a misspelt `tare`
that is left out changes what a shopper pays."""

from collections import Counter
from collections.abc import Collection, Iterable
from difflib import get_close_matches

from smartscale.domain.errors import InvalidInput


def check_fields(
    kind: str, sent: Iterable[str], known: Collection[str], *, repeatable: Collection[str] = ()
) -> None:
    """Refuse names that are not known, or that come more than once.

    Args:
        kind: what they are names of, such as `form field`.
        sent: the names, each as often as it was sent.
        known: those that are read.
        repeatable: those that may come more than once.

    Raises:
        InvalidInput: it names each wrong one, and what would be right.

    >>> check_fields("form field", ["tare"], ["weight", "tare_kg"])
    Traceback (most recent call last):
    ...
    smartscale.domain.errors.InvalidInput: The form field `tare` is not known: is it `tare_kg`? \
Known are: tare_kg, weight.
    """
    wrong = []
    unknown = False
    for name, times in Counter(sent).items():
        if name not in known:
            near = get_close_matches(name, known, 1)
            hint = f": is it `{near[0]}`?" if near else "."
            wrong.append(f"The {kind} `{name[:40]}` is not known{hint}")
            unknown = True
        elif times > 1 and name not in repeatable:
            wrong.append(f"The {kind} `{name}` was sent {times} times: send it once.")
    if unknown:
        wrong.append(f"Known are: {', '.join(sorted(known)) or 'none'}.")
    if wrong:
        raise InvalidInput(" ".join(wrong))
