"""The images of a record as parts of a question: their web addresses, nothing is fetched."""

from __future__ import annotations

import polars as pl

from curation.exports.json_text import json_object, json_value

_WEB = r"(?i)^https?://[^\s/]"


def web_images(most: int) -> pl.Expr:
    """The first http and https addresses of a record, each once; an empty list for none.

    Examples
    --------
    >>> rows = pl.DataFrame({"image_urls": [["https://a/1.jpg", "file:///etc/passwd"], None]})
    >>> rows.select(web_images(4)).to_series().to_list()
    [['https://a/1.jpg'], []]
    """
    return _web().list.head(most)


def image_counts(most: int) -> dict[str, pl.Expr]:
    """Of each record: ``n_images`` it is shown with, ``n_over`` the most, ``n_other`` addresses."""
    n_all = pl.col("image_urls").list.len().fill_null(0).cast(pl.Int64)
    elements = pl.element()
    n_web = pl.col("image_urls").list.eval(elements.filter(elements.str.contains(_WEB)))
    web = _web().list.len().cast(pl.Int64)
    return {
        "n_images": pl.min_horizontal(web, pl.lit(most, pl.Int64)),
        "n_images_over": pl.max_horizontal(web - most, pl.lit(0, pl.Int64)),
        "n_images_other": n_all - n_web.list.len().fill_null(0).cast(pl.Int64),
    }


def image_parts(most: int) -> pl.Expr:
    """The image parts of a question in the shape of OpenAI's chats, each behind a comma.

    Examples
    --------
    >>> rows = pl.DataFrame({"image_urls": [["https://a/1.jpg"], []]})
    >>> rows.select(image_parts(4)).to_series().to_list()
    [', {"type": "image_url", "image_url": {"url": "https://a/1.jpg"}}', '']
    """
    url = json_object({"url": json_value(pl.element())})
    part = json_object({"type": pl.lit('"image_url"'), "image_url": url})
    parts = web_images(most).list.eval(pl.concat_str(pl.lit(", "), part))
    return parts.list.join("").fill_null("")


def _web() -> pl.Expr:
    url = pl.element()
    listed = pl.col("image_urls").list.eval(url.filter(url.str.contains(_WEB)))
    return listed.list.unique(maintain_order=True).fill_null(pl.lit([], pl.List(pl.String)))
