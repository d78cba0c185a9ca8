#!/usr/bin/env python3
"""Makes a small, plain PDF from a text file: the sample folder's letters and the tests' documents.

    make_pdf.py IN.txt OUT.pdf

The first lines "@title ..." and "@author ..." fill the document's information. Then, a line each:
    # Heading    ## Smaller heading    - list item    left | right | ...  a row of a table
    @left, @right  the following lines stand at that margin unwrapped    @wrap  back to paragraphs
    @page  a new page    @footer TEXT  at the bottom of every page, {n} is its number
    @hyphenate  breaks long words at the line's end, as typesetters do
Anything else is running text; a blank line ends a paragraph. Only the standard library is used, and
the same input gives the same bytes. Characters are those of Windows-1252.
"""
import re
import sys
import zlib

# Advance widths of the standard fonts, characters 32..126 (Adobe's metrics, thousandths of the size).
HELVETICA = [278, 278, 355, 556, 556, 889, 667, 191, 333, 333, 389, 584, 278, 333, 278, 278, 556, 556, 556, 556,
             556, 556, 556, 556, 556, 556, 278, 278, 584, 584, 584, 556, 1015, 667, 667, 722, 722, 667, 611, 778,
             722, 278, 500, 667, 556, 833, 722, 778, 667, 778, 722, 667, 611, 722, 667, 944, 667, 667, 611, 278,
             278, 278, 469, 556, 333, 556, 556, 500, 556, 556, 278, 556, 556, 222, 222, 500, 222, 833, 556, 556,
             556, 556, 333, 500, 278, 556, 500, 722, 500, 500, 500, 334, 260, 334, 584]
BOLD_EXTRA = 1.06  # close enough for wrapping

WIDTH, HEIGHT, MARGIN = 595, 842, 64


def width(text, size, bold=False):
    units = sum(HELVETICA[ord(c) - 32] if 32 <= ord(c) < 127 else 556 for c in text)
    return units * size / 1000 * (BOLD_EXTRA if bold else 1)


class Writer:
    def __init__(self):
        self.pages, self.y, self.footer, self.hyphenate = [[]], MARGIN, None, False

    def place(self, x, text, size=11, bold=False):
        data = text.encode("cp1252").replace(b"\\", b"\\\\").replace(b"(", b"\\(").replace(b")", b"\\)")
        self.pages[-1].append(b"BT /%s %g Tf 1 0 0 1 %.2f %.2f Tm (%s) Tj ET" % (
            b"F2" if bold else b"F1", size, x, HEIGHT - self.y - size, data))

    def room(self, need):
        if self.y + need > HEIGHT - MARGIN:
            self.new_page()

    def new_page(self):
        self.pages.append([])
        self.y = MARGIN

    def line(self, text, size=11, bold=False, x=MARGIN):
        self.room(size * 1.35)
        self.place(x, text, size, bold)
        self.y += size * 1.35

    def paragraph(self, text, size=11, bold=False, indent=0, first=""):
        right, words, line = WIDTH - MARGIN, text.split(), first
        x = MARGIN + indent
        while words:
            word = words.pop(0)
            trial = (line + " " + word) if line and not line.endswith("  ") else line + word
            if x + width(trial, size, bold) <= right or not line:
                line = trial
                continue
            cut = self.cut(line, word, right - x, size)
            if cut:
                line += " " + word[:cut] + "-"
                word = word[cut:]
            self.line(line, size, bold, x)
            words.insert(0, word)
            line = ""
        if line:
            self.line(line, size, bold, x)

    def cut(self, line, word, room, size):
        """Where a word of eight letters or more may be broken so that its first part still fits."""
        if not self.hyphenate or not re.fullmatch(r"[a-z]{8,}[.,;]?", word):
            return 0
        for at in range(len(word) - 4, 2, -1):
            vowel_before = word[at - 1] in "aeiou" and word[at] not in "aeiou"
            if vowel_before and width(line + " " + word[:at] + "-", size) <= room:
                return at
        return 0

    def row(self, cells, bold=False):
        self.room(16)
        step = (WIDTH - 2 * MARGIN) / len(cells)
        for i, cell in enumerate(cells):
            self.place(MARGIN + i * step, cell.strip(), 11, bold)
        self.y += 16


def render(source):
    w, info, mode, pending = Writer(), {}, "wrap", []

    def flush():
        if pending:
            w.paragraph(" ".join(pending))
            w.y += 7
            pending.clear()

    for raw in source.splitlines():
        line = raw.rstrip()
        key, _, value = line.partition(" ")
        if pending and (not line or line[0] in "@#" or line.startswith("- ") or " | " in line):
            flush()
        if key in ("@title", "@author"):
            info[key[1:]] = value
        elif key == "@footer":
            w.footer = value
        elif key == "@page":
            w.new_page()
        elif key == "@hyphenate":
            w.hyphenate = True
        elif key in ("@left", "@right", "@wrap"):
            mode = key[1:]
        elif line.startswith("# "):
            w.y += 4
            w.line(line[2:], 18, True)
            w.y += 8
        elif line.startswith("## "):
            w.y += 6
            w.room(50)
            w.line(line[3:], 13, True)
            w.y += 3
        elif line.startswith("- "):
            w.paragraph(line[2:], indent=12, first="\u2022  ")
        elif " | " in line:
            w.row(line.split(" | "))
        elif not line:
            w.y += 8
        elif mode == "wrap":
            pending.append(line)
        else:
            w.line(line, x=MARGIN if mode == "left" else WIDTH - MARGIN - width(line, 11))
    flush()
    return w, info


def text_string(text):
    return b"(" + text.encode("cp1252").replace(b"\\", b"\\\\").replace(b"(", b"\\(").replace(b")", b"\\)") + b")"


def build(w, info):
    count = len(w.pages)
    objects = [b"<< /Type /Catalog /Pages 2 0 R >>",
               b"<< /Type /Pages /Kids [%s] /Count %d >>" % (
                   b" ".join(b"%d 0 R" % (6 + 2 * i) for i in range(count)), count),
               b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>",
               b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica-Bold /Encoding /WinAnsiEncoding >>",
               b"<< %s /Producer (make_pdf.py) >>" % b" ".join(
                   b"/%s %s" % (k.capitalize().encode(), text_string(v)) for k, v in sorted(info.items()))]
    for i, page in enumerate(w.pages):
        if w.footer:
            w.pages, w.y = w.pages[:i] + [page] + w.pages[i + 1:], HEIGHT - 44
            keep, w.pages = w.pages, [page]
            w.place(MARGIN, w.footer.replace("{n}", str(i + 1)), 9)
            w.pages = keep
        stream = zlib.compress(b"\n".join(page), 9)
        objects.append(b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 %d %d] /Contents %d 0 R "
                       b"/Resources << /Font << /F1 3 0 R /F2 4 0 R >> >> >>" % (WIDTH, HEIGHT, 7 + 2 * i))
        objects.append(b"<< /Length %d /Filter /FlateDecode >>\nstream\n%s\nendstream" % (len(stream), stream))
    out, offsets = bytearray(b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n"), []
    for number, body in enumerate(objects, 1):
        offsets.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    start = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    out += b"".join(b"%010d 00000 n \n" % o for o in offsets)
    out += b"trailer\n<< /Size %d /Root 1 0 R /Info 5 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, start)
    return bytes(out)


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    with open(sys.argv[1], encoding="utf-8") as f:
        writer, info = render(f.read())
    with open(sys.argv[2], "wb") as f:
        f.write(build(writer, info))


if __name__ == "__main__":
    main()
