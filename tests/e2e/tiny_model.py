"""A real model for a real server: a llama in GGUF whose weights spell out one sentence.

Embeddings are one-hot and attention and feed-forward are zero, so the next token depends on the last one alone: the
output matrix maps the end of the chat template to the first word, every word to the next, the last to the end."""
import sys

import gguf
import numpy as np


# Tools in the manner of Hermes 2 Pro, which the server recognises by its marks.
TEMPLATE = """{%- if tools %}{{- 'Tools are between <tools></tools>: <tools>' }}{%- for tool in tools %}{{- tool | tojson }}
{%- endfor %}{{- '</tools> Calls are <tool_call>{"name": name, "arguments": arguments}</tool_call>\\n' }}{%- endif %}
{%- for m in messages %}{%- if m.role == 'tool' %}{{- '<tool_response>' + m.content + '</tool_response>\\n' }}
{%- elif m.tool_calls %}{%- for call in m.tool_calls %}{{- '<tool_call>\\n{"name": "' + call.function.name
+ '", "arguments": ' }}{{- call.function.arguments | tojson }}{{- '}\\n</tool_call>' }}{%- endfor %}
{%- else %}{{- m.content + '\\n' }}{%- endif %}{%- endfor %}{{- '<|answer|>' }}"""


def byte_tokens():
    """GPT-2's printable stand-ins of the 256 bytes."""
    bs = [*range(33, 127), *range(161, 173), *range(174, 256)]
    cs, n = bs[:], 0
    for b in range(256):
        if b not in bs:
            bs.append(b)
            cs.append(256 + n)
            n += 1
    return [chr(c) for _, c in sorted(zip(bs, cs))]


def write(path, sentence):
    words = [w if i == 0 else " " + w for i, w in enumerate(sentence.split(" "))]
    tokens = [*byte_tokens(), "th"]  # a file without any merge is refused
    n_bytes = len(tokens)
    tokens += ["<|end|>", "<|answer|>"]
    end, answer = n_bytes, n_bytes + 1
    first = len(tokens)
    tokens += words
    assert len(set(tokens)) == len(tokens), "each word once"
    types = ([gguf.TokenType.NORMAL] * n_bytes + [gguf.TokenType.CONTROL] * 2
             + [gguf.TokenType.USER_DEFINED] * len(words))
    vocab = len(tokens)
    dim = (vocab + 63) // 64 * 64
    w = gguf.GGUFWriter(path, "llama")
    w.add_name("tiny")
    w.add_context_length(8192)
    w.add_embedding_length(dim)
    w.add_block_count(1)
    w.add_feed_forward_length(64)
    w.add_head_count(2)
    w.add_head_count_kv(2)
    w.add_layer_norm_rms_eps(1e-5)
    w.add_rope_dimension_count(dim // 2)
    w.add_vocab_size(vocab)
    w.add_file_type(gguf.LlamaFileType.ALL_F32)
    w.add_tokenizer_model("gpt2")
    w.add_tokenizer_pre("gpt-2")
    w.add_token_list(tokens)
    w.add_token_types(types)
    w.add_token_merges(["t h"])
    w.add_bos_token_id(end)
    w.add_eos_token_id(end)
    w.add_add_bos_token(False)
    w.add_chat_template(TEMPLATE)
    emb = np.zeros((vocab, dim), np.float32)
    emb[np.arange(vocab), np.arange(vocab)] = 1
    out = np.zeros((vocab, dim), np.float32)
    chain = [answer, *range(first, vocab), end]
    for a, b in zip(chain, chain[1:]):
        out[b, a] = 10
    out[end, :n_bytes] = 1
    w.add_tensor("token_embd.weight", emb)
    w.add_tensor("output.weight", out)
    w.add_tensor("output_norm.weight", np.ones(dim, np.float32))
    for name, shape in (("attn_q", (dim, dim)), ("attn_k", (dim, dim)), ("attn_v", (dim, dim)),
                        ("attn_output", (dim, dim)), ("ffn_gate", (64, dim)), ("ffn_up", (64, dim)),
                        ("ffn_down", (dim, 64))):
        w.add_tensor(f"blk.0.{name}.weight", np.zeros(shape, np.float32))
    w.add_tensor("blk.0.attn_norm.weight", np.ones(dim, np.float32))
    w.add_tensor("blk.0.ffn_norm.weight", np.ones(dim, np.float32))
    w.write_header_to_file()
    w.write_kv_data_to_file()
    w.write_tensors_to_file()
    w.close()


def serve(path):
    import time

    import xllamacpp
    p = xllamacpp.CommonParams()
    p.model.path = path
    p.n_ctx, p.n_parallel, p.port, p.warmup, p.n_gpu_layers = 8192, 1, 0, False, 0
    p.hostnames = ["127.0.0.1"]
    p.use_jinja = True
    s = xllamacpp.Server(p)
    print(s.listening_address, flush=True)
    while True:
        time.sleep(3600)


if __name__ == "__main__":
    write(sys.argv[1], sys.argv[2])
    serve(sys.argv[1])
