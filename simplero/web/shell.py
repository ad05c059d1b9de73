"""What every staff page shows around its content: the menu, and the accounts one may switch to."""

from django.http import HttpRequest


def context(request: HttpRequest) -> dict[str, object]:
    return {}
