"""What a shop's scales can tell apart by what they were taught, and which pairs are mixed up."""

from decimal import Decimal

from pydantic import BaseModel, ConfigDict


class MixedUp(BaseModel):
    """Two taught items that look alike to a model, the more so the larger `share` is.

    `share` is the part of their pictures, 0 to 1, that are nearer to pictures of the other one.
    """

    model_config = ConfigDict(frozen=True)

    first: str
    second: str
    share: Decimal


class ToldApart(BaseModel):
    """Which pairs of a version's items a model mixes up, the worst first."""

    model_config = ConfigDict(frozen=True)

    mixed_up: tuple[MixedUp, ...]
