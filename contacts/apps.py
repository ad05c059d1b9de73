from django.apps import AppConfig


class ContactsConfig(AppConfig):
    name = "contacts"

    def ready(self) -> None:
        from . import letters

        for kind in letters.ALL:
            letters.register(kind)
