"""Reading what our PDFs say."""

import re
import zlib


def text_of(pdf):
    """What a PDF of ours says: its fonts name their glyphs by the letters they stand for (ToUnicode), in the order of their use."""
    objects = dict(re.findall(rb"(?s)(\d+) 0 obj\n(.*?)\nendobj", pdf))
    streams = {number: _stream(body) for number, body in objects.items() if b"stream" in body}
    letters = {}
    for number, body in objects.items():
        if found := re.search(rb"/ToUnicode (\d+) 0 R", body):
            pairs = re.findall(rb"<([0-9A-Fa-f]{4})> <([0-9A-Fa-f]{4,})>", streams[found[1]])
            letters[number] = {int(one, 16): bytes.fromhex(other.decode()).decode("utf-16-be") for one, other in pairs}
    fonts = dict(re.findall(rb"/(F\d+) (\d+) 0 R", pdf))
    said = []
    for body in streams.values():
        font = None
        for tag, shown in re.findall(rb"(?s)/(F\d+) [\d.]+ Tf|\((.*?)(?<!\\)\) ?Tj", body):
            if tag:
                font = letters.get(fonts.get(tag), {})
            elif font:
                plain = re.sub(
                    rb"\\(.)", lambda m: {b"n": b"\n", b"r": b"\r", b"t": b"\t"}.get(m[1], m[1]), shown, flags=re.S
                )
                codes = [int.from_bytes(plain[i : i + 2], "big") for i in range(0, len(plain), 2)]
                said.append("".join(font.get(code, "?") for code in codes))
    return "\n".join(said)


def _stream(body):
    plain = re.search(rb"(?s)stream\n(.*?)\nendstream", body)[1]
    return zlib.decompress(plain) if b"/FlateDecode" in body else plain
