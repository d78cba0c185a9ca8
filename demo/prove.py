#!/usr/bin/env python3
"""demo/prove.py FOUND.JSON SOTTO FILE WORDS: compares every passage of a search with the bytes of the
stored text at the place it cites, and checks that the first hit is FILE and holds WORDS."""
import json
import subprocess
import sys

found_path, sotto, file, words = sys.argv[1:]
found = json.load(open(found_path, encoding="utf-8"))
hits = found["documents"]
if not hits:
    sys.exit("nothing was found")
passages = 0
for hit in hits:
    shown = subprocess.run([sotto, "show", hit["id"], "--json"], check=True, capture_output=True).stdout
    text = json.loads(shown)["content"].encode()
    for match in hit["matches"]:
        if text[match["start"]:match["end"]] != match["text"].encode():
            sys.exit(f"bytes {match['start']}-{match['end']} of {hit['title']} are not what was cited")
        passages += 1
first = hits[0]
if not first["metadata"]["source"].endswith("/" + file):
    sys.exit(f"expected {file} first, not {first['metadata']['source']}")
if not any(words.lower() in " ".join(m["text"].split()).lower() for m in first["matches"]):
    sys.exit(f"\"{words}\" is in no passage of {file}")
print(f"    proof: {passages} passages re-read from the stored text, byte for byte the same; "
      f"{found['query_time_ms']:.1f} ms")
