from django.apps import AppConfig


class MailConfig(AppConfig):
    name = "simplero.mail"
    label = "mail"
