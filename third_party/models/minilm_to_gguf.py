#!/usr/bin/env python3
"""Converts all-MiniLM-L6-v2 (a BERT encoder in safetensors form) to GGUF with 16-bit weights.

Usage: minilm_to_gguf.py MODEL_DIR OUT.gguf

Needs numpy and gguf only: no torch, no transformers. The output depends on nothing but the input, so its hash can be
pinned. MODEL_DIR holds config.json, vocab.txt and model.safetensors.
"""

import json
import pathlib
import struct
import sys

import gguf
import numpy as np

SPECIAL = {"[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"}
DTYPES = {"F32": np.float32, "F16": np.float16, "I64": np.int64}
WORD_START = "\u2581"  # llama.cpp marks where a word starts; WordPiece marks where one goes on ("##")


def write_parameters(writer, config):
    writer.add_name("all-MiniLM-L6-v2")
    writer.add_license("apache-2.0")
    writer.add_block_count(config["num_hidden_layers"])
    writer.add_context_length(config["max_position_embeddings"])
    writer.add_embedding_length(config["hidden_size"])
    writer.add_feed_forward_length(config["intermediate_size"])
    writer.add_head_count(config["num_attention_heads"])
    writer.add_layer_norm_eps(config["layer_norm_eps"])
    writer.add_causal_attention(False)
    writer.add_pooling_type(gguf.PoolingType.MEAN)
    writer.add_file_type(gguf.LlamaFileType.MOSTLY_F16)
    writer.add_token_type_count(config["type_vocab_size"])


def write_vocabulary(writer, words):
    tokens, types = [], []
    for word in words:
        if word in SPECIAL:
            tokens.append(word)
            types.append(gguf.TokenType.CONTROL)
        else:
            tokens.append(word[2:] if word.startswith("##") else WORD_START + word)
            types.append(gguf.TokenType.NORMAL)
    writer.add_tokenizer_model("bert")
    writer.add_tokenizer_pre("jina-v2-en")
    writer.add_token_list(tokens)
    writer.add_token_types(types)
    number = {word: index for index, word in enumerate(words)}
    writer.add_unk_token_id(number["[UNK]"])
    writer.add_sep_token_id(number["[SEP]"])
    writer.add_pad_token_id(number["[PAD]"])
    writer.add_mask_token_id(number["[MASK]"])
    writer.add_bos_token_id(number["[CLS]"])


def read_safetensors(path):
    """Yields (name, array) of each tensor; the format is a JSON header with offsets, then the raw data."""
    raw = path.read_bytes()
    (header_size,) = struct.unpack("<Q", raw[:8])
    header = json.loads(raw[8 : 8 + header_size])
    base = 8 + header_size
    for name, entry in header.items():
        if name == "__metadata__":
            continue
        shape = entry["shape"]
        flat = np.frombuffer(raw, DTYPES[entry["dtype"]], int(np.prod(shape)), base + entry["data_offsets"][0])
        yield name, flat.reshape(shape)


def write_tensors(writer, path, layers):
    names = gguf.get_tensor_name_map(gguf.MODEL_ARCH.BERT, layers)
    for name, array in read_safetensors(path):
        name = name.removeprefix("bert.")
        if name.startswith("pooler.") or name == "embeddings.position_ids":
            continue  # not part of the sentence embedding
        target = names.get_name(name, try_suffixes=(".weight", ".bias"))
        if not target:
            sys.exit(f"tensor {name} has no place in a BERT model")
        is_weight = array.ndim == 2 and not target.startswith(("position_embd", "token_types"))
        writer.add_tensor(target, array.astype(np.float16 if is_weight else np.float32))


def main():
    folder, out = pathlib.Path(sys.argv[1]), sys.argv[2]
    config = json.loads((folder / "config.json").read_text())
    words = (folder / "vocab.txt").read_text(encoding="utf-8").splitlines()
    if len(words) != config["vocab_size"]:
        sys.exit(f"vocab.txt has {len(words)} words, config.json says {config['vocab_size']}")
    writer = gguf.GGUFWriter(out, "bert")
    write_parameters(writer, config)
    write_vocabulary(writer, words)
    write_tensors(writer, folder / "model.safetensors", config["num_hidden_layers"])
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


if __name__ == "__main__":
    main()
