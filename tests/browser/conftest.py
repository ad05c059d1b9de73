"""A real browser against a real server: Chromium where it is installed, else skipped with the reason."""

import os
import re
import shutil

import pytest
from playwright.sync_api import expect, sync_playwright

from tests.conftest import PASSWORD

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--no-first-run",
]

DESKTOP, PHONE = {"width": 1280, "height": 900}, {"width": 390, "height": 844}


def pytest_collection_modifyitems(items):
    for item in items:
        if "browser" in item.path.parts:
            item.add_marker(pytest.mark.browser)
            if CHROMIUM is None:
                item.add_marker(
                    pytest.mark.skip(reason="no Chromium on this machine (Debian: apt-get install chromium)")
                )


@pytest.fixture(scope="session")
def chromium():
    # Playwright runs an event loop in this thread, which Django's ORM would refuse to be called beside.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()
    del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]


@pytest.fixture
def open_page(chromium, live_server):
    """A function that opens a page of the application; a script error, or a breach of the content policy, fails the test.

    `policy=False` is for axe, whose own styles the policy would refuse.
    """
    contexts, errors = [], []

    def open_page(path="/", *, viewport=DESKTOP, scheme="light", script=True, policy=True):
        context = chromium.new_context(
            base_url=live_server.url,
            viewport=viewport,
            color_scheme=scheme,
            java_script_enabled=script,
            bypass_csp=not policy,
        )
        context.set_default_timeout(10_000)
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.on("console", lambda message: errors.append(message.text) if refused_by_policy(message) else None)
        page.goto(path)
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert errors == []


def refused_by_policy(message):
    return message.type == "error" and "Content Security Policy" in message.text


def label(words):
    """A label as a person reads it: case and blanks aside, and nothing else around it."""
    return re.compile(r"^\s*[+]?\s*" + r"\s*".join(map(re.escape, words.split())) + r"\s*$", re.IGNORECASE)


def sign_in(page, email):
    page.get_by_label(label("Email")).fill(email)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name=label("Sign in")).click()
    expect(page).to_have_url(re.compile("/a/"))
