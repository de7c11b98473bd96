"""What goes wrong in operation, said in one line."""


class PlainError(Exception):
    """A failure whose message tells the operator what to do; printed without a traceback."""

    def __init__(self, message: str, exit_status: int = 1) -> None:
        super().__init__(message)
        self.exit_status = exit_status


class Stopped(Exception):
    """Somebody asked to stop while we were waiting for something."""
