from django.db import models
from django.db.models import UniqueConstraint
from django.db.models.functions import Now

from simplero.tenancy.models import TenantModel, public_id_field


class SavedFilter(TenantModel):
    """A filter that somebody gave a name. Everybody of the account sees it and may change it."""

    LONGEST_QUERY = 2000  # characters

    public_id = public_id_field()
    name = models.CharField(max_length=60)
    name_key = models.CharField(max_length=60, db_collation="C")
    query = models.CharField(max_length=LONGEST_QUERY)  # as `Filter.query` writes it
    author_id = models.BigIntegerField(null=True)  # a user; users are global, so no foreign key from an account's row
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta(TenantModel.Meta):
        constraints = [
            UniqueConstraint("account", "public_id", name="saved_filter_public_id"),
            # Two of one name could not be told apart in the list.
            UniqueConstraint("account", "name_key", name="saved_filter_name"),
        ]

    def __str__(self) -> str:
        return self.name
