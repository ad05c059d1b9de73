from django.db import models
from django.db.models import CheckConstraint, Q, UniqueConstraint
from django.db.models.functions import Now

from simplero.tenancy.models import TenantModel, public_id_field


class Picture(TenantModel):
    """A picture as we drew it from what was uploaded, never changed: a new one has a new address."""

    public_id = public_id_field()
    data = models.BinaryField()  # WebP
    width = models.PositiveIntegerField()
    height = models.PositiveIntegerField()
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta(TenantModel.Meta):
        constraints = [
            UniqueConstraint("account", "public_id", name="picture_public_id"),
            CheckConstraint(condition=Q(width__range=(1, 2400), height__range=(1, 2400)), name="picture_size"),
        ]

    def __str__(self) -> str:
        return f"picture of {self.width} × {self.height}"
