"""Showing a picture to anybody who has its address."""

from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from simplero.tenancy.scope import scope
from simplero.tenancy.shops import account_of

from .models import Picture


@require_safe
def picture(request: HttpRequest, picture: UUID, shop: str = "") -> HttpResponse:
    """A picture of the shop in the address. It never changes, so browsers keep it; opened by itself it may do nothing at all."""
    account = account_of(request, shop)
    with scope(account, read_only=True):
        found = Picture.objects.filter(public_id=picture).values_list("data", flat=True).first()
    if found is None:
        raise Http404
    response = HttpResponse(bytes(found), content_type="image/webp")
    response["Cache-Control"] = "public, max-age=31536000, immutable"
    response["X-Content-Type-Options"] = "nosniff"
    response["Content-Disposition"] = "inline"
    response["Content-Security-Policy"] = "default-src 'none'; frame-ancestors 'none'; sandbox"
    return response
