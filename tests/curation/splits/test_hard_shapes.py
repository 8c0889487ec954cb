"""Catalogs of every shape that breaks splits, drawn by hypothesis: each is split right."""

import re

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from catalog.brands import brand_keys
from catalog.errors import InputError
from catalog.taxonomy import Taxonomy
from catalog.text import words
from curation.duplicates.dedupe import find_duplicates
from curation.splits.certificate import find_leaks
from curation.splits.certify_settings import CertifySettings
from curation.splits.settings import SplitSettings
from curation.splits.split import split_records

THRESHOLD = 0.8
FRACTIONS = [(0.8, 0.1, 0.1), (0.5, 0.5)]
LOOK_ALIKES = ["CAFÉ", "cafe\u0301", "ＣＡＦÉ", "КАФЕ", "café\u200b", "Straße", "STRASSE", "ﬁn", "fin", "№5", "no5", "２ l", "2 l", "İ", "i\u0307"]  # fmt: skip


def shop(titles, brands, categories=None):
    columns = {
        "title": pl.Series(titles, dtype=pl.String),
        "brand": pl.Series(brands, dtype=pl.String),
        "category_path": pl.Series(
            [[c] for c in categories or ["X"] * len(titles)], dtype=pl.List(pl.String)
        ),
    }
    return pl.DataFrame(columns).with_row_index("id")


def unlike(n):
    return [f"w{k} x{k} y{k}" for k in range(n)]


@st.composite
def chains(draw):
    """Each record is tied to the one before it: by title or by brand, in turn or at will."""
    titles, brands = ["t0 u0 v0"], ["brand 0"]
    for k, by_title in enumerate(draw(st.lists(st.booleans(), min_size=1, max_size=25)), 1):
        titles.append(titles[-1] if by_title else f"t{k} u{k} v{k}")
        brands.append(f"brand {k}" if by_title else brands[-1])
    order = draw(st.permutations(range(len(titles))))
    return shop([titles[i] for i in order], [brands[i] for i in order])


@st.composite
def giants(draw):
    """One group larger than any split, and a few small ones."""
    n, rest = draw(st.integers(10, 40)), draw(st.integers(0, 6))
    return shop(unlike(n + rest), ["Giant"] * n + [f"small {k}" for k in range(rest)])


@st.composite
def equal_brands(draw):
    spellings = st.sampled_from(["Acme", "ACME Inc.", "by Acme", "Ａcme", "Visit the Acme Store"])
    brands = draw(st.lists(spellings, min_size=2, max_size=30))
    return shop(unlike(len(brands)), brands)


@st.composite
def all_missing(draw):
    n = draw(st.integers(2, 40))
    nothing = st.sampled_from([None, "", " ", "Generic", "N/A"])
    brands = draw(st.lists(nothing, min_size=n, max_size=n))
    return shop(draw(st.lists(st.sampled_from([None, "", " "]), min_size=n, max_size=n)), brands)


@st.composite
def look_alikes(draw):
    text = st.lists(st.sampled_from(LOOK_ALIKES), min_size=1, max_size=4).map(" ".join)
    titles = draw(st.lists(text, min_size=2, max_size=30))
    brands = draw(
        st.lists(st.sampled_from([None, *LOOK_ALIKES]), min_size=len(titles), max_size=len(titles))
    )
    return shop(titles, brands)


@st.composite
def empty_titles(draw):
    titles = draw(
        st.lists(st.sampled_from(["", " ", "!?", None, "red tea"]), min_size=2, max_size=40)
    )
    brands = [f"brand {draw(st.integers(0, 9))}" for _ in titles]
    return shop(titles, brands)


@st.composite
def single_categories(draw):
    brands = draw(st.lists(st.sampled_from("abcdefgh"), min_size=4, max_size=40))
    return shop(unlike(len(brands)), brands, ["Only"] * len(brands))


@st.composite
def fewer_groups_than_splits(draw):
    brands = draw(st.lists(st.sampled_from(["A1", "B2"]), min_size=2, max_size=12))
    return shop(unlike(len(brands)), brands)


SHAPES = {
    "transitive chains": chains(),
    "one giant component": giants(),
    "all brands equal": equal_brands(),
    "all missing": all_missing(),
    "unicode look-alikes": look_alikes(),
    "empty titles": empty_titles(),
    "a single category": single_categories(),
    "more splits than groups": fewer_groups_than_splits(),
}


def components(frame):
    """The groups of the rows, found by comparing each with each."""
    keys, sets = brand_keys(frame["brand"]).to_list(), [set(words(t or "")) for t in frame["title"]]
    group = list(range(frame.height))

    def near(a, b):
        return bool(a and b) and len(a & b) / len(a | b) >= THRESHOLD

    for i in range(frame.height):
        for j in range(i):
            if (keys[i] is not None and keys[i] == keys[j]) or near(sets[i], sets[j]):
                old, new = group[i], group[j]
                group = [new if g == old else g for g in group]
    return group


@pytest.mark.parametrize("shape", SHAPES)
@given(st.data(), st.sampled_from(FRACTIONS), st.integers(0, 3))
@settings(max_examples=12, deadline=None)
def test_every_shape_is_split_by_its_groups_and_certified(shape, data, fractions, seed):
    frame = data.draw(SHAPES[shape])
    chosen = SplitSettings(
        fractions=fractions, seed=seed, text_columns=[["title"]], near_duplicates=THRESHOLD
    )
    tree = Taxonomy.from_paths([["X"], ["Only"]])
    if frame.height < len(fractions):
        with pytest.raises(InputError, match=re.escape("rows")):
            split_records(frame.lazy(), chosen, taxonomy=tree)
        return
    made = split_records(frame.lazy(), chosen, taxonomy=tree)
    # all rows, each in exactly one split
    assert made.assignments["row"].to_list() == list(range(frame.height))
    assert set(made.assignments["split"]) <= set(chosen.names)
    # the groups are the components, and no group crosses
    group = components(frame)
    assert made.figures["n_groups"] == len(set(group))
    for one in set(group):
        rows = [k for k, g in enumerate(group) if g == one]
        assert made.assignments["split"][rows].n_unique() == 1
    # the certificate, by another way, finds nothing
    splits = frame.with_columns(made.assignments["split"])
    parts = [splits.filter(split=name) for name in chosen.names]
    certified = CertifySettings(
        group_columns=["brand"], text_columns=[["title"]], near_duplicates=THRESHOLD
    )
    for i, a in enumerate(parts):
        for b in parts[i + 1 :]:
            if a.height and b.height:
                found = find_leaks(a, b, certified, left_ids=a["id"], right_ids=b["id"])
                assert (found.leaks, found.shared_groups, found.near_pairs) == (False, 0, 0)
    # where there are fewer groups than splits, it is said which got none
    empty = [name for name, part in zip(chosen.names, parts, strict=True) if not part.height]
    told = " and ".join(empty) + " got no row"
    assert any(told in note for note in made.notes) == bool(empty)
    # the same again is the same
    again = split_records(frame.lazy(), chosen, taxonomy=tree)
    assert again.assignments.equals(made.assignments)


@pytest.mark.parametrize("shape", SHAPES)
@given(st.data(), st.sampled_from([0.5, 0.8, 1.0]))
@settings(max_examples=12, deadline=None)
def test_every_shape_has_the_near_duplicates_of_a_comparison_of_all(shape, data, threshold):
    titles = data.draw(SHAPES[shape])["title"]
    sets = [set(words(title or "")) for title in titles]
    expected = {
        (j, i)
        for i, a in enumerate(sets)
        for j, b in enumerate(sets[:i])
        if a and b and len(a & b) / len(a | b) >= threshold
    }
    found = find_duplicates(titles, threshold).pairs
    assert {tuple(sorted(pair)) for pair in found.select("left", "right").iter_rows()} == expected
    assert found.height == len(expected)
