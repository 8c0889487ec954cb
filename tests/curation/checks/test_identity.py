import pytest

from catalog.taxonomy import Taxonomy
from curation.checks.run import run_checks
from curation.checks.settings import CheckSettings
from curation.sources.columns import ColumnMap
from curation.sources.products import load_products
from curation.sources.settings import SourceSettings


@pytest.fixture
def loaded(tmp_path):
    def load(text, **columns):
        path = tmp_path / "shop.csv"
        path.write_text(text, "utf-8")
        settings = SourceSettings(paths=[str(path)], columns=ColumnMap(title="title", **columns))
        return load_products(settings, tmp_path).records.collect().lazy()

    return load


def found(records, check):
    result = run_checks(records, Taxonomy.from_paths([]), CheckSettings())
    return result.issues.filter(check=check)


def test_row_without_an_id_is_found_and_rows_with_one_are_not(loaded):
    records = loaded("id,title,note\n1,tea,x\n,mug,\n3,pot,z\n", record_id="id")
    issues = found(records, "missing_id")
    made = records.collect()["record_id"][1]
    assert issues["record_id"].to_list() == [made]
    assert len(made) == 16


def test_only_the_later_rows_of_a_repeated_id_are_found(loaded):
    records = loaded('id,title\n7,tea\n7,mug\n"7",pot\n8,jar\n', record_id="id")
    issues = found(records, "duplicate_id")
    assert issues["record_id"].to_list() == ["7#2", "7#3"]
    assert issues["message"][0] == "id '7' stands in an earlier row; 7#2 was made"


def test_a_column_of_the_source_called_source_id_is_not_taken_for_ours(loaded):
    records = loaded("id,title,source_id\n1,tea,\n2,mug,2\n", record_id="id")
    assert found(records, "missing_id").is_empty()
    assert found(records, "duplicate_id").is_empty()


def test_catalog_without_an_id_column_lacks_no_id(loaded):
    assert found(loaded("title\ntea\nmug\n"), "missing_id").is_empty()
