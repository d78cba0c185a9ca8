#!/usr/bin/env python3
"""Makes office documents for tests/data/documents: corners of the formats, and hostile ones.

    make_office_documents.py [FOLDER]

Only the standard library; the same bytes every time. The files that real programs wrote are beside
them: rules.*, household.* and roof.* by LibreOffice 7.4 from FOLDER/sources
(soffice --headless --convert-to docx sources/rules.fodt), openpyxl.xlsx and python-docx.docx by
tools/make_office_documents_with.py.
"""
import os
import struct
import sys
import zipfile
import zlib

W = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
R = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
REL = "http://schemas.openxmlformats.org/package/2006/relationships"
TYPES = "http://schemas.openxmlformats.org/package/2006/content-types"
HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
WML = "application/vnd.openxmlformats-officedocument.wordprocessingml."


def archive(path, parts, stored=()):
    """parts: (name, bytes or str) in order."""
    with zipfile.ZipFile(path, "w") as z:
        for name, data in parts:
            info = zipfile.ZipInfo(name, (2026, 11, 2, 10, 0, 0))
            info.compress_type = zipfile.ZIP_STORED if name in stored else zipfile.ZIP_DEFLATED
            info.external_attr = 0o644 << 16
            z.writestr(info, data)


def relations(*rows):
    out = HEAD + '<Relationships xmlns="%s">' % REL
    for i, (kind, target) in enumerate(rows, 1):
        mode = ' TargetMode="External"' if ":" in target else ""
        out += '<Relationship Id="rId%d" Type="%s/%s" Target="%s"%s/>' % (i, R, kind, target, mode)
    return out + "</Relationships>"


def document(body, extra=""):
    return HEAD + ('<w:document xmlns:w="%s" xmlns:r="%s" xmlns:mc="http://schemas.openxmlformats.org/'
                   'markup-compatibility/2006" xmlns:wps="http://schemas.microsoft.com/office/word/2010/'
                   'wordprocessingShape" xmlns:wp="http://schemas.openxmlformats.org/drawingml/2006/'
                   'wordprocessingDrawing" xmlns:c="http://schemas.openxmlformats.org/drawingml/2006/'
                   'chart" xmlns:m="http://schemas.openxmlformats.org/officeDocument/2006/math" '
                   'xmlns:v="urn:schemas-microsoft-com:vml"%s><w:body>%s<w:sectPr/></w:body>'
                   "</w:document>") % (W, R, extra, body)


def docx(path, body, more=(), rels=(), main=None):
    parts = [("[Content_Types].xml", HEAD + '<Types xmlns="%s"><Default Extension="rels" ContentType="'
              'application/vnd.openxmlformats-package.relationships+xml"/><Override PartName="/word/'
              'document.xml" ContentType="%sdocument.main+xml"/></Types>' % (TYPES, WML)),
             ("_rels/.rels", relations(("officeDocument", "word/document.xml"))),
             ("word/document.xml", main if main is not None else document(body))]
    if rels:
        parts.append(("word/_rels/document.xml.rels", relations(*rels)))
    archive(path, parts + list(more))


def p(text, props=""):
    return "<w:p>%s<w:r><w:t xml:space=\"preserve\">%s</w:t></w:r></w:p>" % (
        "<w:pPr>%s</w:pPr>" % props if props else "", text)


def run(text, props=""):
    return '<w:r>%s<w:t xml:space="preserve">%s</w:t></w:r>' % (
        "<w:rPr>%s</w:rPr>" % props if props else "", text)


def notes(tag, *rows):
    out = HEAD + '<w:%ss xmlns:w="%s">' % (tag, W)
    for attributes, text in rows:
        out += "<w:%s %s>%s</w:%s>" % (tag, attributes, p(text), tag)
    return out + "</w:%ss>" % tag


CHART = HEAD + """<c:chartSpace xmlns:c="http://schemas.openxmlformats.org/drawingml/2006/chart"
 xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main"><c:chart><c:title><c:tx><c:rich><a:p><a:r>
<a:t>Heating</a:t></a:r></a:p></c:rich></c:tx></c:title><c:plotArea><c:barChart><c:ser><c:tx><c:strRef>
<c:f>B1</c:f><c:strCache><c:pt idx="0"><c:v>Gas</c:v></c:pt></c:strCache></c:strRef></c:tx><c:cat><c:strRef>
<c:strCache><c:pt idx="0"><c:v>May</c:v></c:pt><c:pt idx="1"><c:v>June</c:v></c:pt></c:strCache></c:strRef>
</c:cat><c:val><c:numRef><c:numCache><c:formatCode>0.0</c:formatCode><c:pt idx="0"><c:v>4.25</c:v></c:pt>
<c:pt idx="1"><c:v>3</c:v></c:pt></c:numCache></c:numRef></c:val></c:ser></c:barChart></c:plotArea></c:chart>
</c:chartSpace>"""


def corners_docx(path):
    box = ('<w:p>%s<w:r><mc:AlternateContent><mc:Choice Requires="wps"><w:drawing><wp:inline><wp:docPr '
           'id="1" name="n" descr="C:\\pictures\\a.png"/><wps:txbx><w:txbxContent>%s</w:txbxContent></wps:txbx>'
           '</wp:inline></w:drawing></mc:Choice><mc:Fallback><w:pict><v:shape><v:textbox><w:txbxContent>%s'
           '</w:txbxContent></v:textbox></v:shape></w:pict></mc:Fallback></mc:AlternateContent></w:r>%s</w:p>'
           % (run("Before the box"), p("In the box."), p("In the box."), run(" and behind it.")))
    inner = ("<w:tbl><w:tr><w:tc>%s</w:tc><w:tc>%s</w:tc></w:tr></w:tbl>"
             % (p("inner a"), p("inner b")))
    body = (
        p("Roof &amp; gutter", '<w:pStyle w:val="Titel"/>')
        + p("Costs", '<w:pStyle w:val="berschrift1"/>')
        + "<w:p>" + run("Kept ") + '<w:ins w:id="1" w:author="A">' + run("inserted ") + "</w:ins>"
        + '<w:del w:id="2" w:author="A"><w:r><w:delText>deleted</w:delText></w:r></w:del>'
        + run("secret", "<w:vanish/>") + run("words.")
        + '<w:r><w:footnoteReference w:id="2"/></w:r><w:r><w:endnoteReference w:id="2"/></w:r>'
        + '<w:r><w:commentReference w:id="0"/></w:r></w:p>'
        + box
        + "<w:p><w:r><w:fldChar w:fldCharType=\"begin\"/></w:r><w:r><w:instrText>PAGEREF x</w:instrText></w:r>"
        + '<w:r><w:fldChar w:fldCharType="separate"/></w:r>' + run("field result")
        + '<w:r><w:fldChar w:fldCharType="end"/></w:r><w:r><w:tab/><w:t>after a tab</w:t><w:br/><w:t>next line'
        + '</w:t></w:r><w:r><w:sym w:font="Wingdings" w:char="F0FC"/></w:r></w:p>'
        + '<w:p><w:r><w:fldChar w:fldCharType="begin"><w:ffData><w:checkBox><w:default w:val="0"/><w:checked/>'
        + "</w:checkBox></w:ffData></w:fldChar></w:r>" + run("agreed") + "</w:p>"
        + '<w:p><w:r><w:ruby><w:rt>' + run("kana") + "</w:rt><w:rubyBase>" + run("base")
        + "</w:rubyBase></w:ruby></w:r><w:hyperlink r:id=\"rId7\">" + run(" write us") + "</w:hyperlink></w:p>"
        + p("one", '<w:numPr><w:ilvl w:val="0"/><w:numId w:val="1"/></w:numPr>')
        + p("two", '<w:numPr><w:ilvl w:val="1"/><w:numId w:val="1"/></w:numPr>')
        + p("three", '<w:numPr><w:ilvl w:val="0"/><w:numId w:val="1"/></w:numPr>')
        + p("x = 1", '<w:pStyle w:val="Quelltext"/>') + p("", '<w:pStyle w:val="Quelltext"/>')
        + p("  y = 2", '<w:pStyle w:val="Quelltext"/>')
        + "<w:tbl><w:tr><w:tc>" + p("What") + "</w:tc><w:tc>" + p("Price") + "</w:tc></w:tr><w:tr><w:tc>"
        + p("Slates") + "</w:tc><w:tc>" + p("8,400") + p("EUR") + "</w:tc></w:tr></w:tbl>"
        + "<w:tbl><w:tr><w:tc>" + p("Outer") + inner + "</w:tc><w:tc>" + p("right") + "</w:tc></w:tr></w:tbl>"
        + '<w:p><w:r><w:drawing><wp:inline><wp:docPr id="2" name="c" descr="Bars by month"/><c:chart r:id="rId5"/>'
        + "</wp:inline></w:drawing></w:r></w:p>"
        + '<w:p><m:oMath><m:r><m:t>a+b=c</m:t></m:r></m:oMath></w:p><w:altChunk r:id="rId6"/>')
    styles = HEAD + ('<w:styles xmlns:w="%s"><w:docDefaults><w:rPrDefault><w:rPr><w:lang w:val="en-GB"/></w:rPr>'
                     '</w:rPrDefault></w:docDefaults><w:style w:type="paragraph" w:styleId="Titel"><w:name '
                     'w:val="Title"/></w:style><w:style w:type="paragraph" w:styleId="berschrift1"><w:name '
                     'w:val="heading 1"/></w:style><w:style w:type="paragraph" w:styleId="Quelltext"><w:name '
                     'w:val="My code"/><w:rPr><w:rFonts w:ascii="Courier New"/></w:rPr></w:style></w:styles>' % W)
    numbering = HEAD + ('<w:numbering xmlns:w="%s"><w:abstractNum w:abstractNumId="0"><w:lvl w:ilvl="0"><w:start '
                        'w:val="3"/><w:numFmt w:val="upperRoman"/><w:lvlText w:val="%%1."/></w:lvl><w:lvl '
                        'w:ilvl="1"><w:start w:val="1"/><w:numFmt w:val="lowerLetter"/><w:lvlText w:val="%%1.%%2)"/>'
                        '</w:lvl></w:abstractNum><w:num w:numId="1"><w:abstractNumId w:val="0"/></w:num>'
                        "</w:numbering>" % W)
    header = HEAD + '<w:hdr xmlns:w="%s">%s</w:hdr>' % (W, p("Cooperative"))
    docx(path, body,
         more=[("word/styles.xml", styles), ("word/numbering.xml", numbering),
               ("word/footnotes.xml", notes("footnote", ('w:type="separator" w:id="0"', ""),
                                            ('w:id="2"', "A footnote."))),
               ("word/endnotes.xml", notes("endnote", ('w:id="2"', "An endnote."))),
               ("word/comments.xml", notes("comment", ('w:id="0" w:author="Ann"', "Really?"))),
               ("word/charts/chart1.xml", CHART),
               ("word/chunk.html", "<html><body><p>From a <b>web</b> page.</p></body></html>"),
               ("word/header1.xml", header), ("word/header2.xml", header),
               ("word/footer1.xml", HEAD + '<w:ftr xmlns:w="%s">%s</w:ftr>' % (W, p("12"))),
               ("docProps/core.xml", HEAD + '<cp:coreProperties xmlns:cp="http://schemas.openxmlformats.org/'
                'package/2006/metadata/core-properties" xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:creator>'
                "Ruth Fields</dc:creator><dc:title/></cp:coreProperties>")],
         rels=[("styles", "styles.xml"), ("numbering", "numbering.xml"), ("footnotes", "footnotes.xml"),
               ("endnotes", "endnotes.xml"), ("chart", "charts/chart1.xml"), ("aFChunk", "/word/chunk.html"),
               ("hyperlink", "mailto:roof@linden.example?subject=x"), ("comments", "comments.xml"),
               ("header", "header1.xml"), ("header", "header2.xml"), ("footer", "footer1.xml")])


def page(title, body):
    return ('<?xml version="1.0" encoding="UTF-8"?><!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.1//EN" '
            '"http://www.w3.org/TR/xhtml11/DTD/xhtml11.dtd"><html xmlns="http://www.w3.org/1999/xhtml" '
            'xml:lang="en"><head><title>%s</title></head><body>%s</body></html>' % (title, body))


def epub(path, encrypted=""):
    opf = ('<?xml version="1.0"?><package xmlns="http://www.idpf.org/2007/opf" version="2.0"><metadata '
           'xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:title>The Pond</dc:title><dc:creator>Ruth Fields'
           "</dc:creator><dc:creator>Ann Keller</dc:creator><dc:language>en-GB</dc:language></metadata><manifest>"
           '<item id="b" href="Text/two%20b.xhtml" media-type="application/xhtml+xml"/><item id="a" '
           'href="Text/one.xhtml" media-type="application/xhtml+xml"/><item id="c" href="Text/three.xhtml" '
           'media-type="application/xhtml+xml"/><item id="ncx" href="toc.ncx" '
           'media-type="application/x-dtbncx+xml"/><item id="nav" href="nav.xhtml" properties="nav" '
           'media-type="application/xhtml+xml"/><item id="pic" href="cover.png" media-type="image/png"/>'
           '</manifest><spine toc="ncx"><itemref idref="nav"/><itemref idref="pic"/><itemref idref="a"/><itemref '
           'idref="b"/><itemref idref="c"/></spine></package>')
    point = ('<navPoint><navLabel><text>%s</text></navLabel><content src="%s"/></navPoint>')
    ncx = ('<?xml version="1.0"?><!DOCTYPE ncx PUBLIC "-//NISO//DTD ncx 2005-1//EN" "http://www.daisy.org/z3986/'
           '2005/ncx-2005-1.dtd"><ncx xmlns="http://www.daisy.org/z3986/2005/ncx/"><navMap>'
           + point % ("Reeds", "Text/one.xhtml#top") + point % ("Frogs &amp; toads", "Text/two%20b.xhtml")
           + point % ("Winter", "Text/three.xhtml") + "</navMap></ncx>")
    parts = [("mimetype", "application/epub+zip"),
             ("META-INF/container.xml", '<?xml version="1.0"?><container xmlns="urn:oasis:names:tc:opendocument:'
              'xmlns:container" version="1.0"><rootfiles><rootfile full-path="OEBPS/book.opf" '
              'media-type="application/oebps-package+xml"/></rootfiles></container>'),
             ("OEBPS/book.opf", opf), ("OEBPS/toc.ncx", ncx),
             ("OEBPS/Text/three.xhtml", page("3", "<p>Winter</p><p>Ice&nbsp;&mdash; at last.</p>")),
             ("OEBPS/Text/two b.xhtml", page("2", "<p>They sing in April.</p>")),
             ("OEBPS/Text/one.xhtml", page("1", "<h1>The reeds</h1><p>They grow <img alt='Tall reeds' src='x'/> "
                                           "fast.</p><h2>Cutting</h2><ul><li>in March</li></ul>")),
             ("OEBPS/nav.xhtml", page("nav", '<nav><ol><li><a href="Text/one.xhtml">Reeds</a></li></ol></nav>'))]
    if encrypted:
        parts.append(("META-INF/encryption.xml", '<?xml version="1.0"?><encryption xmlns="urn:oasis:names:tc:'
                      'opendocument:xmlns:container" xmlns:enc="http://www.w3.org/2001/04/xmlenc#">'
                      '<enc:EncryptedData><enc:EncryptionMethod Algorithm="http://www.idpf.org/2008/embedding"/>'
                      '<enc:CipherData><enc:CipherReference URI="OEBPS/font.otf"/></enc:CipherData>'
                      "</enc:EncryptedData>" + encrypted + "</encryption>"))
    archive(path, parts, stored=("mimetype",))


def workbook(path, sheet):
    s = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    archive(path, [("[Content_Types].xml", HEAD + '<Types xmlns="%s"><Override PartName="/xl/workbook.xml" '
                    'ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/>'
                    "</Types>" % TYPES),
                   ("_rels/.rels", relations(("officeDocument", "xl/workbook.xml"))),
                   ("xl/workbook.xml", HEAD + '<workbook xmlns="%s" xmlns:r="%s"><sheets><sheet name="Keys" '
                    'sheetId="1" r:id="rId1"/></sheets></workbook>' % (s, R)),
                   ("xl/_rels/workbook.xml.rels", relations(("worksheet", "worksheets/sheet1.xml"))),
                   ("xl/worksheets/sheet1.xml", HEAD + '<worksheet xmlns="%s"><sheetData>%s</sheetData>'
                    "</worksheet>" % (s, sheet))])


def odt_encrypted(path):
    m = "urn:oasis:names:tc:opendocument:xmlns:manifest:1.0"
    mime = "application/vnd.oasis.opendocument.text"
    archive(path, [("mimetype", mime), ("content.xml", bytes(range(256)) * 2),
                   ("META-INF/manifest.xml", HEAD + '<manifest:manifest xmlns:manifest="%s"><manifest:file-entry '
                    'manifest:full-path="content.xml" manifest:media-type="text/xml"><manifest:encryption-data '
                    'manifest:checksum-type="SHA256/1K" manifest:checksum="x"/></manifest:file-entry>'
                    "</manifest:manifest>" % m)], stored=("mimetype",))


def ole(path, stream):
    """The beginning of an OLE container and a folder entry: what a reader looks at to tell why."""
    head = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 504
    with open(path, "wb") as f:
        f.write(head + stream.encode("utf-16-le").ljust(512, b"\0"))


def overlapping(path):
    """Many entries of the list share one entry's bytes: each is 4 MiB, all are 800 MiB."""
    body = document("".join(p("x" * 1000) for _ in range(4)))
    packed = zlib.compressobj(9, zlib.DEFLATED, -15)
    raw = body.encode() + b" " * (4 << 20)
    data = packed.compress(raw) + packed.flush()
    crc, name = zlib.crc32(raw), b"word/document.xml"
    local = struct.pack("<4sHHHHHIIIHH", b"PK\3\4", 20, 0, 8, 0, 0x5d62, crc, len(data), len(raw), len(name),
                        0) + name + data
    central, rows = b"", 200
    for i in range(rows):
        n = name if i == 0 else b"word/header%d.xml" % i
        central += struct.pack("<4sHHHHHHIIIHHHHHII", b"PK\1\2", 20, 20, 0, 8, 0, 0x5d62, crc, len(data), len(raw),
                               len(n), 0, 0, 0, 0, 0, 0) + n
    rels = relations(*[("header", "header%d.xml" % i) for i in range(1, rows)]).encode()
    n = b"word/_rels/document.xml.rels"
    second = struct.pack("<4sHHHHHIIIHH", b"PK\3\4", 20, 0, 0, 0, 0x5d62, zlib.crc32(rels), len(rels), len(rels),
                         len(n), 0) + n + rels
    central += struct.pack("<4sHHHHHHIIIHHHHHII", b"PK\1\2", 20, 20, 0, 0, 0, 0x5d62, zlib.crc32(rels), len(rels),
                           len(rels), len(n), 0, 0, 0, 0, 0, len(local)) + n
    end = struct.pack("<4sHHHHIIH", b"PK\5\6", 0, 0, rows + 1, rows + 1, len(central), len(local) + len(second), 0)
    with open(path, "wb") as f:
        f.write(local + second + central + end)


def hostile(folder):
    def at(name):
        return os.path.join(folder, name)
    docx(at("bomb.docx"), "", main=document(p("short")).encode() + b" " * (24 << 20))
    overlapping(at("overlapping.docx"))
    laughs = "".join('<!ENTITY l%d "%s">' % (i, "&l%d;" % (i - 1) * 10 if i else "ha") for i in range(10))
    docx(at("laughs.docx"), "", main=document(p("&l9;")).replace(HEAD, HEAD + "<!DOCTYPE d [%s]>" % laughs))
    docx(at("outside.docx"), "", main=document(p("&x;")).replace(
        HEAD, HEAD + '<!DOCTYPE d [<!ENTITY x SYSTEM "file:///etc/passwd">]>'))
    docx(at("nested.docx"), "<w:tbl><w:tr><w:tc>" * 3400 + p("deep") + "</w:tc></w:tr></w:tbl>" * 3400)
    docx(at("tables-in-tables.docx"), "<w:tbl><w:tr><w:tc>" * 200 + p("deep") + "</w:tc></w:tr></w:tbl>" * 200)
    docx(at("traversal.docx"), p("Only names."), more=[("../../../../etc/cron.d/x", "* * * * * root id"),
                                                      ("/etc/passwd", "x"), ("word/../../y", "y")],
         rels=[("header", "../../../etc/passwd")])
    docx(at("loop.docx"), p("Once."), rels=[("header", "document.xml"), ("footer", "document.xml")])
    docx(at("cut-short.docx"), "", main=document(p("Read this far.") + p("And more"))[:-90])
    docx(at("whole.docx"), "".join(p("Paragraph %d of a file that is whole." % i) for i in range(200)))
    with open(at("whole.docx"), "rb") as f:
        data = f.read()
    os.remove(at("whole.docx"))
    with open(at("truncated.docx"), "wb") as f:
        f.write(data[:len(data) // 2])
    locked = bytearray(data)
    for mark, offset in ((b"PK\1\2", 8), (b"PK\3\4", 6)): # the flag that says: encrypted
        i = locked.find(mark)
        while i >= 0:
            locked[i + offset] |= 1
            i = locked.find(mark, i + 4)
    with open(at("zip-encrypted.docx"), "wb") as f:
        f.write(locked)
    at_data = data.find(b"word/document.xml") + 60 # inside the packed bytes
    with open(at("flipped.docx"), "wb") as f:
        f.write(data[:at_data] + bytes([data[at_data] ^ 0xff]) + data[at_data + 1:])
    odt_encrypted(at("encrypted.odt"))
    ole(at("encrypted.docx"), "EncryptedPackage")
    ole(at("old-binary.docx"), "WordDocument")
    epub(at("protected.epub"), '<enc:EncryptedData><enc:EncryptionMethod Algorithm="http://www.w3.org/2001/04/xmlenc'
         '#aes128-cbc"/><enc:CipherData><enc:CipherReference URI="OEBPS/Text/one.xhtml"/></enc:CipherData>'
         "</enc:EncryptedData>")
    archive(at("no-document.docx"), [("readme.txt", "nothing of the kind")])


def main():
    folder = sys.argv[1] if len(sys.argv) > 1 else os.path.join(os.path.dirname(os.path.abspath(__file__)), "..",
                                                                "tests", "data", "documents")
    corners_docx(os.path.join(folder, "corners.docx"))
    workbook(os.path.join(folder, "really-a-sheet.docx"),
             '<row><c t="inlineStr"><is><t>cellar</t></is></c><c><v>3</v></c></row>')
    epub(os.path.join(folder, "pond.epub"), " ")
    hostile(folder)


if __name__ == "__main__":
    main()
