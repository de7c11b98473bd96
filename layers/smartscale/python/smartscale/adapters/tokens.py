"""Where the admin token is kept: in a setting, in Secrets Manager or in the Parameter Store."""

import json
import time
from typing import Protocol

from aws_lambda_powertools.utilities.parameters import SecretsProvider, SSMProvider
from aws_lambda_powertools.utilities.parameters.exceptions import GetParameterError

from smartscale.adapters.aws import sdk_config
from smartscale.domain.errors import StoreUnavailable

MAX_AGE_S = 60
"""How long a looked-up token is used before it is looked up again."""
_FRESH_S = 5
"""Minimum age at which a cached token is looked up again because a caller showed another."""


class GivenToken:
    """The token of a setting."""

    def __init__(self, token: str) -> None:
        self._token = token

    def current(self, *, fresh: bool = False) -> str:
        """The token; it never changes."""
        del fresh
        return self._token


class _Store(Protocol):
    def get(self, name: str, *, force_fetch: bool) -> object:
        """A secret's value."""


class _Secrets:
    def __init__(self, region: str) -> None:
        self._provider = SecretsProvider(boto_config=sdk_config(region))

    def get(self, name: str, *, force_fetch: bool) -> object:
        return self._provider.get(name, max_age=MAX_AGE_S, force_fetch=force_fetch)


class _Parameters:
    def __init__(self, region: str) -> None:
        self._provider = SSMProvider(boto_config=sdk_config(region))

    def get(self, name: str, *, force_fetch: bool) -> object:
        return self._provider.get(name, max_age=MAX_AGE_S, force_fetch=force_fetch, decrypt=True)


class StoredToken:
    """A token that can be rotated: a new one is accepted at once, the old one a minute longer."""

    def __init__(self, store: _Store, name: str) -> None:
        self._store = store
        self._name = name
        self._last_forced = float("-inf")

    @classmethod
    def in_secrets_manager(cls, arn: str, region: str) -> "StoredToken":
        """The value of a secret, or of the one key that its JSON has."""
        return cls(_Secrets(region), arn)

    @classmethod
    def in_parameter_store(cls, name: str, region: str) -> "StoredToken":
        """The value of a parameter, decrypted."""
        return cls(_Parameters(region), name)

    def current(self, *, fresh: bool = False) -> str:
        """The token, at most a minute old. With `fresh` it is looked up again, but not more often
        than a guesser should be able to cause."""
        forced = fresh and time.monotonic() - self._last_forced > _FRESH_S
        try:
            value = self._store.get(self._name, force_fetch=forced)
        except GetParameterError as error:
            raise StoreUnavailable(
                f"The admin token cannot be read from {self._name} just now."
            ) from error
        if forced:
            self._last_forced = time.monotonic()
        return _only_value(str(value))


def _only_value(text: str) -> str:
    """The AWS console stores a secret as JSON with keys. With one key, its value is the token."""
    try:
        keys = json.loads(text)
    except ValueError:
        return text
    if isinstance(keys, dict) and len(keys) == 1:
        return str(next(iter(keys.values())))
    return text
