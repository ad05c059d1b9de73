"""Use-cases of credits: one contact's (`movements`), many at once (`many`), and types of credit (`types`)."""

from credits.ledger import Answer, Posting, Redone, Transfer

from .gathering import gather
from .many import (
    Wanted,
    Why,
    consume_many,
    issue_many,
    reverse_many,
    rezone,
    transfer,
    withdraw_many,
)
from .movements import (
    STAFF,
    UNDO_WITHIN,
    consume,
    expire_due,
    issue,
    issue_missing,
    redate,
    reverse,
    undo,
    withdraw,
)
from .types import (
    WRITTEN,
    add_type,
    archive_type,
    bring_back_type,
    edit_type,
    name_key,
    type_seal,
)

__all__ = [
    "STAFF",
    "UNDO_WITHIN",
    "WRITTEN",
    "Answer",
    "Posting",
    "Redone",
    "Transfer",
    "Wanted",
    "Why",
    "add_type",
    "archive_type",
    "bring_back_type",
    "consume",
    "consume_many",
    "edit_type",
    "expire_due",
    "gather",
    "issue",
    "issue_many",
    "issue_missing",
    "name_key",
    "redate",
    "reverse",
    "reverse_many",
    "rezone",
    "transfer",
    "type_seal",
    "undo",
    "withdraw",
    "withdraw_many",
]
