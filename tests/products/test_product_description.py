"""Descriptions are typed as text with a few marks, and whatever is typed is shown as safe HTML (T20)."""

import time
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from products import descriptions
from products.descriptions import SCHEMES, TAGS, safe, shown

from . import shop
from .desk import HERE, at, products

PAYLOADS = [
    "<script>alert(1)</script>",
    "<ScRiPt src=//evil.example></sCrIpT>",
    "<img src=x onerror=alert(1)>",
    "<svg/onload=alert(1)>",
    "<svg><script>alert(1)</script></svg>",
    "<math><mtext><table><mglyph><style><!--</style><img title='--&gt;&lt;img src=1 onerror=alert(1)&gt;'>",
    "<iframe srcdoc='<script>alert(1)</script>'></iframe>",
    "<a href='javascript:alert(1)'>x</a>",
    "<a href='java\tscript:alert(1)'>x</a>",
    "<p style='background:url(javascript:alert(1))' onclick=alert(1)>x</p>",
    "<form action=https://evil.example><input name=password></form>",
    "<base href=https://evil.example><meta http-equiv=refresh content='0;url=//evil.example'>",
    "<!--><img src=x onerror=alert(1)>-->",
    "<noscript><p title='</noscript><img src=x onerror=alert(1)>'>",
    "</textarea><script>alert(1)</script>",
    "\"><script>alert(1)</script>",
    "{{ request.user.password }}{% debug %}",
    "[x](javascript:alert(1))",
    "[x](JaVaScRiPt:alert(1))",
    "[x](data:text/html,<script>alert(1)</script>)",
    "[x](vbscript:msgbox(1))",
    "[x](//evil.example)",
    "[x](/a/zen/members)",
    "[x](https://ok.example/\"onmouseover=alert(1)//)",
    "[x](https://ok.example/'><script>alert(1)</script>)",
    "[<img src=x onerror=alert(1)>](https://ok.example)",
    "[a [b](https://inner.example)](https://outer.example)",
    "https://ok.example/\"><script>alert(1)</script>",
    "**<b onclick=alert(1)>x</b>**",
    "*<i>*</i>",
    "# <h1 onclick=alert(1)>x",
    "- <li onclick=alert(1)>x",
    "&lt;script&gt;alert(1)&lt;/script&gt;",
    "&#106;avascript:alert(1)",
    "\\<script>alert(1)\\</script>",
]  # fmt: skip


PATHS = (HERE, "{}", "{}settings", "{}pricing", "{}prices/add", "{}archive", "{}why")


class Seen(HTMLParser):
    """Which tags and attributes a browser would see."""

    def __init__(self, html):
        super().__init__()
        self.tags, self.attributes, self.links = set(), set(), []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        self.attributes |= {(tag, name) for name, _ in attrs}
        self.links += [value for name, value in attrs if name == "href"]

    def handle_comment(self, data):
        self.tags.add("comment")

    def handle_decl(self, decl):
        self.tags.add("declaration")


def assert_harmless(html):
    seen = Seen(html)
    assert seen.tags <= TAGS
    assert seen.attributes <= {("a", "href"), ("a", "rel")}
    assert {link.split(":")[0].lower() for link in seen.links} <= SCHEMES
    assert html.count("<a ") == html.count('rel="noopener nofollow"')
    return seen


@pytest.mark.parametrize(
    "html",
    [
        "<img src=x>",
        "<p onclick=x>",
        "<a href='javascript:x' rel='noopener nofollow'>",
        "<a href='https://a.example'>",
        "<!-- -->",
    ],
)
def test_harmless_bites(html):
    with pytest.raises(AssertionError):
        assert_harmless(html)


@pytest.mark.parametrize("payload", PAYLOADS)
def test_payloads_are_words(payload):
    seen = assert_harmless(shown(payload))
    assert not {"script", "style"} & seen.tags


@given(st.lists(st.one_of(st.sampled_from(PAYLOADS), st.sampled_from(["**", "*", "[", "](", ")", "\n", "\n\n", "- ", "1. ", "# ", "\\", "https://a.b", "<", ">", "&", '"', "'"]), st.text(max_size=5)), max_size=12))  # fmt: skip
def test_whatever_is_typed_is_harmless(parts):
    assert_harmless(shown("".join(parts)))


@pytest.mark.parametrize("payload", PAYLOADS)
def test_the_sanitizer_stands_alone(payload):
    """Were the marks' rules to have a mistake, what they made would still pass here."""
    assert_harmless(safe(payload))


def test_marks_are_made_tags():
    text = "One **bold** and *slanted*\nline\n\n# Head\n- a\n- b\n1. x\n2) y\n\n[site](https://a.example/?q=1&r=2) or [mail](mailto:a@b.example), https://c.example/x."  # fmt: skip
    rel = 'rel="noopener nofollow"'
    assert shown(text) == (
        "<p>One <strong>bold</strong> and <em>slanted</em><br>line</p>"
        "<h3>Head</h3><ul><li>a</li><li>b</li></ul><ol><li>x</li><li>y</li></ol>"
        f'<p><a href="https://a.example/?q=1&amp;r=2" {rel}>site</a> or <a href="mailto:a@b.example" {rel}>mail</a>, '
        f'<a href="https://c.example/x" {rel}>https://c.example/x</a>.</p>'
    )


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("", ""),
        ("  \n\n ", ""),
        ("5 * 3 * 2 = 30", "<p>5 * 3 * 2 = 30</p>"),
        ("snake*case*word", "<p>snake*case*word</p>"),
        ("\\*not\\* slanted", "<p>*not* slanted</p>"),
        ("a < b & c > d", "<p>a &lt; b &amp; c &gt; d</p>"),
        ("-5 degrees", "<p>-5 degrees</p>"),
        ("a\r\n\r\nb", "<p>a</p><p>b</p>"),
        ("[x](javascript:alert(1))", "<p>[x](javascript:alert(1))</p>"),
        (
            "**[x](https://a.example)**",
            '<p><strong><a href="https://a.example" rel="noopener nofollow">x</a></strong></p>',
        ),
    ],
)
def test_what_is_no_mark_stays(text, html):
    assert shown(text) == html


@pytest.mark.parametrize("unit", ["*", "[", "**a ", "[a](", "https://", "\\", "*a ", "-\n", "**a*b", "[a](b", "#" * 9])
def test_no_text_takes_long(unit):
    text = (unit * descriptions.LONGEST)[: descriptions.LONGEST]
    begun = time.monotonic()
    shown(text)
    assert time.monotonic() - begun < 1


@pytest.mark.django_db
def test_payloads_through_the_forms(sales, subtests):
    """Name, summary and description, on every page of the product: no tag of theirs, no script, kept as typed."""
    clean = _tags(sales, shop.product(sales.world, "Plain"))
    made = shop.product(sales.world, live=False)
    for payload in PAYLOADS:
        with subtests.test(payload=payload):
            sales.save(made, name=payload[:120], summary=payload, description=payload)
            [kept] = [one for one in products(sales.world) if one.pk == made.pk]
            assert (kept.name, kept.summary, kept.description) == (payload[:120].replace("\t", " "), payload.replace("\t", " "), payload)  # fmt: skip
            for path in PATHS:
                page = sales.get(path.format(at(made))).content.decode()
                seen = Seen(page)
                assert seen.tags <= clean
                assert not [
                    link for link in seen.links if link.lower().startswith(("javascript", "data:", "vbscript", "//"))
                ]
                assert "<script>" not in page.replace("&lt;", "")
                assert not {name for _, name in seen.attributes if name.startswith("on")}


def _tags(sales, plain):
    """What a page of a harmless product is made of."""
    sales.save(plain, description="**a** *b*\n\n# c\n- d\n1. e\n\nf\ng https://h.example")
    return set().union(*(Seen(sales.get(path.format(at(plain))).content.decode()).tags for path in PATHS))
