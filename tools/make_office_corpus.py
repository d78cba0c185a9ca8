#!/usr/bin/env python3
"""Makes the seeds of fuzz_office and fuzz_package from tests/data/documents: the parts of each
document as text (what fuzz_office packs again), and the smallest archives as they are.

    make_office_corpus.py
"""
import os
import zipfile

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "tests")
DOCUMENTS = os.path.join(ROOT, "data", "documents")
KINDS = (".docx", ".xlsx", ".pptx", ".odt", ".ods", ".odp", ".epub")
# Parts that readers look at; themes, settings and thumbnails only slow the fuzzer down.
SKIP = ("theme", "settings", "Thumbnails", "fontTable", "slideLayout", "slideMaster", "notesMaster", "printer",
        "customXml", "Configurations2", "stylesWithEffects", "viewProps", "presProps", "tableStyles", ".png", ".jpeg",
        ".bin", ".rdf", ".css")


def main():
    office, package = (os.path.join(ROOT, "fuzz", "corpus", n) for n in ("office", "package"))
    os.makedirs(office, exist_ok=True)
    os.makedirs(package, exist_ok=True)
    for name in sorted(os.listdir(DOCUMENTS)):
        path = os.path.join(DOCUMENTS, name)
        if not name.endswith(KINDS):
            continue
        if os.path.getsize(path) < 3000:
            with open(path, "rb") as f, open(os.path.join(package, name), "wb") as out:
                out.write(f.read())
        try:
            with zipfile.ZipFile(path) as z:
                parts = [(n, z.read(n)) for n in z.namelist() if not any(s in n for s in SKIP)]
        except Exception:
            continue  # the hostile ones that no archive library opens
        data = b"".join(b"=== " + n.encode() + b"\n" + d.strip() + b"\n" for n, d in parts)
        if len(data) < 40000:
            with open(os.path.join(office, name), "wb") as out:
                out.write(data)


if __name__ == "__main__":
    main()
