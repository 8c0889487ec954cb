"""Answer the test split of a Goldshelf export with a model on this machine.

    python predict.py EXPORT MODEL [--adapter DIR] [--engine vllm|transformers] [--out DIR]

EXPORT is a folder like ``exports/openai-chat``. Writes ``predictions.jsonl`` and ``run.json``, which
``goldshelf import-run`` takes. Needs vllm, or transformers (and peft for an adapter), and nothing of
Goldshelf.
"""

import argparse
import json
import time
from pathlib import Path


def with_vllm(model, adapter, chats, max_tokens):
    """Text, finish reason, tokens in, tokens out of each chat, all at once."""
    from vllm import LLM, SamplingParams
    from vllm.lora.request import LoRARequest

    lora = LoRARequest("adapter", 1, adapter) if adapter else None
    greedy = SamplingParams(temperature=0.0, max_tokens=max_tokens)
    for out in LLM(model, enable_lora=bool(adapter)).chat(chats, greedy, lora_request=lora):
        said = out.outputs[0]
        yield said.text, said.finish_reason, len(out.prompt_token_ids), len(said.token_ids)


def with_transformers(model, adapter, chats, max_tokens):
    """The same, one chat after the other."""
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(model)
    llm = AutoModelForCausalLM.from_pretrained(model, device_map="auto")
    if adapter:
        llm.load_adapter(adapter)
    chat = {"add_generation_prompt": True, "return_dict": True, "return_tensors": "pt"}
    for messages in chats:
        asked = tokenizer.apply_chat_template(messages, **chat).to(llm.device)
        with torch.inference_mode():
            whole = llm.generate(**asked, do_sample=False, max_new_tokens=max_tokens)[0]
        n_asked = asked["input_ids"].shape[1]
        said = whole[n_asked:]
        finish = "length" if len(said) == max_tokens else "stop"
        yield tokenizer.decode(said, skip_special_tokens=True), finish, n_asked, len(said)


ENGINES = {"vllm": with_vllm, "transformers": with_transformers}


def lines(path):
    """The objects of a JSON Lines file."""
    with path.open(encoding="utf-8") as file:
        return [json.loads(line) for line in file]


def main():
    """Read the export, ask, write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("export", type=Path)
    parser.add_argument("model")
    parser.add_argument("--adapter")
    parser.add_argument("--engine", choices=list(ENGINES), default="vllm")
    parser.add_argument("--out", type=Path, default=Path())
    parser.add_argument("--max-tokens", type=int, default=256)
    given = parser.parse_args()
    manifest = json.loads((given.export / "manifest.json").read_text(encoding="utf-8"))
    chats = [line["messages"][:-1] for line in lines(given.export / "test.jsonl")]
    records = lines(given.export / "records" / "test.jsonl")
    answers = ENGINES[given.engine](given.model, given.adapter, chats, given.max_tokens)
    given.out.mkdir(parents=True, exist_ok=True)
    with (given.out / "predictions.jsonl").open("w", encoding="utf-8") as file:
        for record, (text, finish, n_in, n_out) in zip(records, answers, strict=True):
            usage = {"input_tokens": n_in, "output_tokens": n_out}
            row = {key: record[key] for key in ("example_id", "example_hash")}
            row |= {"raw_output": text, "finish_reason": finish, "usage": usage}
            file.write(json.dumps(row, ensure_ascii=False) + "\n")
    card = {
        "model": Path(given.adapter or given.model).name,
        "base": given.model,
        "adapter": given.adapter,
        "dataset_sha": manifest["dataset_sha"],
        "decoding": {"temperature": 0.0, "max_tokens": given.max_tokens},
        "created_at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "about": {"engine": given.engine},
    }
    (given.out / "run.json").write_text(json.dumps(card, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
