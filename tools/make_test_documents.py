#!/usr/bin/env python3
"""Makes tests/data/documents: small files in the shapes that readers must cope with.

    make_test_documents.py [FOLDER]

Only the standard library; the same bytes every time. Everything in them was written for this test.
"""
import hashlib
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import make_pdf  # noqa: E402

JAPANESE = "\u8acb\u6c42\u66f8 \u5bb6\u8cc3\u306f\u4e5d\u4e07\u5186\u3067\u3059\u3002"
RUSSIAN = ("\u0423\u0432\u0430\u0436\u0430\u0435\u043c\u0430\u044f \u0410\u043d\u043d\u0430, \u0432\u0430\u0448 "
           "\u0434\u043e\u0433\u043e\u0432\u043e\u0440 \u0430\u0440\u0435\u043d\u0434\u044b \u043a\u0432\u0430\u0440"
           "\u0442\u0438\u0440\u044b \u0437\u0430\u043a\u0430\u043d\u0447\u0438\u0432\u0430\u0435\u0442\u0441\u044f "
           "\u0432 \u0434\u0435\u043a\u0430\u0431\u0440\u0435. \u041f\u043e\u0436\u0430\u043b\u0443\u0439\u0441\u0442"
           "\u0430, \u043f\u043e\u0437\u0432\u043e\u043d\u0438\u0442\u0435 \u043d\u0430\u043c.")
GERMAN = ("Sehr geehrte Frau M\u00fcller,\n\ndie K\u00fcndigungsfrist betr\u00e4gt drei Monate. Die Kaution "
          "\u00fcberweisen wir zur\u00fcck, sobald die Wohnung \u00fcbergeben ist.\n\nMit freundlichen "
          "Gr\u00fc\u00dfen\nJ\u00fcrgen Wei\u00df\n")

MARKDOWN = """---
title: "Garden notes"
author: Ruth Fields
season: spring
---

# What grows where

Intro with *emphasis*, `code`, a [link](https://seeds.example/list) and an ![old fence](fence.jpg).
Second line of the same paragraph &amp; an entity: 5&nbsp;&euro;.

## Beds

1. Beans
2. Peas
   - early
   - late
3. Nothing

| Bed  | Plant | Sown    |
|------|:-----:|--------:|
| East | Beans | 3 April |
| West | Peas  | 20 March |

- [x] order seeds
- [ ] repair the *old* fence

```python
for bed in beds:
    water(bed)
```

> Grandma says: never before the ice saints.

Setext heading
--------------

Raw <b>HTML</b> stays <script>alert("x")</script>readable.

<div>A block of <i>HTML</i>.<br>Next line.</div>

Mail <ruth@fields.example> or see [[Compost]].
"""

PAGE = """<!DOCTYPE html>
<html lang="en"><head><title>Opening hours &ndash; Library</title>
<meta name="author" content="City Library"><style>p { color: red }</style></head>
<body><nav><a href="/">Start</a><a href="/contact">Contact</a></nav>
<script>document.write("<p>never shown</p>")</script>
<h1>Opening hours</h1>
<p>We are open on&nbsp;weekdays,<br>and on Satur&shy;day mornings.
<p>Unclosed paragraph with an <b>unclosed bold word.
<table><caption>Hours</caption><tr><th>Day<th>From<th>To<tr><td>Monday<td>9<td>18<tr><td>Tuesday<td><p>10</p><td>20
</table>
<ul><li>Loans: four weeks<ul><li>films: one week</ul><li>Fees: 0.50 a day</ul>
<pre>  keep   this
as it is</pre>
<p style="display: none">hidden words</p><div aria-hidden="true">more hidden words</div>
<p>Write to <a href="mailto:desk@library.example?subject=x">our desk</a>. &lt;b&gt; is no tag here.</p>
</body></html>
"""

TWO_COLUMNS = """@title untitled
# The village pond
@hyphenate
The pond was dug in seventeen hundred and twelve, when the village had no water of its own, and it has been deepened twice since then, according to the parish books. Extraordinarily dry summers emptied it completely.

## Visitors

Herons | March to October | rare
Kingfishers | all year | common
"""


def write(folder, name, data):
    with open(os.path.join(folder, name), "wb") as f:
        f.write(data if isinstance(data, bytes) else data.encode("utf-8"))


def assemble(objects, trailer=b""):
    out, offsets = bytearray(b"%PDF-1.4\n"), []
    for number, body in enumerate(objects, 1):
        offsets.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    start = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    out += b"".join(b"%010d 00000 n \n" % o for o in offsets)
    return bytes(out + b"trailer\n<< /Size %d /Root 1 0 R %s >>\nstartxref\n%d\n%%%%EOF\n" % (
        len(objects) + 1, trailer, start))


def one_page(stream, font, more=()):
    return [b"<< /Type /Catalog /Pages 2 0 R >>", b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
            b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R "
            b"/Resources << /Font << /F 5 0 R >> >> >>",
            b"<< /Length %d >>\nstream\n%s\nendstream" % (len(stream), stream), font, *more]


HELVETICA = b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>"


def japanese_pdf():
    """A font that is not in the file, in Shift_JIS: readable only with the tables of poppler-data."""
    stream = b"BT /F 20 Tf 50 700 Td <%s> Tj ET" % JAPANESE.encode("cp932").hex().encode()
    return assemble(one_page(
        stream, b"<< /Type /Font /Subtype /Type0 /BaseFont /Ryumin-Light /Encoding /90ms-RKSJ-H "
        b"/DescendantFonts [6 0 R] >>", (
            b"<< /Type /Font /Subtype /CIDFontType0 /BaseFont /Ryumin-Light /DW 1000 /FontDescriptor 7 0 R "
            b"/CIDSystemInfo << /Registry (Adobe) /Ordering (Japan1) /Supplement 2 >> >>",
            b"<< /Type /FontDescriptor /FontName /Ryumin-Light /Flags 4 /FontBBox [0 -200 1000 900] "
            b"/ItalicAngle 0 /Ascent 800 /Descent -200 /CapHeight 700 /StemV 80 >>")))


def rc4(key, data):
    s, j, out = list(range(256)), 0, bytearray()
    for i in range(256):
        j = (j + s[i] + key[i % len(key)]) & 255
        s[i], s[j] = s[j], s[i]
    i = j = 0
    for byte in data:
        i = (i + 1) & 255
        j = (j + s[i]) & 255
        s[i], s[j] = s[j], s[i]
        out.append(byte ^ s[(s[i] + s[j]) & 255])
    return bytes(out)


PADDING = bytes.fromhex("28BF4E5E4E758A4164004E56FFFA01082E2E00B6D0683E802F0CA9FE6453697A")


def encrypted_pdf(password):
    """The standard security handler, revision 2 (40 bits): enough to be refused for want of a password."""
    ident = hashlib.md5(b"sotto").digest()
    padded = (password + PADDING)[:32]
    owner = rc4(hashlib.md5(padded).digest()[:5], padded)
    key = hashlib.md5(padded + owner + b"\xfc\xff\xff\xff" + ident).digest()[:5]
    user = rc4(key, PADDING)
    stream = b"BT /F 12 Tf 50 700 Td (The secret is kept.) Tj ET"
    stream = rc4(hashlib.md5(key + b"\x04\0\0\0\0").digest()[:10], stream)
    objects = one_page(stream, HELVETICA, (
        b"<< /Filter /Standard /V 1 /R 2 /P -4 /O <%s> /U <%s> >>" % (owner.hex().encode(), user.hex().encode()),))
    return assemble(objects, b"/Encrypt 6 0 R /ID [<%s> <%s>]" % ((ident.hex().encode(),) * 2))


def form_pdf():
    stream = b"BT /F 11 Tf 60 700 Td (Name:) Tj 0 -30 Td (City:) Tj ET"
    objects = one_page(stream, HELVETICA, (
        b"<< /Type /Annot /Subtype /Widget /FT /Tx /T (name) /V (Nora Fields) /Rect [100 695 300 712] /P 3 0 R >>",
        b"<< /Type /Annot /Subtype /Widget /FT /Tx /T (city) /V <FEFF005700650073007400620072006F006F006B00E4> "
        b"/Rect [100 665 300 682] /P 3 0 R >>"))
    objects[0] = b"<< /Type /Catalog /Pages 2 0 R /AcroForm << /Fields [6 0 R 7 0 R] >> >>"
    objects[2] = objects[2].replace(b"/Contents", b"/Annots [6 0 R 7 0 R] /Contents")
    return assemble(objects)


def main():
    folder = sys.argv[1] if len(sys.argv) > 1 else "tests/data/documents"
    os.makedirs(folder, exist_ok=True)
    write(folder, "garden.md", MARKDOWN)
    write(folder, "library.html", PAGE)
    write(folder, "navigation-only.html", "<html><body><nav><a href='/a'>First page</a></nav></body></html>")
    write(folder, "german-latin1.txt", GERMAN.encode("latin-1"))
    write(folder, "german-utf16.txt", b"\xff\xfe" + GERMAN.encode("utf-16-le"))
    write(folder, "german-utf16-no-mark.txt", GERMAN.encode("utf-16-be"))
    write(folder, "german-utf32.txt", b"\0\0\xfe\xff" + GERMAN.encode("utf-32-be"))
    write(folder, "german-ebcdic.txt", (GERMAN * 3).encode("cp500"))
    write(folder, "russian-1251.txt", RUSSIAN.encode("cp1251"))
    write(folder, "japanese-sjis.html", ("<html><head><meta charset=\"Shift_JIS\"><title>" + JAPANESE[:3] +
                                         "</title></head><body><p>" + JAPANESE + "</p></body></html>").encode("cp932"))
    write(folder, "japanese-jis.html", ("<html><head><meta charset=\"iso-2022-jp\"></head><body><p>" + JAPANESE +
                                        "</p></body></html>").encode("iso2022_jp"))
    write(folder, "mail.txt", "From: Ann Lee <ann@lee.example>\nTo: Nora\nSubject: The boat, again\n\nIt leaks.\n")
    write(folder, "binary.txt", bytes(range(256)) * 8)
    pond = make_pdf.build(*make_pdf.render(TWO_COLUMNS))
    write(folder, "pond.pdf", pond)
    write(folder, "truncated.pdf", pond[:len(pond) // 2])
    write(folder, "japanese.pdf", japanese_pdf())
    write(folder, "encrypted.pdf", encrypted_pdf(b"open sesame"))
    write(folder, "encrypted-no-password.pdf", encrypted_pdf(b""))
    write(folder, "form.pdf", form_pdf())
    write(folder, "picture-only.pdf", assemble(one_page(b"10 10 100 100 re f", HELVETICA)))
    write(folder, "not-a.pdf", "This is no PDF, whatever its name says.\n")


if __name__ == "__main__":
    main()
