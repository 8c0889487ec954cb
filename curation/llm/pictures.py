"""Pictures beside the text: links as they are, bytes made small; and how many tokens they cost."""

from __future__ import annotations

import base64
import io
import math
import re
import warnings
from collections.abc import Callable, Sequence

from PIL import Image

from curation.llm.requests import ProviderName

Load = Callable[[str], bytes | None]
"""Gives the bytes of a picture by its address; None where they are not at hand."""

LARGEST_SIDE = 768
MOST_PIXELS = 50_000_000
_QUALITY = 85
_LONGEST_LINK = 2_000
_WEB = re.compile(r"https://[^\s/]\S*", re.IGNORECASE)
_INLINE = re.compile(r"data:image/[\w.+-]+;base64,(?P<body>[A-Za-z0-9+/=\s]+)", re.IGNORECASE)
_UNKNOWN_SIZE = (2048, 768)


def shown_pictures(
    addresses: Sequence[str] | None, most: int, load: Load | None = None
) -> tuple[str, ...]:
    """The pictures of a record as a request takes them, each once, ``most`` of them.

    A picture whose bytes are at hand (``load`` gives them, or they stand in a ``data:``
    address) is made small; an ``https`` link goes as it is. What is neither, or cannot be read
    as a picture, is left out: the record is then asked about with fewer pictures, or by its
    text alone.

    Examples
    --------
    >>> shown_pictures(["https://a.example/1.jpg", "file:///etc/passwd", "http://a/2.jpg"], 4)
    ('https://a.example/1.jpg',)
    """
    found: dict[str, None] = {}
    for address in dict.fromkeys(addresses or ()):
        if len(found) >= most:
            break
        content = _content(address, load)
        if content is not None:
            link = data_link(content)
        else:
            is_link = _WEB.fullmatch(address) and len(address) <= _LONGEST_LINK
            link = address if is_link else None
        if link is not None:
            found[link] = None
    return tuple(found)


def _content(address: str, load: Load | None) -> bytes | None:
    inline = _INLINE.fullmatch(address)
    if inline is None:
        return load(address) if load is not None else None
    try:
        return base64.b64decode(inline["body"])
    except ValueError:
        return None


def data_link(content: bytes, *, largest_side: int = LARGEST_SIDE) -> str | None:
    """A picture as a ``data:`` link to a JPEG, no side longer than ``largest_side`` pixels.

    None where it is no picture that can be read, or has over `MOST_PIXELS`.

    Examples
    --------
    >>> data_link(b"not a picture") is None
    True
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(io.BytesIO(content)) as picture:
                if picture.width * picture.height > MOST_PIXELS:
                    return None
                picture.draft("RGB", (largest_side, largest_side))
                small = _on_white(picture)
                small.thumbnail((largest_side, largest_side))
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError, Warning):
        return None
    written = io.BytesIO()
    small.save(written, "JPEG", quality=_QUALITY)
    return "data:image/jpeg;base64," + base64.b64encode(written.getvalue()).decode()


def _on_white(picture: Image.Image) -> Image.Image:
    """As RGB, what is transparent white: a product cut out is mostly shown so."""
    if picture.mode not in ("RGBA", "LA", "PA") and "transparency" not in picture.info:
        return picture.convert("RGB")
    layered = picture.convert("RGBA")
    white = Image.new("RGBA", layered.size, "white")
    return Image.alpha_composite(white, layered).convert("RGB")


def image_tokens(provider: ProviderName, model: str, link: str) -> int:
    """About how many input tokens a picture costs, by the rule that its provider publishes.

    OpenAI: tiles of 512 pixels after scaling to 2048 and 768 at the shorter side, or patches of
    32 pixels, at most 1,536, times the model's factor, for the small models; an unknown model
    counts as GPT-4o. Anthropic: width times height over 750 after scaling to 1,568. Gemini: 258 a
    tile. The size of a picture behind a link is not known: it counts as a large one.

    Examples
    --------
    >>> image_tokens("openai", "gpt-4o", "https://a.example/1.jpg")
    1445
    """
    size = _size(link) or _UNKNOWN_SIZE
    if provider == "anthropic":
        return _anthropic_tokens(*size)
    if provider == "gemini":
        return _gemini_tokens(*size)
    return _openai_tokens(model, *size)


def _size(link: str) -> tuple[int, int] | None:
    inline = _INLINE.fullmatch(link)
    if inline is None:
        return None
    try:
        with Image.open(io.BytesIO(base64.b64decode(inline["body"]))) as picture:
            return picture.size
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        return None


_PATCH_FACTORS = {
    "gpt-5-mini": 1.62, "gpt-5-nano": 2.46, "gpt-4.1-mini": 1.62, "gpt-4.1-nano": 2.46,
    "o4-mini": 1.72,
}  # fmt: skip
_TILE_COSTS = {
    "gpt-4o-mini": (2833, 5667), "gpt-5": (70, 140), "o1": (75, 150), "o3": (75, 150),
}  # fmt: skip
_GPT_4O = (85, 170)
_MOST_PATCHES = 1536


def _openai_tokens(model: str, width: int, height: int) -> int:
    name = model.rsplit("/", 1)[-1].lower()
    for start, factor in _PATCH_FACTORS.items():
        if name.startswith(start):
            patches = math.ceil(width / 32) * math.ceil(height / 32)
            return math.ceil(min(patches, _MOST_PATCHES) * factor)
    costs = (cost for start, cost in _TILE_COSTS.items() if name.startswith(start))
    base, tile = next(costs, _GPT_4O)
    scale = min(1.0, 2048 / max(width, height))
    scale *= min(1.0, 768 / (min(width, height) * scale))
    tiles = math.ceil(width * scale / 512) * math.ceil(height * scale / 512)
    return base + tile * tiles


def _anthropic_tokens(width: int, height: int) -> int:
    scale = min(1.0, 1568 / max(width, height))
    return min(1600, math.ceil(width * scale * height * scale / 750))


def _gemini_tokens(width: int, height: int) -> int:
    if max(width, height) <= 384:
        return 258
    unit = min(768, max(256, math.floor(min(width, height) / 1.5)))
    return 258 * math.ceil(width / unit) * math.ceil(height / unit)
