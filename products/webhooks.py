"""Where payment providers post what happened. Nobody is signed in here: the address says whose it is, the signature that it is true."""

from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from products.gateways import Rejected, Unreachable, accounts, messages
from products.gateways import stripe as gateway
from products.services import gateways, payments, refunds
from simplero.tenancy.models import Account
from simplero.tenancy.scope import now, scope


@csrf_exempt
@require_POST
def stripe(request: HttpRequest, token: str) -> HttpResponse:
    """200 once the message is dealt with, or is none of ours; anything else, and Stripe posts it again for some days."""
    address = gateways.address_of(gateway.code, token)
    if address is None:
        raise Http404
    if _length(request) > messages.MOST:
        return _plain("too long", 413)
    account = Account.objects.get(pk=address.account_id)
    try:
        with scope(account, read_only=True):
            _, keys = payments.opened(account, gateway.code)
            good = messages.secrets(keys, now())
        message = messages.read(request.body, request.headers.get("Stripe-Signature", ""), good)
        if message.kind not in messages.KINDS:
            return _plain("not followed")
        with scope(account, read_only=True):
            payment = accounts.payment_of(
                account,
                gateway.code,
                payment=message.payment,
                checkout_ref=message.checkout_ref,
                charge_ref=message.charge_ref,
            )
        if payment is None:  # of something else that the business sells through Stripe
            return _plain("none of ours")
        payments.hear(
            account=account,
            gateway=gateway.code,
            event_id=message.event_id,
            kind=message.kind,
            payment=payment,
            checkout_ref=message.checkout_ref,
            charge_ref=message.charge_ref,
        )
        if message.kind.startswith("refund."):
            refunds.recheck(account=account, payment_id=payment)
    except messages.Forged:
        return _plain("not signed", 400)
    except (Unreachable, Rejected):
        return _plain("later", 503)
    return _plain("heard")


def _length(request: HttpRequest) -> int:
    """Bytes of the body as announced, which the server does not let anybody exceed."""
    text = request.META.get("CONTENT_LENGTH") or "0"
    return int(text) if text.isascii() and text.isdigit() else 0


def _plain(word: str, status: int = 200) -> HttpResponse:
    return HttpResponse(word, status=status, content_type="text/plain")
