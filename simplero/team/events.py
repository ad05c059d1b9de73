"""What happened in a team. Ids and roles only; the address of somebody invited stands in the invitation alone."""

from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True, slots=True)
class AccountOpened:
    kind: ClassVar[str] = "account.opened"


@dataclass(frozen=True, slots=True)
class MemberInvited:
    kind: ClassVar[str] = "member.invited"
    invitation_id: int
    role: str


@dataclass(frozen=True, slots=True)
class InvitationRevoked:
    kind: ClassVar[str] = "member.invitation_revoked"
    invitation_id: int


@dataclass(frozen=True, slots=True)
class MemberJoined:
    kind: ClassVar[str] = "member.joined"
    user_id: int
    role: str
    invitation_id: int


@dataclass(frozen=True, slots=True)
class MemberRoleChanged:
    kind: ClassVar[str] = "member.role_changed"
    user_id: int
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class MemberRemoved:
    kind: ClassVar[str] = "member.removed"
    user_id: int
    role: str


@dataclass(frozen=True, slots=True)
class AccountSecurityChanged:
    kind: ClassVar[str] = "account.security_changed"
    second_factor_required: bool


@dataclass(frozen=True, slots=True)
class AccountRenamed:
    """The names themselves are free text and stay out."""

    kind: ClassVar[str] = "account.renamed"


@dataclass(frozen=True, slots=True)
class AccountRezoned:
    """Time zones by their IANA names."""

    kind: ClassVar[str] = "account.rezoned"
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class AccountCurrencyChanged:
    """Currencies by their ISO 4217 codes."""

    kind: ClassVar[str] = "account.currency_changed"
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class MemberSignedOut:
    """Of all the `sessions` they had."""

    kind: ClassVar[str] = "member.signed_out"
    user_id: int
    sessions: int


@dataclass(frozen=True, slots=True)
class StorefrontDressed:
    """Logo or colour changed."""

    kind: ClassVar[str] = "storefront.dressed"
    changed: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class DomainClaimed:
    """The host itself stands in the domain's row alone."""

    kind: ClassVar[str] = "domain.claimed"
    domain_id: int


@dataclass(frozen=True, slots=True)
class DomainProven:
    kind: ClassVar[str] = "domain.proven"
    domain_id: int


@dataclass(frozen=True, slots=True)
class DomainReleased:
    """Given up by itself, its record having been gone for a week."""

    kind: ClassVar[str] = "domain.released"
    domain_id: int


@dataclass(frozen=True, slots=True)
class DomainRemoved:
    kind: ClassVar[str] = "domain.removed"
    domain_id: int
