"""People to test with, made through the services, and what was written about them."""

from contacts import services
from contacts.directory import Details
from contacts.models import Contact, ContactNote, ContactTag, ContactWord, Tag
from simplero.outbox.models import Event
from simplero.tenancy.actors import Actor
from simplero.tenancy.scope import scope


def person(world, name, *, tags=(), notes=(), **details):
    """A contact of `world`, added by its owner."""
    actor = Actor("user", world.owner.pk)
    with scope(world.account):
        contact = services.add_contact(account=world.account, details=Details(name, **details), actor=actor)
        for tag in tags:
            services.add_tag(account=world.account, contact=contact, name=tag, actor=actor)
        for text in notes:
            services.add_note(account=world.account, contact=contact, text=text, actor=actor)
        return contact


def url(world, contact=None, rest=""):
    at = f"/a/{world.slug}/contacts/"
    return at + (f"{contact.public_id}/{rest}" if contact else rest)


def facts(world):
    """Kinds and bodies of everything that happened in `world`, oldest first."""
    with scope(world.account):
        return [(event.kind, event.body) for event in Event.objects.order_by("id")]


def rows(world):
    """All that `world` knows of contacts, to compare before and after."""
    with scope(world.account):
        return [
            list(model.objects.order_by("pk").values_list())
            for model in (Contact, ContactWord, Tag, ContactTag, ContactNote, Event)
        ]


def stored(contact):
    with scope(contact.account_id):
        return Contact.objects.get(pk=contact.pk)


def notes_of(contact):
    with scope(contact.account_id):
        return list(ContactNote.objects.filter(contact=contact).order_by("pk"))


def tags_of(contact):
    with scope(contact.account_id):
        return sorted(ContactTag.objects.filter(contact=contact).values_list("tag__name", flat=True))


def words_of(contact):
    with scope(contact.account_id):
        return set(ContactWord.objects.filter(contact=contact).values_list("word", flat=True))
