"""What is logged and told to operators when something breaks: where, never whose data."""

import logging
import traceback

from django.utils.log import AdminEmailHandler
from django.utils.safestring import SafeString, mark_safe
from django.views.debug import ExceptionReporter

from simplero.lib.redaction import redacted


class Redacting(logging.Filter):
    """Django logs the paths of requests that fail; those in mail hold keys."""

    def filter(self, record: logging.LogRecord) -> bool:
        if isinstance(record.args, tuple):
            record.args = tuple(redacted(part) if isinstance(part, str) else part for part in record.args)
        return True


class OperatorMail(AdminEmailHandler):
    """Mail to ADMINS. A mail that cannot be written (no database) must not take the error page with it."""

    def emit(self, record: logging.LogRecord) -> None:
        try:
            super().emit(record)
        except Exception:  # noqa: BLE001  logging's own way with handlers that fail
            self.handleError(record)


class BareReport(ExceptionReporter):
    """The traceback alone: Django's report adds what was sent, cookies and settings, and a guess which of them are secrets."""

    def get_traceback_text(self) -> SafeString:
        told = "".join(traceback.format_exception(self.exc_value)) if self.exc_value else ""
        return mark_safe(told)  # noqa: S308  plain text in a mail; the method promises this type
