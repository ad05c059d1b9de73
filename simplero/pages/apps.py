from django.apps import AppConfig


class PagesConfig(AppConfig):
    name = "simplero.pages"
    label = "pages"
