"""What can go wrong before anything runs."""


class LaunchError(Exception):
    """Starting is impossible. The message is one sentence for the person at the terminal: what, where, what to do."""


class AlreadyRunning(LaunchError):
    """Another process holds the lock. `note` is what that process wrote into the lock file about itself."""

    def __init__(self, message: str, *, note: str = "") -> None:
        super().__init__(message)
        self.note = note
