"""The outbox page: what would have been sent, for development and the demo. Elsewhere it does not exist."""

from collections.abc import Callable
from functools import wraps
from uuid import UUID

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from .models import Message

SHOWN = 100


def in_development_only(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Everybody's mail, without signing in: never where mail is real."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: object, **kwargs: object) -> HttpResponse:
        if not (settings.DEBUG or settings.DEMO):
            raise Http404
        return view(request, *args, **kwargs)

    return guarded


@require_safe
@never_cache
@in_development_only
def outbox(request: HttpRequest) -> HttpResponse:
    messages = Message.objects.order_by("-id")[:SHOWN]
    kept = not settings.EMAIL_URL
    return render(request, "mail/outbox_list.html", {"mails": messages, "shown": SHOWN, "kept": kept})


@require_safe
@never_cache
@in_development_only
def message(request: HttpRequest, public_id: UUID) -> HttpResponse:
    mail = get_object_or_404(Message, public_id=public_id)
    return render(request, "mail/message_show.html", {"mail": mail, "kept": not settings.EMAIL_URL})
