import polars as pl
import pytest

from catalog.errors import InputError
from evaluation.answers.text_models import BertModel
from evaluation.comparing.comparison import metrics_for
from evaluation.loading import load_answers
from evaluation.settings import ScoreSettings
from workspace.runs import twin_compare_files, twin_score_files
from workspace.runs.plain import model_settings

WORDS = [
    "[PAD]",
    "[UNK]",
    "[CLS]",
    "[SEP]",
    "[MASK]",
    "it",
    "fits",
    "two",
    "mugs",
    "the",
    "steel",
    "mug",
    "is",
    "heavy",
    "light",
    "no",
    "yes",
]
GOLD = pl.DataFrame(
    {"example_id": ["1", "2", "3"], "answers": ['["the mug is heavy", "no"]', '["yes"]', "[]"]}
)
RUN = pl.DataFrame({"example_id": ["1", "2"], "raw_output": ["the steel mug is heavy", None]})


def loaded(**settings):
    answers = load_answers("answers", GOLD, {"r": RUN}, settings=ScoreSettings(**settings))
    return answers.answers["r"]


def found(answers):
    metric = metrics_for("answers", [answers])["bert_score"]
    return metric.statistic(answers).estimate(None)


def test_without_a_model_it_is_undefined_and_says_what_to_set():
    one = found(loaded())
    assert one.value != one.value
    assert one.reason == "no model is set: --bertscore, or bertscore in [score], names one"


def test_a_model_that_is_not_here_is_not_fetched(monkeypatch):
    pytest.importorskip("bert_score", reason="bert-score is not installed: goldshelf[bertscore]")
    one = found(loaded(bertscore="goldshelf-tests/no-such-model"))
    assert one.value != one.value
    assert "is not on this machine: `hf download goldshelf-tests/no-such-model`" in one.reason


def test_a_folder_that_holds_no_model_is_told(tmp_path):
    pytest.importorskip("bert_score", reason="bert-score is not installed: goldshelf[bertscore]")
    nowhere = tmp_path / "nowhere"
    assert BertModel(str(nowhere)).lacks.startswith(
        f"no folder {nowhere}: expected that of a model"
    )
    assert "holds no model: expected a config.json" in BertModel(str(tmp_path)).lacks
    (tmp_path / "config.json").write_text('{"model_type": "bert"}')
    assert "holds no weights" in BertModel(str(tmp_path)).lacks
    (tmp_path / "model.safetensors").write_bytes(b"no weights")
    broken = BertModel(str(tmp_path))
    assert broken.lacks is None
    with pytest.raises(InputError, match=r"BERTScore model .* cannot be loaded"):
        broken.scores(["yes"], [["yes"]])


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    """A BERT of two layers with chance weights."""
    pytest.importorskip("bert_score", reason="bert-score is not installed: goldshelf[bertscore]")
    import torch
    from transformers import BertConfig, BertTokenizer  # fmt: skip
    from transformers import BertModel as Bert

    folder = tmp_path_factory.mktemp("tiny-bert")
    (folder / "words.txt").write_text("\n".join(WORDS))
    torch.manual_seed(0)
    config = BertConfig(
        vocab_size=len(WORDS), hidden_size=16, num_hidden_layers=2, num_attention_heads=2,
        intermediate_size=32, max_position_embeddings=64,
    )  # fmt: skip
    Bert(config).save_pretrained(folder)
    BertTokenizer(str(folder / "words.txt")).save_pretrained(folder)
    return folder


def greedy(folder, answer, reference):
    """BERTScore F by its definition: each token with its most similar one, both ways."""
    import torch
    from transformers import AutoModel, AutoTokenizer

    tokenizer, model = AutoTokenizer.from_pretrained(folder), AutoModel.from_pretrained(folder)
    sides = []
    for text in (answer, reference):
        with torch.no_grad():
            hidden = model.eval()(**tokenizer(text, return_tensors="pt")).last_hidden_state[0]
        sides.append(torch.nn.functional.normalize(hidden, dim=-1)[1:-1])
    cosines = sides[0] @ sides[1].T
    precision, recall = cosines.max(1).values.mean(), cosines.max(0).values.mean()
    return float(2 * precision * recall / (precision + recall))


def test_it_is_the_greedy_match_of_tokens_with_the_best_reference(tiny):
    answers = loaded(bertscore=str(tiny))
    best = max(greedy(tiny, "the steel mug is heavy", one) for one in ("the mug is heavy", "no"))
    assert answers.bert_score.tolist() == pytest.approx([best, 0, 0], abs=1e-5)
    # Two questions can be answered; the second has no answer and counts 0.
    assert found(answers).value == pytest.approx(best / 2, abs=1e-5)
    metric = metrics_for("answers", [answers])["bert_score"]
    assert tiny.name in metric.definition


def test_equal_texts_score_one_and_no_texts_are_no_work(tiny):
    model = BertModel(str(tiny))
    assert model.scores(
        ["two mugs", "it fits"], [["two mugs"], ["no", "it fits"]]
    ) == pytest.approx([1, 1], abs=1e-5)
    assert model.scores([], []).tolist() == []


def test_files_are_scored_and_compared_with_the_model_that_is_named(tiny, tmp_path):
    gold, run = tmp_path / "gold.jsonl", tmp_path / "run.jsonl"
    GOLD.write_ndjson(gold)
    RUN.write_ndjson(run)
    settings = model_settings(bertscore=str(tiny))
    best = max(greedy(tiny, "the steel mug is heavy", one) for one in ("the mug is heavy", "no"))
    scored = twin_score_files("answers", gold, run, settings=settings).strict
    assert scored.metrics["bert_score"].value == pytest.approx(best / 2, abs=1e-5)
    compared = twin_compare_files(
        "answers", gold, run, run, metric="bert_score", score_settings=settings
    ).strict
    assert compared.difference.value == 0
