"""Names as people write them."""


def plain_name(name: str) -> str:
    """A name without case, hyphens, underscores and spaces, to compare it by."""
    return "".join(spaced(name).split())


def spaced(name: str) -> str:
    """A name without case, its hyphens and underscores as spaces."""
    return name.casefold().replace("-", " ").replace("_", " ")
