"""What can go wrong on our side of the fence; each error says what to do next."""

BUG, INTERRUPTED = 3, 130
"""Exit codes: of a fault of ours, and of Ctrl-C as a shell sees it (128 and the signal's number)."""


class UnstuckError(Exception):
    """An error a user can act on: one line of what happened, one line of what to do."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class UsageError(UnstuckError):
    """The command or its options cannot be understood."""


class ScriptNotFound(UnstuckError):
    """The training script or module does not exist or cannot be read."""


class RunNotFound(UnstuckError):
    """No recorded run has that name, or the recording cannot be read."""


class ReportNotWritten(UnstuckError):
    """A report could not be written where it was asked for."""


class NotSearchable(UnstuckError):
    """A learning rate cannot be searched for with this optimizer, model, loss or data."""


class DataWarning(UserWarning):
    """What was left out of the data that a model learns from, or what may spoil its judgement."""


class BadData(UnstuckError):
    """Data that cannot be trained on or predicted from: which file and row, and why."""


class BadCheckpoint(UnstuckError):
    """A training cannot go on from what was kept of it: damaged, or of another recipe or other data."""
