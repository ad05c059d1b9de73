"""What a browser calls itself, in words."""

# Looked for in this order: most browsers name the ones they imitate as well.
_BROWSERS = (("Edg", "Edge"), ("OPR/", "Opera"), ("Firefox/", "Firefox"), ("Chrome/", "Chrome"), ("Safari/", "Safari"))
_SYSTEMS = (
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("Windows", "Windows"),
    ("Mac OS X", "Mac"),
    ("CrOS", "Chromebook"),
    ("Linux", "Linux"),
)


def browser(user_agent: str) -> str:
    """ "Firefox on Windows", as far as the browser says; "Unknown browser" for anything else. A hint for people, proof of nothing."""
    tokens = user_agent.replace("HeadlessChrome/", "Chrome/").replace("CriOS/", "Chrome/").replace("FxiOS/", "Firefox/")
    name = next((name for token, name in _BROWSERS if token in tokens), "Unknown browser")
    system = next((system for token, system in _SYSTEMS if token in tokens), "")
    return f"{name} on {system}" if system else name
