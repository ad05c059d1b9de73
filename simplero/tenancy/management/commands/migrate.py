from django.core.management.commands import migrate

from simplero.tenancy.database import connection


class Command(migrate.Command):
    """Migrations run as the owner, who alone may change tables."""

    def handle(self, *args, **options):
        if "OWNER" in connection.settings_dict and connection.settings_dict["OWNER"] is None:
            return super().handle(*args, **options)  # we are the owner already: a test database is being made
        with connection.as_owner():
            return super().handle(*args, **options)
