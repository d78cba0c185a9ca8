"""Checks a briefing: lines that must be there, a reason for each, and every document it names can be shown.

    brief.py BRIEFING.json PROGRAM
"""
import json
import subprocess
import sys

briefing = json.load(open(sys.argv[1]))
sections = {s["title"]: s for s in briefing["sections"]}
due = " / ".join(i["text"] for i in sections["Important Reminders"]["items"])
for words in ("plumber", "dentist", "Harbour", "chess club"):
    if words not in due and words not in sections["Important Reminders"]["content"]:
        sys.exit(f"the briefing does not remind of {words}: {due}")
lines, documents = 0, set()
for section in briefing["sections"]:
    documents |= set(section["source_documents"])
    for item in section["items"]:
        lines += 1
        if not item["reason"]:
            sys.exit(f"no reason: {item['text']}")
for document in sorted(documents):
    shown = subprocess.run([sys.argv[2], "show", "--json", document], capture_output=True, text=True)
    if shown.returncode:
        sys.exit(f"a source cannot be shown: {document}")
print(f"{lines} lines, each with its reason; {len(documents)} documents named, each there")
