"""What is logged, and what operators are mailed, when something breaks. The mail says where; what was said there stays in the log."""

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
    """Where it broke and the kind of error. Django's report adds what was sent, cookies and settings, and a guess which of them
    are secrets; the words of an error may hold an address ("Key (email)=(…) already exists")."""

    def get_traceback_text(self) -> SafeString:
        parts, error = [], self.exc_value
        while error is not None:
            parts.append("".join(traceback.format_tb(error.__traceback__)) + type(error).__qualname__)
            error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
        return mark_safe("\n\nwhich came of:\n\n".join(parts))  # noqa: S308  plain text in a mail; the method promises this type
