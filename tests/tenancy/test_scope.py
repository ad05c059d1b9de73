from simplero.tenancy.models import User
from django.db import connection


def test_clock(acme):
    with connection.cursor() as c:
        c.execute("select current_user, current_database(), ledger_now()")
        print(c.fetchone())
    assert User.objects.count() == 3
