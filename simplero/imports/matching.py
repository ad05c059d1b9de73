"""What stands in which column of a file: what a column may be, what its heading suggests, and what a person has chosen."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Self

from simplero.lib.folding import fold

NAME, FIRST, LAST, EMAIL, PHONE, COMPANY, TAGS = "name", "first_name", "last_name", "email", "phone", "company", "tags"
TYPE, AMOUNT, DAY, NOTE = "type", "amount", "last_good_day", "note"
OF_TYPE = "credits:"
"""Before the public id of a credit type: a column that holds so many of it."""

OF_CONTACTS = {
    NAME: "Name",
    FIRST: "First name",
    LAST: "Last name",
    EMAIL: "Email",
    PHONE: "Phone",
    COMPANY: "Company",
    TAGS: "Tags, separated by commas",
}
OF_BALANCES = {
    TYPE: "Credit type",
    AMOUNT: "Number of credits",
    DAY: "Last good day",
    NOTE: "Note for the opening balance",
}

FILL, OVERWRITE, LEAVE = "fill", "overwrite", "leave"
KNOWN = {
    FILL: "Fill in what is blank, and add the tags",
    OVERWRITE: "Overwrite with what the file says, and add the tags",
    LEAVE: "Leave them as they are",
}
"""What is done with a contact who has the email address of a row. Opening balances are added in any case."""

DAY_FIRST, MONTH_FIRST = "day", "month"
ORDERS = {DAY_FIRST: "Day first: 3 April", MONTH_FIRST: "Month first: 4 March"}
"""What 03/04 means."""

AS_TYPE, NEVER = "type", "never"
LASTING = {AS_TYPE: "As the credit type says, counted from the day of loading", NEVER: "They never expire"}
"""How long opening balances are good whose row names no last good day."""

_HEADINGS = {
    NAME: ("name", "full name", "contact", "contact name", "client", "client name", "customer", "customer name"),
    FIRST: ("first name", "firstname", "given name", "forename"),
    LAST: ("last name", "lastname", "surname", "family name"),
    EMAIL: ("email", "e mail", "email address", "e mail address", "mail"),
    PHONE: ("phone", "phone number", "telephone", "mobile", "mobile phone", "cell", "cell phone", "tel"),
    COMPANY: ("company", "company name", "organisation", "organization", "business", "employer"),
    TAGS: ("tags", "tag", "labels", "groups", "categories"),
    TYPE: ("credit type", "type of credit", "type", "credit", "package", "pass", "service"),
    AMOUNT: ("credits", "number of credits", "amount", "balance", "opening balance", "credits left", "credits remaining", "remaining", "sessions left"),
    DAY: ("last good day", "expires", "expires on", "expiry", "expiry date", "expiration", "expiration date", "valid until", "valid through", "good through"),
    NOTE: ("note", "notes", "comment", "comments"),
}  # fmt: skip
_BY_HEADING = {heading: code for code, headings in _HEADINGS.items() for heading in headings}


@dataclass(frozen=True, slots=True)
class Matching:
    """What a person has chosen. `columns`: by the number of a column, from 0, what stands in it; those left out are not in it."""

    columns: dict[int, str] = field(default_factory=dict)
    known: str = FILL
    credit_type: str = ""  # public id of the type of all rows, where no column names it
    dates: str = DAY_FIRST
    lasting: str = AS_TYPE

    @classmethod
    def kept(cls, stored: Mapping[str, Any]) -> Self:
        """From what `stored` has written."""
        more = {name: value for name, value in stored.items() if name != "columns"}
        return cls(columns={int(column): code for column, code in stored.get("columns", {}).items()}, **more)

    def stored(self) -> dict[str, Any]:
        return asdict(self)

    def column(self, code: str) -> int | None:
        return next((column for column, one in self.columns.items() if one == code), None)

    def has(self, *codes: str) -> bool:
        return any(code in self.columns.values() for code in codes)


def guessed(headings: Sequence[str], types: Sequence[Any]) -> dict[int, str]:
    """What the headings suggest, each thing once: the first column that sounds like it."""
    by_type = {
        name: f"{OF_TYPE}{one.public_id}"
        for one in types
        for name in (said(one.name), said(one.plural), said(f"free {one.plural}"))
    }
    found: dict[int, str] = {}
    for column, heading in enumerate(headings):
        code = by_type.get(said(heading)) or _BY_HEADING.get(said(heading))
        if code and code not in found.values():
            found[column] = code
    if NAME in found.values() and {FIRST, LAST} <= set(found.values()):  # "Contact" beside the two is something else
        found = {column: code for column, code in found.items() if code != NAME}
    return found


def said(heading: str) -> str:
    """A heading as it is compared: "E-Mail address:" gives "e mail address"."""
    return " ".join(re.sub(r"[\W_]+", " ", fold(heading)).split())


def dates_of(samples: Sequence[str], *, otherwise: str) -> str:
    """Which order the days in `samples` have: the first that can only be one says it."""
    for sample in samples:
        found = re.match(r"\s*(\d{1,2})[./-](\d{1,2})[./-]\d{2,4}", sample)
        if found and int(found[1]) > 12:
            return DAY_FIRST
        if found and int(found[2]) > 12:
            return MONTH_FIRST
    return otherwise
