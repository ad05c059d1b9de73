"""Names for things that follow from others, so that doing it again is doing the same."""

import uuid
from collections.abc import Iterable

NAMESPACE = uuid.UUID("7d0c5b52-4c0e-5f5b-9d0a-6f1c2a9e5b11")


def derive_key(kind: str, *ids: object) -> uuid.UUID:
    """The idempotency key (UUIDv5) of what follows from `ids`, or from an endpoint and its client's own key."""
    return uuid.uuid5(NAMESPACE, ":".join([kind, *map(str, ids)]))


def uuids(texts: Iterable[str]) -> list[uuid.UUID]:
    """Those of `texts` that are UUIDs."""
    return [one for one in map(_uuid, texts) if one is not None]


def _uuid(text: str) -> uuid.UUID | None:
    try:
        return uuid.UUID(text)
    except ValueError:
        return None
