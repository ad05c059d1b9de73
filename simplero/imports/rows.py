"""What one row of a file says: a contact, its tags and its opening balances, or what is wrong with it, column by column.

Nothing is asked of the database here: the same row says the same when it is checked and when it is loaded.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from contacts.directory import MOST_TAGS, Details, cleaned, tag_key
from credits.errors import MOST
from simplero.lib.refusals import Refusal
from simplero.lib.spreadsheet import plain
from simplero.lib.text import fit

from .matching import (  # fmt: skip
    AMOUNT,
    COMPANY,
    DAY,
    DAY_FIRST,
    EMAIL,
    FIRST,
    LAST,
    NAME,
    NOTE,
    OF_TYPE,
    PHONE,
    TAGS,
    TYPE,
    Matching,
    said,
)

LONGEST_NOTE = 1000  # characters; what an entry's note takes
FURTHEST_DAY = date(2199, 12, 31)

_PLAIN_DAY = re.compile(r"(\d{1,2})[./-](\d{1,2})[./-](\d{4})")
_WRITTEN = ("%d %B %Y", "%d %b %Y", "%B %d %Y", "%b %d %Y")
_AMOUNT = re.compile(r"(\d{1,10}|\d{1,3}(?:[, \u00a0\u202f']\d{3}){1,3})(?:[.,]0{1,2})?")


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong in a row: under which heading, and why. As JSON a pair."""

    heading: str
    says: str

    @property
    def pair(self) -> list[str]:
        return [self.heading, self.says]


@dataclass(frozen=True, slots=True)
class Balance:
    """So many credits of a type, good through a day; None: as the type says, or never where the matching says so."""

    credit_type: str  # its public id
    amount: int
    last_good_day: date | None
    note: str


@dataclass(slots=True)
class Said:
    """What a row says. `details.name` may be empty: then it says nothing of the name."""

    number: int
    details: Details = Details("")
    tags: list[str] = field(default_factory=list)
    balances: list[Balance] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)


class Reader:
    """Reads rows as `matching` has it. `types` are the credit types by public id, archived ones too; `today` is the account's."""

    def __init__(self, headings: Sequence[str], matching: Matching, types: Mapping[str, Any], today: date) -> None:
        self.headings, self.matching, self.types, self.today = headings, matching, types, today
        self.by_name: dict[str, Any] = {}
        for one in types.values():
            for name in (one.name, one.plural):
                there = self.by_name.get(said(name))
                if there is None or there.archived_at is not None:
                    self.by_name[said(name)] = one

    def read(self, number: int, cells: Sequence[str]) -> Said:
        row = Said(number)
        beyond = next((at for at in range(len(self.headings), len(cells)) if cells[at].strip()), None)
        if beyond is not None:
            row.problems.append(
                Problem(
                    "The row",
                    f"There are {len(self.headings)} headings, and this row has a cell beyond them: “{_short(cells[beyond])}”. "
                    "A comma in a text may be without quotation marks.",
                )
            )
        texts = {code: plain(cells[at]) if at < len(cells) else "" for at, code in self.matching.columns.items()}
        row.details = self._details(row, texts)
        row.tags = self._tags(row, texts.get(TAGS, ""))
        row.balances = self._balances(row, texts)
        return row

    def heading(self, code: str) -> str:
        """The heading of the column in which `code` stands."""
        at = self.matching.column(code)
        return self.headings[at] if at is not None else ""

    def _details(self, row: Said, texts: Mapping[str, str]) -> Details:
        name = texts.get(NAME, "")
        code = NAME
        if not name.strip():
            name, code = f"{texts.get(FIRST, '')} {texts.get(LAST, '')}", FIRST if self.matching.has(FIRST) else LAST
        found = {"name": self._clean(row, code, "name", name) if name.strip() else ""}
        for detail in (EMAIL, PHONE, COMPANY):
            found[detail] = self._clean(row, detail, detail, texts.get(detail, ""))
        return Details(**found)

    def _clean(self, row: Said, code: str, detail: str, text: str) -> str:
        if not text.strip():
            return ""
        try:
            return cleaned(detail, text)
        except Refusal as refusal:
            row.problems.append(Problem(self.heading(code), refusal.wording))
            return ""

    def _tags(self, row: Said, text: str) -> list[str]:
        names: dict[str, str] = {}
        for part in re.split(r"[,;\n]", text):
            if name := self._clean(row, TAGS, "tag", part):
                names.setdefault(tag_key(name), name)
        if len(names) > MOST_TAGS:
            row.problems.append(
                Problem(self.heading(TAGS), f"A contact can have at most {MOST_TAGS} tags; here are {len(names)}.")
            )
        return list(names.values())

    def _balances(self, row: Said, texts: Mapping[str, str]) -> list[Balance]:
        wanted = []
        if self.matching.has(AMOUNT):
            amount = self._amount(row, AMOUNT, texts[AMOUNT])
            if amount:
                wanted.append((self._type(row, texts.get(TYPE, "")), amount))
        for code, text in texts.items():
            if code.startswith(OF_TYPE) and (amount := self._amount(row, code, text)):
                wanted.append((self._usable(row, code, self.types.get(code.removeprefix(OF_TYPE))), amount))
        if not wanted:
            return []
        day = self._day(row, texts.get(DAY, ""))
        note = self._note(row, texts.get(NOTE, ""))
        return [Balance(str(of.public_id), amount, day, note) for of, amount in wanted if of is not None]

    def _amount(self, row: Said, code: str, text: str) -> int:
        """How many credits; 0 where there are none, and where it is no number of credits."""
        if not text.strip():
            return 0
        found = _AMOUNT.fullmatch(text.strip())
        amount = int(re.sub(r"\D", "", found[1])) if found else -1
        if not 0 <= amount <= MOST:
            row.problems.append(
                Problem(
                    self.heading(code),
                    f"“{_short(text)}” is no whole number from 1 to {MOST:,}. Leave it empty, or 0, for no credits.",
                )
            )
            return 0
        return amount

    def _type(self, row: Said, text: str) -> Any:
        if not text.strip():
            if one := self.types.get(self.matching.credit_type):
                return self._usable(row, AMOUNT, one)
            code = TYPE if self.matching.has(TYPE) else AMOUNT
            row.problems.append(Problem(self.heading(code), "Say which type of credit these are."))
            return None
        found = self.by_name.get(said(text))
        if found is None:
            row.problems.append(
                Problem(
                    self.heading(TYPE),
                    f"There is no credit type “{_short(text)}”. Add it under Content → Credits, or correct its name.",
                )
            )
            return None
        return self._usable(row, TYPE, found)

    def _usable(self, row: Said, code: str, credit_type: Any) -> Any:
        if credit_type is None:
            row.problems.append(
                Problem(self.heading(code), "This credit type is not there any more. Match the columns again.")
            )
        elif credit_type.archived_at is not None:
            row.problems.append(
                Problem(
                    self.heading(code),
                    f"The credit type “{credit_type.name}” is archived: no more can be issued. Bring it back under Content → Credits.",
                )
            )
            return None
        return credit_type

    def _day(self, row: Said, text: str) -> date | None:
        if not text.strip():
            return None
        found = day(text, self.matching.dates)
        if found is None or found > FURTHEST_DAY:
            example = "31/12/2027" if self.matching.dates == DAY_FIRST else "12/31/2027"
            row.problems.append(
                Problem(
                    self.heading(DAY), f"“{_short(text)}” is no day we can read. Write it like 2027-12-31 or {example}."
                )
            )
            return None
        if found < self.today:
            row.problems.append(
                Problem(
                    self.heading(DAY),
                    f"{found.isoformat()} is over: credits cannot be loaded that have expired already.",
                )
            )
            return None
        return found

    def _note(self, row: Said, text: str) -> str:
        try:
            return fit(text, what="The note", longest=LONGEST_NOTE, lines=True)
        except Refusal as refusal:
            row.problems.append(Problem(self.heading(NOTE), refusal.wording))
            return ""


def day(text: str, order: str) -> date | None:
    """A day as people and spreadsheets write it: "2027-12-31", "31/12/2027" or "12/31/2027" by `order`, "31 December 2027"."""
    written = text.strip()
    try:
        return (
            date.fromisoformat(written[:10]) if re.match(r"\d{4}-\d\d-\d\d(\b|T)", written) else _plain(written, order)
        )
    except ValueError:
        return None


def _plain(written: str, order: str) -> date | None:
    if found := _PLAIN_DAY.fullmatch(written):
        first, second, year = map(int, found.groups())
        return date(year, second, first) if order == DAY_FIRST else date(year, first, second)
    words = re.sub(r"[,.]|(?<=\d)(st|nd|rd|th)\b", " ", written)
    for form in _WRITTEN:
        try:
            return datetime.strptime(" ".join(words.split()), form).date()  # noqa: DTZ007  a day has no zone
        except ValueError:
            continue
    return None


def _short(text: str) -> str:
    one = " ".join(text.split())
    return one if len(one) <= 60 else f"{one[:59]}…"
