import io

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from openpyxl import Workbook

from simplero.imports.models import Import, ImportRow
from simplero.outbox import relay as relaying
from tests.factories import inside

LIST = "/a/acme/contacts/imports/"


class Desk:
    """A browser in which acme's admin is signed in, and a worker."""

    def __init__(self, client, world):
        self.client, self.world = client, world

    def post(self, content, name="contacts.csv", *, to=LIST):
        data = content.encode() if isinstance(content, str) else content
        return self.client.post(to, {"file": SimpleUploadedFile(name, data)})

    def upload(self, content, name="contacts.csv", *, to=LIST):
        """The page of an import of this file, read by a worker."""
        answer = self.post(content, name, to=to)
        assert answer.status_code == 303, answer.content.decode()
        relaying.relay()
        return answer["Location"]

    def match(self, page, *columns, **more):
        chosen = {f"c{at}": code for at, code in enumerate(columns)}
        answer = self.client.post(
            f"{page}match", {"known": "fill", "dates": "day", "lasting": "type", **chosen, **more}
        )
        if answer.status_code == 303:
            relaying.relay()
        return answer

    def load(self, page, **more):
        answer = self.client.post(f"{page}load", more)
        if answer.status_code == 303:
            relaying.relay()
        return answer

    def get(self, page):
        return self.client.get(page)

    def text(self, page):
        return " ".join(self.client.get(page).content.decode().split())

    @property
    def batch(self):
        with inside(self.world):
            return Import.objects.order_by("-pk")[0]

    def rows(self):
        """Number, outcome and sentences of each row of the newest import."""
        with inside(self.world):
            found = ImportRow.objects.filter(batch=self.batch.pk).order_by("number")
            return [
                (row.number, row.outcome, [f"{heading}: {says}" for heading, says in row.problems]) for row in found
            ]


@pytest.fixture
def desk(client, acme, zen):
    """zen is there to leak."""
    client.force_login(acme.admin)
    return Desk(client, acme)


def workbook(*sheets):
    """The bytes of a workbook; each of `sheets` is a list of rows."""
    book = Workbook()
    book.remove(book.active)
    for number, rows in enumerate(sheets, 1):
        sheet = book.create_sheet(f"Sheet {number}")
        for row in rows:
            sheet.append(row)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()
