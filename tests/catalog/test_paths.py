import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.paths import join_path, joined, parted, split_path

names = (
    st.text(alphabet=st.sampled_from("ab >\\&"), min_size=1, max_size=7).map(str.strip).filter(bool)
)


@given(st.lists(names, min_size=1, max_size=4))
def test_a_path_survives_being_joined_and_split(path):
    assert split_path(join_path(path)) == path
    frame = pl.DataFrame({"p": [path]}, schema={"p": pl.List(pl.String)})
    text = frame.select(joined("p").alias("t"))
    assert text["t"].item() == join_path(path)
    assert text.select(parted("t")).to_series().to_list() == [path]


def test_a_separator_inside_a_name_is_not_a_level():
    assert split_path(join_path(["Size > 5", "Pots"])) == ["Size > 5", "Pots"]


@pytest.mark.parametrize(
    "path", [["> >", ">"], [">"], ["a >", "> b"], ["a \\> b"], ["\\>", ">"], ["a\\", "b"]]
)
def test_a_name_of_separators_is_still_one_name(path):
    assert split_path(join_path(path)) == path


def test_columns_are_joined_and_parted_as_single_paths_are():
    frame = pl.DataFrame({"p": [["A", "B > C"], None, ["X"]]})
    text = frame.select(joined("p").alias("t"))
    assert text["t"].to_list() == [join_path(["A", "B > C"]), None, "X"]
    assert text.select(parted("t")).to_series().to_list() == frame["p"].to_list()
