#!/usr/bin/env python3
"""Makes the input of bench_summary, bench_near and bench_language from what Debian carries.

    abstracts.py man DIR...  > man.txt      man pages (gzipped roff): NAME is the abstract
    abstracts.py text FILE... > papers.txt  texts of documents that have a section "Abstract"

    abstracts.py translations FILE... > languages.txt
                                            package descriptions, apt's Translation-* files (fetch
                                            them with apt-get -o Acquire::Languages=de,fr,... update)

DIR and FILE come from packages such as manpages-dev and texlive-humanities-doc (PDFs are turned into
text by `bench_extract --text`). A record is abstract, byte 1F, text without it, byte 1E."""
import gzip
import pathlib
import re
import subprocess
import sys


known = set()


def record(abstract, body):
    abstract, body = abstract.strip(), body.strip()
    if 3 <= len(abstract.split()) <= 300 and len(body.split()) >= 200:
        if abstract not in known:
            sys.stdout.write(abstract + "\x1f" + body[:60000] + "\x1e\n")
        known.add(abstract)


def roff_text(lines):
    out = []
    for line in lines:
        if line.startswith((".\\\"", "'\\\"")):
            continue
        if line.startswith((".PP", ".P", ".LP", ".TP", ".IP", ".sp", ".SH", ".SS")):
            out.append("\n")
            continue
        line = re.sub(r"^[.'](B|I|BR|IR|RB|RI|BI|IB|SM)\s+", "", line)
        if line.startswith((".", "'")):
            continue
        line = re.sub(r"\\f[BIRP]|\\f\(..|\\&|\\/|\\,", "", line).replace("\\-", "-")
        out.append(re.sub(r"\\\(\w\w|\\\[[^]]*\]", "", line).replace('"', ""))
    return re.sub(r"\n\s*\n+", "\n\n", "\n".join(out))


def man(path):
    text = gzip.open(path, "rt", errors="replace").read()
    sections = re.split(r"^\.SH +\"?([^\"\n]+)\"?\n", text, flags=re.M)
    named = dict(zip(sections[1::2], sections[2::2]))
    name = roff_text(named.get("NAME", "").splitlines())
    abstract = name.split(" - ", 1)
    body = roff_text(named.get("DESCRIPTION", "").splitlines())
    if len(abstract) == 2:
        record(abstract[1], body)


def paper(path):
    text = pathlib.Path(path).read_text(errors="replace")
    m = re.search(r"^\s*abstract[.:]?\s*\n+((?:.+\n)+(?:\n(?!\s*(?:\d|contents|introduction)).{60,}\n)*)",
                  text[:20000], flags=re.M | re.I)
    if m and 25 <= len(m.group(1).split()) <= 300:
        record(m.group(1), text[m.end():])


def translations(path):
    """At most a thousand descriptions of one language, evenly over the alphabet."""
    code = path.name.split("Translation-")[1].split(".")[0].replace("%5f", "_").split("_")[0]
    text = subprocess.run(["/usr/lib/apt/apt-helper", "cat-file", str(path)], capture_output=True,
                          check=True).stdout.decode("utf-8", "replace")
    found = []
    for paragraph in text.split("\n\n"):
        m = re.search(r"^Description-\S+: (.*)\n((?: .*\n?)+)", paragraph, flags=re.M)
        words = re.sub(r"\s+", " ", m.group(1) + ". " + re.sub(r"\n \.\n", "\n", m.group(2))) if m else ""
        if len(words) >= 200:
            found.append(words)
    for words in found[::max(1, len(found) // 1000)][:1000] if len(found) >= 20 else []:
        sys.stdout.write(code + "\x1f" + words + "\x1e\n")


def main():
    if sys.argv[1] == "translations":
        for path in sys.argv[2:]:
            translations(pathlib.Path(path))
        return
    seen = set()
    for arg in sys.argv[2:]:
        paths = sorted(pathlib.Path(arg).rglob("*.gz")) if sys.argv[1] == "man" else [arg]
        for path in paths:
            if pathlib.Path(path).name in seen or pathlib.Path(path).is_symlink():
                continue
            seen.add(pathlib.Path(path).name)
            (man if sys.argv[1] == "man" else paper)(path)


main()
