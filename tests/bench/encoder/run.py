#!/usr/bin/env python3
"""The encoder beside its peers, in one run on one core.

    tests/bench/encoder/run.py [--build BUILD] [--models MODELS] [--core N] [--rounds N] [--quick]
        [--data FOLDER] [--out FILE.md]

Measures, in turns (round by round, so that a noisy machine is noisy for all): the time of one short
query (7 or 8 tokens) and texts of 128 tokens a second, both with tokenisation, for

    sotto int8, at every CPU level this machine has; sotto fp32; sentence-transformers (torch, fp32);
    ONNX Runtime fp32; ONNX Runtime dynamic int8 (both from an export made here)

each in a process of its own with one thread, bound to one core, and says beside each how close its
vectors are to sentence-transformers'. With --data (folders with corpus.jsonl, queries.jsonl, qrels.tsv)
also nDCG@10. Makes its own Python environment in BUILD/encoder-venv; needs the network for that, once.
Prints Markdown.
"""
import argparse
import json
import math
import os
import shutil
import struct
import subprocess
import sys
import time

PACKAGES = ["numpy", "torch", "sentence-transformers", "tokenizers", "onnx", "onnxscript", "onnxruntime"]
HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(os.path.dirname(HERE)))

parser = argparse.ArgumentParser()
parser.add_argument("--build", default=os.path.join(ROOT, "build", "release"))
parser.add_argument("--models", default=os.environ.get("SOTTO_MODELS", os.path.join(ROOT, "models")))
parser.add_argument("--core", type=int, default=None)
parser.add_argument("--rounds", type=int, default=7)
parser.add_argument("--quick", action="store_true", help="fewer rounds, fewer texts")
parser.add_argument("--data", nargs="*", default=[])
parser.add_argument("--venv", default=None)
parser.add_argument("--out")
parser.add_argument("--peer", help=argparse.SUPPRESS)
args = parser.parse_args()

CONFIGS = {  # what the published repository says of the model, for those that read folders
    "config.json": {"architectures": ["BertModel"], "attention_probs_dropout_prob": 0.1,
                    "hidden_act": "gelu", "hidden_dropout_prob": 0.1, "hidden_size": 384,
                    "initializer_range": 0.02, "intermediate_size": 1536, "layer_norm_eps": 1e-12,
                    "max_position_embeddings": 512, "model_type": "bert", "num_attention_heads": 12,
                    "num_hidden_layers": 6, "pad_token_id": 0, "type_vocab_size": 2,
                    "vocab_size": 30522},
    "tokenizer_config.json": {"do_lower_case": True, "model_max_length": 512,
                              "tokenizer_class": "BertTokenizer"},
    "sentence_bert_config.json": {"max_seq_length": 256, "do_lower_case": False},
    "modules.json": [
        {"idx": 0, "name": "0", "path": "", "type": "sentence_transformers.models.Transformer"},
        {"idx": 1, "name": "1", "path": "1_Pooling", "type": "sentence_transformers.models.Pooling"},
        {"idx": 2, "name": "2", "path": "2_Normalize",
         "type": "sentence_transformers.models.Normalize"}],
    "1_Pooling/config.json": {"word_embedding_dimension": 384, "pooling_mode_mean_tokens": True},
}

QUERIES = ["how do i renew my passport", "what time does the pharmacy close", "flutter of a thin wing",
           "who wrote the lighthouse report", "boundary layer on a plate", "tax return deadline this year",
           "best soil for growing tomatoes", "where are the spare keys kept"]
WORDS = ("the a of to and in is was for on with as by at from that it this be are or an which were has "
         "his her their its not have but they one all there when who more can will if out so up time new "
         "house water river stone garden letter market number people system result method paper table "
         "city road night morning winter summer money school teacher doctor question answer music").split()


def texts_128():
    """64 texts of about 126 words, each a word of one token: 128 tokens with the two at the ends."""
    seed = 12345
    out = []
    for _ in range(64):
        words = []
        for _ in range(126):
            seed = (seed * 1103515245 + 12345) % 2 ** 31
            words.append(WORDS[(seed >> 8) % len(WORDS)])
        out.append(" ".join(words))
    return out


def folder():
    """The model as the peers read it: a folder with the published files and their configuration."""
    path = os.path.join(work, "peer-model")
    os.makedirs(os.path.join(path, "1_Pooling"), exist_ok=True)
    for name in ("model.safetensors", "vocab.txt"):
        link = os.path.join(path, name)
        if not os.path.exists(link):
            os.symlink(os.path.join(os.path.abspath(args.models), "all-MiniLM-L6-v2", name), link)
    for name, value in CONFIGS.items():
        with open(os.path.join(path, name), "w") as f:
            json.dump(value, f)
    return path


def venv_python():
    venv = args.venv or os.path.join(work, "encoder-venv")
    python = os.path.join(venv, "bin", "python")
    stamp = os.path.join(venv, "sotto-ready")
    if not os.path.exists(stamp) and not args.venv:
        print("making a Python environment in %s (large: it holds torch)" % venv, file=sys.stderr)
        subprocess.run([sys.executable, "-m", "venv", "--clear", venv], check=True)
        subprocess.run([python, "-m", "pip", "install", "-q"] + PACKAGES, check=True)
        open(stamp, "w").close()
    return python


# A peer is this script again, in the environment, with --peer NAME: requests as bench_encoder's.

def peer_main(name):
    os.environ["HF_HUB_OFFLINE"] = "1"
    os.environ["CUDA_VISIBLE_DEVICES"] = ""
    import numpy as np
    path = folder()
    if name == "sentence-transformers":
        import torch
        from sentence_transformers import SentenceTransformer
        torch.set_num_threads(1)
        model = SentenceTransformer(path, device="cpu")

        def embed(texts):
            return model.encode(texts, batch_size=32, show_progress_bar=False)
    else:
        import onnxruntime
        tokenizer = bert_tokenizer(path)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        session = onnxruntime.InferenceSession(onnx_file(path, name), options,
                                               providers=["CPUExecutionProvider"])

        def batch(texts):
            codes = tokenizer.encode_batch(texts)
            ids = np.array([c.ids for c in codes], dtype=np.int64)
            mask = np.array([c.attention_mask for c in codes], dtype=np.int64)
            x = session.run(None, {"input_ids": ids, "attention_mask": mask})[0]
            m = mask[:, :, None].astype(np.float32)
            v = (x * m).sum(1) / m.sum(1)
            return v / np.linalg.norm(v, axis=1, keepdims=True)

        def embed(texts):
            order = sorted(range(len(texts)), key=lambda i: -len(texts[i]))
            out = np.empty((len(texts), 384), np.float32)
            for i in range(0, len(order), 32):
                out[order[i:i + 32]] = batch([texts[k] for k in order[i:i + 32]])
            return out
    stdin, stdout = sys.stdin.buffer, sys.__stdout__.buffer
    while True:
        head = stdin.read(9)
        if len(head) < 9:
            return
        command, count, repeats = head[:1], *struct.unpack("<II", head[1:])
        texts = []
        for _ in range(count):
            texts.append(stdin.read(struct.unpack("<I", stdin.read(4))[0]).decode())
        if command == b"E":
            stdout.write(np.asarray(embed(texts), dtype=np.float32).tobytes())
        for i in range(repeats):
            start = time.perf_counter()
            embed([texts[i % count]] if command == b"1" else texts)
            stdout.write(struct.pack("<d", time.perf_counter() - start))
        stdout.flush()


def bert_tokenizer(path):
    from tokenizers import BertWordPieceTokenizer
    t = BertWordPieceTokenizer(os.path.join(path, "vocab.txt"), lowercase=True)
    t.enable_truncation(256)
    t.enable_padding()
    return t


def onnx_file(path, name):
    fp32, int8 = os.path.join(path, "model.onnx"), os.path.join(path, "model-int8.onnx")
    if not os.path.exists(fp32):
        import torch
        from transformers import BertModel
        model = BertModel.from_pretrained(path, add_pooling_layer=False, attn_implementation="eager")

        class Net(torch.nn.Module):
            def __init__(self):
                super().__init__()
                self.bert = model

            def forward(self, input_ids, attention_mask):
                return self.bert(input_ids=input_ids, attention_mask=attention_mask).last_hidden_state

        sample = torch.ones(2, 16, dtype=torch.long)
        torch.onnx.export(Net().eval(), (sample, sample), fp32, input_names=["input_ids", "attention_mask"],
                          output_names=["x"], opset_version=17, dynamo=False,
                          dynamic_axes={k: {0: "n", 1: "t"} for k in ("input_ids", "attention_mask", "x")})
    if name == "onnxruntime-int8" and not os.path.exists(int8):
        from onnxruntime.quantization import QuantType, quantize_dynamic
        quantize_dynamic(fp32, int8, weight_type=QuantType.QInt8, per_channel=True)
    return int8 if name == "onnxruntime-int8" else fp32


class Runner:
    def __init__(self, name, command, env=None):
        self.name = name
        core = args.core if args.core is not None else max(os.sched_getaffinity(0))
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
            env={**os.environ, "OMP_NUM_THREADS": "1", **(env or {})},
            preexec_fn=lambda: os.sched_setaffinity(0, {core}))
        self.query, self.batch = [], []

    def ask(self, command, texts, repeats, size):
        data = [t.encode() for t in texts]
        out = self.process.stdin
        out.write(command + struct.pack("<II", len(data), repeats))
        for t in data:
            out.write(struct.pack("<I", len(t)) + t)
        out.flush()
        answer = self.process.stdout.read(size)
        if len(answer) != size:
            raise SystemExit("%s ended: see it with --peer or serve by hand" % self.name)
        return answer

    def embed(self, texts):
        raw = self.ask(b"E", texts, 0, len(texts) * 384 * 4)
        n = len(texts)
        flat = struct.unpack("<%df" % (n * 384), raw)
        return [flat[i * 384:(i + 1) * 384] for i in range(n)]

    def times(self, command, texts, repeats):
        return struct.unpack("<%dd" % repeats, self.ask(command, texts, repeats, 8 * repeats))


def dot(a, b):
    return sum(x * y for x, y in zip(a, b))


def median(values):
    values = sorted(values)
    return values[len(values) // 2]


def ndcg(runner, path, cache={}):
    read = lambda name: [json.loads(line) for line in open(os.path.join(path, name))]
    docs, queries = read("corpus.jsonl"), read("queries.jsonl")
    grades = {}
    for line in open(os.path.join(path, "qrels.tsv")):
        parts = line.split()
        if parts[-1].lstrip("-").isdigit():
            grades.setdefault(parts[0], {})[parts[1]] = int(parts[-1])
    import array
    d = runner.embed([(x.get("title", "") + " " + x["text"]).strip() for x in docs])
    q = runner.embed([x["text"] for x in queries])
    total = n = 0
    for query, vector in zip(queries, q):
        judged = grades.get(query["id"], {})
        ideal = sorted((g for g in judged.values() if g > 0), reverse=True)[:10]
        if not ideal:
            continue
        top = sorted(range(len(docs)), key=lambda i: -sum(map(float.__mul__, vector, d[i])))[:10]
        gain = sum((2 ** max(0, judged.get(docs[i]["id"], 0)) - 1) / math.log2(r + 2)
                   for r, i in enumerate(top))
        total += gain / sum((2 ** g - 1) / math.log2(r + 2) for r, g in enumerate(ideal))
        n += 1
    return total / n


work = os.path.join(ROOT, "build", "encoder")
os.makedirs(work, exist_ok=True)


def main():
    program = os.path.join(args.build, "bench_encoder")
    converted = os.path.join(args.models, "all-MiniLM-L6-v2.sotto")
    published = os.path.join(args.models, "all-MiniLM-L6-v2", "model.safetensors")
    for path in (program, converted, published):
        if not os.path.exists(path):
            raise SystemExit("%s is not there" % path)
    python = venv_python()
    flags = set(next(l for l in open("/proc/cpuinfo") if l.startswith("flags")).split()) \
        if os.uname().machine == "x86_64" else set()
    levels = [l for l, flag in (("amx", "amx_int8"), ("vnni", "avx512_vnni"), ("avx2", "avx2"),
                                ("plain", "sse2")) if flag in flags] or ["plain"]
    runners = [Runner("sotto int8, %s" % l, [program, "serve", "int8", converted], {"SOTTO_CPU": l})
               for l in levels]
    runners.append(Runner("sotto fp32", [program, "serve", "fp32", published]))
    peer = [python, os.path.abspath(__file__), "--models", args.models, "--peer"]
    for name in ("sentence-transformers", "onnxruntime-fp32", "onnxruntime-int8"):
        runners.append(Runner(name, peer + [name]))
    texts = texts_128()[:16 if args.quick else 64]
    reference = next(r for r in runners if r.name == "sentence-transformers").embed(texts + QUERIES)
    for r in runners:
        vectors = r.embed(texts + QUERIES)
        cosines = [dot(a, b) for a, b in zip(vectors, reference)]
        r.mean, r.least = sum(cosines) / len(cosines), min(cosines)
        r.times(b"1", QUERIES, 8)
    for turn in range(2 if args.quick else args.rounds):
        for r in runners:
            slow = r.name in ("sotto int8, plain", "sotto fp32")
            r.query += r.times(b"1", QUERIES, 16 if slow else 40)
            some = texts[:8] if slow else texts
            r.batch += [t / len(some) for t in r.times(b"B", some, 1 if slow else 2)]
    int8 = next(r for r in runners if r.name == "onnxruntime-int8")
    lines = ["One core, %d rounds in turns, load average %.1f. Median (best)." %
             (args.rounds, os.getloadavg()[0]), "",
             "| | query, ms | x ORT int8 | texts of 128 tokens a second | x ORT int8 | "
             "cosine: mean, least |", "|---|---|---|---|---|---|"]
    for r in runners:
        q, b = median(r.query), median(r.batch)
        lines.append("| %s | %.2f (%.2f) | %.2f | %.0f (%.0f) | %.2f | %.5f, %.5f |" % (
            r.name, q * 1e3, min(r.query) * 1e3, median(int8.query) / q, 1 / b, 1 / min(r.batch),
            median(int8.batch) / b, r.mean, r.least))
    for path in args.data:
        base = None
        lines += ["", "nDCG@10 on %s:" % os.path.basename(os.path.normpath(path)), ""]
        for r in sorted(runners, key=lambda r: r.name != "sotto fp32"):
            if r.name in ("sotto fp32", "onnxruntime-int8") or r.name.startswith("sotto int8"):
                if r.name.endswith("plain"):
                    continue
                v = ndcg(r, path)
                base = base or v
                lines.append("- %s: %.4f (%+.2f %%)" % (r.name, v, 100 * (v / base - 1)))
    text = "\n".join(lines) + "\n"
    print(text)
    if args.out:
        with open(args.out, "w") as f:
            f.write(text)


if args.peer:
    peer_main(args.peer)
else:
    main()
