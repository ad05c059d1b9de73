from django.apps import AppConfig


class PicturesConfig(AppConfig):
    name = "simplero.pictures"
    label = "pictures"
