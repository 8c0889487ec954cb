"""Image links as providers take them."""

from __future__ import annotations

import base64
import binascii
import mimetypes
from dataclasses import dataclass


@dataclass(frozen=True)
class Image:
    """An image by its link, or by its bytes in base64.

    ``media_type`` of a link is a guess from its ending.
    """

    media_type: str
    link: str | None = None
    data: str | None = None

    @property
    def content(self) -> bytes:
        """The bytes; empty for a link."""
        return base64.b64decode(self.data or "")


def is_image(link: str) -> bool:
    """Whether a link can be sent at all.

    Examples
    --------
    >>> is_image("https://shop.example/tea.jpg"), is_image("data:text/html,<b>")
    (True, False)
    """
    if not link.startswith("data:"):
        return link.startswith(("https://", "http://"))
    try:
        image(link)
    except ValueError:
        return False
    return True


def image(link: str) -> Image:
    """Read a ``data:`` or ``https:`` link.

    Raises
    ------
    ValueError
        If a ``data:`` link is not of an image in base64.

    Examples
    --------
    >>> image("data:image/png;base64,iVBORw==")
    Image(media_type='image/png', link=None, data='iVBORw==')
    >>> image("https://shop.example/tea.webp?w=512").media_type
    'image/webp'
    """
    if not link.startswith("data:"):
        guess = mimetypes.guess_type(link.split("?")[0].split("#")[0])[0]
        is_image = guess is not None and guess.startswith("image/")
        return Image(guess if is_image and guess else "image/jpeg", link=link)
    head, comma, data = link[5:].partition(",")
    media_type, *rest = head.split(";")
    if not comma or "base64" not in rest or not media_type.startswith("image/"):
        raise ValueError(f"not an image in base64: data:{head[:60]}")
    try:
        base64.b64decode(data, validate=True)
    except binascii.Error as error:
        raise ValueError(f"not an image in base64: {error}") from error
    return Image(media_type, data=data)
