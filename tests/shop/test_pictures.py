"""Pictures: drawn anew, of a size a page can bear, shown by their own shop only."""

import struct
import uuid
import zlib
from io import BytesIO

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from PIL import Image

from simplero.pictures import services
from simplero.pictures.errors import NoPicture
from simplero.pictures.models import Picture
from simplero.tenancy.scope import scope


def file(data, name="picture.jpg", content_type="image/jpeg"):
    return SimpleUploadedFile(name, data, content_type)


def drawing(kind="PNG", size=(40, 30), mode="RGB", colour=(200, 40, 40), **more):
    out = BytesIO()
    Image.new(mode, size, colour).save(out, kind, **more)
    return out.getvalue()


def keep(world, data):
    with scope(world.account):
        return services.keep(world.account, file(data))


def refused(world, data, words):
    with pytest.raises(NoPicture, match=words):
        keep(world, data)
    with scope(world.account, read_only=True):
        assert Picture.objects.count() == 0


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "GIF"])
def test_every_kind_becomes_the_same(acme, kind):
    picture = keep(acme, drawing(kind))
    assert (picture.width, picture.height) == (40, 30)
    with Image.open(BytesIO(picture.data)) as image:
        assert (image.format, image.size) == ("WEBP", (40, 30))
        red, green, blue = image.convert("RGB").getpixel((20, 15))
        assert red > 180
        assert max(green, blue) < 70


def test_nothing_but_pixels_is_kept(acme):
    exif = Image.Exif()
    exif[0x0110] = "Canary camera"  # the model
    exif[0x8825] = {2: (55.0, 40.0, 0.0)}  # where it was taken
    data = drawing("JPEG", exif=exif, comment=b"canary comment") + b"<script>canary()</script>"
    assert b"anary" in data
    picture = keep(acme, data)
    assert b"anary" not in bytes(picture.data)
    with Image.open(BytesIO(picture.data)) as image:
        assert not {"exif", "xmp", "icc_profile", "comment"} & set(image.info)


def test_it_stands_upright(acme):
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera was held on its side
    picture = keep(acme, drawing("JPEG", size=(40, 30), exif=exif))
    assert (picture.width, picture.height) == (30, 40)


def test_transparency_stays(acme):
    picture = keep(acme, drawing(mode="RGBA", colour=(0, 0, 0, 0)))
    with Image.open(BytesIO(picture.data)) as image:
        assert image.mode == "RGBA"
        assert image.getpixel((1, 1))[3] == 0


def test_a_large_one_is_made_smaller(acme):
    picture = keep(acme, drawing("JPEG", size=(4800, 1200)))
    assert (picture.width, picture.height) == (2400, 600)


def png_that_claims(width, height):
    """A few bytes that say they are a picture of that size."""

    def chunk(name, data):
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0" * 100)) + chunk(b"IEND", b"")
    )


@pytest.mark.parametrize("size", [(6400, 6400), (60_000, 60_000), (40_000_001, 1)])
def test_a_bomb_is_refused_by_what_it_claims(acme, size):
    refused(acme, png_that_claims(*size), "million")


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "empty"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>", "Choose a JPEG, PNG"),
        (b"<html>", "Choose a JPEG, PNG"),
        (b"%PDF-1.7", "Choose a JPEG, PNG"),
        (drawing("TIFF"), "Choose a JPEG, PNG"),
        (drawing("BMP"), "Choose a JPEG, PNG"),
        (drawing("ICO"), "Choose a JPEG, PNG"),
        (b"\x89PNG\r\n\x1a\n" + b"\0" * 50, "read|damaged"),
        (drawing("JPEG", size=(400, 400))[:600], "damaged"),
        (png_that_claims(100, 100), "damaged"),
    ],
    ids=["empty", "svg", "html", "pdf", "tiff", "bmp", "ico", "broken png", "cut-off jpeg", "png without pixels"],
)
def test_anything_else_is_refused(acme, data, words):
    refused(acme, data, words)


def test_eight_megabytes(acme):
    refused(acme, drawing() + b"\0" * services.LARGEST, "8")
    assert keep(acme, drawing() + b"\0" * (services.LARGEST - len(drawing())))


def test_its_own_shop_shows_it(acme, zen):
    picture = keep(acme, drawing())
    response = Client().get(f"/s/acme/pictures/{picture.public_id}")
    assert (response.status_code, response.content) == (200, bytes(picture.data))
    assert response["Content-Type"] == "image/webp"
    assert response["X-Content-Type-Options"] == "nosniff"
    assert "immutable" in response["Cache-Control"]
    assert "sandbox" in response["Content-Security-Policy"]
    assert "default-src 'none'" in response["Content-Security-Policy"]
    assert not response.cookies
    for elsewhere in (
        f"/s/zen/pictures/{picture.public_id}",
        f"/s/acme/pictures/{uuid.uuid4()}",
        f"/s/no/pictures/{picture.public_id}",
    ):
        assert Client().get(elsewhere).status_code == 404
    assert Client().post(f"/s/acme/pictures/{picture.public_id}").status_code == 405
