"""Webhooks and what was said to them."""

import uuid
from dataclasses import dataclass
from datetime import timedelta

from django.db.models import Count, Max, Q, QuerySet

from automations.models import Call, CallState, Endpoint
from simplero.tenancy.models import Account
from simplero.tenancy.scope import now, require

PAGE = 25  # calls shown at once
LATELY = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Figures:
    """Of an endpoint's calls: how many wait, and what came of those of the last LATELY."""

    waiting: int = 0
    done: int = 0
    failed: int = 0


@dataclass(frozen=True, slots=True)
class Page:
    calls: list[Call]
    older: uuid.UUID | None  # the cursor of what comes after, None where nothing does


def endpoints(account: Account) -> QuerySet[Endpoint]:
    """Those that are not deleted, by name."""
    return Endpoint.objects.filter(account_id=require(account), deleted_at=None).order_by("name", "pk")


def get_endpoint(account: Account, public_id: uuid.UUID) -> Endpoint:
    """One that is not deleted. Raises Endpoint.DoesNotExist."""
    return endpoints(account).get(public_id=public_id)


def figures(account: Account, *endpoint_ids: int) -> dict[int, Figures]:
    lately = Q(created_at__gt=now() - LATELY)
    rows = (
        Call.objects.filter(Q(state=CallState.WAITING) | lately, account_id=require(account), endpoint__in=endpoint_ids)
        .values_list("endpoint")
        .annotate(
            waiting=Count("pk", filter=Q(state=CallState.WAITING)),
            done=Count("pk", filter=lately & Q(state=CallState.DONE)),
            failed=Count("pk", filter=lately & Q(state=CallState.FAILED)),
        )
    )
    return {endpoint: Figures(*counts) for endpoint, *counts in rows}


def last_done(account: Account, *endpoint_ids: int) -> dict[int, object]:
    """When each was last called with success."""
    done = Call.objects.filter(account_id=require(account), endpoint__in=endpoint_ids, state=CallState.DONE)
    return dict(done.values_list("endpoint").annotate(Max("done_at")))


def calls(account: Account, endpoint: Endpoint, *, after: uuid.UUID | None = None) -> Page:
    """Its calls, the newest first, from behind the call `after` on."""
    found = (
        Call.objects.filter(account_id=require(account), endpoint=endpoint)
        .select_related("contact", "run__flow")
        .order_by("-created_at", "-pk")
    )
    if after is not None and (last := found.filter(public_id=after).first()):
        found = found.filter(Q(created_at__lt=last.created_at) | Q(created_at=last.created_at, pk__lt=last.pk))
    shown = list(found[: PAGE + 1])
    return Page(shown[:PAGE], shown[PAGE - 1].public_id if len(shown) > PAGE else None)


def get_call(account: Account, endpoint: Endpoint, public_id: uuid.UUID) -> Call:
    """Raises Call.DoesNotExist."""
    return Call.objects.get(account_id=require(account), endpoint=endpoint, public_id=public_id)
