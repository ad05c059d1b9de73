"""Where other systems call a trigger: a booking tool says "session delivered". Nobody is signed in here, the token in the address
says whose it is.

A call is a POST of JSON or of a form: `contact`, the id that stands in the address of the contact's page, or `email`; and `id`, the
caller's own name for the call (also read from the headers webhook-id and Idempotency-Key), which is good once, so that a call made
again after a lost answer fires nothing twice. Whatever else it says is not kept.

    202 {"accepted": true, "id": …}            taken, now or before
    404, 405, 413, 422, 429, 409 {"accepted": false, "error": "…"}

409 says that the trigger is off: not a 2xx, so that what was called for in the meantime does not look done to the caller.
"""

import json
import uuid
from typing import Any

from django.core.exceptions import SuspiciousOperation
from django.http import HttpRequest, HttpResponse, JsonResponse, QueryDict
from django.utils.cache import add_never_cache_headers
from django.views.decorators.csrf import csrf_exempt

from simplero.lib.refusals import Unacceptable
from simplero.lib.text import unfit
from simplero.tenancy.models import Account
from simplero.tenancy.scope import scope
from triggers.services import hooks

MOST = 64 * 1024  # bytes
LONGEST_ID, LONGEST_EMAIL = 120, 254  # characters
NAMED_IN = ("webhook-id", "Idempotency-Key")

HOW = 'Send a POST with JSON such as {"email": "ann@example.com", "id": "your own name for this call"}.'
NOWHERE = "Nothing is called at this address. It may have been replaced by a new one."
WORDS = {
    hooks.OFF: (409, "The trigger at this address is off. Nothing was done."),
    hooks.NOBODY: (422, "There is no such contact: add it first, or check contact or email. Nothing was done."),
    hooks.ANOTHER: (
        409,
        "A call of this id was taken for another contact. Give each call an id of its own. Nothing was done.",
    ),
}


@csrf_exempt
def receive(request: HttpRequest, token: str) -> HttpResponse:
    response = _answer(request, token)
    add_never_cache_headers(response)
    return response


def _answer(request: HttpRequest, token: str) -> HttpResponse:
    if request.method != "POST":
        response = _no(405, f"This address takes calls from other systems. {HOW}")
        response["Allow"] = "POST"
        return response
    hook = hooks.whose(token)
    if hook is None:
        return _no(404, NOWHERE)
    account = Account.objects.get(pk=hook.account_id)
    said, status, words = _read(request)
    with scope(account):
        heard = hooks.receive(account=account, trigger_id=hook.trigger_id, said=said)
    if heard.wait:
        response = _no(429, f"There are too many calls: {hooks.LIMIT} a minute are heard. Try again later.")
        response["Retry-After"] = str(heard.wait)
        return response
    if not heard.outcome:
        return _no(404, NOWHERE)
    if said is None:
        return _no(status, words)
    if heard.outcome in WORDS:
        return _no(*WORDS[heard.outcome])
    return JsonResponse({"accepted": True, "id": heard.call_id}, status=202)


def _no(status: int, words: str) -> JsonResponse:
    return JsonResponse({"accepted": False, "error": words}, status=status)


def _read(request: HttpRequest) -> tuple[hooks.Said | None, int, str]:
    """What the call says; or None, with the status and the words that say what is wrong with it."""
    try:
        body = request.body
    except SuspiciousOperation:  # more than Django reads of anything
        body = b" " * (MOST + 1)
    if len(body) > MOST:
        return None, 413, f"A call can be at most {MOST // 1024} kB long."
    try:
        return _said(request, _fields(request, body)), 200, ""
    except Unacceptable as refusal:
        return None, 422, refusal.wording


def _fields(request: HttpRequest, body: bytes) -> dict[str, Any]:
    if request.content_type == "application/x-www-form-urlencoded":
        try:
            return QueryDict(body, encoding="utf-8").dict()
        except SuspiciousOperation:
            raise Unacceptable(f"The form has too many fields. {HOW}") from None
    try:
        fields = json.loads(body)
    except (ValueError, RecursionError):
        fields = None
    if not isinstance(fields, dict):
        raise Unacceptable(f"The body is not a JSON object. {HOW}")
    return fields


def _said(request: HttpRequest, fields: dict[str, Any]) -> hooks.Said:
    name = _text(fields, "id", LONGEST_ID)
    for header in NAMED_IN:
        name = name or _text({header: request.headers.get(header)}, header, LONGEST_ID)
    contact, email = _text(fields, "contact", 100), _text(fields, "email", LONGEST_EMAIL)
    if contact:
        try:
            return hooks.Said(contact=uuid.UUID(contact), email=email, call_id=name)
        except ValueError:
            raise Unacceptable("contact is not an id: take it from the address of the contact's page.") from None
    if not email:
        raise Unacceptable(f"The body says neither contact nor email. {HOW}")
    return hooks.Said(email=email, call_id=name)


def _text(fields: dict[str, Any], name: str, longest: int) -> str:
    value = fields.get(name)
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    if value is None or value == "":
        return ""
    if not isinstance(value, str) or unfit(value) or len(value.strip()) > longest:
        raise Unacceptable(f"{name} must be a text of at most {longest} characters.")
    return value.strip()
