#!/usr/bin/env python3
"""Makes collections to measure search with, of many kinds, from what Debian's packages hold.

    apt-get install wordnet-base fortunes dict-jargon dict-foldoc dict-gcide perl-doc \\
        gnome-user-docs debian-faq bible-kjv sword-text-web diatheke python3.11-doc manpages-de \\
        manpages-fr gnucash-docs developers-reference postgresql-doc-15 debtags
    material.py FOLDER            needs python3-yaml; writes FOLDER/NAME/{corpus,queries}.jsonl, qrels.tsv

The kinds are chosen so that both sides win by far somewhere: questions and their answers, titles and
pages, two dictionaries' wordings of one word, old and new wording of one sentence, other languages,
names and versions, records of who did what and when, chat, misspelt and reworded questions, long
documents, small and large collections. The words that a question comes from are taken out of the text
that it must find. docs/SEARCH.md says what each is.
"""
import collections
import glob
import gzip
import html
import json
import os
import random
import re
import subprocess
import sys

OUT = sys.argv[1] if len(sys.argv) > 1 else "material"
MADE = {}


def squeeze(text):
    return re.sub(r"\s+", " ", text).strip()


def read(path):
    with open(path, "rb") as f:
        raw = f.read()
    return (gzip.decompress(raw) if path.endswith(".gz") else raw).decode("utf8", "replace")


def save(name, docs, queries, grades):
    """docs: {id: (title, text)}; queries: {id: text}; grades: {query: {doc: grade}}"""
    clean = lambda s: re.sub(r"\s", " ", s)
    queries = {q: t for q, t in queries.items() if any(d in docs for d in grades.get(q, {}))}
    MADE[name] = (docs, queries, grades)
    folder = os.path.join(OUT, name)
    os.makedirs(folder, exist_ok=True)
    with open(folder + "/corpus.jsonl", "w", encoding="utf8") as f:
        for i, (title, text) in docs.items():
            f.write(json.dumps({"id": clean(i), "title": title, "text": text}, ensure_ascii=False) + "\n")
    with open(folder + "/queries.jsonl", "w", encoding="utf8") as f:
        for i, text in queries.items():
            f.write(json.dumps({"id": clean(i), "text": text}, ensure_ascii=False) + "\n")
    with open(folder + "/qrels.tsv", "w", encoding="utf8") as f:
        for q in queries:
            for d, grade in grades[q].items():
                f.write(f"{clean(q)}\t{clean(d)}\t{grade}\n")
    print(f"{name}: {len(docs)} documents, {len(queries)} questions", flush=True)


def known_item(name, items, limit):
    """items: (id, text, question or None); one document answers each question."""
    asked = [(i, q) for i, _, q in items if q]
    random.Random(1).shuffle(asked)
    asked = asked[:limit]
    save(name, {i: ("", t) for i, t, _ in items}, {"q" + i: q for i, q in asked},
         {"q" + i: {i: 1} for i, _ in asked})


# ---- manual pages: the one-line description finds the page ----------------------------------------

def manual(path):
    text = read(path)
    if text.startswith(".so"):
        return None
    text = re.sub(r"^[.'] *\\\".*\n", "", text, flags=re.M)
    text = re.sub(r"\\f\(..|\\f\[[^]]*\]|\\f.|\\s[+-]?\d|\\&|\\/|\\,|\\c|\\:", "", text)
    for old, new in (("\\-", "-"), ("\\e", "\\"), ("\\(aq", "'"), ("\\(bu", "*"), ("\\ ", " "), ("\\(em", "-")):
        text = text.replace(old, new)
    text = re.sub(r"\\\(..|\\\[[^]]*\]", "", text)
    parts = re.split(r'^\.S[Hh] *"?([^"\n]*)"?.*\n', text, flags=re.M)
    if len(parts) < 5:
        return None

    def plain(s):
        s = re.sub(r"^\.(B|I|BR|BI|IR|RB|RI|IB|SB|SM|TP|IP|SS|Nm|Fl|Ar|Pa|Xr|Dq|Em|Cm|Op) +(.*)$", r"\2", s,
                   flags=re.M)
        return squeeze(re.sub(r"^[.'].*$", "", s, flags=re.M).replace('"', ""))

    line = re.match(r"(.+?) +-+ +(.+)$", plain(parts[2]))
    skip = re.compile("SYNOPSIS|ÜBERSICHT|SYNOPSE|AUTHOR|COPYRIGHT|REPORTING|SEE ALSO|SIEHE|ÜBERS")
    body = " ".join(plain(parts[i + 1]) for i in range(3, len(parts) - 1, 2) if not skip.match(parts[i]))
    return (line.group(2), body[:1800]) if line and len(body) >= 200 else None


def manuals():
    def collect(name, patterns, size, limit):
        files = sorted({f for p in patterns for f in glob.glob(p)})
        random.Random(3).shuffle(files)
        items, seen = [], set()
        for f in files:
            page = manual(f)
            if page and page[0] not in seen and len(page[0]) > 12 and len(items) < size:
                seen.add(page[0])
                items.append((os.path.basename(f), page[1], page[0]))
        known_item(name, items, limit)
    base = "/usr/share/man/"
    collect("man", [base + "man1/*", base + "man8/*"], 1200, 250)
    for language, size in (("de", 700), ("fr", 500), ("ru", 400)):
        collect("man-" + language, [base + language + "/man[1-8]/*"], size, 250)
    items = []
    for f in sorted(glob.glob(base + "de/man[158]/*")):
        english = f.replace("/de/", "/")
        pages = manual(f), manual(english) if os.path.exists(english) else None
        if all(pages):
            items.append((os.path.basename(f), pages[0][1], pages[1][0]))
    known_item("man-xl", items[:600], 200)  # English question, German page


# ---- programs: summaries and descriptions, in other languages too ---------------------------------

def programs():
    import yaml
    plain = lambda s: squeeze(html.unescape(re.sub("<[^>]+>", " ", s)))
    english, german, across = [], [], []
    source = glob.glob("/var/lib/apt/lists/*Components-amd64.yml.gz")[0]
    for d in yaml.load_all(read(source), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader)):
        if not d or d.get("Type") not in ("desktop-application", "desktop", "console-application"):
            continue
        short, long, name = d.get("Summary", {}), d.get("Description", {}), d["ID"]
        if "C" in short and len(long.get("C", "")) > 150:
            english.append((name, plain(long["C"]), short["C"]))
            across.append((name, plain(long["C"]), short.get("de")))
        if "de" in short and len(long.get("de", "")) > 150 and long["de"] != long.get("C"):
            german.append((name, plain(long["de"]), short["de"]))
    known_item("apps", english, 300)
    known_item("apps-de", german, 250)
    known_item("apps-xl", across, 250)


def fields(block):
    return {m.group(1): squeeze(m.group(2))
            for m in re.finditer(r"^(\S+):((?:.*)(?:\n[ \t].*)*)", block, flags=re.M)}


def packages():
    """Names, versions and addresses, as one looks for things whose name one knows."""
    r, all_of = random.Random(5), [fields(b) for b in read("/var/lib/dpkg/status").split("\n\n")]
    all_of = [f for f in all_of if "Description" in f]
    r.shuffle(all_of)
    docs, queries, grades = {}, {}, {}
    for n, f in enumerate(all_of[:800]):
        name, home = f["Package"], f.get("Homepage", "")
        docs[name] = (name, f"Version: {f['Version']}. Maintainer: {f.get('Maintainer', '')}. "
                      f"Source: {f.get('Source', name)}. Homepage: {home}. "
                      f"Depends: {f.get('Depends', '')[:300]}. {f['Description']}")
        if n < 300:
            queries["q" + name] = r.choice([name, f"which version of {name} is installed", f["Version"],
                                            home or name])
            grades["q" + name] = {name: 1}
    save("apt-id", docs, queries, grades)


def subjects():
    """Many documents answer: programs by a subject's name."""
    words = {}
    for block in read("/usr/share/debtags/vocabulary").split("\n\n"):
        m = re.search(r"^Tag: (.*)\nDescription: (.*)", block, re.M)
        if m and m.group(1).split("::")[0] in ("use", "game", "field", "works-with", "web", "mail", "sound",
                                               "science", "hardware", "security", "culture", "office",
                                               "admin", "protocol"):
            words[m.group(1)] = m.group(2)
    out = subprocess.run(["apt-cache", "dumpavail"], capture_output=True, text=True, check=True).stdout
    found = [f for f in map(fields, out.split("\n\n"))
             if "role::program" in f.get("Tag", "") and "Description" in f]
    random.Random(6).shuffle(found)
    found, queries, grades = found[:2500], {}, {}
    for tag, text in words.items():
        good = {f["Package"]: 1 for f in found if tag in f["Tag"].split(", ")}
        if 4 <= len(good) <= 120:
            queries[tag], grades[tag] = text, good
    save("tags", {f["Package"]: (f["Package"], f["Description"]) for f in found}, queries, grades)


# ---- dictionaries: one meaning in two wordings ----------------------------------------------------

def dictd(name):
    digits = {c: i for i, c in enumerate("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/")}
    number = lambda s: sum(digits[c] * 64 ** (len(s) - 1 - i) for i, c in enumerate(s))
    with gzip.open(f"/usr/share/dictd/{name}.dict.dz") as f:
        data = f.read()
    for line in read(f"/usr/share/dictd/{name}.index").splitlines():
        word, start, length = line.split("\t")[:3]
        yield word, data[number(start):number(start) + number(length)].decode("utf8", "replace")


def wordnet():
    glosses = collections.defaultdict(list)
    for part in ("noun", "verb", "adj"):
        for line in read(f"/usr/share/wordnet/data.{part}").splitlines():
            if line.startswith(" "):
                continue
            head, gloss = line.split("|", 1)
            p = head.split()
            words = [p[4 + 2 * i] for i in range(int(p[3], 16))]
            for w in words:
                glosses[w.lower()].append((words, gloss.strip()))
    return glosses


def dictionaries(glosses):
    r, items, seen = random.Random(9), [], set()
    for word, text in dictd("gcide"):
        entries = glosses.get(word, [])
        if word in seen or not word.isalpha() or len(word) < 4 or word[0].isupper() or len(entries) != 1:
            continue
        seen.add(word)
        body = re.sub(r"\[[^\]]*\]|\([^)]*\)|\\[^\\]*\\", " ", text.split("\n", 1)[-1])
        body = squeeze(re.sub(r"\b" + word[:max(4, len(word) - 2)] + r"\w*", "", body, flags=re.I))
        question = re.split(r'; ?"|"', entries[0][1])[0]
        if 60 < len(body) < 1500 and len(question.split()) >= 4 and "See " not in body[:20]:
            items.append((word, body, question))
    r.shuffle(items)
    known_item("gloss", items[:1500], 300)
    jargon = {w.lower(): t for w, t in dictd("jargon")}
    items = []
    for word, text in dictd("foldoc"):
        if len(text) < 200 or word.startswith("00"):
            continue
        question, other = None, jargon.get(word.lower())
        if other:
            other = squeeze(re.sub(r"[{}]", "", other.split("\n", 1)[-1]))
            question = re.split(r"(?<=[.!?]) ", re.sub(r"^.*?(n\.|v\.|adj\.|/) ", "", other))[0][:300]
        body = squeeze(re.sub(r"<[^>]*>|[{}]", "", text.split("\n", 1)[-1]))[:1200]
        items.append((word, body, question if question and len(question) >= 25 else None))
    r.shuffle(items)
    known_item("foldoc", [x for x in items if x[2]][:350] + [x for x in items if not x[2]][:900], 300)


# ---- questions and answers, headings and sections -------------------------------------------------

def headings(files, shortest):
    plain = lambda s: squeeze(html.unescape(re.sub(r"<(script|style).*?</\1>|<[^>]+>", " ", s, flags=re.S)))
    items, seen = [], set()
    for f in files:
        parts = re.split(r"<(h[1-4])[^>]*>(.*?)</\1>", read(f), flags=re.S)
        for i in range(1, len(parts) - 2, 3):
            title = re.sub(r"^[\d.A-Z]*\d\.?\s+|[¶#]|Chapter \d+\.", "", plain(parts[i + 1])).strip()
            body = plain(parts[i + 2])[:3000]
            if len(body) >= shortest and len(title) > 8 and title not in seen:
                seen.add(title)
                items.append((os.path.basename(f) + str(i), body, title))
    return items


def manuals_with_headings():
    doc = "/usr/share/doc/"
    known_item("debfaq", headings(glob.glob(doc + "debian/FAQ/*.en.html"), 80), 300)
    known_item("gnucash", headings(sorted(glob.glob(doc + "gnucash-docs/gnucash-guide-en/*.html")), 150)[:500],
               250)
    known_item("devref", headings(sorted(glob.glob("/usr/share/developers-reference/*.html")), 150), 250)
    items = headings(sorted(glob.glob(doc + "postgresql-doc-15/html/*.html")), 150)
    random.Random(1).shuffle(items)
    known_item("pg", items[:900], 250)
    items, seen = [], set()
    for f in glob.glob("/usr/share/perl/5.36*/pod/perlfaq*.pod"):
        for title, body in re.findall(r"^=head2 (.*)\n((?:(?!^=head).*\n)*)", read(f), flags=re.M):
            inner = lambda s: re.sub(r"[A-Z]<+([^<>]*)>+", r"\1", s)
            body = squeeze(inner(re.sub(r"^=.*$|X<[^>]*>", "", body, flags=re.M)))
            if len(body) > 60 and title not in seen:
                seen.add(title)
                items.append((f[-5] + title, body[:3000], inner(title)))
    known_item("perlfaq", items, 400)
    items = []
    for f in sorted(glob.glob("/usr/share/help/C/gnome-help/*.page")):
        text = read(f)
        title = re.search(r"</info>\s*<title>(.*?)</title>", text, re.S)
        body = title and squeeze(html.unescape(re.sub("<[^>]+>", " ", text[title.end():])))
        if title and len(body) > 150:
            items.append((os.path.basename(f), body[:3000], squeeze(re.sub("<[^>]+>", "", title.group(1)))))
    known_item("gnome", items, 300)


def python_manual():
    mark = lambda s: squeeze(re.sub(r":\w+:`([^`]*)`|``?([^`]*)``?", r"\1\2", s))
    sources = "/usr/share/doc/python3.11/html/_sources/"
    items = []
    for f in glob.glob(sources + "faq/*.txt"):
        for m in re.finditer(r"^(\S.*\?)\n-{5,}\n((?:(?!^\S.*\n[-=]{5,}).*\n)*)", read(f), flags=re.M):
            if len(mark(m.group(2))) > 60:
                items.append((m.group(1)[:60], mark(m.group(2))[:3000], m.group(1).replace("``", "")))
    known_item("pyfaq", items, 300)
    entries = []
    for f in sorted(glob.glob(sources + "library/*.rst.txt")):
        for m in re.finditer(r"^\.\. (?:function|method|class|data|exception):: (.*)\n\n?((?:(?: {3}.*)?\n)+)",
                             read(f), flags=re.M):
            name, body = re.match(r"[\w.]+", m.group(1)), mark(m.group(2))
            if name and len(body) >= 80:
                entries.append((os.path.basename(f)[:-8] + name.group(0), name.group(0), m.group(1), body[:900]))
    r = random.Random(4)
    r.shuffle(entries)
    count = collections.Counter(e[1] for e in entries[:1500])
    entries = [e for e in entries[:1500] if count[e[1]] == 1]
    queries = {"q" + i: r.choice([n, n + "()", "how to use " + n, n + " parameters"])
               for i, n, _, _ in entries[:300]}
    save("py-id", {i: ("", s + ". " + b) for i, _, s, b in entries}, queries, {q: {q[1:]: 1} for q in queries})
    items = []
    for i, _, _, body in entries:
        first = re.split(r"(?<=[.]) ", body, maxsplit=1)
        if len(first) == 2 and len(first[1]) > 120 and len(first[0]) > 25:
            items.append((i, first[1], first[0]))
    known_item("py-first", items, 250)


# ---- scripture: new wording finds the old; words that one remembers; who did what -------------------

def scripture():
    old, new = {}, {}
    for book in ("Matthew", "Mark", "Luke", "John", "Acts", "Romans", "Genesis", "Exodus"):
        run = lambda *a: subprocess.run(a, capture_output=True, text=True, check=False).stdout.splitlines()
        for line in run("diatheke", "-b", "engWEB2015eb", "-f", "plain", "-k", book):
            m = re.match(r"(\w+ \d+:\d+): (.*)", line)
            if m:
                new[m.group(1)] = squeeze(m.group(2))
        for chapter in range(1, 1 + max(int(k.split()[1].split(":")[0]) for k in new if k.startswith(book))):
            for line in run("bible", "-f", f"{book} {chapter}:1-200"):
                m = re.match(r"\w+?(\d+):(\d+) (.*)", line)
                if m and int(m.group(1)) == chapter:
                    old[f"{book} {chapter}:{m.group(2)}"] = m.group(3)
    both = [k for k in old if k in new]
    some, r = [k for k in both if k.split()[0] in ("Matthew", "Genesis", "Acts")][:2500], random.Random(2)
    known_item("verse", [(k, old[k], new[k]) for k in some], 300)
    df = collections.Counter(w for k in some for w in set(re.findall(r"[a-z]+", old[k].lower())))
    rare = lambda text, least: sorted(set(re.findall(r"[a-z]{%d,}" % least, text.lower())), key=lambda w: df[w])
    items = []
    for k in some:
        words = rare(old[k], 3)[:6]
        r.shuffle(words)
        items.append((k, old[k], " ".join(words[:3]) if len(words) >= 3 else None))
    known_item("known-item", items, 300)
    shapes = ["What did {0} {1} with {2}?", "When did {0} {1} the {2}?", "Why was {0} {1} {2}?",
              "Where did {0} go to {1} {2}?"]
    queries = {}
    for k in r.sample(some, 900):
        names = [w for w in re.findall(r"(?<=[a-z,;] )[A-Z][a-z]{3,}", old[k])
                 if w not in ("Lord", "LORD", "Then", "Thou")]
        words = rare(new[k], 4)[:3]
        if names and len(words) == 3 and len(queries) < 300:
            queries[k] = r.choice(shapes).format(names[0], words[0], words[1])
    save("who", {k: ("", old[k]) for k in some}, queries, {k: {k: 1} for k in queries})
    chapters = collections.defaultdict(list)
    for k in both:
        chapters[k.split(":")[0]].append(old[k])
    asked = r.sample(both, 300)
    save("chapter", {c: ("", " ".join(v)) for c, v in chapters.items()}, {k: new[k] for k in asked},
         {k: {k.split(":")[0]: 1} for k in asked})


# ---- sayings, chat, records -------------------------------------------------------------------------

def sayings():
    pieces = lambda n: [x.strip() for x in read("/usr/share/games/fortunes/" + n).split("\n%\n") if x.strip()]
    items = []
    for name in ("people", "wisdom", "love", "politics", "science", "work", "education"):
        for i, x in enumerate(pieces(name)):
            halves = re.split(r"(?<=[.!?]) ", squeeze(re.sub(r"\s+--\s.*", "", x, flags=re.S)), maxsplit=1)
            if len(halves) == 2 and min(len(h.split()) for h in halves) > 5:
                items.append((f"{name}{i}", halves[1], halves[0]))  # the beginning finds the end
    random.Random(1).shuffle(items)
    known_item("quote", items[:1500], 300)
    docs, queries, grades = {}, {}, {}
    for x in pieces("knghtbrd"):
        turns = [(a or b, squeeze(c)) for a, b, c in
                 re.findall(r"^(?:<(\w+)>|\* (\w+)) (.*(?:\n[ \t]+.*)*)", x, flags=re.M)]
        if len(turns) < 2:
            continue
        i = str(len(docs))
        docs[i] = ("", " ".join(f"{a}: {t}" for a, t in turns[1:]))
        if len(turns[0][1].split()) > 5:
            queries["q" + i], grades["q" + i] = ": ".join(turns[0]), {i: 1}
    save("irc", docs, queries, grades)


def records():
    r, entries = random.Random(8), []
    for f in sorted(glob.glob("/usr/share/doc/*/changelog.Debian.gz")):
        found = re.finditer(r"^(\S+) \(([^)]+)\).*\n((?:(?!^ --).*\n)*) -- (.*?) <.*?>  (.*)$", read(f)[:60000],
                            flags=re.M)
        texts = [(m.group(1), squeeze(m.group(3)), m.group(4), m.group(5)) for m in found]
        entries += [e for e in texts if 80 < len(e[1]) < 1500][:8]
    r.shuffle(entries)
    entries, queries = entries[:2000], {}
    df = collections.Counter(w for e in entries for w in set(re.findall(r"\w+", e[1].lower())))
    for i, (package, text, who, _) in enumerate(entries[:350]):
        rare = [w for w in dict.fromkeys(re.findall(r"[A-Za-z]{4,}", text)) if 1 < df[w.lower()] < 60][:12]
        if len(rare) < 2:
            continue
        a, b = r.sample(rare, 2)
        bug, first = re.search(r"#(\d{5,7})", text), who.split()[0]
        queries[str(i)] = r.choice([
            f"What did {first} change about {a} and {b}?", f"When did {who} work on {a} {b} in {package}?",
            f"{package} {a} {b}", f"Who fixed the {a} problem with {b}?",
            f"bug {bug.group(1)}" if bug else f"{first} {a} {b}"])
    docs = {str(i): ("", f"{e[2]} on {e[3][:16]}, {e[0]}: {e[1]}") for i, e in enumerate(entries)}
    save("changelog", docs, queries, {q: {q: 1} for q in queries})


# ---- made from the above: spoilt questions, sessions, small and large collections --------------------

def misspell(word, r):
    if len(word) < 4:
        return word
    i = r.randrange(1, len(word) - 1)
    return r.choice([word[:i] + word[i + 1:], word[:i] + word[i + 1] + word[i] + word[i + 2:],
                     word[:i] + r.choice("abcdefghijklmnopqrstuvwxyz") + word[i + 1:]])


def derived(glosses):
    r = random.Random(11)
    for name in ("perlfaq", "gnome", "apps"):
        docs, queries, grades = MADE[name]
        save(name + "-typo", docs, {q: " ".join(misspell(w, r) if r.random() < .6 else w for w in t.split())
                                    for q, t in queries.items()}, grades)
    keep = set("the a an of to in on for and or is are be with your you my i do how what why can from by not "
               "it this that as at use using".split())

    def reword(word):  # a synonym of whatever sense comes first: often a wrong one
        plain = re.sub(r"\W", "", word.lower())
        others = [] if plain in keep else [a for e in glosses.get(plain, [])[:2] for a in e[0] if a.lower() != plain]
        return others[0].replace("_", " ") if others else word
    for name in ("man", "gnome", "verse"):
        docs, queries, grades = MADE[name]
        save(name + "-syn", docs, {q: " ".join(map(reword, t.split())) for q, t in queries.items()}, grades)
    for name in ("changelog", "quote"):  # a document of twelve, the question about one
        docs, queries, grades = MADE[name]
        ids = list(docs)
        place = {d: f"s{i // 12}" for i, d in enumerate(ids)}
        joined = {f"s{i // 12}": ("", "\n\n".join(docs[d][1] for d in ids[i:i + 12]))
                  for i in range(0, len(ids), 12)}
        save(name + "-session", joined, queries, {q: {place[d]: 1 for d in grades[q]} for q in queries})
    for name in ("changelog", "verse", "gloss", "man", "apps", "apt-id", "py-id", "tags", "foldoc", "man-de", "pg"):
        docs, queries, grades = MADE[name]
        some = random.Random(5).sample(list(docs), min(len(docs), 500 if name == "tags" else 350))
        save(name + "@300", {d: docs[d] for d in some}, queries, grades)


def mega():
    """Everything together: a person's documents are not of one kind."""
    r, docs, queries, grades = random.Random(3), {}, {}, {}
    leave = ("apps-de", "apps-xl", "man-xl", "chapter", "changelog-session", "quote-session")
    for name, (d, q, g) in MADE.items():
        if name in leave or "@" in name:  # they would answer another collection's questions too
            continue
        home = name.removesuffix("-typo").removesuffix("-syn")
        home = {"who": "verse", "known-item": "verse"}.get(home, home)
        docs.update({f"{home}/{i}": x for i, x in d.items()})
        for i in r.sample(list(q), min(120, len(q))):
            queries[f"{name}//{i}"] = q[i]
            grades[f"{name}//{i}"] = {f"{home}/{x}": v for x, v in g[i].items()}
    save("mega", docs, queries, grades)


def main():
    glosses = wordnet()
    for part in (manuals, programs, packages, subjects, manuals_with_headings, python_manual, scripture, sayings,
                 records):
        part()
    dictionaries(glosses)
    derived(glosses)
    mega()


if __name__ == "__main__":
    main()
