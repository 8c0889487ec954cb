"""Pictures: links as they are, bytes made small, tokens by the published rules."""

from __future__ import annotations

import base64
import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from curation.llm.pictures import LARGEST_SIDE, data_link, image_tokens, shown_pictures


def picture(width: int, height: int, mode: str = "RGB", kind: str = "PNG") -> bytes:
    written = io.BytesIO()
    Image.new(mode, (width, height)).save(written, kind)
    return written.getvalue()


def opened(link: str) -> Image.Image:
    head, _, body = link.partition(",")
    assert head == "data:image/jpeg;base64"
    return Image.open(io.BytesIO(base64.b64decode(body)))


def test_links_go_as_they_are_and_only_over_https():
    links = ["https://a.example/1.jpg", "http://a.example/2.jpg", "file:///etc/passwd", "3.jpg"]
    assert shown_pictures(links, 8) == ("https://a.example/1.jpg",)
    assert shown_pictures(["https://a.example/a b.jpg", "https://a/" + "x" * 2_000], 8) == ()
    assert shown_pictures(None, 8) == shown_pictures([], 8) == ()


def test_no_more_pictures_are_shown_than_asked_for_and_each_once():
    links = [f"https://a.example/{n // 2}.jpg" for n in range(10)]
    assert shown_pictures(links, 2) == ("https://a.example/0.jpg", "https://a.example/1.jpg")
    assert shown_pictures(links, 0) == ()


@pytest.mark.parametrize(
    ("width", "height", "small"), [(3000, 1500, (768, 384)), (20, 10, (20, 10))]
)
def test_bytes_are_made_small_and_never_larger(width, height, small):
    assert opened(data_link(picture(width, height))).size == small


@pytest.mark.parametrize(
    ("mode", "kind"), [("RGBA", "PNG"), ("P", "GIF"), ("L", "JPEG"), ("CMYK", "JPEG")]
)
def test_every_common_kind_of_picture_becomes_a_jpeg(mode, kind):
    assert opened(data_link(picture(40, 30, mode, kind))).mode == "RGB"


def test_what_is_transparent_becomes_white():
    assert opened(data_link(picture(9, 9, "RGBA"))).getpixel((4, 4)) == (255, 255, 255)


@settings(deadline=None)
@given(st.binary(max_size=200))
def test_bytes_that_are_no_picture_are_left_out(content):
    assert data_link(content) is None
    assert data_link(picture(8, 8)[:40] + content) is None


def test_a_picture_of_too_many_pixels_is_left_out():
    assert data_link(picture(10_000, 6_000, "1")) is None


def test_a_picture_at_hand_is_shown_by_its_bytes_and_a_broken_one_not_at_all():
    held = {"1.png": picture(1000, 10), "2.png": b"broken"}
    found = shown_pictures(["1.png", "2.png", "https://a.example/3.jpg"], 8, held.get)
    assert opened(found[0]).size == (LARGEST_SIDE, 8)
    assert found[1:] == ("https://a.example/3.jpg",)


def test_a_picture_inside_an_address_is_made_small_too():
    link = "data:image/png;base64," + base64.b64encode(picture(1000, 1000)).decode()
    (found,) = shown_pictures([link], 1)
    assert opened(found).size == (LARGEST_SIDE, LARGEST_SIDE)


@pytest.mark.parametrize(
    ("provider", "model", "size", "tokens"),
    [
        ("openai", "gpt-4o", (512, 512), 85 + 170),
        ("openai", "gpt-4o", (768, 768), 85 + 4 * 170),
        ("openai", "gpt-4o-mini", (512, 512), 2833 + 5667),
        ("openai", "gpt-5-2025-08-07", (512, 512), 70 + 140),
        ("openai", "gpt-5-mini", (320, 320), 162),  # 10 x 10 patches, times 1.62
        ("openai", "gpt-4.1-mini", (768, 768), 934),  # 24 x 24 = 576, times 1.62 = 933.1
        ("anthropic", "claude-sonnet-4-5", (750, 750), 750),
        ("gemini", "gemini-2.5-flash", (384, 384), 258),
        ("gemini", "gemini-2.5-flash", (768, 768), 4 * 258),
    ],
)
def test_tokens_follow_the_rule_of_the_provider(provider, model, size, tokens):
    link = "data:image/png;base64," + base64.b64encode(picture(*size)).decode()
    assert image_tokens(provider, model, link) == tokens


@pytest.mark.parametrize("provider", ["openai", "anthropic", "gemini"])
def test_a_picture_of_unknown_size_counts_as_a_large_one(provider):
    small = "data:image/png;base64," + base64.b64encode(picture(768, 768)).decode()
    unknown = image_tokens(provider, "m", "https://a.example/1.jpg")
    assert unknown >= image_tokens(provider, "m", small)
