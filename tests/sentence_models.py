"""A small sentence transformer, made on the spot: one layer of attention, weights at random."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from tokenizers.normalizers import Lowercase
from tokenizers.pre_tokenizers import Whitespace


def sentence_model(folder: Path, meanings: Sequence[Sequence[str]]) -> str:
    """Saves a model in which the words of one list have one vector."""
    import torch
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import Pooling, Transformer
    from transformers import BertConfig, BertModel, PreTrainedTokenizerFast

    torch.manual_seed(3)
    words = {"[PAD]": 0, "[UNK]": 1}
    for meaning in meanings:
        for word in meaning:
            words[word] = len(words)
    tokenizer = Tokenizer(WordLevel(words, unk_token="[UNK]"))
    tokenizer.normalizer = Lowercase()
    tokenizer.pre_tokenizer = Whitespace()
    config = BertConfig(
        vocab_size=len(words), hidden_size=32, num_hidden_layers=1, num_attention_heads=2,
        intermediate_size=32, max_position_embeddings=32,
    )  # fmt: skip
    bert = BertModel(config)
    with torch.no_grad():
        table = bert.embeddings.word_embeddings.weight
        for meaning in meanings:
            for word in meaning:
                table[words[word]] = table[words[meaning[0]]]
    bare = folder / "bare"
    bert.save_pretrained(bare)
    PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, pad_token="[PAD]", unk_token="[UNK]", model_max_length=32
    ).save_pretrained(bare)
    transformer = Transformer(str(bare), max_seq_length=32)
    model = SentenceTransformer(modules=[transformer, Pooling(32)], device="cpu")
    model.save(str(folder / "whole"))
    return str(folder / "whole")
