"""Whom a job or a roster is for: contacts ticked in the list, or all that match its filter. It lives in the address of the form."""

import uuid
from dataclasses import dataclass
from typing import Self
from urllib.parse import urlencode

from django.db.models import QuerySet
from django.http import QueryDict

from contacts import queries as contacts
from contacts.models import Contact
from simplero.finding import queries as finding
from simplero.finding.filters import Filter, as_uuid
from simplero.tenancy.models import Account

MOST_TICKED = 1000
"""Contacts that an address may name one by one; a page of the list has far fewer."""


@dataclass(frozen=True, slots=True)
class Selection:
    """`ids` where contacts were ticked, else the filter that they match; one that could not be read whole matches nobody here."""

    ids: tuple[uuid.UUID, ...] = ()
    matching: Filter | None = None

    @classmethod
    def of(cls, asked: QueryDict) -> Self:
        """From an address: `all` with the list's own filter, or a `contact` each. What is no id names nobody."""
        if asked.get("all"):
            return cls(matching=Filter.of(asked))
        ticked = asked.getlist("contact")[:MOST_TICKED]
        return cls(ids=tuple(dict.fromkeys(one for one in map(as_uuid, ticked) if one is not None)))

    @property
    def query(self) -> str:
        """The part of an address after "?" that names the same; as good a name for exactly this selection as any."""
        if self.matching is not None:
            return self.matching.but(sort="name").query(all=1)
        return urlencode([("contact", one) for one in self.ids])

    def contacts(self, account: Account) -> QuerySet[Contact]:
        """Those of them who are here now."""
        if self.matching is not None and not self.matching.spoiled:
            return finding.matching(account, self.matching)
        return contacts.contacts(account).filter(public_id__in=self.ids)

    def words(self, account: Account) -> str:
        """Which they are, where a filter says so: "tagged VIP"; "" where they were ticked."""
        return finding.sentence(account, self.matching) if self.matching is not None else ""
