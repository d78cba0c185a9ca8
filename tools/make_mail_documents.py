#!/usr/bin/env python3
"""Makes mails, a mailbox, tables, calendars, RTF and a picture of text for tests/data/documents.

    make_mail_documents.py [FOLDER]            what Python's own libraries write: the same bytes each time
    make_mail_documents.py --office [FOLDER]   also house-rules.rtf and house-rules.png, by LibreOffice and
                                               poppler's pdftoppm, whose bytes differ from version to version

Everything in them was written for these tests.
"""
import csv
import io
import json
import mailbox
import os
import subprocess
import sys
import tempfile
from email.message import EmailMessage
from email.policy import SMTP

POLICY = SMTP.clone(refold_source="none")


def write(folder, name, data):
    with open(os.path.join(folder, name), "wb") as f:
        f.write(data if isinstance(data, bytes) else data.encode())


def boundaries(message, prefix="part"):
    """Fixed ones, for the same bytes each time."""
    for i, part in enumerate(p for p in message.walk() if p.is_multipart() and
                             p.get_content_maintype() == "multipart"):
        part.set_boundary("=_%s_%d" % (prefix, i))


def mail(subject, text, sender="Ann Lee <ann@lee.example>", to="Bo Lee <bo@lee.example>"):
    m = EmailMessage(policy=POLICY)
    m["From"], m["To"], m["Subject"] = sender, to, subject
    m["Date"] = "Tue, 03 Mar 2026 14:05:00 +0100"
    m.set_content(text)
    return m


def table():
    out = io.StringIO()
    w = csv.writer(out, dialect="excel")
    w.writerow(["Plant", "Sown", "Note"])
    w.writerow(["Beans", "3 April", 'called "runner", tall'])
    w.writerow(["Peas", "20 March", "two\nlines"])
    return out.getvalue()


def wide_table():
    out = io.StringIO()
    w = csv.writer(out, delimiter=";", quoting=csv.QUOTE_MINIMAL)
    w.writerow(["Vorname", "Nachname", "Straße und Hausnummer", "Postleitzahl", "Ort", "Telefonnummer", "Geburtstag",
                "Bemerkungen zum Vertrag"])
    w.writerow(["Jürgen", "Weiß", "Lindenstraße 4", "89073", "Ulm", "", "1.2.1970", "zahlt; pünktlich"])
    w.writerow(["Åsa", "Öberg", "Kirchplatz 1", "53111", "Bonn", "0228 123", "", ""])
    return out.getvalue().encode("cp1252")


def attached():
    m = mail("Übergabe der Wohnung – Protokoll", "Hallo Bo,\n\nanbei das Protokoll. Die Zähler stehen auf 1204 und 77.\n\n"
             "Grüße\nAnn\n", "Änne Müller <anne@mueller.example>", "Bo Lee <bo@lee.example>, Cy <cy@lee.example>")
    m["Cc"] = "Hausverwaltung <haus@verwaltung.example>"
    m.add_attachment(table().encode(), maintype="text", subtype="csv", filename="Zählerstände März.csv")
    m.add_attachment(b"%PDF-1.4 this is not much of one\n" + bytes(range(256)), maintype="application", subtype="pdf",
                     filename="protokoll.pdf")
    inner = mail("The keys", "They hang behind the door.\n")
    inner.add_attachment("The cellar key is the small one.\n", filename="cellar.txt")
    boundaries(inner, "inner")
    m.add_attachment(inner)
    boundaries(m)
    return m.as_bytes()


def newsletter():
    m = mail("News of the garden", "Your mail program does not show HTML.\n", "Garden <news@garden.example>")
    m.add_alternative("<html><body><h1>Sow now</h1><p>It is time for <b>broad beans</b>.</p>"
                      "<table><tr><th>Bed</th><th>Plant</th></tr><tr><td>East</td><td>Beans</td></tr></table>"
                      "<img src='cid:logo' alt=''></body></html>", subtype="html")
    m.get_payload()[1].add_related(b"GIF89a\x01\x00\x01\x00", "image", "gif", cid="<logo>")
    boundaries(m)
    return m.as_bytes()


FLOWED = b"""From: =?utf-8?B?w4RubmUgTcO8bGxlcg==?= <anne@mueller.example>\r
To: =?iso-8859-1?Q?J=FCrgen_Wei=DF?= <j@weiss.example>\r
Subject: =?iso-8859-15?Q?Re=3A_50_=A4_?= =?utf-8?Q?und_=E2=80=9Emehr=E2=80=9C?=\r
Date: Tue, 3 Mar 2026 14:05:00 +0100\r
MIME-Version: 1.0\r
Content-Type: multipart/signed; protocol="application/pgp-signature"; boundary=s\r
\r
--s\r
Content-Type: text/plain; charset=iso-8859-1; format=flowed; delsp=no\r
Content-Transfer-Encoding: quoted-printable\r
\r
Das kostet f=FCnfzig =\r
Euro, und die Zeile \r
geht hier weiter.\r
> So war es =\r
gemeint.\r
-- \r
Anne\r
--s\r
Content-Type: application/pgp-signature; name=signature.asc\r
\r
-----BEGIN PGP SIGNATURE-----\r
--s--\r
"""

ENCRYPTED = b"""From: a@b.example\r
Subject: For your eyes only\r
MIME-Version: 1.0\r
Content-Type: multipart/encrypted; protocol="application/pgp-encrypted"; boundary=e\r
\r
--e\r
Content-Type: application/pgp-encrypted\r
\r
Version: 1\r
--e\r
Content-Type: application/octet-stream\r
\r
-----BEGIN PGP MESSAGE-----\r
--e--\r
"""

CALENDAR = """BEGIN:VCALENDAR\r
VERSION:2.0\r
PRODID:-//House//Calendar 1.0//EN\r
X-WR-CALNAME:House Lindenstraße\r
BEGIN:VTIMEZONE\r
TZID:Europe/Berlin\r
BEGIN:STANDARD\r
DTSTART:19701025T030000\r
TZOFFSETFROM:+0200\r
TZOFFSETTO:+0100\r
RRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=10\r
END:STANDARD\r
END:VTIMEZONE\r
BEGIN:VEVENT\r
UID:1@house.example\r
DTSTAMP:20260101T000000Z\r
DTSTART;TZID=Europe/Berlin:20260305T140000\r
DTEND;TZID=Europe/Berlin:20260305T153000\r
RRULE:FREQ=WEEKLY;INTERVAL=2;BYDAY=TH;UNTIL=20260601T000000Z\r
EXDATE;TZID=Europe/Berlin:20260319T140000\r
SUMMARY:Tenants\\, all of them\r
LOCATION:Cellar room\\; left door\r
ORGANIZER;CN="Brandt, Eva":mailto:eva@house.example\r
ATTENDEE;CN=Jonas Keller;PARTSTAT=ACCEPTED:mailto:jonas@house.example\r
ATTENDEE;PARTSTAT=NEEDS-ACTION:mailto:nobody.with.a.very.long.address.that.is\r
 .folded@house.example\r
DESCRIPTION:Bring the keys.\\nAnd the bill for the heating.\r
CATEGORIES:HOUSE,MONEY\r
BEGIN:VALARM\r
ACTION:DISPLAY\r
TRIGGER:-PT1H30M\r
END:VALARM\r
END:VEVENT\r
BEGIN:VEVENT\r
UID:2@house.example\r
DTSTART;VALUE=DATE:20260401\r
DTEND;VALUE=DATE:20260403\r
SUMMARY:Stairs are painted\r
STATUS:TENTATIVE\r
END:VEVENT\r
BEGIN:VTODO\r
UID:3@house.example\r
SUMMARY:Read the meters\r
DUE;VALUE=DATE:20260331\r
PRIORITY:1\r
PERCENT-COMPLETE:50\r
RRULE:FREQ=MONTHLY;BYSETPOS=-1;BYDAY=MO,TU\r
END:VTODO\r
END:VCALENDAR\r
"""

ORDERS = {"title": "Orders of March", "shop": "Bookshop “Wort”", "total": 1.10, "note": None,
          "items": [{"name": "Atlas", "price": 49.90, "tags": ["maps", "large"], "size": {"cm": [30, 40]}},
                    {"name": "Diary", "price": 12, "tags": []}],
          "letter": "Dear customer,\nyour books are here.\nCome and fetch them.", "paid": True}

HOUSE_RULES = """<html><head><meta charset="utf-8"><title>House rules</title><meta name="author" content="Eva Brandt">
</head><body><h1>House rules</h1>
<p>These rules hold for all tenants of the house in Lindenstraße 4, from the first of March onward; whoever breaks
them twice is told in writing.</p><h2>Quiet hours</h2>
<ul><li>at night from ten to six</li><li>at noon from one to three – “siesta”</li></ul>
<ol><li>First warning</li><li>Second warning</li></ol><h2>Waste</h2>
<table border=1><tr><th>Bin</th><th>Day</th></tr><tr><td>Paper</td><td>Monday</td></tr>
<tr><td>Glass &amp; cans</td><td>3rd Friday</td></tr></table>
<p>Ask <a href="mailto:eva@house.example">Eva</a> for the key.</p><p>日本語 и русский.</p></body></html>"""

PICTURE = """<html><body style="font-size: 22pt"><p>Rent is due on the third working day of each month.</p>
<p>The deposit is 1900 EUR and is paid back within six weeks.</p></body></html>"""


def make_mailbox(folder):
    """As Python's mailbox module writes it, with a body line "From ..." that must not divide a message."""
    with tempfile.TemporaryDirectory() as work:
        path = os.path.join(work, "box")
        box = mailbox.mbox(path)
        for i, (subject, text) in enumerate((("Plums", "They are ripe.\n\nFrom here on we pick them daily.\n"),
                                             ("Pears", "Not before October.\n"))):
            m = mailbox.mboxMessage(mail(subject, text).as_bytes().replace(b"\r\n", b"\n"))
            m.set_from("ann@lee.example", (2026, 3, 3, 14, i, 0, 1, 62, 0))
            box.add(m)
        box.close()
        with open(path, "rb") as f:
            write(folder, "orchard.mbox", f.read())


def office(folder):
    with tempfile.TemporaryDirectory() as work:
        def convert(name, kind, *more):
            subprocess.run(["soffice", "-env:UserInstallation=file://" + work + "/profile", "--headless", *more,
                            "--convert-to", kind, "--outdir", work, os.path.join(work, name)], check=True,
                           stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        for name, page in (("house-rules", HOUSE_RULES), ("picture", PICTURE)):
            write(work, name + ".html", page)
            convert(name + ".html", "odt:writer8", "--infilter=HTML (StarWriter)")
        convert("house-rules.odt", "rtf")
        convert("picture.odt", "pdf")
        subprocess.run(["pdftoppm", "-r", "130", "-mono", "-H", "400", os.path.join(work, "picture.pdf"),
                        "-png", "-singlefile", os.path.join(work, "picture")], check=True)
        for source, target in (("house-rules.rtf", "house-rules.rtf"), ("picture.png", "rent.png")):
            with open(os.path.join(work, source), "rb") as f:
                write(folder, target, f.read())


def main():
    names = [a for a in sys.argv[1:] if a != "--office"]
    folder = names[0] if names else "tests/data/documents"
    os.makedirs(folder, exist_ok=True)
    write(folder, "attached.eml", attached())
    write(folder, "newsletter.eml", newsletter())
    write(folder, "flowed.eml", FLOWED)
    write(folder, "encrypted.eml", ENCRYPTED)
    write(folder, "beds.csv", table())
    write(folder, "tenants.csv", wide_table())
    write(folder, "house.ics", CALENDAR)
    write(folder, "orders.json", json.dumps(ORDERS, ensure_ascii=True, indent=1))
    write(folder, "orders.jsonl", "".join(json.dumps(i) + "\n" for i in ORDERS["items"]))
    make_mailbox(folder)
    if "--office" in sys.argv:
        office(folder)


if __name__ == "__main__":
    main()
