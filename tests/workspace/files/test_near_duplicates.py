"""Near-duplicates of a file: what is written, raised later, tied by choice, found over a cluster."""

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from PIL import Image

from catalog.errors import InputError
from curation.duplicates.dedupe import Likeness, find_duplicates
from curation.llm.embeddings import embedding_mark
from curation.llm.sentence_models import open_any_encoder
from curation.splits.groups import GroupSettings, record_groups
from workspace.files.duplicates_over_ray import find_over_ray
from workspace.files.near_duplicates import Asked, dedupe_file, recluster_file
from workspace.models.ray_engine.session import joined
from workspace.views import ties
from workspace.workspace import Workspace

ROWS = """id,title,picture
a,"Acme USB drive, black, 128GB",one.png
b,"Acme USB drive, black, 256GB",
c,"Acme USB drive black 128 GB",lost.png
d,"Oak shelf, 80 cm",same.png
e,"Pine bench",flat.png
"""


@pytest.fixture
def shop(tmp_path):
    path = tmp_path / "shop.csv"
    path.write_text(ROWS)
    generator = np.random.default_rng(3)
    picture = Image.fromarray(generator.integers(0, 255, (8, 8), np.uint8)).resize((200, 200))
    picture.save(tmp_path / "one.png")
    picture.resize((90, 120)).convert("RGB").save(tmp_path / "same.png")
    Image.new("L", (50, 50), 200).save(tmp_path / "flat.png")
    return path


def test_another_threshold_gives_what_dedupe_gives_there(shop, tmp_path):
    out = tmp_path / "pairs.csv"
    found = dedupe_file(shop, ["title"], Asked(threshold=0.4, margin=0.1), out)
    assert found["n_pairs"] == 3
    for threshold in (0.3, 0.45, 0.5, 0.6, 1.0):
        afresh = dedupe_file(shop, ["title"], Asked(threshold=threshold), None)
        raised = recluster_file(out, threshold, tmp_path / "raised.parquet")
        names = ("n_clusters", "n_rows_in_clusters", "largest_cluster")
        assert [raised[name] for name in names] == [afresh[name] for name in names]
    with pytest.raises(InputError, match=r"searched down to 0\.3, so 0\.2 is not known"):
        recluster_file(out, 0.2, None)
    with pytest.raises(InputError, match="are not beside it"):
        recluster_file(tmp_path / "other.csv", 0.9, None)


def test_pairs_tell_what_differs_and_numbers_break_by_choice(shop, tmp_path):
    out = tmp_path / "pairs.csv"
    dedupe_file(shop, ["title"], Asked(threshold=0.4), out)
    told = pl.read_csv(out).filter(left_id="a", right_id="b").row(0, named=True)
    assert (told["only_left"], told["only_right"]) == ("128gb", "256gb")
    assert told["differs"] == "number or unit"
    asked = Asked(threshold=0.4, likeness=Likeness(different_numbers="break"))
    dedupe_file(shop, ["title"], asked, out)
    assert pl.read_csv(out).select("left_id", "right_id").rows() == [("a", "c")]


def test_a_split_does_not_tie_texts_of_other_numbers_where_asked(shop):
    rows = pl.scan_csv(shop)
    settings = GroupSettings(text_columns=[["title"]], near_duplicates=0.5)
    assert record_groups(rows, settings).labels.tolist() == [0, 0, 0, 1, 2]
    apart = settings.model_copy(update={"different_numbers": "break"})
    assert record_groups(rows, apart).labels.tolist() == [0, 1, 0, 2, 3]


def test_the_weakest_ties_of_a_split_tell_what_differs(sample_workspace):
    workspace = Workspace(sample_workspace)
    shown = ties.weakest_ties(workspace)
    assert shown["similarity"].is_sorted()
    assert shown["similarity"].min() >= workspace.settings.split.near_duplicates
    assert shown.filter(pl.col("differs") == "", pl.col("similarity") < 1).is_empty()
    curve = ties.clusters_by_threshold(workspace)
    rows = [step["n_rows_in_clusters"] for step in curve]
    assert rows == sorted(rows, reverse=True)
    assert rows[0] > rows[-1]


def test_a_pair_tells_what_differs_in_the_text_by_which_it_is_most_alike(tmp_path):
    path = tmp_path / "shop.csv"
    path.write_text(
        "id,title,description\n"
        "1,red tea cup,holds a lot of everything\n"
        "2,red tea mug,for two\n"
        "3,red oak shelf,one board of oak\n"
        "4,oak shelf,one board of oak red\n"
    )
    asked = Asked(threshold=0.5, first_alone=True)
    found = dedupe_file(path, ["title", "description"], asked, tmp_path / "pairs.csv")
    told = pl.read_csv(tmp_path / "pairs.csv")
    names = ["left_id", "right_id", "similarity", "only_left", "only_right"]
    # 1 and 2 by the title: 2 of 4 words; 3 and 4 by title and description: the same 6 words.
    assert told.select(names).rows() == [(1, 2, 2 / 4, "cup", "mug"), (3, 4, 1.0, "", "")]
    assert [pair["only_left"] for pair in found["accepted"]] == ["cup", ""]
    assert [cluster["only_right"] for cluster in found["clusters"]] == ["mug", ""]


def test_a_bound_on_pairs_is_said(shop, tmp_path):
    found = dedupe_file(shop, ["title"], Asked(threshold=0.4, max_pairs=0), tmp_path / "p.csv")
    assert found["n_pairs"] == 3
    assert found["largest_cluster"] == 3
    assert any("3 pairs: 2 of them are listed" in note for note in found["notes"])


def test_pictures_tie_by_choice(shop, tmp_path):
    pytest.importorskip("imagehash")
    asked = Asked(threshold=0.9, pictures="picture")
    found = dedupe_file(shop, ["title"], asked, tmp_path / "pairs.csv")
    assert found["n_edges"] == {"picture": 1}
    assert any("2 pictures not there, not readable" in note for note in found["notes"])
    clusters = pl.read_csv(tmp_path / "pairs.clusters.csv")
    assert clusters["id"].to_list() == ["a", "d"]
    assert recluster_file(tmp_path / "pairs.csv", 1.0, None)["n_clusters"] == 1


def photo(seed):
    """Soft blobs, as of a photo; another seed, another picture."""
    noise = np.random.default_rng(seed).integers(0, 255, (12, 12, 3), np.uint8)
    return Image.fromarray(noise).resize((400, 300))


def test_copies_tie_smaller_or_compressed_again_and_no_others(tmp_path):
    pytest.importorskip("imagehash")
    for seed in range(20):
        photo(seed).save(tmp_path / f"{seed}.png")
        photo(seed).resize((160, 120)).save(tmp_path / f"{seed}-small.jpg", quality=40)
    names = [f"{seed}{kind}" for seed in range(20) for kind in (".png", "-small.jpg")]
    path = tmp_path / "shop.csv"
    rows = [f"{n},w{n},{name}" for n, name in enumerate(names)]
    path.write_text("\n".join(["id,title,image", *rows]))
    dedupe_file(path, ["title"], Asked(pictures="image"), tmp_path / "pairs.csv")
    tied = pl.read_csv(tmp_path / "pairs.csv").select("left_id", "right_id").rows()
    assert tied == [(2 * seed, 2 * seed + 1) for seed in range(20)]


def test_pictures_are_read_from_a_zip_file_and_never_from_outside(tmp_path):
    pytest.importorskip("imagehash")
    photo(1).save(tmp_path / "one.png")
    photo(1).save(tmp_path / "outside.png")
    with zipfile.ZipFile(tmp_path / "pictures.zip", "w") as archive:
        archive.write(tmp_path / "one.png", "shots/one.png")
        archive.write(tmp_path / "one.png", "shots/a/two.png")
        archive.writestr("shots/broken.png", b"no picture")
        archive.writestr("__MACOSX/shots/._one.png", b"junk")
    frame = pl.DataFrame(
        {
            "id": list("abcde"),
            "title": list("vwxyz"),
            "images": [
                ["one.png", "x.png"], ["shots/a/two.png"], ["../outside.png"],
                ["https://a.example/one.png"], ["broken.png"],
            ],
        }
    )  # fmt: skip
    frame.write_parquet(tmp_path / "shop.parquet")
    asked = Asked(pictures="images", pictures_from=tmp_path / "pictures.zip")
    found = dedupe_file(tmp_path / "shop.parquet", ["title"], asked, tmp_path / "pairs.csv")
    tied = pl.read_csv(tmp_path / "pairs.csv").select("left_id", "right_id").rows()
    assert tied == [("a", "b")]
    told = " ".join(found["notes"])
    assert "1 picture named by an address of the web: none is fetched" in told
    assert "2 pictures not there, not readable" in told
    not_one = Asked(pictures="images", pictures_from=tmp_path / "shop.parquet")
    with pytest.raises(InputError, match="expected a folder or a zip file with pictures"):
        dedupe_file(tmp_path / "shop.parquet", ["title"], not_one, None)


def test_without_imagehash_it_is_said_how_to_install_it(shop):
    told = run_without("imagehash", shop.parent, "--pictures", "picture")
    assert "pip install 'goldshelf[pictures]'" in told


def test_meanings_tie_by_choice(tmp_path):
    pytest.importorskip("model2vec")
    path = tmp_path / "shop.csv"
    path.write_text("id,title\n1,sofa 2 m\n2,couch 2 m\n3,kettle\n4,couch 3 m\n")
    from tests.static_models import static_model  # of model2vec

    model = static_model(tmp_path / "model", [["sofa", "couch"], ["kettle"]])

    def tied(likeness):
        asked = Asked(embedding=model, meaning_from=0.95, likeness=likeness)
        dedupe_file(path, ["title"], asked, tmp_path / "pairs.csv")
        return pl.read_csv(tmp_path / "pairs.csv").select("left_id", "right_id", "kind").rows()

    assert tied(Likeness()) == [(1, 2, "meaning"), (1, 4, "meaning")]
    assert tied(Likeness(different_numbers="break")) == [(1, 2, "meaning")]


FURNITURE = "id,title\n1,sofa\n2,couch\n3,kettle\n4,\n5,\n"


def test_a_sentence_transformer_ties_meanings_too(tmp_path):
    pytest.importorskip("sentence_transformers")
    from tests.sentence_models import sentence_model  # of sentence-transformers

    path = tmp_path / "shop.csv"
    path.write_text(FURNITURE)
    model = sentence_model(tmp_path, [["sofa", "couch"], ["kettle"]])
    out = tmp_path / "pairs.csv"
    found = dedupe_file(path, ["title"], Asked(embedding=model, meaning_from=0.999), out)
    assert found["n_edges"] == {"meaning": 1}  # the two empty titles are like nothing
    kept = pl.read_csv(out)
    assert kept.select("left_id", "right_id", "kind").rows() == [(1, 2, "meaning")]
    used = {"model": model, "hash": embedding_mark(model), "from": 0.999}
    assert found["embedding"] == used
    assert json.loads((tmp_path / "pairs.json").read_text())["embedding"] == used


def test_without_sentence_transformers_it_is_said_how_to_install_it(shop):
    modules = [{"idx": 0, "path": "", "type": "sentence_transformers.models.Transformer"}]
    (shop.parent / "modules.json").write_text(json.dumps(modules))
    told = run_without("sentence_transformers", shop.parent, "--embedding", ".")
    assert "pip install 'goldshelf[sentence-transformers]'" in told


def run_without(package, folder, *options):
    """The one line of dedupe where a package is not installed; nothing is written."""
    code = f"""
import sys
sys.modules[{package!r}] = None
from terminal.main import run
sys.exit(run(["dedupe", "shop.csv", "--out", "pairs.csv", *sys.argv[1:]]))
"""
    told = subprocess.run(
        [sys.executable, "-c", code, *options],
        capture_output=True,
        text=True,
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])},
    )
    assert told.returncode == 2
    assert not (folder / "pairs.csv").exists()
    [line] = told.stderr.strip().splitlines()
    return line


def test_a_folder_whose_modules_cannot_be_read_is_one_line(tmp_path):
    (tmp_path / "modules.json").write_text('{"not": "a list"}')
    with pytest.raises(InputError, match=r"modules\.json: expected a list of modules") as told:
        open_any_encoder(str(tmp_path))
    assert "\n" not in str(told.value)


def test_a_cluster_of_machines_finds_the_same(monkeypatch):
    """Nobody has begun Ray: it is begun for this, on this machine, and ended."""
    ray = pytest.importorskip("ray")
    monkeypatch.delenv("RAY_ADDRESS", raising=False)
    generator = np.random.default_rng(5)
    words = generator.zipf(1.3, (3_000, 8)) % 400
    texts = pl.Series([" ".join(f"w{n}" for n in row) for row in words])
    with joined(None):
        for likeness in (Likeness(), Likeness("chars", 3, "break")):
            here = find_duplicates(texts, 0.6, likeness=likeness, margin=0.1)
            there = find_over_ray(texts, 0.6, likeness=likeness, margin=0.1, n_parts=5)
            assert here.n_pairs > 100
            assert there.pairs.equals(here.pairs)
            assert there.n_pairs == here.n_pairs
            assert there.clusters.tolist() == here.clusters.tolist()
    assert not ray.is_initialized()
