"""What somebody uploaded, row by row, and what came of each row. The rows' own words go when they are no longer needed."""

from django.db import models
from django.db.models import Index, Q, UniqueConstraint

from simplero.tenancy.models import TenantForeignKey, TenantModel, TenantPart, public_id_field


class State(models.TextChoices):
    READING = "reading", "Being read"
    REFUSED = "refused", "Could not be read"
    MATCHING = "matching", "Columns to be matched"
    CHECKING = "checking", "Being checked"
    CHECKED = "checked", "Ready to load"
    LOADING = "loading", "Being loaded"
    LOADED = "loaded", "Loaded"
    UNDOING = "undoing", "Being undone"
    UNDONE = "undone", "Undone"
    ABANDONED = "abandoned", "Abandoned"


WORKING = frozenset({State.READING, State.CHECKING, State.LOADING, State.UNDOING})
"""A worker is at it."""

OPEN = frozenset({State.READING, State.MATCHING, State.CHECKING, State.CHECKED})
"""Nothing has been written yet, so it can be given up."""


class Outcome(models.TextChoices):
    """Of a row: what loading would do with it, and then what was done."""

    CREATE = "create", "New contact"
    UPDATE = "update", "Updates a contact"
    KEEP = "keep", "Nothing to change"
    BAD = "bad", "Wrong"
    CREATED = "created", "Created"
    UPDATED = "updated", "Updated"
    UNCHANGED = "unchanged", "Unchanged"
    LEFT_OUT = "left_out", "Left out"
    REMOVED = "removed", "Removed again"
    EMPTIED = "emptied", "Credits withdrawn, contact kept"
    TOUCHED = "touched", "Changed since, kept"


GOOD = (Outcome.CREATE, Outcome.UPDATE, Outcome.KEEP)
DONE = (Outcome.CREATED, Outcome.UPDATED, Outcome.UNCHANGED)


class Import(TenantModel):
    """One uploaded file on its way to becoming contacts."""

    public_id = public_id_field()
    file_name = models.CharField(max_length=200)
    format = models.CharField(max_length=4)  # simplero.imports.reading.CSV or XLSX
    sheets = models.JSONField(default=list)  # names of the sheets of a workbook
    sheet = models.PositiveIntegerField(default=0)  # the one that is read
    state = models.CharField(max_length=10, choices=State, default=State.READING)
    refusal = models.CharField(max_length=500, blank=True)  # why it could not be read
    notices = models.JSONField(default=list)  # sentences about how it was read
    headings = models.JSONField(default=list)
    matching = models.JSONField(default=dict)  # see simplero.imports.matching.Matching
    summary = models.JSONField(default=dict)  # see simplero.imports.summaries.Summary
    expected = models.JSONField(default=dict)  # by credit type's public id, the total that the old system says
    rows = models.PositiveIntegerField(default=0)
    position = models.PositiveIntegerField(default=0)  # the number of the last row that a worker has dealt with
    actor_id = models.BigIntegerField(null=True)  # on whose word it is done: who uploaded, loaded or undid it
    created_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)  # when it was loaded, undone, refused or given up

    class Meta(TenantModel.Meta):
        constraints = [UniqueConstraint("account", "public_id", name="import_public_id")]
        indexes = [Index(fields=["account", "created_at", "id"], name="import_by_age")]

    def __str__(self) -> str:
        return self.file_name


class ImportPart(TenantPart):
    """A piece of the file as it came: web and worker may be different machines. Gone once the rows are read."""

    batch = TenantForeignKey(Import, on_delete=models.CASCADE, db_index=False, related_name="parts")
    number = models.PositiveIntegerField()
    data = models.BinaryField()

    class Meta(TenantPart.Meta):
        constraints = [UniqueConstraint("account", "batch", "number", name="import_part_once")]

    def __str__(self) -> str:
        return f"part {self.number}"


class ImportRow(TenantPart):
    """A row of the file. `number` is its place in the file, from 1, as a spreadsheet counts."""

    batch = TenantForeignKey(Import, on_delete=models.CASCADE, db_index=False, related_name="lines")
    number = models.PositiveIntegerField()
    cells = models.JSONField(default=list)  # texts; [] once they are no longer needed
    outcome = models.CharField(max_length=10, blank=True, choices=Outcome)
    problems = models.JSONField(
        default=list
    )  # pairs of a heading and a sentence; of a row that is good, what to look at
    email_key = models.CharField(max_length=254, blank=True, db_collation="C")  # tells a second row of one address
    contact_id = models.BigIntegerField(
        null=True
    )  # no foreign key: what became of a row is told after its contact is gone
    issued = models.JSONField(default=list)  # keys of the entries that are its opening balances, as texts
    last_event = models.BigIntegerField(null=True)  # of its contact, when it was loaded: a later one has touched it

    class Meta(TenantPart.Meta):
        constraints = [UniqueConstraint("account", "batch", "number", name="import_row_once")]
        indexes = [
            Index(fields=["account", "batch", "outcome", "number"], name="import_row_by_outcome"),
            Index(
                fields=["account", "batch", "email_key", "number"],
                name="import_row_by_email",
                condition=~Q(email_key=""),
            ),
            Index(fields=["account", "contact_id"], name="import_row_of", condition=Q(contact_id__isnull=False)),
        ]

    def __str__(self) -> str:
        return f"row {self.number}"
