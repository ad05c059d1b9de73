"""What every action offers, so that steps and triggers can do it without knowing which it is."""

import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from automations.models import Outcome, Run
from automations.queries.naming import Names
from contacts.models import Contact
from simplero.tenancy.models import Account

Settings = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Turn:
    """A run that has come to this step. `key` names what it does there: done twice under one key, it is done once."""

    run: Run
    key: uuid.UUID

    @property
    def contact_id(self) -> int:
        return self.run.contact_id


@dataclass(frozen=True, slots=True)
class Result:
    """What came of a turn. A REFUSED one waits for a person and has a `reason` (automations.wording.REASONS), with the ids and
    amounts that its sentence needs in `detail`. `begin` and `halt` are flows that the runs' room is to start and stop for the
    contact, since actions know no runs."""

    outcome: Outcome
    detail: Mapping[str, Any] = field(default_factory=dict)
    reason: str = ""
    entry: uuid.UUID | None = None
    begin: int | None = None
    halt: int | None = None


@dataclass(frozen=True, slots=True)
class Foreseen:
    """What a step would do for a contact now, in a sentence; `tone` of its mark: "", "good", "warn" or "bad"."""

    words: str
    tone: str = ""


@dataclass(frozen=True, slots=True)
class Action:
    """`perform` answers each turn, in their order, inside the caller's transaction, set-based: a chunk costs hardly more than one.
    What it raises undoes the whole chunk. `words` says what it does ("Consume 1 coaching session"), `foresee` what would come of it.
    """

    code: str
    label: str
    icon: str
    perform: Callable[[Account, Settings, Sequence[Turn]], list[Result]]
    words: Callable[[Settings, Names], str]
    foresee: Callable[[Account, Settings, Contact, Names], Foreseen]
