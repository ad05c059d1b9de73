"""What is too large to be uploaded is refused before it is read, whichever form it was chosen in."""

from typing import Any

from django.core.exceptions import RequestDataTooBig
from django.core.files.uploadhandler import FileUploadHandler

MOST = 16 * 1024 * 1024  # bytes of a whole request; a form says in words what is too large for itself


class Limit(FileUploadHandler):
    def handle_raw_input(
        self, input_data: Any, META: dict[str, Any], content_length: int, boundary: str, encoding: str | None = None
    ) -> None:
        """Raises RequestDataTooBig."""
        if content_length > MOST:
            raise RequestDataTooBig("The upload is larger than any file we take.")

    def receive_data_chunk(self, raw_data: bytes, start: int) -> bytes:
        return raw_data

    def file_complete(self, file_size: int) -> None:
        return None
