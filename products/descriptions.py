"""Descriptions of products: kept as they were typed, plain text with a few marks, and made safe HTML whenever they are shown.

Paragraphs stand apart by an empty line; "**bold**", "*italic*", "# heading", "- item", "1. item", "[words](https://…)", a web
address by itself, and a backslash before a mark that is meant as it stands. Angle brackets are only themselves: no tag is ever
made of what was typed. The sanitizer then lets nothing through but TAGS, should these lines have a mistake.
"""

import re
from html import escape

import nh3
from django.utils.safestring import SafeString, mark_safe

LONGEST = 20_000  # characters

TAGS = {"p", "br", "strong", "em", "ul", "ol", "li", "h3", "a"}
SCHEMES = {"http", "https", "mailto"}

_LINE = re.compile(r"(?P<heading>#{1,3}[ \t]+)|(?P<ul>[-*•][ \t]+)|(?P<ol>[0-9]{1,3}[.)][ \t]+)")
# No part of a pattern can match one text in two ways, so that no text takes longer than its length.
_MARK = re.compile(
    r"\\(?P<itself>[\\*\[\]#.-])"
    r"|\[(?P<words>[^\[\]]{1,300})\]\((?P<to>[^()\s]{1,2000})\)"
    r"|\*\*(?P<bold>[^*\s](?:[^*]{0,2000}[^*\s])?)\*\*"
    r"|(?<![\w*])\*(?P<italic>[^*\s](?:[^*]{0,2000}[^*\s])?)\*(?![\w*])"
    r"|(?P<bare>https?://[^\s<>\"*\[\]()]{1,2000})"
)
_ADDRESS = re.compile(r"(?:https?://|mailto:)[^\s]+", re.IGNORECASE)


def shown(text: str) -> SafeString:
    """What was typed, as HTML that is safe in any page; "" of nothing."""
    blocks = re.split(r"\n[ \t]*\n", text.replace("\r\n", "\n"))
    return safe("".join(_block(block) for block in blocks))


def safe(html: str) -> SafeString:
    """`html` with nothing in it but TAGS and links to SCHEMES: other tags go and leave their words, scripts and styles go whole."""
    cleaned = nh3.clean(
        html,
        tags=TAGS,
        clean_content_tags={"script", "style"},
        attributes={"a": {"href"}},
        url_schemes=SCHEMES,
        url_relative="deny",
        link_rel="noopener nofollow",
    )
    return mark_safe(cleaned)  # noqa: S308  what this function is for


def _block(block: str) -> str:
    """The lines between two empty ones: headings and list items each by themselves, others together as a paragraph."""
    made: list[tuple[str, list[str]]] = []
    for line in filter(None, map(str.strip, block.split("\n"))):
        found = _LINE.match(line)
        kind = (found.lastgroup if found else None) or "p"
        words = _inline(line[found.end() :] if found else line)
        if made and made[-1][0] == kind != "heading":
            made[-1][1].append(words)
        else:
            made.append((kind, [words]))
    return "".join(_joined(kind, lines) for kind, lines in made)


def _joined(kind: str, lines: list[str]) -> str:
    if kind == "heading":
        return f"<h3>{lines[0]}</h3>"
    if kind == "p":
        return f"<p>{'<br>'.join(lines)}</p>"
    return f"<{kind}>{''.join(f'<li>{line}</li>' for line in lines)}</{kind}>"


def _inline(text: str, *, linked: bool = False) -> str:
    """`text` with its marks made tags and everything else escaped; inside a link (`linked`) there is no other."""
    made, end = [], 0
    for found in _MARK.finditer(text):
        made += [escape(text[end : found.start()]), _marked(found, linked=linked)]
        end = found.end()
    return "".join([*made, escape(text[end:])])


def _marked(found: re.Match[str], *, linked: bool) -> str:
    if found["itself"]:
        return escape(found["itself"])
    if found["bold"]:
        return f"<strong>{_inline(found['bold'], linked=linked)}</strong>"
    if found["italic"]:
        return f"<em>{_inline(found['italic'], linked=linked)}</em>"
    if found["bare"] and not linked:
        # A full stop behind an address ends the sentence.
        address = found["bare"].rstrip(".,;:!?'")
        return f'<a href="{escape(address)}">{escape(address)}</a>{escape(found["bare"][len(address) :])}'
    if found["to"] and not linked and _ADDRESS.fullmatch(found["to"]):
        return f'<a href="{escape(found["to"])}">{_inline(found["words"], linked=True)}</a>'
    # An address of another kind is shown as it was typed, so that whoever wrote it sees that it is no link.
    return escape(found[0])
