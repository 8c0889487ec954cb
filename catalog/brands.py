"""Brand names made comparable: one key for the spellings of one brand, none for no brand."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import islice

import polars as pl

from catalog.text import folded, unaccented

COMPANY_FORMS = (
    "ab", "ag", "as", "asa", "bv", "co", "company", "corp", "corporation", "gmbh", "inc",
    "incorporated", "intl", "international", "kg", "limited", "llc", "llp", "ltd", "nv", "oy",
    "oyj", "plc", "pte", "pty", "pvt", "private", "sa", "sarl", "sas", "spa", "srl",
)  # fmt: skip
GENERIC = (
    "generic",
    "unbranded",
    "unbranded generic",
    "no brand",
    "nobrand",
    "non branded",
    "brandless",
    "unknown",
    "not available",
    "not applicable",
    "n a",
    "na",
    "none",
    "null",
    "nil",
    "other",
    "others",
    "various",
    "assorted",
    "misc",
    "miscellaneous",
    "does not apply",
)


def brand_keys(
    brands: pl.Series,
    *,
    generic: Iterable[str] = (),
    aliases: Iterable[Sequence[str]] = (),
) -> pl.Series:
    """One key for each brand; null where the name tells no brand.

    Case, accents, punctuation, white space, company forms ("Inc.", "GmbH"), a leading
    "by" and a trailing "Store" or "Official" do not count. Generic names ("Generic",
    "Unbranded", "N/A", empty) have no key, so that they tie nothing together.

    Parameters
    ----------
    brands
        Names as given.
    generic
        More names that tell no brand, such as the shop's own.
    aliases
        Names of one brand, in groups; groups that share a name are one. All have the key that is
        first in the alphabet.

    Examples
    --------
    >>> brand_keys(pl.Series(["Nestlé S.A.", "NESTLE", "by Nestle", "Visit the Nestlé Store"]))
    ... # doctest: +NORMALIZE_WHITESPACE
    shape: (4,)
    Series: '' [str]
    [
        "nestle" "nestle" "nestle" "nestle"
    ]
    >>> brand_keys(pl.Series(["Generic", " ", "N/A", None])).null_count()
    4
    >>> brand_keys(pl.Series(["HP", "Dell"]), aliases=[["hp", "Hewlett-Packard"]]).to_list()
    ['hewlett packard', 'dell']
    """
    distinct = brands.cast(pl.String).unique().drop_nulls()
    own = (
        brand_keys(pl.Series(list(generic), dtype=pl.String)).drop_nulls()
        if generic
        else pl.Series([], dtype=pl.String)
    )
    keys = _key(distinct)
    keys = keys.set(keys.is_in(pl.Series([*GENERIC, *own, ""], dtype=pl.String).implode()), None)
    if same := one_key_each(aliases):
        keys = keys.replace(list(same), list(same.values()))
    return brands.cast(pl.String).replace_strict(
        distinct, keys, default=None, return_dtype=pl.String
    )


def one_key_each(aliases: Iterable[Sequence[str]]) -> dict[str, str]:
    """The key that stands for each aliased key: the first in the alphabet of all that are one.

    Examples
    --------
    >>> one_key_each([["Acme", "Akme"], ["akme", "ACME-Store"]])
    {'acme': 'acme', 'akme': 'acme'}
    """
    groups = [list(group) for group in aliases]
    if not groups:
        return {}
    keys_of = iter(brand_keys(pl.Series([name for g in groups for name in g], dtype=pl.String)))
    first: dict[str, str] = {}
    for group in groups:
        keys = {key for key in islice(keys_of, len(group)) if key}
        tied = keys | {first[key] for key in keys if key in first}
        every = tied | {key for key, to in first.items() if to in tied}
        first.update(dict.fromkeys(every, min(every, default="")))
    return dict(sorted(first.items()))


def _key(names: pl.Series) -> pl.Series:
    plain = unaccented(folded(names.str.replace_all("&", " and ").str.replace_all("['’]", "")))
    # "S.A." and "P.V.T." fold to single letters: put them together again at the end of a name.
    plain = plain.str.replace(r" s a(?: s)?$", " sa").str.replace(r" s r l$", " srl")
    plain = plain.str.replace(r" s p a$", " spa").str.replace(r" b v$", " bv")
    forms = "|".join(COMPANY_FORMS)
    short = (
        plain.str.replace(r"^(?:visit the|by|the|brand) ", "")
        .str.replace(r" (?:official )?(?:store|shop)$", "")
        .str.replace(r" official$", "")
        .str.replace(rf"(?: (?:{forms}))+$", "")
    )
    return pl.select(pl.when(short == "").then(plain).otherwise(short)).to_series()
