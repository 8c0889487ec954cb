import math

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import top_k_accuracy_score

from catalog.taxonomy import Taxonomy
from evaluation.comparing.comparison import compare_runs
from evaluation.loading import load_answers
from evaluation.metrics.category_metrics import category_metrics
from evaluation.scores import score_categories


def answers_of(gold, answers=None, *, brands=None, taxonomy=None, **columns):
    ids = [str(n) for n in range(len(gold))]
    rows = {"example_id": ids, "category_path": gold}
    rows |= {} if brands is None else {"brand": brands}
    given_ = {"example_id": ids, **columns}
    given_ |= {} if answers is None else {"category_path": answers}
    loaded = load_answers(
        "classification",
        pl.DataFrame(rows),
        {
            "run": pl.DataFrame(
                given_, schema_overrides={"category_path": pl.List(pl.String)}, strict=False
            )
        },
        taxonomy=taxonomy,
        cluster_column=None if brands is None else "brand",
    )
    return loaded.answers["run"]


def statistics(answers):
    metrics = category_metrics(answers.n_levels, answers.tree.max_depth)
    return {name: metric.statistic(answers) for name, metric in metrics.items()}


def values(*args, **more):
    return {name: one.value for name, one in statistics(answers_of(*args, **more)).items()}


def test_lca_metrics_by_hand():
    gold = [["A", "B", "C"], ["A", "B", "C"], ["A", "B"], ["A", "B"], ["A", "B"]]
    answers = [["A", "B", "D"], ["A"], ["A", "B", "C"], ["Z", "B"], None]
    found = values(gold, answers)
    # Levels up from answer and gold to what they share: (1, 1), (0, 2), (1, 0), none, no answer.
    assert found["lca_precision"] == pytest.approx((1 / 2 + 1 + 1 / 2 + 0) / 4)
    assert found["lca_recall"] == pytest.approx((1 / 2 + 1 / 3 + 1 + 0 + 0) / 5)
    # Of P and R: 1/2 and 1/2, 1 and 1/3, 1/2 and 1, 0, 0.
    assert found["lca_f1"] == pytest.approx((1 / 2 + 1 / 2 + 2 / 3 + 0 + 0) / 5)


def test_hierarchical_f1_by_category_and_semantic_f1_by_hand():
    gold = [["A", "B"], ["A", "B"], ["A", "C"]]
    answers = answers_of(gold, [["A", "B"], ["A", "D"], ["A"]])
    found = {name: one.value for name, one in statistics(answers).items()}
    # A > B: 2 (2 + 1) / (4 + 4); A > C: 2 x 1 / (2 + 1).
    assert found["hierarchical_f1_macro"] == pytest.approx((6 / 8 + 2 / 3) / 2)
    table = score_categories(answers).categories
    by_name = dict(table.select("category", "hierarchical_f1").iter_rows())
    assert by_name["A > B"] == pytest.approx(6 / 8)
    assert by_name["A > C"] == pytest.approx(2 / 3)
    assert math.isnan(by_name["A > D"])
    # Similarities 1, 1/2 and 2/3, of three answered and three gold rows.
    assert found["semantic_f1"] == pytest.approx((1 + 1 / 2 + 2 / 3) / 3)


def test_a_leaf_name_under_another_parent_shares_nothing():
    found = values([["Garden", "Pots"]], [["Kitchen", "Pots"]])
    for name in ("lca_precision", "lca_recall", "lca_f1", "semantic_f1", "hierarchical_f1_macro"):
        assert found[name] == 0


def test_rows_without_an_answer_are_wrong_and_never_raise():
    found = values([["A", "B"], ["A", "C"]], [["A", "B"], None])
    assert found["lca_precision"] == 1
    assert found["lca_recall"] == found["lca_f1"] == 1 / 2
    assert found["semantic_f1"] == pytest.approx(2 / 3)  # 2 x 1 / (1 + 2)
    assert found["hierarchical_f1_macro"] == 1 / 2
    silent = statistics(answers_of([["A", "B"]], [None]))
    assert silent["lca_precision"].reason == "no row is answered"
    assert silent["semantic_f1"].value == silent["lca_f1"].value == 0


paths = st.lists(st.sampled_from("abc"), min_size=1, max_size=4)


def to_lowest(path, common):
    """The nodes from a node up to the lowest common one, itself included."""
    return {tuple(path[:n]) for n in range(common, len(path) + 1)}


@given(st.lists(st.tuples(paths, st.none() | paths), min_size=1, max_size=20))
def test_lca_metrics_are_those_of_sets_of_nodes(pairs):
    precisions, recalls, f1s = [], [], []
    for gold, answer in pairs:
        if answer is None:
            recalls.append(0)
            f1s.append(0)
            continue
        common = 0
        while gold[: common + 1] == answer[: common + 1] and common < min(len(gold), len(answer)):
            common += 1
        one, other = to_lowest(gold, common or 1), to_lowest(answer, common or 1)
        both = len(one & other)
        precisions.append(both / len(other))
        recalls.append(both / len(one))
        f1s.append(2 * both / (len(one) + len(other)))
    found = values([g for g, _ in pairs], [a for _, a in pairs])
    if precisions:
        assert found["lca_precision"] == pytest.approx(np.mean(precisions))
    assert found["lca_recall"] == pytest.approx(np.mean(recalls))
    assert found["lca_f1"] == pytest.approx(np.mean(f1s))


@settings(max_examples=12)
@given(
    st.lists(st.tuples(paths, st.none() | paths, st.integers(0, 3)), min_size=2, max_size=12),
    st.booleans(),
)
def test_the_influence_of_a_cluster_is_what_leaving_it_out_changes(rows, is_clustered):
    gold, answers, brands = (list(column) for column in zip(*rows, strict=True))
    brands = [str(b) for b in brands] if is_clustered else [str(n) for n in range(len(rows))]
    metric = category_metrics(4)["hierarchical_f1_macro"]
    whole = answers_of(gold, answers, brands=brands)
    statistic = metric.statistic(whole)
    names = list(dict.fromkeys(brands))
    if len(names) < 2:
        return
    without = []
    for name in names:
        kept = [n for n, b in enumerate(brands) if b != name]
        rest = answers_of([gold[n] for n in kept], [answers[n] for n in kept])
        without.append(metric.statistic(rest).value)
    moves = (np.mean(without) - np.array(without)) * (len(names) - 1) / len(names)
    found = np.bincount(whole.clusters, statistic.influence)
    assert sorted(found) == pytest.approx(sorted(moves))
    if not is_clustered:
        alone = metric.statistic(answers_of(gold, answers))
        assert alone.influence == pytest.approx(statistic.influence)


def test_top_k_and_reciprocal_rank_by_hand():
    gold = [["A", "B"], ["A", "C"], ["D"], ["D"]]
    candidates = [
        '["A > C", ["A", "B"]]',
        '[{"category_path": "A > B", "score": 0.2}, {"category_path": "A > C", "score": 0.7}]',
        '["A > B", "A > C", "A", "D"]',
        None,
    ]
    answers = answers_of(gold, candidates=candidates)
    assert answers.gold_ranks.tolist() == [1, 0, 3, -1]
    assert answers.answer_text.to_list() == ["A > C", "A > C", "A > B", None]
    found = {name: one.value for name, one in statistics(answers).items()}
    assert found["accuracy"] == 1 / 4
    assert found["top_3_accuracy"] == 2 / 4
    assert found["top_5_accuracy"] == 3 / 4
    assert found["mrr"] == pytest.approx((1 / 2 + 1 + 1 / 4 + 0) / 4)


def test_the_answer_comes_first_in_the_ranking():
    answers = answers_of([["B"], ["C"]], [["B"], ["A"]], candidates=['["A", "B"]', '["A", "C"]'])
    assert answers.gold_ranks.tolist() == [0, 1]


def test_candidates_of_a_row_that_failed_rank_nothing():
    answers = answers_of([["B"], ["B"]], candidates=['["B"]', '["B"]'], error=["timeout", None])
    assert answers.gold_ranks.tolist() == [-1, 0]
    assert answers.outcomes.to_list() == ["error", "answered"]


def test_candidates_that_cannot_be_read_are_no_answer():
    answers = answers_of([["B"]] * 3, candidates=["B", "[]", '{"B": 1}'])
    assert answers.outcomes.to_list() == ["invalid", "empty", "invalid"]


def test_without_candidates_there_is_no_ranking():
    found = statistics(answers_of([["A"]], [["A"]]))
    for name in ("top_3_accuracy", "mrr"):
        assert math.isnan(found[name].value)
        assert found[name].reason == "no prediction has candidates"


@given(st.integers(0, 2**32 - 1))
def test_top_k_accuracy_is_scikit_learns(seed):
    generator = np.random.default_rng(seed)
    scores = generator.permuted(np.linspace(0.1, 0.9, 12).reshape(1, -1).repeat(8, 0), axis=1)
    gold = generator.integers(0, 12, 8)
    candidates = [
        [{"category_path": f"c{k}", "score": float(score)} for k, score in enumerate(row)]
        for row in scores
    ]
    found = values([[f"c{k}"] for k in gold], candidates=candidates)
    for k in (3, 5, 10):
        expected = top_k_accuracy_score(gold, scores, k=k, labels=np.arange(12))
        assert found[f"top_{k}_accuracy"] == pytest.approx(expected)


TREE = Taxonomy.from_paths(
    [["Garden", "Flower Pots"], ["Garden", "Tools"], ["Kitchen", "Pans"]], name="mine"
)


def test_repair_is_shown_beside_the_strict_score():
    gold = [
        ["Garden", "Flower Pots"],
        ["Garden", "Tools"],
        ["Kitchen", "Pans"],
        ["Kitchen", "Pans"],
    ]
    answers = [
        ["garden", "flower-pots"],
        ["Garden", "Tools"],
        ["Qqqq", "Xyxyx"],
        ["Garden", "Tool"],
    ]
    found = values(gold, answers, taxonomy=TREE)
    assert found["accuracy"] == 1 / 4
    assert found["out_of_taxonomy_rate"] == 3 / 4
    assert found["repaired_rate"] == 2 / 4  # Qqqq is near to nothing.
    assert found["accuracy_repaired"] == 2 / 4  # Garden > Tools is not Kitchen > Pans.


def test_valid_answers_are_left_as_they_are():
    found = values([["Garden", "Tools"]], [["Kitchen", "Pans"]], taxonomy=TREE)
    assert found["repaired_rate"] == found["accuracy_repaired"] == 0


def test_nothing_is_repaired_without_a_taxonomy():
    found = statistics(answers_of([["A"]], [["B"]]))
    assert math.isnan(found["accuracy_repaired"].value)
    assert found["accuracy_repaired"].reason.startswith("no taxonomy is given")


def test_runs_are_compared_by_every_new_metric():
    gold = [["A", "B"], ["A", "C"], ["D"]] * 8
    sides = [
        answers_of(gold, [["A", "B"]] * 24, candidates=['["A > B", "A > C"]'] * 24),
        answers_of(gold, gold, candidates=['["A > B"]'] * 24),
    ]
    for metric in ("lca_f1", "hierarchical_f1_macro", "semantic_f1", "top_3_accuracy", "mrr"):
        found = compare_runs("classification", *sides, metric=metric)
        assert found.difference.value > 0, metric
        assert found.verdict == "better", metric


def test_semantic_f1_by_embedding_knows_words_that_mean_the_same(tmp_path):
    pytest.importorskip("model2vec", reason="model2vec is not installed: goldshelf[embeddings]")
    from curation.llm.embeddings import open_encoder
    from tests.static_models import static_model

    encoder = open_encoder(static_model(tmp_path, [["sofas", "couches"], ["lamps"], ["home"]]))
    gold = pl.DataFrame({"example_id": ["1", "2", "3", "4"], "category_path": ["home > sofas"] * 4})
    run = pl.DataFrame(
        {
            "example_id": ["1", "2", "3", "4"],
            "category_path": ["home > sofas", "home > couches", "home > lamps", None],
        }
    )
    loaded = load_answers("classification", gold, {"r": run}, encoder=encoder).answers["r"]
    # Vectors: home + sofas against home + couches: 1; against home + lamps: 1/2.
    assert loaded.likeness == pytest.approx([1, 1, 0.5, 0], abs=1e-3)
    metric = category_metrics(2)["semantic_f1_embedding"]
    assert metric.statistic(loaded).value == pytest.approx(2 * 2.5 / (4 + 3), abs=1e-3)
    alone = load_answers("classification", gold, {"r": run}).answers["r"]
    assert metric.statistic(alone).estimate(None).reason.startswith("no embedding model is set")
