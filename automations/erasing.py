"""What automations forget of a person: they are taken out of what they are inside, and what calls said of them is emptied."""

from collections.abc import Sequence

from automations import runs
from automations.models import INSIDE, Call, CallState, Run
from automations.services.calls import ERASED
from simplero.tenancy.actors import SYSTEM
from simplero.tenancy.models import Account
from simplero.tenancy.scope import now, require

REASON = "erased"


def forget(*, account: Account, contacts: Sequence[int]) -> None:
    """Runs under way end; calls that wait are not made any more. The steps that were done stay done."""
    account_id = require(account)
    inside = Run.objects.filter(account_id=account_id, contact__in=contacts, state__in=INSIDE)
    runs.stop(account=account, runs=list(inside.values_list("pk", flat=True)), actor=SYSTEM, reason=REASON)
    theirs = Call.objects.filter(account_id=account_id, contact__in=contacts)
    theirs.filter(state=CallState.WAITING).update(state=CallState.FAILED, due=None, done_at=now())
    theirs.update(body="", reason=ERASED)
