"""The rules of the look that a reviewer would otherwise say twice."""

import re
from pathlib import Path
from xml.etree import ElementTree

import pytest
from django.conf import settings
from django.template import engines
from django.template.loader import get_template
from django.test import RequestFactory
from django_cotton.compiler_regex import CottonCompiler

from simplero.web.templatetags import ui

TEMPLATES = settings.BASE_DIR / "templates"
STYLES = settings.BASE_DIR / "static" / "css"
RAW_COLOUR = re.compile(r"#[0-9a-f]{3,8}\b(?![^{]*\{)|\b(?:rgb|hsl|oklch|oklab|lab|lch)a?\(", re.IGNORECASE)
INLINE = re.compile(r"\sstyle=|\son[a-z]+=|<style|<script(?![^>]*\ssrc=)|href=.javascript:", re.IGNORECASE)


def templates() -> list[str]:
    return sorted(str(path.relative_to(TEMPLATES)) for path in TEMPLATES.rglob("*.html"))


def render(source: str, *, by_htmx: bool = False, **context: object) -> str:
    """A piece of a template, drawn; text that is not in a file is compiled to components by hand."""
    request = RequestFactory().get("/")
    request.htmx = by_htmx
    drawn = engines["django"].from_string(CottonCompiler().process(source)).render(context, request)
    assert "<c-" not in drawn
    return drawn


@pytest.mark.parametrize("name", templates())
def test_template_compiles_and_carries_nothing_a_strict_policy_blocks(name: str) -> None:
    get_template(name)
    assert not INLINE.search((TEMPLATES / name).read_text())


TAG = re.compile(r"<c-(?!vars|slot)([\w-]+)((?:\s+[^\s/>\"'=]+(?:=(?:\"[^\"]*\"|'[^']*'|[^\s>]+))?)*)", re.DOTALL)


def raw_attributes(source: str) -> list[str]:
    """Values handed over as they are, `:name="value"` or unquoted, under a name the component does not declare: cotton
    writes those into the element without escaping them."""
    found = []
    for component, attributes in TAG.findall(source):
        declared = re.search(
            r"<c-vars\s([^>]*)>", (TEMPLATES / "components" / f"{component.replace('-', '_')}.html").read_text()
        )
        names = set(re.findall(r"(?:^|\s):?([\w-]+)(?:=|\s|$)", declared[1] if declared else ""))
        for name in re.findall(
            r"\s:([\w-]+)=|\s([\w-]+)=(?=[^\"'\s])", re.sub(r"\"[^\"]*\"|'[^']*'", '""', attributes)
        ):
            found += [f"{component} {one}" for one in name if one and one not in names]
    return found


@pytest.mark.parametrize("name", templates())
def test_no_value_reaches_an_element_unescaped(name: str) -> None:
    assert raw_attributes((TEMPLATES / name).read_text()) == []


def test_a_value_handed_over_raw_is_found() -> None:
    assert raw_attributes('<c-button :aria-label="contact.name" icon="x">x</c-button>') == ["button aria-label"]
    assert raw_attributes("<c-button hx-get=url>x</c-button>") == ["button hx-get"]
    assert raw_attributes('<c-lot :left="1" name="Pack of {{ n }}" closed></c-lot>') == []


def test_colours_stand_in_the_tokens_only() -> None:
    raw = {path.name for path in STYLES.rglob("*.css") if RAW_COLOUR.search(path.read_text())}
    assert raw == {"tokens.css"}


def test_every_stylesheet_is_part_of_the_one_or_the_storefronts() -> None:
    roots = {"app.css", "shop.css"}
    imported = {name for root in roots for name in re.findall(r'@import url\("([^"]+)"\)', (STYLES / root).read_text())}
    there = {str(path.relative_to(STYLES)) for path in STYLES.rglob("*.css")}
    assert there - {*roots, "styleguide.css"} == imported


def test_every_property_used_is_defined() -> None:
    sheets = "".join(path.read_text() for path in STYLES.rglob("*.css"))
    used = set(re.findall(r"var\((--[\w-]+)", sheets))
    assert used <= set(re.findall(r"(--[\w-]+):", sheets))


@pytest.mark.parametrize("component", sorted(path.stem for path in (TEMPLATES / "components").glob("*.html")))
def test_component_says_how_it_is_used(component: str) -> None:
    assert (TEMPLATES / "components" / f"{component}.html").read_text().startswith("{% comment %}")


@pytest.mark.parametrize("component", sorted(path.stem for path in (TEMPLATES / "components").glob("*.html")))
def test_component_stands_in_the_style_guide(component: str) -> None:
    shown = "".join(path.read_text() for path in (TEMPLATES / "styleguide").glob("*.html"))
    names = {component, component.replace("_", "-")}
    assert any(re.search(rf"<c-{name}[ />]", shown) for name in names), (
        "show it in templates/styleguide, in every state it has"
    )


HOSTILE = '"><script>alert(1)</script>'


@pytest.mark.parametrize(
    "source",
    [
        '<c-button aria-label="{{ name }}">x</c-button>',
        '<c-button label="{{ name }}" variant="icon" icon="x" />',
        "<c-button>{{ name }}</c-button>",
        '<c-card title="{{ name }}" id="a">x</c-card>',
        '<c-card :title="name" id="a">x</c-card>',
        '<c-wallet :title="name" id="w" />',
        '<c-lot :name="name" :sub="name" />',
        '<c-moment :note="name" :meta="name">{{ name }}</c-moment>',
        '<c-avatar :name="name" />',
        '<c-notice :title="name">{{ name }}</c-notice>',
        '<c-dialog :title="name" :lede="name">x</c-dialog>',
        '<c-menu id="m" label="{{ name }}"><c-menu-item href="/" sub="{{ name }}">x</c-menu-item></c-menu>',
    ],
)
def test_names_stay_text(source: str) -> None:
    drawn = render(source, name=HOSTILE)
    assert "<script" not in drawn
    assert "&lt;script&gt;" in drawn or "avatar" in drawn


def test_what_a_page_calls_title_does_not_leak_into_a_component() -> None:
    assert "Leak" not in render(
        "<c-card>body</c-card><c-empty title='Empty' />", title="Leak", actions="Leak", icon="x"
    )


@pytest.mark.parametrize(("number", "wording"), [(5, "+5"), (-1, "\u22121"), (0, "0"), (12500, "+12,500")])
def test_a_movement_carries_its_sign(number: int, wording: str) -> None:
    assert ui.signed(number) == wording


@pytest.mark.parametrize(
    ("name", "letters"), [("Ana María Ruiz", "AR"), ("studio", "S"), ("  ", "?"), ("(Bo) Ek", "E"), ("李 小龙", "李小")]
)
def test_initials(name: str, letters: str) -> None:
    assert ui.initials(name) == letters


def test_shares_fill_the_whole_and_show_the_smallest() -> None:
    parts = ui.shares(used=0, expired=9_999, free=1)
    assert [part.kind for part in parts] == ["expired", "free"]
    assert sum(float(part.width[:-1]) for part in parts) == pytest.approx(100, abs=0.02)
    assert float(parts[1].width[:-1]) > 1
    assert ui.shares(used=0, expired=0, free=0) == []


def test_meter_of_a_lot_counts_what_is_gone() -> None:
    assert ui.gone(5, 1, 1) == 3
    drawn = render('<c-lot name="Pack" :left="1" :amount="5" :expired="0" />')
    meter = ElementTree.fromstring(re.search(r"<svg class=\"meter.*?</svg>", drawn, re.DOTALL)[0])  # noqa: S314
    assert [rect.get("class") for rect in meter] == ["meter__used", "meter__free"]


def test_icons_are_hidden_from_screen_readers() -> None:
    assert 'aria-hidden="true"' in ui.icon("check")


def test_dialog_is_a_page_without_htmx_and_a_fragment_with_it() -> None:
    source = '<c-dialog title="Consume" action="/x">body</c-dialog>'
    assert '<h1 id="dialog-title">' in render(source)
    fragment = render(source, by_htmx=True)
    assert '<h2 id="dialog-title">' in fragment
    assert 'hx-post="/x"' in fragment
    assert "csrfmiddlewaretoken" in fragment


def test_theme_of_the_cookie_is_in_the_first_byte() -> None:
    request = RequestFactory().get("/")
    request.htmx = False
    request.COOKIES["theme"] = "dark"
    assert 'data-theme="dark"' in get_template("404.html").render({}, request)
    request.COOKIES["theme"] = '"><script>'
    assert "data-theme" not in get_template("404.html").render({}, request)


def test_fonts_are_built_once(tmp_path: Path) -> None:
    fonts = pytest.importorskip("simplero.web.fonts")
    built = fonts.build(tmp_path)
    assert [path.name for path in built] == ["geist.woff2", "instrument-serif.woff2"]
    for path in built:
        assert path.read_bytes()[:4] == b"wOF2"
        assert 15_000 < path.stat().st_size < 60_000
    before = [path.stat().st_mtime_ns for path in built]
    assert fonts.build(tmp_path) == built
    assert [path.stat().st_mtime_ns for path in built] == before
