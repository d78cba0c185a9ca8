"""Real texts for the search benchmarks, from what a Debian machine has and from folders named by the
user: man pages, /usr/share/doc, Python's own documentation strings, .jsonl corpora (a "text" member),
.txt, .md, .rst, .html. Cut into passages of about 40 to 120 words, deterministic, without duplicates."""
import ast
import gzip
import html
import json
import os
import re
import sys

WORD = re.compile(r"\S+")


def passages(text, title="", words=80):
    """Paragraphs, joined or cut to about `words` words; short leftovers are dropped."""
    out, hold = [], []
    for para in re.split(r"\n\s*\n", text):
        para = WORD.findall(para)
        if not para:
            continue
        hold += para
        while len(hold) >= words + 40:
            out.append(hold[:words])
            hold = hold[words:]
        if len(hold) >= 40:
            out.append(hold)
            hold = []
    if len(hold) >= 12:
        out.append(hold)
    for p in out:
        s = " ".join(p)
        letters = sum(c.isalpha() for c in s)
        if letters > 0.6 * len(s):
            yield (title + ". " + s if title else s)[:1500]


def plain_man(text):
    text = re.sub(r'^[.\'](\\".*|TH.*|so .*|de.*|ds.*|if.*|ie.*|el.*|nr.*|\..*)$', "", text, flags=re.M)
    text = re.sub(r"^\.(PP|P|LP|SH.*|SS.*|TP.*|IP.*|Sh.*|Pp|sp.*|br)$", "\n", text, flags=re.M)
    text = re.sub(r"^[.'][A-Za-z]{1,2} ?", "", text, flags=re.M)
    text = re.sub(r"\\f\[?[A-Z]{1,2}\]?|\\f.|\\[&|/,^:]|\\s[-+]?\d", "", text)
    text = re.sub(r"\\\(..|\\\[[^]]*\]|\\\*.", " ", text)
    return text.replace("\\-", "-").replace("\\e", "\\").replace('"', "")


def plain_html(text):
    text = re.sub(r"(?is)<(script|style|head).*?</\1>", " ", text)
    text = re.sub(r"(?i)</?(p|div|h\d|li|tr|pre|table|br)[^>]*>", "\n\n", text)
    return html.unescape(re.sub(r"<[^>]+>", " ", text))


def read(path):
    data = gzip.open(path).read(4 << 20) if path.endswith(".gz") else open(path, "rb").read(4 << 20)
    return data.decode("utf-8", "replace")


def docstrings(path):
    try:
        tree = ast.parse(read(path))
    except (SyntaxError, ValueError, RecursionError):
        return
    for node in ast.walk(tree):
        if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef)):
            doc = ast.get_docstring(node)
            if doc and len(doc) > 120:
                yield doc


def texts_of(path):
    name = os.path.basename(path)
    base = name[:-3] if name.endswith(".gz") else name
    if base.endswith(".jsonl"):
        if base.startswith("queries"):
            return
        for line in open(path, encoding="utf-8"):
            row = json.loads(line)
            if "text" in row:
                yield row.get("title", ""), row["text"]
    elif base.endswith(".py"):
        for doc in docstrings(path):
            yield "", doc
    elif re.search(r"\.[1-9][a-z]*$", base):
        yield base.rsplit(".", 1)[0], plain_man(read(path))
    elif base.endswith((".html", ".htm")):
        yield "", plain_html(read(path))
    elif base.endswith((".txt", ".md", ".rst")) or base.startswith(("README", "NEWS", "FAQ")):
        yield "", read(path)


def harvest(folders, limit):
    """Up to `limit` passages, the folders in turn so that none crowds out the others."""
    lists = []
    for folder in folders:
        found = []
        for root, dirs, files in os.walk(folder):
            dirs.sort()
            found += [os.path.join(root, f) for f in sorted(files)]
        # spread over the folder: neighbours in it are much alike
        found.sort(key=lambda p: hash_name(p))
        lists.append(iter(found))
    seen, out = set(), []
    while lists and len(out) < limit:
        for files in list(lists):
            path = next(files, None)
            if path is None:
                lists.remove(files)
                continue
            if os.path.islink(path):
                continue
            try:
                pieces = [p for t, x in texts_of(path) for p in passages(x, t)]
            except (OSError, ValueError, EOFError):
                continue
            if not path.endswith(".jsonl"):
                pieces = pieces[:40]
            for p in pieces:
                key = p[:200].lower()
                if key not in seen:
                    seen.add(key)
                    out.append(p)
    return out[:limit]


def hash_name(path):
    h = 2166136261
    for c in path.encode("utf-8", "surrogateescape"):
        h = (h ^ c) * 16777619 & 0xFFFFFFFF
    return h


def default_folders():
    here = [f"/usr/lib/python3.{v}" for v in range(8, 20)] + [os.path.dirname(os.__file__)]
    return [d for d in ["/usr/share/doc", "/usr/share/man/man1", "/usr/share/man/man8",
                        "/usr/share/man/man3", "/usr/share/man/man7", "/usr/share/man/man5"] + here
            if os.path.isdir(d)]


if __name__ == "__main__":
    got = harvest(sys.argv[2:] or default_folders(), int(sys.argv[1]))
    for p in got:
        print(json.dumps(p))
