"""Keeping a picture: whatever was uploaded, what we keep is a drawing of ours that shows the same.

Drawn anew, a picture holds no place where it was taken, no name of a camera or person, and nothing but pixels for a browser to
stumble over. Formats are a short list, since each decoder is a way in (OWASP ASVS 5.2); SVG is a document with scripts and is none.
"""

import warnings
from io import BytesIO
from typing import Any, BinaryIO, Protocol

from PIL import Image, ImageCms, ImageOps, UnidentifiedImageError

from simplero.tenancy.scope import require

from .errors import NoPicture
from .models import Picture

LARGEST = 8 * 1024 * 1024  # bytes of an upload
MOST_PIXELS = 40_000_000
LONGEST_SIDE = 2400  # pixels of what is kept
FORMATS = ("JPEG", "PNG", "WEBP", "GIF")
QUALITY = 82

WANTED = "Choose a JPEG, PNG, WebP or GIF file."


class Upload(Protocol):
    """A file somebody chose, as Django hands it over."""

    @property
    def size(self) -> int | None: ...

    def open(self, mode: str | None = None) -> Any: ...


def keep(account: Any, file: Upload) -> Picture:
    """Draw the picture in `file` anew and keep it. Raises NoPicture when it is too large, or no picture of a kind we take."""
    account_id = require(account)
    data, width, height = drawn(file)
    picture = Picture(account_id=account_id, data=data, width=width, height=height)
    picture.save(force_insert=True)
    picture.refresh_from_db(fields=["public_id"])
    return picture


def remove(*, account: Any, picture: Any) -> None:
    """Forget the picture of that public id. Browsers that have seen it may show it still."""
    Picture.objects.filter(account_id=require(account), public_id=picture).delete()


def drawn(file: Upload) -> tuple[bytes, int, int]:
    """`file` as WebP with its width and height. Raises NoPicture."""
    if not file.size:
        raise NoPicture(f"This file is empty. {WANTED}")
    if file.size > LARGEST:
        raise NoPicture(
            f"This file has {file.size / 1024 / 1024:.1f} MB; a picture can have at most {LARGEST // 1024 // 1024}."
        )
    with file.open("rb") as opened:
        return _drawn(opened)


def _drawn(opened: BinaryIO) -> tuple[bytes, int, int]:
    with warnings.catch_warnings():
        warnings.simplefilter("error", Image.DecompressionBombWarning)  # Pillow's own limit stands above ours
        try:
            with Image.open(opened, formats=FORMATS) as image:
                if image.width * image.height > MOST_PIXELS:
                    raise NoPicture(_too_many(image))
                # A JPEG can be decoded smaller, which spares most of the memory of a large one.
                image.draft("RGB", (LONGEST_SIDE, LONGEST_SIDE))
                image.load()
                picture = _plain(image)
        except UnidentifiedImageError:
            raise NoPicture(f"This is not a picture we can read. {WANTED}") from None
        except (Image.DecompressionBombError, Image.DecompressionBombWarning):
            raise NoPicture(
                f"This picture has more than {MOST_PIXELS // 10**6} million pixels. Make it smaller."
            ) from None
        except (OSError, SyntaxError, ValueError, EOFError, IndexError, MemoryError, OverflowError):
            # What Pillow's decoders raise for files that are cut off or made to break them.
            raise NoPicture(f"This picture is damaged. {WANTED}") from None
    picture.thumbnail((LONGEST_SIDE, LONGEST_SIDE), Image.Resampling.LANCZOS)
    kept = BytesIO()
    picture.save(kept, "WEBP", quality=QUALITY, method=4)
    return kept.getvalue(), picture.width, picture.height


def _too_many(image: Image.Image) -> str:
    return (
        f"This picture has {image.width:,} × {image.height:,} pixels, more than the {MOST_PIXELS // 10**6} million "
        "we can take. Make it smaller."
    )


def _plain(image: Image.Image) -> Image.Image:
    """The first frame of `image`, upright, in sRGB, with transparency if it has any, and nothing else of it."""
    upright = ImageOps.exif_transpose(image)
    mode = "RGBA" if upright.has_transparency_data else "RGB"
    profile = upright.info.get("icc_profile")
    if profile and upright.mode in ("RGB", "RGBA"):
        try:
            changed = ImageCms.profileToProfile(
                upright, ImageCms.ImageCmsProfile(BytesIO(profile)), ImageCms.createProfile("sRGB"), outputMode=mode
            )
            upright = changed if changed is not None else upright
        except (ImageCms.PyCMSError, OSError, TypeError):
            pass  # a broken profile costs a shade of colour, not the picture
    upright = upright.convert(mode)
    plain = Image.new(mode, upright.size)
    plain.paste(upright)
    return plain
