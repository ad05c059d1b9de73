from io import StringIO

from django.core.management import call_command

from simplero.pages import demo
from simplero.tenancy.models import Account, Membership, User


def shown():
    out = StringIO()
    call_command("demo", "--show", stdout=out)
    return out.getvalue()


def test_only_sign_ins_that_are_here_are_named(acme):
    assert shown() == "The demo is not here: this database serves other accounts.\n"
    assert demo.sign_ins() == []
    business = demo.BUSINESSES[0]
    person, role = business.staff[0]
    account = Account.objects.create(name=business.name, slug=business.slug, time_zone="UTC", currency="EUR")
    user = User.objects.create_user(person.email, demo.PASSWORD, name=person.name)
    Membership.objects.create(user=user, account=account, role=role)
    assert demo.sign_ins() == [(business.name, role, person.email)]
    assert shown().count("\n") == 1
