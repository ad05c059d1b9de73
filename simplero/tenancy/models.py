"""Global tables (asked before any account is open) and the base class of every table that belongs to one account."""

import zoneinfo
from typing import Any, ClassVar

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager
from django.contrib.postgres.functions import RandomUUID
from django.db import models
from django.db.models import CheckConstraint, Q, UniqueConstraint
from django.db.models.functions import Now
from django.db.models.sql.where import WhereNode

from .database import connection
from .roles import ROLES
from .scope import ScopeError


def public_id_field() -> models.UUIDField:
    """A random name for addresses and forms: unguessable enough to say nothing of volume, never a secret."""
    return models.UUIDField(db_default=RandomUUID(), editable=False)


class UserManager(BaseUserManager["User"]):
    def create_user(self, email: str, password: str | None = None, *, name: str) -> "User":
        user = self.model(email=email.strip().lower(), name=name)
        user.set_password(password)
        user.save(using=self._db)
        return user


class User(AbstractBaseUser):
    """A person who signs in as staff, of any number of accounts. Global: it is asked before an account is known."""

    email = models.EmailField(max_length=254, unique=True)  # lower case
    name = models.CharField(max_length=120)
    is_active = models.BooleanField(default=True)
    date_joined = models.DateTimeField(db_default=Now(), editable=False)

    USERNAME_FIELD = EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = ["name"]
    objects = UserManager()

    def __str__(self) -> str:
        return self.name or self.email


class Account(models.Model):
    """The tenant, one business. Global: its slug is the address by which everything else of it is found."""

    name = models.CharField(max_length=120)
    slug = models.SlugField(max_length=60, db_index=False)
    time_zone = models.CharField(max_length=60)  # an IANA name; credits expire by it
    currency = models.CharField(max_length=3)  # ISO 4217
    second_factor_required = models.BooleanField(default=False)  # of owners and admins; see simplero.web.access
    colour = models.CharField(max_length=7, blank=True)  # of its storefront: "#2f6b4f", or the house's own
    logo = models.UUIDField(null=True)  # the public id of one of its pictures
    opened_with = models.UUIDField(null=True, editable=False)  # the form that opened it, which opens one account
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        constraints = [
            UniqueConstraint("slug", name="account_slug"),
            UniqueConstraint("opened_with", name="account_opened_with"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def zone(self) -> zoneinfo.ZoneInfo:
        return zoneinfo.ZoneInfo(self.time_zone)


class Domain(models.Model):
    """A host name under which an account's storefront stands, once a TXT record has proven whose it is. Global: a request names
    the host before any account is known."""

    account = models.ForeignKey(Account, on_delete=models.CASCADE, db_constraint=False, related_name="domains")
    host = models.CharField(max_length=253)  # lower case, in ASCII
    token = models.CharField(max_length=64)  # what the TXT record must say
    verified_at = models.DateTimeField(null=True)
    checked_at = models.DateTimeField(null=True)
    failing_since = models.DateTimeField(null=True)  # the record has been missing since; released when it stays so
    public_id = public_id_field()
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        constraints = [
            UniqueConstraint("public_id", name="domain_public_id"),
            # Two accounts may claim a host; only one can have proven it, and a claim keeps nobody out.
            UniqueConstraint("host", name="domain_host", condition=Q(verified_at__isnull=False)),
            UniqueConstraint("account", "host", name="domain_once"),
        ]

    def __str__(self) -> str:
        return self.host


class Membership(models.Model):
    """A user's place in an account. Global: it decides whether the account's scope may be opened at all."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="memberships")
    # No constraint into the accounts: once they are spread over servers, it would not be checked on delete.
    account = models.ForeignKey(Account, on_delete=models.CASCADE, db_constraint=False, related_name="memberships")
    role = models.CharField(max_length=20)
    public_id = public_id_field()
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        constraints = [
            UniqueConstraint("public_id", name="membership_public_id"),
            # Without it an invitation accepted twice would give one person two roles.
            UniqueConstraint("user", "account", name="membership_once"),
            CheckConstraint(condition=Q(role__in=sorted(ROLES)), name="membership_role"),
        ]

    def __str__(self) -> str:
        return f"{self.user} · {self.account} ({self.role})"

    @property
    def role_name(self) -> str:
        return ROLES[self.role]


class TenantKey(models.ForeignKey):
    """The account a row belongs to: first column of every key of its table."""

    tenant_key = True


class TenantForeignKey(models.ForeignKey):
    """A reference inside one account: (account_id, x_id) in the database, an ordinary foreign key in Django, joined on both."""

    tenant_fk = True

    def get_extra_restriction(self, alias: str | None, related_alias: str | None) -> WhereNode | None:
        if not (alias and related_alias):
            return None
        here, there = (model._meta.get_field("account") for model in (self.model, self.related_model))
        same: Any = here.get_lookup("exact")
        return WhereNode([same(here.get_col(related_alias), there.get_col(alias))])  # type: ignore[union-attr]


class TenantQuerySet(models.QuerySet):
    def delete(self) -> tuple[int, dict[str, int]]:
        """One DELETE that names the account; rows that refer to these are the database's business (RESTRICT)."""
        gone = self._raw_delete(self.db)
        return gone, {self.model._meta.label: gone}

    delete.alters_data = True  # type: ignore[attr-defined]
    delete.queryset_only = True  # type: ignore[attr-defined]


class TenantManager(models.Manager.from_queryset(TenantQuerySet)):  # type: ignore[misc]
    """Refuses to be asked outside a scope, and names the account in every query. A net, not the wall: that is the database."""

    def get_queryset(self) -> Any:
        account_id = connection.account_id
        if account_id is None:
            raise ScopeError(f"{self.model.__name__} asked for outside any scope")
        return super().get_queryset().filter(account_id=account_id)


class TenantModel(models.Model):
    """A row of one account. Its `public_id`, where it has one, is what stands in addresses and forms."""

    account = TenantKey(Account, on_delete=models.PROTECT, db_index=False, related_name="+")
    objects = TenantManager()

    class Meta:
        abstract = True
        base_manager_name = "objects"

    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        return type(self).objects.filter(pk=self.pk).delete()


class TenantPart(TenantModel):
    """A row written so often that a foreign key to its account would cost more than it tells: the row it refers to, by both
    columns, or the policy's check against the open scope, vouches for the account."""

    account = TenantKey(Account, on_delete=models.PROTECT, db_index=False, db_constraint=False, related_name="+")

    class Meta(TenantModel.Meta):
        abstract = True
