from simplero.lib.refusals import Refusal


class AddressTaken(Refusal):
    """Somebody signs in with this address already."""

    field = "email"


class UnfitName(Refusal):
    """A name of a person or a business is empty, too long or cannot be shown."""


class FormUsed(Refusal):
    """The form opened another business before, or somebody else's."""


class AlreadyMember(Refusal):
    """The person invited works here already."""

    field = "email"


class AlreadyInvited(Refusal):
    """An invitation to this address is on its way."""

    field = "email"


class TooManyInvitations(Refusal):
    """The account has as many open invitations as it may."""


class LastOwner(Refusal):
    """The account would be left without an owner."""


class InvitationGone(Refusal):
    """The invitation was used, withdrawn or has run out; which of these is not told."""


class SecondFactorMissing(Refusal):
    """Whoever asks for second factors has none: they would shut themselves out."""

    field = "second_factor_required"


class InvitationForSomebodyElse(Refusal):
    """The person signed in is not the one invited."""


class MemberGone(Refusal):
    """The member was removed meanwhile."""


class HostIsOurs(Refusal):
    """A host at which all of this stands already."""

    field = "host"


class HostTaken(Refusal):
    """Another account has proven the host, and its record is still there."""


class DomainGone(Refusal):
    """The domain was removed meanwhile."""


class TooManyDomains(Refusal):
    """The account has claimed as many hosts as it may."""

    field = "host"


class SameZone(Refusal):
    """The account goes by this time zone already."""

    field = "time_zone"


class RezoningUnderWay(Refusal):
    """Another change of the time zone is not done yet."""


class CurrencyInUse(Refusal):
    """There are prices or purchases in money, which would mean other amounts in another currency."""


class UnfitColour(Refusal):
    """Not a colour as we keep them."""

    field = "colour"
