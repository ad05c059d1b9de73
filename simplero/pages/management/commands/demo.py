from django.core.management.base import BaseCommand

from simplero.pages import demo
from simplero.tenancy.database import connection
from simplero.tenancy.roles import ROLES


class Command(BaseCommand):
    help = "Fill the database with two demo businesses, and say who may sign in."

    def add_arguments(self, parser):
        parser.add_argument("--if-empty", action="store_true", help="not into a database that serves other accounts")
        parser.add_argument("--show", action="store_true", help="only say who may sign in")

    def handle(self, *, if_empty: bool, show: bool, **options):
        if not show:
            with connection.as_owner():
                if not (if_empty and demo.others_are_here()):
                    demo.build()
        sign_ins = demo.sign_ins()
        if not sign_ins:
            self.stdout.write("The demo is not here: this database serves other accounts.")
        for business, role, email in sign_ins:
            self.stdout.write(f"{business:20}  {ROLES[role]:10}  {email:28}  {demo.PASSWORD}")
