"""What staff do with products and their prices. Each is all or nothing, in the account's open scope.

Nothing here touches what was sold: a purchase keeps the price, the units and the lots it was made with.
"""

import re
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from django.db import IntegrityError, connection, transaction
from django.db.models import Max
from django.utils.text import Truncator

from contacts.directory import constraint
from products import errors, events
from products.models import Kind, Price, PriceKind, Product, ProductCredit, Status
from simplero.lib import slugs
from simplero.lib.lists import listed
from simplero.lib.refusals import Refusal, Stale, Unacceptable
from simplero.lib.seals import seal
from simplero.outbox import outbox
from simplero.pictures import services as pictures
from simplero.tenancy.actors import Actor
from simplero.tenancy.models import Account
from simplero.tenancy.scope import now, require

if TYPE_CHECKING:
    from credits.models import CreditType

SLUG = 60  # characters of an address
_SLUG = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")


@dataclass(frozen=True, slots=True)
class Details:
    """What staff write of a product, made fit to keep by its form. `minimum`, `maximum` count units; `expiry` is as the ledger takes it."""

    name: str
    slug: str
    summary: str = ""
    description: str = ""
    included: int | None = None
    minimum: int | None = None
    maximum: int | None = None
    expiry: str = ""

    @classmethod
    def of(cls, product: Product) -> "Details":
        return cls(**{field: getattr(product, field) for field in cls.__slots__})

    @property
    def seal(self) -> str:
        """A short name for exactly these details: a form carries it to tell later whether they are still the same."""
        return seal(*map(str, asdict(self).values()))


@dataclass(frozen=True, slots=True)
class Terms:
    """What a price asks for. `amount`: minor units of the account's currency for one unit, or credits for one quantity."""

    kind: str
    amount: int = 0
    credit_type: "CreditType | None" = None
    every: int | None = None
    period: str = ""
    minimum: int = 1

    @classmethod
    def of(cls, price: Price) -> "Terms":
        return cls(**{field: getattr(price, field) for field in cls.__slots__})


@transaction.atomic
def add_product(
    *,
    account: Account,
    kind: str,
    name: str,
    credit_type: "CreditType | None" = None,
    included: int | None = None,
    amount: int | None = None,
    key: uuid.UUID | None = None,
    actor: Actor,
) -> Product:
    """A new product, a draft at the end of the catalogue; `amount` minor units for one unit give it its first price.

    `key`, made when the form was rendered, makes a form sent twice one product. The same key with other values (a page gone back
    to) is another product. Raises SlugTaken in the rare case that its address was taken in this very moment.
    """
    # Products are added one after the other, so that the second of two equal forms finds the first's, and each its own address.
    Account.objects.select_for_update(no_key=True).get(pk=require(account))
    wanted = {"kind": kind, "name": name, "credit_type": credit_type, "included": included}
    known = _product(key)
    if known is not None and all(getattr(known, field) == value for field, value in wanted.items()):
        return known
    return _create(account=account, wanted=wanted, amount=amount, public_id=None if known else key, actor=actor)


def _product(public_id: uuid.UUID | None) -> Product | None:
    return Product.objects.select_related("credit_type").filter(public_id=public_id).first() if public_id else None


def _create(
    *, account: Account, wanted: Mapping[str, Any], amount: int | None, public_id: uuid.UUID | None, actor: Actor
) -> Product:
    last = Product.objects.aggregate(last=Max("position"))["last"]
    product = Product(
        account_id=account.pk,
        position=0 if last is None else last + 1,
        public_id=public_id or uuid.uuid4(),
        slug=_free_slug(str(wanted["name"])),
        **wanted,
    )
    with _said(product_slug=errors.SlugTaken(product.slug)):  # somebody gave another product that address just now
        product.save(force_insert=True)
    outbox.record(account=account, fact=events.ProductCreated(product.pk), actor=actor)
    if amount:
        _add_price(account=account, product=product, terms=Terms(PriceKind.SINGLE, amount), actor=actor)
    return product


def _free_slug(name: str) -> str:
    """An address made of `name` that no product has: "pack", "pack-2", "pack-3"."""
    base = slugs.slug(name, longest=SLUG - 8, otherwise="product")
    taken = set(Product.objects.filter(slug__startswith=base).values_list("slug", flat=True))
    number = 1
    while (found := base if number == 1 else f"{base}-{number}") in taken:
        number += 1
    return found


@transaction.atomic
def edit_product(*, account: Account, product: Product, details: Details, seen: str, actor: Actor) -> None:
    """Write `details` over those of a product; `seen` is the seal of what the person started from.

    Raises Stale when it is no longer that, SlugTaken, and Unacceptable for limits that nobody could keep.
    """
    require(account)
    kept = Product.objects.select_for_update(no_key=True).get(pk=product.pk)  # edits come one after the other
    current = Details.of(kept)
    changed = [field for field, value in asdict(details).items() if getattr(current, field) != value]
    if not changed:
        return
    if seen != current.seal:
        raise Stale(
            f"Somebody else changed this product while you were typing: {_written(current, details)}. "
            "What you typed is still here; save again to keep it instead."
        )
    _check(kept, details)
    for field in changed:
        setattr(kept, field, getattr(details, field))
    with _said(product_slug=errors.SlugTaken(details.slug)):
        kept.save(update_fields=changed)
    outbox.record(account=account, fact=events.ProductChanged(kept.pk, tuple(changed)), actor=actor)


def _check(product: Product, details: Details) -> None:
    if not _SLUG.fullmatch(details.slug) or len(details.slug) > SLUG:
        raise Unacceptable(
            f"Use small letters, digits and single hyphens, at most {SLUG} characters, such as pack-of-5.", field="slug"
        )
    if details.included and product.kind != Kind.CREDIT:
        raise Unacceptable("Only a credit product includes credits by number.", field="included")
    if details.minimum and details.maximum and details.maximum < details.minimum:
        raise Unacceptable("The maximum can't be less than the minimum.", field="maximum")
    if details.maximum and details.included and details.maximum < details.included:
        raise Unacceptable(
            f"One already is {details.included:,} credits, so nobody could buy any. The maximum counts credits.",
            field="maximum",
        )


def _written(current: Details, wanted: Details) -> str:
    """What now stands where it is not what was typed."""
    words = {
        "name": "the name",
        "slug": "the address",
        "summary": "the summary",
        "description": "the description",
        "included": "the number of credits included",
        "minimum": "the minimum",
        "maximum": "the maximum",
        "expiry": "the expiration",
    }
    return listed(
        f"{words[field]} now is {f'“{Truncator(str(value)).chars(200)}”' if value else 'empty'}"
        for field, value in asdict(current).items()
        if getattr(wanted, field) != value
    )


@transaction.atomic
def publish(*, account: Account, product: Product, actor: Actor) -> None:
    """Show a draft in the storefront. Doing it again changes nothing."""
    _move(account, product, (Status.DRAFT,), Status.LIVE, events.ProductPublished(product.pk), actor)


@transaction.atomic
def archive(*, account: Account, product: Product, actor: Actor) -> None:
    """Take a product out of the storefront for good. Doing it again changes nothing."""
    _move(account, product, (Status.DRAFT, Status.LIVE), Status.ARCHIVED, events.ProductArchived(product.pk), actor)


@transaction.atomic
def bring_back(*, account: Account, product: Product, actor: Actor) -> None:
    """Make an archived product a draft again. Doing it again changes nothing."""
    _move(account, product, (Status.ARCHIVED,), Status.DRAFT, events.ProductBroughtBack(product.pk), actor)


def _move(account: Account, product: Product, since: tuple[str, ...], to: str, fact: outbox.Fact, actor: Actor) -> None:
    require(account)
    if Product.objects.filter(pk=product.pk, status__in=since).update(status=to):
        outbox.record(account=account, fact=fact, actor=actor)


@transaction.atomic
def move_product(*, account: Account, product: Product, up: bool, seen: int, actor: Actor) -> None:
    """Let a product change places with the one before it in the catalogue (`up`) or behind it, archived ones aside.

    `seen` is the position it was seen at: from another one it does not move, so that a second click changes nothing.
    """
    Account.objects.select_for_update(no_key=True).get(pk=require(account))
    kept = Product.objects.get(pk=product.pk)
    others = Product.objects.exclude(status=Status.ARCHIVED)
    if up:
        neighbour = others.filter(position__lt=kept.position).order_by("-position", "-pk").first()
    else:
        neighbour = others.filter(position__gt=kept.position).order_by("position", "pk").first()
    if neighbour is None or kept.position != seen:
        return
    Product.objects.filter(pk=kept.pk).update(position=neighbour.position)
    Product.objects.filter(pk=neighbour.pk).update(position=kept.position)
    for moved in (kept, neighbour):
        outbox.record(account=account, fact=events.ProductChanged(moved.pk, ("position",)), actor=actor)


@transaction.atomic
def show_picture(*, account: Account, product: Product, file: pictures.Upload, actor: Actor) -> None:
    """Show the picture in `file` with the product, instead of the one it had. Raises NoPicture."""
    require(account)
    _picture(account, product, pictures.keep(account, file).public_id, actor)


@transaction.atomic
def take_picture_off(*, account: Account, product: Product, actor: Actor) -> None:
    """Show the product without a picture. Doing it again changes nothing."""
    require(account)
    _picture(account, product, None, actor)


def _picture(account: Account, product: Product, picture: uuid.UUID | None, actor: Actor) -> None:
    kept = Product.objects.select_for_update(no_key=True).get(pk=product.pk)
    before = kept.picture
    if before == picture:
        return
    kept.picture = picture
    kept.save(update_fields=["picture"])
    if before is not None:
        pictures.remove(account=account, picture=before)
    outbox.record(account=account, fact=events.ProductChanged(kept.pk, ("picture",)), actor=actor)


@transaction.atomic
def include_credits(
    *, account: Account, product: Product, credit_type: "CreditType", amount: int, expiry: str = "", actor: Actor
) -> ProductCredit:
    """Let every quantity of a product issue `amount` more credits; said twice it is done once.

    Raises IssuedAlready, and IssuesItself for the type that a credit product is made of: a purchase issues one lot of a type, so
    these would share its expiry whatever `expiry` says.
    """
    account_id = require(account)
    if credit_type.pk == product.credit_type_id:
        raise errors.IssuesItself(included=product.included is not None)
    try:
        with transaction.atomic():
            made = ProductCredit.objects.create(
                account_id=account_id, product=product, credit_type=credit_type, amount=amount, expiry=expiry
            )
    except IntegrityError as error:
        if constraint(error) != "product_credit_once":
            raise
        there = ProductCredit.objects.get(product=product, credit_type=credit_type)
        if (there.amount, there.expiry) == (amount, expiry):
            return there
        raise errors.IssuedAlready from error
    fact = events.ProductCreditAdded(product.pk, credit_type.pk, amount)
    outbox.record(account=account, fact=fact, actor=actor)
    return made


@transaction.atomic
def leave_out_credits(*, account: Account, product: Product, credit_type: "CreditType", actor: Actor) -> None:
    """Undo `include_credits` for what is sold from now on. Doing it again changes nothing."""
    require(account)
    there = ProductCredit.objects.select_for_update().filter(product=product, credit_type=credit_type).first()
    if there is not None:
        fact = events.ProductCreditRemoved(product.pk, credit_type.pk, there.amount)
        there.delete()
        outbox.record(account=account, fact=fact, actor=actor)


@transaction.atomic
def add_price(*, account: Account, product: Product, terms: Terms, key: uuid.UUID | None = None, actor: Actor) -> Price:
    """One more way to pay, or one more tier of a way; `key` makes a form sent twice one price. Raises TierTaken."""
    require(account)
    known = _price(product, key)
    if known is not None and Terms.of(known) == terms:
        return known
    return _add_price(account=account, product=product, terms=terms, public_id=None if known else key, actor=actor)


@transaction.atomic
def change_price(*, account: Account, price: Price, terms: Terms, key: uuid.UUID | None = None, actor: Actor) -> Price:
    """Ask for `terms` from now on: a new price in the old one's place, which is retired and stays with what was sold at it.

    Raises TierTaken, and Stale when somebody has changed or removed it meanwhile.
    """
    require(account)
    known = _price(price.product, key)
    if known is not None and Terms.of(known) == terms:
        return known
    kept = Price.objects.select_for_update(no_key=True).get(pk=price.pk)
    if kept.retired_at is not None:
        raise Stale("Somebody else changed or removed this price meanwhile. Look at the prices as they are now.")
    if Terms.of(kept) == terms:
        return kept
    Price.objects.filter(pk=kept.pk).update(retired_at=now())
    return _add_price(
        account=account,
        product=price.product,
        terms=terms,
        public_id=None if known else key,
        replaces=kept,
        actor=actor,
    )


def _price(product: Product, public_id: uuid.UUID | None) -> Price | None:
    return Price.objects.filter(product=product, public_id=public_id).first() if public_id else None


def _currency(account: Account) -> str:
    """The account's currency, which stays so until the caller's transaction ends. Raises Stale where the amount was typed in another."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT currency FROM tenancy_account WHERE id = %s FOR KEY SHARE", [account.pk])
        kept = str(cursor.fetchone()[0])
    if kept != account.currency:
        raise Stale(f"Prices are in {kept} since a moment ago. Type this one again.")
    return kept


def _add_price(
    *,
    account: Account,
    product: Product,
    terms: Terms,
    public_id: uuid.UUID | None = None,
    replaces: Price | None = None,
    actor: Actor,
) -> Price:
    paid_in_money = terms.kind in (PriceKind.SINGLE, PriceKind.RECURRING)
    if terms.credit_type is not None and terms.credit_type.pk == product.credit_type_id:
        raise errors.PaysWithItself
    with _said(price_tier=errors.TierTaken(terms.minimum)):
        price = Price.objects.create(
            account_id=account.pk,
            product=product,
            public_id=public_id or uuid.uuid4(),
            currency=_currency(account) if paid_in_money else "",
            enabled=replaces.enabled if replaces else True,
            **{field: getattr(terms, field) for field in Terms.__slots__},
        )
    fact = events.PriceAdded(product.pk, price.pk, replaces.pk if replaces else None)
    outbox.record(account=account, fact=fact, actor=actor)
    return price


@transaction.atomic
def switch_price(*, account: Account, price: Price, enabled: bool, actor: Actor) -> None:
    """Offer a price or not. Doing it again changes nothing."""
    require(account)
    if Price.objects.filter(pk=price.pk, retired_at=None, enabled=not enabled).update(enabled=enabled):
        fact = events.PriceSwitched(price.product_id, price.pk, enabled)
        outbox.record(account=account, fact=fact, actor=actor)


@transaction.atomic
def remove_price(*, account: Account, price: Price, actor: Actor) -> None:
    """Ask for this price no more. It is kept for the purchases made at it, whose renewals go on. Doing it again changes nothing."""
    require(account)
    if Price.objects.filter(pk=price.pk, retired_at=None).update(retired_at=now()):
        outbox.record(account=account, fact=events.PriceRetired(price.product_id, price.pk), actor=actor)


@contextmanager
def _said(**refusals: Refusal) -> Iterator[None]:
    """Let the database's refusal, by the name of the constraint, be said as the one given for it."""
    try:
        with transaction.atomic():
            yield
    except IntegrityError as error:
        refusal = refusals.get(constraint(error) or "")
        if refusal is None:
            raise
        raise refusal from error
