"""Who does what is due: each room registers its kinds of job when Django is ready."""

from typing import Protocol


class Handler(Protocol):
    """Does one job inside its account's open scope; safe to run twice. False keeps the job for another turn at once."""

    def __call__(self, *, account_id: int, subject: int) -> bool: ...


HANDLERS: dict[str, Handler] = {}


def register(kind: str, handler: Handler) -> None:
    """Let `handler` do jobs of `kind`. Raises ValueError when another one does already."""
    if HANDLERS.setdefault(kind, handler) is not handler:
        raise ValueError(f"jobs of kind {kind} are done by {HANDLERS[kind]} already")
