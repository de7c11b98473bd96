"""What the domain refuses, each with a sentence that says what would be right."""


class DomainError(Exception):
    """A rule was broken; the message is written for the person who can mend it.

    Who speaks another language builds the sentence from `message`, which has a place such as
    `{plu}` for each of the `values`.

    >>> refused = DomainError("PLU {plu} comes twice.", plu="4011")
    >>> str(refused), refused.message, refused.values
    ('PLU 4011 comes twice.', 'PLU {plu} comes twice.', {'plu': '4011'})
    """

    def __init__(self, message: str = "", **values: object) -> None:
        super().__init__(message.format(**values) if values else message)
        self.message = message
        self.values = {name: str(value) for name, value in values.items()}


class InvalidInput(DomainError):
    """A value is not what it has to be (weight, tare, quantity, scale id, price)."""


class TooLarge(DomainError):
    """A picture has more bytes than are taken."""


class NotFound(DomainError):
    """There is no such weighing, catalogue item or model package."""


class Conflict(DomainError):
    """The thing exists, but its state does not allow this now."""


class Unprocessable(DomainError):
    """A weighing that no retry will mend: its picture or its metadata is bad."""


class ImportFailed(DomainError):
    """A hub's model cannot become a package here."""


class StoreUnavailable(DomainError):
    """The store does not answer just now; the same may work later."""


class StorageFull(StoreUnavailable):
    """There is no room for it: nothing was stored, and the same fails again until there is."""


class Unauthorised(DomainError):
    """The caller did not show the right token."""


class Forbidden(DomainError):
    """The caller did not prove to be one who may do this."""


class TooManyAttempts(DomainError):
    """The caller has shown too many wrong tokens; the same may work after a while."""

    def __init__(self, message: str, retry_after_s: int) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s
