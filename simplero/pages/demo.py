"""Two businesses to look around in, with months of history that went through the services like any other.

The past is posted by moving the ledger's clock inside the owner's own transaction: `ledger_now()` is replaced there, nobody
else sees it, and before the commit it reads the statement's time again.
"""

import random
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial

from allauth.account.models import EmailAddress
from django.db import transaction

from contacts import services as contacts
from contacts.directory import Details
from contacts.models import Contact
from credits import errors, tallies
from credits import services as credits
from credits.queries import LotView, activity, section, types
from simplero.lib.folding import fold
from simplero.tenancy.actors import Actor
from simplero.tenancy.database import connection
from simplero.tenancy.models import Account, Membership, User
from simplero.tenancy.scope import scope, today

from . import demo_letters
from .demo_businesses import BUSINESSES, COMPANIES, FIRST, LAST, Business, Kind
from .demo_marketing import Marketing
from .demo_shop import Shop

PASSWORD = "demo-credits"  # noqa: S105  # printed at every start; the demo exists on this machine only


def sign_ins() -> list[tuple[str, str, str]]:
    """Who may sign in to the demo, as far as it is here: business, role, e-mail address; the password is `PASSWORD`."""
    slugs = [business.slug for business in BUSINESSES]
    places = Membership.objects.filter(account__slug__in=slugs)
    here = set(places.values_list("account__slug", "user__email"))
    return [
        (business.name, role, person.email)
        for business in BUSINESSES
        for person, role in business.staff
        if (business.slug, person.email) in here
    ]


def others_are_here() -> bool:
    """Whether the database serves accounts that are not the demo's."""
    return Account.objects.exclude(slug__in=[business.slug for business in BUSINESSES]).exists()


def build() -> list[str]:
    """Make what is missing of the businesses, each with its history in one transaction; the names of those made.

    Run as the owner of the tables, who may move the clock.
    """
    made = []
    for business in BUSINESSES:
        account, members = _people(business)
        with scope(account):
            if types(account).exists():
                continue
            with _clock() as set_clock:
                _History(business, account, members, set_clock).play()
            tallies.rebuild(account=account)
        made.append(business.name)
    return made


@transaction.atomic
def _people(business: Business) -> tuple[Account, list[Actor]]:
    account, _ = Account.objects.get_or_create(
        slug=business.slug,
        defaults={"name": business.name, "time_zone": business.time_zone, "currency": business.currency},
    )
    members = []
    for person, role in business.staff:
        user = User.objects.filter(email=person.email).first()
        if user is None:
            user = User.objects.create_user(person.email, PASSWORD, name=person.name)
            EmailAddress.objects.create(user=user, email=user.email, primary=True, verified=True)
        Membership.objects.get_or_create(user=user, account=account, defaults={"role": role})
        members.append(Actor("user", user.pk))
    return account, members


@contextmanager
def _clock() -> Iterator[Callable[[datetime], None]]:
    """Yields a function that sets the ledger's clock for the rest of this transaction."""
    define = "CREATE OR REPLACE FUNCTION ledger_now() RETURNS timestamptz LANGUAGE sql STABLE AS '%s'"

    def set_clock(instant: datetime) -> None:
        cursor.execute(f"SET LOCAL demo.now = '{instant.isoformat()}'")
        connection.scope_now = None

    with connection.cursor() as cursor:
        cursor.execute("SELECT prosrc FROM pg_proc WHERE proname = 'ledger_now'")
        [shipped] = cursor.fetchone()
        cursor.execute(define % "SELECT current_setting(''demo.now'')::timestamptz")
        yield set_clock
        cursor.execute(define % shipped)
        connection.scope_now = None


@dataclass(order=True)
class _Moment:
    at: datetime
    order: int
    act: Callable[[], None] = field(compare=False)


class _History:
    """One business's last months: everything that happens is planned as a moment, then played in order of time."""

    def __init__(
        self, business: Business, account: Account, members: list[Actor], set_clock: Callable[[datetime], None]
    ) -> None:
        self.business, self.account, self.set_clock = business, account, set_clock
        self.owner, *_ = members
        self.members = members
        self.random = random.Random(business.seed)  # noqa: S311  # the same business every time
        self.moments: list[_Moment] = []
        self.archived: set[Kind] = set()
        self.end = datetime.now(UTC).replace(microsecond=0)
        self.start = self.end - timedelta(days=330)

    def play(self) -> None:
        self.set_clock(self.start)
        self.types = {
            kind: credits.add_type(
                account=self.account,
                name=kind.name,
                plural=kind.plural,
                description=kind.description,
                expires_after=kind.expires[0] if kind.expires else None,
                expires_unit=kind.expires[1] if kind.expires else "",
                actor=self.owner,
            )
            for kind in self.business.kinds
        }
        types = {kind.name: made for kind, made in self.types.items()}
        self.shop = Shop(account=self.account, types=types, owner=self.owner, chance=self.random)
        self.shop.open()
        self.marketing = Marketing(account=self.account, owner=self.owner)
        self.at(self.later(self.end - timedelta(days=150), 0, 0), self.marketing.open)
        self.at(self.later(self.end - timedelta(days=9), 0, 0), self.marketing.start_lately)
        for number in range(self.business.contacts):
            self.plan_contact(number)
        for kind in self.types:
            if kind.archived:
                self.at(self.end - timedelta(days=30), partial(self.archive, kind))
        self.moments.sort()
        day = None
        for moment in self.moments:
            self.set_clock(moment.at)
            if moment.at.date() != day:
                day = moment.at.date()
                self.shop.renew()
                self.marketing.work()
            moment.act()
            demo_letters.write(account=self.account, at=moment.at, end=self.end)
        self.set_clock(self.end)
        self.shop.renew()
        self.marketing.work()
        demo_letters.write(account=self.account, at=self.end, end=self.end)

    def archive(self, kind: Kind) -> None:
        self.archived.add(kind)
        credits.archive_type(account=self.account, credit_type=self.types[kind], actor=self.owner)

    def at(self, instant: datetime, act: Callable[[], None]) -> None:
        if instant < self.end:
            self.moments.append(_Moment(instant, len(self.moments), act))

    def later(self, instant: datetime, low: int, high: int) -> datetime:
        """A working hour some days after `instant`."""
        day = instant + timedelta(days=self.random.randint(low, high))
        local = day.astimezone(self.account.zone).replace(
            hour=self.random.randint(8, 18), minute=self.random.choice((0, 5, 20, 30, 45))
        )
        return local.astimezone(UTC)

    def anybody(self) -> Actor:
        return self.random.choices(self.members, weights=(2, 3, 5))[0]

    def plan_contact(self, number: int) -> None:
        arrives = self.later(self.start, 0, 325)
        first, last = (
            FIRST[(number * 5 + self.business.seed) % len(FIRST)],
            LAST[(number * 7 + self.business.seed * 3) % len(LAST)],
        )
        kinds = [kind for kind in self.types if self.random.random() < kind.share]
        tags = self.random.sample(self.business.tags, self.random.choice((0, 1, 1, 2)))
        note = self.random.choice(self.business.notes) if self.random.random() < 0.3 else ""
        company = self.random.choice(COMPANIES) if self.business.seed == 7 else ""
        plans = [(kind, self.plan_kind(kind, arrives)) for kind in kinds]

        def arrive() -> None:
            email = fold(f"{first}.{last}@example.org").replace("’", "")
            details = Details(name=f"{first} {last}", email=email, company=company)
            contact = contacts.add_contact(account=self.account, details=details, actor=self.anybody())
            for tag in tags:
                contacts.add_tag(account=self.account, contact=contact, name=tag, actor=self.owner)
            if note:
                contacts.add_note(account=self.account, contact=contact, text=note, actor=self.anybody())
            people.append(contact)

        people: list[Contact] = []
        self.at(arrives, arrive)
        for kind, moments in plans:
            for instant, act in moments:
                self.at(instant, partial(self.with_contact, people, kind, act))

    @staticmethod
    def with_contact(people: list[Contact], kind: Kind, act: Callable[[Contact, Kind], None]) -> None:
        act(people[0], kind)

    def plan_kind(self, kind: Kind, arrives: datetime) -> list[tuple[datetime, Callable[[Contact, Kind], None]]]:
        """A pack, uses of it now and then, another pack when it runs out; some keep coming, some fade away."""
        moments: list[tuple[datetime, Callable[[Contact, Kind], None]]] = [
            (arrives + timedelta(minutes=20), self.issue)
        ]
        instant = arrives
        for _ in range(self.random.choice((2, 4, 7, 9, 14, 20, 30))):
            instant = self.later(instant, *kind.every_days)
            moments.append((instant, self.use))
            if self.random.random() < 0.05:
                moments.append((instant + timedelta(hours=3), self.give_back))
        if self.random.random() < 0.12:
            moments.append((self.later(arrives, 40, 120), self.extend))
        if self.random.random() < 0.05:
            moments.append((self.later(arrives, 60, 150), self.withdraw))
        return moments

    def issue(self, contact: Contact, kind: Kind) -> None:
        if kind in self.archived:
            return
        amount = self.random.choice(kind.packs)
        if self.shop.sells(kind.name) and self.random.random() < 0.6:
            self.shop.buy(contact, kind.name, amount)
            return
        credits.issue(
            account=self.account,
            contact=contact,
            credit_type=self.types[kind],
            amount=amount,
            key=uuid.uuid4(),
            note=self.random.choice(("Paid by transfer", "Paid at the desk", "", "", "")),
            actor=self.owner,
        )

    def use(self, contact: Contact, kind: Kind) -> None:
        if self.random.random() < 0.08 and self.shop.spend(contact, kind.name):
            return
        note = self.random.choice(kind.notes)
        days_back = self.random.choice((0, 0, 0, 0, 1, 2))
        try:
            with transaction.atomic():
                credits.consume(
                    account=self.account,
                    contact=contact,
                    credit_type=self.types[kind],
                    amount=2 if self.random.random() < 0.04 else 1,
                    key=uuid.uuid4(),
                    service_date=today(self.account) - timedelta(days=days_back),
                    note=note,
                    note_for_customer=bool(note) and self.random.random() < 0.3,
                    actor=self.anybody(),
                )
        except errors.InsufficientCredits:
            if self.random.random() < 0.6:
                self.issue(contact, kind)

    def give_back(self, contact: Contact, kind: Kind) -> None:
        for line in activity(self.account, contact, credit_type=self.types[kind], kinds=["consume"], limit=1).lines:
            if line.key and not line.given_back:
                reason = self.random.choice(("Cancelled in time", "We had to move it", "Booked twice by mistake"))
                credits.reverse(
                    account=self.account,
                    use=line.key,
                    amount=1,
                    key=uuid.uuid4(),
                    revive=True,
                    reason=reason,
                    actor=self.owner,
                )

    def open_lot(self, contact: Contact, kind: Kind) -> LotView | None:
        for part in section(self.account, contact):
            if part.credit_type.pk == self.types[kind].pk and part.open_lots:
                return part.open_lots[0]
        return None

    def extend(self, contact: Contact, kind: Kind) -> None:
        lot = self.open_lot(contact, kind)
        if lot and lot.last_good_day:
            credits.redate(
                account=self.account,
                lot=lot.public_id,
                last_good_day=lot.last_good_day + timedelta(days=self.random.choice((14, 30, 60))),
                key=uuid.uuid4(),
                reason=self.random.choice(
                    ("Was ill for a while", "On parental leave", "Goodwill after the renovation")
                ),
                reason_for_customer=True,
                actor=self.owner,
            )

    def withdraw(self, contact: Contact, kind: Kind) -> None:
        lot = self.open_lot(contact, kind)
        if lot:
            credits.withdraw(
                account=self.account,
                lot=lot.public_id,
                amount=1,
                key=uuid.uuid4(),
                reason="Issued one too many",
                actor=self.owner,
            )
