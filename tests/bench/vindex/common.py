"""What the two search benchmarks share: the Python environment, the texts, where things are kept."""
import json
import os
import sqlite3
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(os.path.dirname(HERE)))


def environment(modules):
    """Starts the script again in build/vindex-venv when a module is missing (made when absent)."""
    try:
        for m in modules:
            __import__(m)
        if hasattr(sqlite3.Connection, "enable_load_extension"):
            return
    except ImportError:
        pass
    if os.environ.get("SOTTO_BENCH_VENV"):
        sys.exit("the benchmark's Python environment is not complete: remove build/vindex-venv")
    venv = os.path.join(ROOT, "build", "vindex-venv")
    python = os.path.join(venv, "bin", "python")
    if not os.path.exists(python):
        # the distribution's Python: another's sqlite3 may not be able to load sqlite-vec
        system = "/usr/bin/python3" if os.path.exists("/usr/bin/python3") else sys.executable
        subprocess.check_call([system, "-m", "venv", venv])
    subprocess.check_call([python, "-m", "pip", "install", "-q", "-r",
                           os.path.join(HERE, "requirements.txt")])
    os.environ["SOTTO_BENCH_VENV"] = "1"
    os.execv(python, [python] + sys.argv)


def one_core():
    cores = sorted(os.sched_getaffinity(0))
    os.sched_setaffinity(0, {cores[-1]})
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ[name] = "1"


def texts(folders, limit, out):
    """`limit` passages, kept in `out`/passages.jsonl for the next run with the same folders."""
    import corpus
    folders = [os.path.abspath(f) for f in folders] or corpus.default_folders()
    path, key = os.path.join(out, "passages.jsonl"), json.dumps([folders, limit])
    if os.path.exists(path):
        with open(path, encoding="utf-8") as f:
            if f.readline().strip() == key:
                return [json.loads(line) for line in f]
    got = corpus.harvest(folders, limit)
    if len(got) < 2000:
        sys.exit(f"only {len(got)} passages of text in {', '.join(folders)}: name folders with more")
    with open(path, "w", encoding="utf-8") as f:
        f.write(key + "\n")
        for t in got:
            f.write(json.dumps(t) + "\n")
    return got


def query_texts(folders, passages, count):
    """Queries people wrote (queries*.jsonl in the folders), then runs of words out of passages that
    are not in the index."""
    import random
    import re
    out = []
    for folder in folders:
        for root, _, files in sorted(os.walk(folder)):
            for name in sorted(files):
                if name.startswith("queries") and name.endswith(".jsonl"):
                    with open(os.path.join(root, name), encoding="utf-8") as f:
                        out += [" ".join(json.loads(line)["text"].split()) for line in f]
    rng = random.Random(7)
    rng.shuffle(out)
    out = out[:count]
    while len(out) < count:
        words = re.findall(r"[A-Za-z][\w'-]+", rng.choice(passages))
        n = rng.randint(4, 12)
        if len(words) > n:
            at = rng.randrange(len(words) - n)
            out.append(" ".join(words[at:at + n]))
    return out


def machine():
    model = "?"
    with open("/proc/cpuinfo", encoding="utf-8") as f:
        for line in f:
            if line.startswith("model name"):
                model = line.split(":", 1)[1].strip()
                break
    return f"{model}, one core; load average {os.getloadavg()[0]:.1f}"


def percentile(values, p):
    values = sorted(values)
    return values[min(len(values) - 1, int(len(values) * p / 100))]
