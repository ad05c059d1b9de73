"""What credits does when a job is due."""

from . import services

CHUNK = 1000
"""Lots whose wallets one transaction holds locked at most."""


def expire(*, account_id: int, subject: int) -> bool:
    """Write overdue expiries of the account, a chunk of them; False while more may be left. Safe at any time, twice, by anybody."""
    return services.expire_due(account=account_id, limit=CHUNK) < CHUNK
