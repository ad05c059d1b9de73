from django.apps import AppConfig


class WebConfig(AppConfig):
    name = "simplero.web"
    label = "web"
