"""What triggers forget of a person: the names under which other systems called about them, which are those systems' free text."""

from collections.abc import Sequence

from django.db.models import CharField, F, Value
from django.db.models.functions import Cast, Concat

from simplero.tenancy.models import Account
from simplero.tenancy.scope import require

from .models import HookCall

ERASED = "erased-"


def forget(*, account: Account, contacts: Sequence[int]) -> None:
    theirs = HookCall.objects.filter(account_id=require(account), contact__in=contacts)
    theirs.exclude(call_id__startswith=ERASED).update(call_id=Concat(Value(ERASED), Cast(F("pk"), CharField())))
