"""What the admin routes take about models, trials and labels. Shares are from 0 to 1."""

from decimal import Decimal
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from smartscale.domain.registry import ImportHints
from smartscale.domain.trial import Limits, Mode
from smartscale.importing.labels import parse_labels
from smartscale.importing.preprocessings import canonical_name


class ActivationRequest(BaseModel):
    """The model to serve: a branch, tag or commit of a hub's repository, or the built-in package.

    `labels` and `preprocessing` are for repositories that do not say them.
    """

    model_config = ConfigDict(extra="forbid", protected_namespaces=())

    model_id: str | None = None
    model_revision: str = "main"
    labels: list[str] | dict[str, str | int] | None = None
    preprocessing: str | None = None

    @property
    def hints(self) -> ImportHints | None:
        """What is said of a model that its repository does not say."""
        if self.labels is None and self.preprocessing is None:
            return None
        return ImportHints(
            labels=None if self.labels is None else parse_labels(self.labels),
            preprocessing=self.preprocessing and canonical_name(self.preprocessing),
        )


class TrialRequest(BaseModel):
    """A package that is there, to try beside the active one.

    `share` is of the weighings for a shadow, of the scales for a canary.
    """

    model_config = ConfigDict(extra="forbid", protected_namespaces=())

    model_id: str
    model_revision: str = "main"
    mode: Mode = Mode.SHADOW
    share: Annotated[Decimal, Field(gt=0, le=1)] = Decimal("0.2")
    limits: Limits = Limits()


class Product(BaseModel):
    """The catalogue label of an item."""

    model_config = ConfigDict(extra="forbid")

    product: str
