#!/usr/bin/env python3
"""Makes tests/data/documents/scanned.pdf: one page of text, one that is a picture (rent.png)."""
import struct
from pathlib import Path

folder = Path(__file__).parent.parent / "tests/data/documents"


def png(path):
    """Width, height, bits, colour type and the compressed rows of a PNG that is not interlaced."""
    data, at, rows = path.read_bytes(), 8, b""
    while at < len(data):
        size, kind = struct.unpack(">I4s", data[at:at + 8])
        body = data[at + 8:at + 8 + size]
        if kind == b"IHDR":
            header = struct.unpack(">IIBBBBB", body)
        elif kind == b"IDAT":
            rows += body
        at += size + 12
    return header, rows


(width, height, bits, colour, _, _, interlaced), rows = png(folder / "rent.png")
colours = {0: 1, 2: 3}[colour]
assert not interlaced
text = b"BT /F 14 Tf 72 760 Td (The cover page, as text.) Tj ET"
wide, tall = width * 72 / 200, height * 72 / 200  # as scanned with 200 dpi
draw = b"q %f 0 0 %f 60 500 cm /I Do Q" % (wide, tall)
image = (b"<</Type/XObject/Subtype/Image/Width %d/Height %d/BitsPerComponent %d/ColorSpace/%s"
         b"/Filter/FlateDecode/DecodeParms<</Predictor 15/Colors %d/BitsPerComponent %d/Columns %d>>"
         b"/Length %d>>stream\n%s\nendstream"
         % (width, height, bits, b"DeviceGray" if colours == 1 else b"DeviceRGB", colours, bits, width,
            len(rows), rows))
page = b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents %d 0 R/Resources<<%s>>>>"
objects = [
    b"<</Type/Catalog/Pages 2 0 R>>",
    b"<</Type/Pages/Kids[3 0 R 4 0 R]/Count 2>>",
    page % (5, b"/Font<</F 7 0 R>>"),
    page % (6, b"/XObject<</I 8 0 R>>"),
    b"<</Length %d>>stream\n%s\nendstream" % (len(text), text),
    b"<</Length %d>>stream\n%s\nendstream" % (len(draw), draw),
    b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica/Encoding/WinAnsiEncoding>>",
    image,
]
out, places = b"%PDF-1.4\n", []
for number, body in enumerate(objects, 1):
    places.append(len(out))
    out += b"%d 0 obj" % number + body + b"\nendobj\n"
start = len(out)
out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
out += b"".join(b"%010d 00000 n \n" % p for p in places)
out += b"trailer<</Root 1 0 R/Size %d>>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, start)
(folder / "scanned.pdf").write_bytes(out)
