"""Names for things that follow from others, so that doing it again is doing the same."""

import uuid

NAMESPACE = uuid.UUID("7d0c5b52-4c0e-5f5b-9d0a-6f1c2a9e5b11")


def derive_key(kind: str, *ids: object) -> uuid.UUID:
    """The idempotency key (UUIDv5) of what follows from `ids`, or from an endpoint and its client's own key."""
    return uuid.uuid5(NAMESPACE, ":".join([kind, *map(str, ids)]))
