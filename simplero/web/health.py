"""Is this process up, and can it do its work? Plain answers for load balancers; no session, no account."""

import redis
from django.conf import settings
from django.db import Error
from django.http import HttpRequest, JsonResponse
from django.views.decorators.http import require_safe

from simplero.tenancy.trouble import is_read_only


@require_safe
def healthz(request: HttpRequest) -> JsonResponse:
    """200 as long as the process answers."""
    return JsonResponse({"status": "ok"})


@require_safe
def readyz(request: HttpRequest) -> JsonResponse:
    """200 when the database takes changes and Redis answers too, else 503 naming which does not."""
    checks = {"database": _database_takes_changes(), "redis": _redis_answers()}
    ready = all(checks.values())
    return JsonResponse({"status": "ok" if ready else "unavailable", **checks}, status=200 if ready else 503)


def _database_takes_changes() -> bool:
    try:
        return not is_read_only()
    except Error:
        return False


def _redis_answers() -> bool:
    if not settings.REDIS_URL:
        return False
    try:
        with redis.Redis.from_url(settings.REDIS_URL, socket_timeout=2, socket_connect_timeout=2) as client:
            return bool(client.ping())
    except redis.RedisError:
        return False
