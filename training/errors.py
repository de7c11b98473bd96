"""What a training can be refused for, in one plain line."""


class TrainingError(ValueError):
    """The training cannot start or go on; the text says what would be right."""
