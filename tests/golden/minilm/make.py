#!/usr/bin/env python3
"""Makes texts.txt and vectors.f16 beside this script, with sentence-transformers in fp32.

    make.py FOLDER_OF_THE_MODEL        (as published: config.json, model.safetensors, tokenizer.json ...)

texts.txt has one text a line; vectors.f16 has 384 little-endian halves for each, not normalised again
after rounding. sentence-transformers 6.2.0 and torch 2.15.0 made the committed files.
"""
import os
import sys

import numpy as np
from sentence_transformers import SentenceTransformer

here = os.path.dirname(os.path.abspath(__file__))
LONG = ("The committee met on Tuesday to consider the proposal for a new library, which the town has "
        "wanted for years and never found the money to build. ")
TEXTS = """
hello
Hello, world!
a
.

   
How do I renew my passport?
what is the boundary layer thickness on a flat plate
The quick brown fox jumps over the lazy dog.
Invoice 2024-0117: EUR 1,249.50, due on 15 March.
Call Dr. Meyer at +49 (0)89 1234-567 before 9:30 a.m.
naïve café Zürich Ångström déjà vu
Straße İstanbul ﬁne ǅ ß ẞ
日本語のテキストを埋め込む
我们明天去北京
안녕하세요, 만나서 반갑습니다
Привет, как дела?
مرحبا بالعالم
שלום עולם
नमस्ते दुनिया
Γειά σου Κόσμε
สวัสดีชาวโลก
I love pizza 🍕 and 🚀 rockets 👩‍👩‍👧
if (x != NULL && *x == '\\0') return -1;
SELECT name FROM users WHERE id = 42;
https://example.com/path?query=1#fragment
supercalifragilisticexpialidocious antidisestablishmentarianism
xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx end
[CLS] [SEP] [MASK] tokens in a text
the the the the the the the the
no punctuation at all just words one after another until the sentence ends
What time does the pharmacy close on Sundays?
My landlord's number is in the rental agreement.
The mitochondrion is the powerhouse of the cell.
Gradient descent converges linearly on strongly convex functions.
She sells sea shells by the sea shore.
Remind me to water the plants every other day.
The contract ends on 30 June unless either side gives three months' notice.
Two roads diverged in a yellow wood, and sorry I could not travel both
E = mc² and ½ of 100 ℃ is 50 °C
UPPER CASE SHOUTING IS THE SAME AS lower case shouting
""".split("\n")[1:-1]
for n in (1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 12, 20):
    TEXTS.append((LONG * n).strip())
for n in (14, 15, 16, 17, 29, 30, 31, 62):  # around the edges of tiles: n + 2 tokens
    TEXTS.append(" ".join(["word", "time", "house", "river", "stone"][i % 5] for i in range(n)))

model = SentenceTransformer(sys.argv[1], device="cpu")
vectors = np.stack([model.encode([t], normalize_embeddings=False)[0] for t in TEXTS])
with open(os.path.join(here, "texts.txt"), "w", encoding="utf-8") as f:
    f.write("".join(t + "\n" for t in TEXTS))
vectors.astype("<f2").tofile(os.path.join(here, "vectors.f16"))
print(len(TEXTS), "texts")
