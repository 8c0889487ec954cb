"""Every verb that takes plain files, in the browser: no workspace, the verb's own answers."""

import io
import zipfile
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from PIL import Image

TRAIN = "id,title,brand\n1,red kettle,Arden\n2,iron pan,Bramley\n3,oak chair,Corvane\n"
TEST = "id,title,brand\n7,kettle red,Delmere\n8,glass jug,ARDEN\n9,blue sofa,Elstow\n"
GOLD = "id,category,brand\n" + "".join(f"{n},A > B{n % 2},m{n}\n" for n in range(8))
RIGHT = "id,category_path\n" + "".join(f"{n},A > B{n % 2}\n" for n in range(8))
# Six of eight right: rows 0 and 1 answer the other category.
WORSE = "id,category_path\n" + "".join(f"{n},A > B{(n + (n < 2)) % 2}\n" for n in range(8))


@pytest.fixture
def any_file(page, nowhere):
    """The page with one of its tabs open."""

    def opened(view):
        shown = page("files", nowhere)
        shown.session_state["files_view"] = view
        return shown.run()

    return opened


def drop(shown, key, name, body):
    shown.file_uploader(key=key).upload(name, body.encode(), "text/csv")


def press(shown, label):
    next(b for b in shown.button if b.label == label).click().run()
    assert not shown.exception
    return shown


def figures(shown):
    return {tile.label: tile.value for tile in shown.metric}


def errors(shown):
    return [error.value for error in shown.error]


def test_leaks_are_found_by_brand_and_by_words(any_file):
    shown = any_file("Leaks between two files")
    drop(shown, "files.train", "train.csv", TRAIN)
    drop(shown, "files.test", "test.csv", TEST)
    press(shown.run(), "Check for leaks")
    # "kettle red" has the words of "red kettle" (similarity 2/2), "ARDEN" is Arden: rows 7 and 8.
    assert errors(shown) == ["2 of the rows held out leak."]
    told = figures(shown)
    assert told["Shared groups"] == "1"
    assert told["Near-duplicate pairs"] == "1"
    assert told["Largest similarity"] == "1.00"
    assert [b.label for b in shown.download_button] == ["Certificate (HTML)"]
    folder = shown.session_state["files.folder"].name
    page = (Path(folder) / "certificate" / "certificate.html").read_text()
    assert "train.csv" in page and "arden" in page


def test_the_shops_own_brand_is_no_leak(any_file):
    shown = any_file("Leaks between two files")
    drop(shown, "files.train", "train.csv", TRAIN)
    drop(shown, "files.test", "test.csv", TEST)
    shown.run()
    next(t for t in shown.text_input if t.label == "Brands that tie nothing").set_value("Arden")
    press(shown, "Check for leaks")
    assert figures(shown)["Shared groups"] == "0"


def test_names_of_one_brand_come_from_a_file(any_file):
    shown = any_file("Leaks between two files")
    drop(shown, "files.train", "train.csv", TRAIN)
    drop(shown, "files.test", "test.csv", "id,title,brand\n7,jug,Brambly\n8,sofa,Elstow\n")
    drop(shown.run(), "files.check_split.aliases", "one.csv", "brand,alias\nBramley,Brambly\n")
    press(shown, "Check for leaks")
    assert errors(shown) == ["1 of the rows held out leak."]
    assert shown.dataframe[0].value["key"].to_list() == ["brambly"]


def test_files_that_share_nothing_do_not_leak(any_file):
    shown = any_file("Leaks between two files")
    drop(shown, "files.train", "a.csv", TRAIN)
    drop(shown, "files.test", "b.csv", "id,title,brand\n9,blue sofa,Elstow\n")
    press(shown.run(), "Check for leaks")
    assert errors(shown) == []
    assert [told.value for told in shown.success] == ["Nothing leaks."]


def test_near_duplicates_of_a_file_are_listed(any_file):
    shown = any_file("Near-duplicates")
    drop(shown, "files.dedupe_file", "all.csv", TRAIN + TEST.split("\n", 1)[1])
    press(shown.run(), "Find near-duplicates")
    assert figures(shown) == {
        "Rows": "6", "Pairs": "1", "Clusters": "1", "Rows in clusters": "2",
        "Largest cluster": "2 rows",
    }  # fmt: skip
    assert shown.dataframe[0].value[["left_id", "right_id"]].to_numpy().tolist() == [[1, 7]]
    assert [b.label for b in shown.download_button] == ["Pairs (CSV)", "Clusters (CSV)"]


def test_a_threshold_is_raised_and_its_clusters_are_taken_away(any_file):
    shown = any_file("Near-duplicates")
    rows = "index,product\n0,red tea cup\n1,red tea cup\n2,red tea mug\n"
    drop(shown, "files.dedupe_file", "shop.csv", rows)
    shown.run()
    assert shown.multiselect[0].value == ["product"]
    shown.number_input[0].set_value(0.5)
    press(shown, "Find near-duplicates")
    assert figures(shown)["Largest cluster"] == "3 rows"
    clusters = shown.dataframe[-1].value
    assert clusters[["n_rows", "weakest", "only_left", "only_right"]].to_numpy().tolist() == [
        [3, 0.5, "cup", "mug"]
    ]
    shown.slider(key="files.recluster").set_value(0.9).run()
    assert not shown.exception
    assert [tile.value for tile in shown.metric][-1] == "2 rows"
    assert "Clusters from 0.90 on (CSV)" in [b.label for b in shown.download_button]


def test_pictures_in_a_zip_file_tie_rows_too(any_file):
    pytest.importorskip("imagehash")
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name, seed in (("a.png", 1), ("b.png", 2), ("c.png", 1)):
            picture = io.BytesIO()
            noise = np.random.default_rng(seed).integers(0, 255, (9, 9), np.uint8)
            Image.fromarray(noise).resize((90, 90)).save(picture, "png")
            archive.writestr(name, picture.getvalue())
    shown = any_file("Near-duplicates")
    drop(
        shown,
        "files.dedupe_file",
        "shop.csv",
        "id,title,image\n1,pan,a.png\n2,jug,b.png\n3,pot,c.png\n",
    )
    shown.file_uploader(key="files.dedupe_pictures").upload(
        "pictures.zip", packed.getvalue(), "application/zip"
    )
    press(shown.run(), "Find near-duplicates")
    assert figures(shown)["Ties by picture"] == "1"
    tied = shown.dataframe[0].value[["left_id", "right_id", "kind"]].to_numpy().tolist()
    assert tied == [[1, 3, "picture"]]


@pytest.fixture
def over_ray(any_file):
    """Near-duplicates of a file compared over the cluster of an address."""
    pytest.importorskip("ray")

    def asked(address, where="ray"):
        shown = any_file("Near-duplicates")
        drop(shown, "files.dedupe_file", "all.csv", TRAIN + TEST.split("\n", 1)[1])
        shown.run()
        next(s for s in shown.selectbox if s.label == "Compared on").set_value(where)
        box = next(t for t in shown.text_input if t.label == "Address of the cluster")
        box.set_value(address)
        return press(shown, "Find near-duplicates")

    return asked


@pytest.mark.parametrize(
    ("address", "told"),
    [
        (" 127.0.0.1:9 ", "no Ray cluster to join at 127.0.0.1:9: "),
        ("nowhere", "no Ray cluster to join at nowhere: expected HOST:PORT."),
        ("ray://head:10001", "--address ray://head:10001: the workspace must be on a machine"),
    ],
)
def test_a_cluster_that_cannot_be_joined_is_one_red_line(address, told, over_ray):
    shown = over_ray(address)
    [said] = errors(shown)
    assert told in said.replace("\\", "")
    assert not shown.metric


def test_the_address_of_a_cluster_is_not_passed_over_in_silence(over_ray):
    shown = over_ray("127.0.0.1:9", "local")
    assert errors(shown) == []
    assert figures(shown)["Pairs"] == "1"
    [said] = [each.value for each in shown.warning]
    assert said == "Compared on this machine, so the address of a cluster is not used."


def test_a_file_is_split_and_no_brand_crosses(any_file):
    rows = "".join(f"{n},title{n} tone{n},m{n // 4}\n" for n in range(80))
    shown = any_file("Split")
    drop(shown, "files.split_file", "shop.csv", "id,title,brand\n" + rows)
    press(shown.run(), "Split the file")
    told = figures(shown)
    assert told["Groups"] == "20"
    assert told["Largest group"] == "4 rows"
    made = shown.session_state["files.answer.split"][1]
    packed = shown.session_state["files.folder"].name + "/zip/splits.zip"
    with zipfile.ZipFile(packed) as archive:
        parts = {name: pl.read_csv(io.BytesIO(archive.read(name))) for name in archive.namelist()}
    assert sorted(parts) == ["test.csv", "train.csv", "validation.csv"]
    assert sum(part.height for part in parts.values()) == 80
    brands = [set(part["brand"]) for part in parts.values()]
    assert not brands[0] & brands[1] and not brands[0] & brands[2] and not brands[1] & brands[2]
    assert made["splits"]["train"]["n_rows"] == parts["train.csv"].height == 64


def test_a_file_is_split_by_time_and_into_folds_around_a_frozen_test(any_file):
    rows = "".join(f"{n},title{n} tone{n},m{n},2026-01-{1 + n // 2:02d}\n" for n in range(40))
    shown = any_file("Split")
    drop(shown, "files.split_file", "shop.csv", "id,title,brand,date\n" + rows)
    shown.run()
    next(s for s in shown.selectbox if s.label == "Kept together by").set_value("time")
    next(n for n in shown.number_input if n.label == "Folds").set_value(3)
    press(shown, "Split the file")
    assert errors(shown) == []
    packed = shown.session_state["files.folder"].name + "/zip/splits.zip"
    with zipfile.ZipFile(packed) as archive:
        parts = {name: pl.read_csv(io.BytesIO(archive.read(name))) for name in archive.namelist()}
    assert parts["train.csv"]["date"].max() < parts["test.csv"]["date"].min()
    held = pl.concat([parts[f"fold-{k}.csv"] for k in (1, 2, 3)])
    assert sorted(held["id"]) == sorted([*parts["train.csv"]["id"], *parts["validation.csv"]["id"]])

    drop(shown, "files.frozen", "before.csv", "id,title\n3,any\n5,any\n")
    shown.run()
    next(s for s in shown.selectbox if s.label == "Kept together by").set_value("brand")
    next(n for n in shown.number_input if n.label == "Folds").set_value(0)
    press(shown, "Split the file")
    with zipfile.ZipFile(packed) as archive:
        test = pl.read_csv(io.BytesIO(archive.read("test.csv")))
    assert sorted(test["id"]) == [3, 5]


def test_impossible_shares_are_one_red_line(any_file):
    shown = any_file("Split")
    drop(shown, "files.split_file", "shop.csv", TRAIN)
    shown.run()
    next(n for n in shown.number_input if n.label == "Train %").set_value(90)
    next(n for n in shown.number_input if n.label == "Validation %").set_value(50)
    press(shown, "Split the file")
    assert len(errors(shown)) == 1


def test_agreement_of_a_file_of_votes(any_file):
    votes = "item,annotator,label\n" + "".join(
        f"{item},{who},{label}\n"
        for item, labels in {"1": "aa", "2": "ab", "3": "bb", "4": "bb"}.items()
        for who, label in zip("xy", labels, strict=True)
    )
    shown = any_file("Agreement of votes")
    drop(shown, "files.votes", "votes.csv", votes)
    press(shown.run(), "Measure agreement")
    told = figures(shown)
    assert told["Percent agreement"] == "0.750"  # 3 of 4 pairs of votes are equal
    # Krippendorff: 3 a and 5 b in 8 votes; 1 - 7 * 2 / (2 * 3 * 5) = 16/30
    assert told["Krippendorff's alpha"] == "0.533"


def test_predictions_are_scored(any_file):
    shown = any_file("Score and compare")
    drop(shown, "files.gold", "gold.csv", GOLD)
    drop(shown, "files.candidate", "worse.csv", WORSE)
    press(shown.run(), "Score")
    assert errors(shown) == []
    # 6 of 8 rows are right.
    assert any("Accuracy 75\\.0 %" in text.value for text in shown.markdown)


def test_two_files_of_predictions_are_compared(any_file):
    shown = any_file("Score and compare")
    drop(shown, "files.gold", "gold.csv", GOLD)
    drop(shown, "files.candidate", "right.csv", RIGHT)
    drop(shown, "files.baseline", "worse.csv", WORSE)
    press(shown.run(), "Compare")
    assert errors(shown) == []
    assert any("100\\.0 % against 75\\.0 %" in text.value for text in shown.markdown)


def test_what_is_wrong_is_one_red_line_with_the_name_of_the_file(any_file):
    shown = any_file("Near-duplicates")
    drop(shown, "files.dedupe_file", "empty.csv", "")
    shown.run()
    assert not shown.exception
    assert len(errors(shown)) == 1
    assert errors(shown)[0].startswith("empty\\.csv")


def test_an_answer_goes_when_the_file_changes(any_file):
    shown = any_file("Near-duplicates")
    drop(shown, "files.dedupe_file", "a.csv", TRAIN)
    press(shown.run(), "Find near-duplicates")
    assert figures(shown)["Rows"] == "3"
    shown.file_uploader(key="files.dedupe_file").set_value(("b.csv", TEST.encode(), "text/csv"))
    assert not shown.run().metric


def test_answers_to_questions_are_scored_as_the_gold_tells(any_file):
    shown = any_file("Score and compare")
    drop(shown, "files.gold", "gold.csv", "id,answer\n1,of steel\n2,red\n3,\n")
    drop(shown, "files.candidate", "said.csv", "id,raw_output\n1,steel\n2,red\n")
    press(shown.run(), "Score")
    assert errors(shown) == []
    # (2/3 + 1) / 2: the third row has no gold
    assert any("83\\.3 %" in text.value for text in shown.markdown)
