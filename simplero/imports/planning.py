"""What loading would do with a chunk of rows, as things are now: the same question when a file is checked and when it is loaded."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from contacts import directory, intake
from contacts import queries as contacts
from contacts.directory import MOST_TAGS, MOST_TAGS_OF_ACCOUNT, Details, email_key, name_key, tag_key
from contacts.models import Contact, Tag
from credits import queries as credits
from simplero.lib.moments import day
from simplero.tenancy.models import Account
from simplero.tenancy.scope import today

from .matching import EMAIL, FILL, FIRST, LEAVE, NAME, TAGS, Matching
from .models import Import, ImportRow, Outcome
from .rows import Problem, Reader, Said


@dataclass(slots=True)
class Plan:
    """What is to become of a row. `known` is the contact who has its address, `details` what that contact, or a new one, would have."""

    row: ImportRow
    said: Said
    known: Contact | None = None
    details: Details = Details("")
    problems: list[Problem] = field(default_factory=list)
    remarks: list[Problem] = field(default_factory=list)  # worth a look, no hindrance
    outcome: Outcome = Outcome.BAD
    onto: int = 0  # balances of types of which the contact has credits already

    @property
    def tags(self) -> list[str]:
        return self.said.tags

    @property
    def key(self) -> str:
        return email_key(self.said.details.email)


def reader(account: Account, batch: Import) -> Reader:
    """Reads the rows of `batch` as it is matched."""
    types = [*credits.types(account), *credits.types(account, archived=True)]
    return Reader(
        batch.headings, Matching.kept(batch.matching), {str(one.public_id): one for one in types}, today(account)
    )


def plan(
    account: Account,
    batch: Import,
    rows: Sequence[ImportRow],
    reading: Reader,
    *,
    new_tags: Iterable[str] = (),
    hold: bool,
) -> list[Plan]:
    """A plan for each row. `new_tags` are those that rows before will make; `hold` locks the contacts that will be changed."""
    matching = reading.matching
    plans = [Plan(row, reading.read(row.number, row.cells)) for row in rows]
    known = _known(account, [one.key for one in plans if one.key], hold=hold)
    namesakes = _namesakes(account, plans)
    tags = contacts.tags_by_contact(account, [contact.pk for contact in known.values()])
    free = credits.free_by_contact(account, [contact.pk for contact in known.values()]) if not hold else {}
    erased = directory.erased_on(account, [one.key for one in plans if one.key and one.key not in known])
    for one in plans:
        one.problems = list(one.said.problems)
        one.known = known.get(one.key) if one.key else None
        if one.key in erased:
            one.problems.append(_was_erased(account, erased[one.key], reading))
        if one.known is not None:
            _of_known(one, matching, tags.get(one.known.pk, []), reading)
            held = {str(of.public_id) for of, _ in free.get(one.known.pk, ())}
            one.onto = sum(balance.credit_type in held for balance in one.said.balances)
        else:
            one.details, one.outcome = one.said.details, Outcome.CREATE
            _of_new(one, reading, namesakes)
    _twice(account, batch, plans, reading)
    _too_many_tags(plans, reading, {tag_key(name) for name in new_tags})
    for one in plans:
        if one.problems:
            one.outcome = Outcome.BAD
    return plans


def _known(account: Account, keys: Sequence[str], *, hold: bool) -> dict[str, Contact]:
    """By address the contact it leads to; with `hold` locked, and still so once they are."""
    found = contacts.with_emails(account, keys)
    while hold and found:
        held = intake.lock_many(account=account, contacts=[contact.pk for contact in found.values()])
        before, found = found, contacts.with_emails(account, keys)
        if before == found:
            return {key: held[contact.pk] for key, contact in found.items()}
    return found


def _was_erased(account: Account, at: datetime, reading: Reader) -> Problem:
    on = day(at.astimezone(account.zone).date())
    return Problem(
        reading.heading(EMAIL),
        f"Whoever had this address was erased on {on}. Take the row out; whoever has come back since is added by hand first.",
    )


def _namesakes(account: Account, plans: Sequence[Plan]) -> set[str]:
    keys = {name_key(one.said.details.name) for one in plans if one.said.details.name}
    return set(contacts.contacts(account).filter(name_key__in=keys).values_list("name_key", flat=True))


def _of_known(one: Plan, matching: Matching, tags: Sequence[Tag], reading: Reader) -> None:
    assert one.known is not None
    there = Details.of(one.known)
    one.details, one.outcome = there, Outcome.KEEP
    if matching.known == LEAVE:
        one.said.tags = []
        return
    for detail in ("name", "phone", "company"):
        told = getattr(one.said.details, detail)
        if told and (matching.known != FILL or not getattr(there, detail)):
            one.details = replace(one.details, **{detail: told})
    has = {tag.name_key for tag in tags}
    added = [name for name in one.tags if tag_key(name) not in has]
    if len(has) + len(added) > MOST_TAGS:
        one.problems.append(
            Problem(
                reading.heading(TAGS),
                f"A contact can have at most {MOST_TAGS} tags; with these {one.known.name} would have {len(has) + len(added)}.",
            )
        )
    one.said.tags = added
    if added or one.details != there:
        one.outcome = Outcome.UPDATE


def _of_new(one: Plan, reading: Reader, namesakes: set[str]) -> None:
    details = one.said.details
    heading = reading.heading(NAME) or reading.heading(FIRST)
    if not details.name and heading not in {problem.heading for problem in one.problems}:
        if heading:
            one.problems.append(Problem(heading, "Enter a name."))
        else:
            why = "No contact has this address, and the file has no names for new ones."
            one.problems.append(Problem(reading.heading(EMAIL), why))
    elif details.name and name_key(details.name) in namesakes:
        one.remarks.append(Problem(heading, "There is a contact of this name already. This makes another one."))


def _twice(account: Account, batch: Import, plans: Sequence[Plan], reading: Reader) -> None:
    """A second row of one address is wrong, whichever of the two is meant; addresses of who were merged lead to one contact."""
    keys = {one.key for one in plans if one.key}
    whose: dict[str, str | int] = {}
    whose |= contacts.all_addresses(account, {one.known.pk for one in plans if one.known is not None})
    first: dict[str | int, tuple[int, str]] = {}
    if plans and keys:
        before = ImportRow.objects.filter(
            batch=batch, email_key__in=keys | whose.keys(), number__lt=plans[0].row.number
        )
        for key, number in before.order_by("-number").values_list("email_key", "number"):
            first[whose.get(key, key)] = number, key
    for one in plans:
        if not one.key:
            continue
        number, key = first.setdefault(whose.get(one.key, one.key), (one.row.number, one.key))
        if number != one.row.number:
            same = "has this address too" if key == one.key else "has another address of this contact, who was merged"
            why = (
                f"Row {number} {same}. Each contact can have one row; credits of several types can have a column each."
            )
            one.problems.append(Problem(reading.heading(EMAIL), why))


def _too_many_tags(plans: Sequence[Plan], reading: Reader, new: set[str]) -> None:
    wanted: dict[str, list[Plan]] = defaultdict(list)
    for one in plans:
        for name in one.tags:
            wanted[tag_key(name)].append(one)
    there = set(Tag.objects.filter(name_key__in=wanted).values_list("name_key", flat=True))
    many = Tag.objects.count() + len(new)
    for key, ones in wanted.items():
        if key in there or key in new:
            continue
        many += 1
        if many > MOST_TAGS_OF_ACCOUNT:
            for one in ones:
                one.problems.append(
                    Problem(
                        reading.heading(TAGS),
                        f"There can be at most {MOST_TAGS_OF_ACCOUNT:,} different tags in an account.",
                    )
                )
