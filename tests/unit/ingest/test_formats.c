/* The readers of mails, mailboxes, RTF, calendars, tables, JSON and pictures on the files of
 * tests/data/documents (tools/make_mail_documents.py made them with real programs), called in this
 * process: what they give is compared word for word. Then the corners, and what is hostile. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdio.h>

#include "base/mem.h"
#include "base/os.h"
#include "base/utf8.h"
#include "ingest/calendar_words.h"
#include "ingest/extract.h"
#include "ingest/ingest.h"

#define FOLDER SOTTO_SOURCE_DIR "/tests/data/documents/"

static bool read_with(const char *type, Str data, const char *name, ExtractOut *out, Err *err)
{
    const Reader *r = reader_find(str_of(type));
    assert_non_null(r);
    if ((r->preload && !r->preload(err)) || !charset_preload(err))
        fail_msg("%s", err->msg);
    extract_init(out, 1 << 22);
    bool ok = r->read(data, str_of(name), out, err) && extract_check(out, err);
    assert_true(utf8_ok(buf_str(&out->text)));
    for (size_t i = 0; i < out->n_marks; i++)
        assert_true(out->marks[i].start <= out->marks[i].end && out->marks[i].end <= out->text.len);
    return ok;
}

/* Reads a file with the reader that its bytes and name choose. The parts' bytes may lie in `file`.
 */
static ExtractOut read_file(const char *name, const char *expected_type, Buf *file)
{
    char path[512];
    ExtractOut out;
    Err err = ERR_INIT;
    buf_init(file, 1 << 24);
    (void)snprintf(path, sizeof path, "%s%s", FOLDER, name);
    if (!os_read_file(path, file, &err))
        fail_msg("%s", err.msg);
    Str type = ingest_guess_type(buf_str(file), str_of(name), STR(""));
    if (!str_eq(type, str_of(expected_type)))
        fail_msg("%s was taken for \"%.*s\"", name, (int)type.len, type.ptr);
    if (!read_with(expected_type, buf_str(file), name, &out, &err))
        fail_msg("%s: %s", name, err.msg);
    return out;
}

static void is_file(const char *name, const char *type, const char *title, const char *text)
{
    Buf file;
    ExtractOut out = read_file(name, type, &file);
    assert_string_equal(out.text.ptr ? out.text.ptr : "", text);
    assert_string_equal(out.title.ptr ? out.title.ptr : "", title);
    extract_release(&out);
    buf_release(&file);
}

static void reads(const char *type, Str data, const char *text)
{
    ExtractOut out;
    Err err = ERR_INIT;
    if (!read_with(type, data, "name", &out, &err))
        fail_msg("%s", err.msg);
    assert_string_equal(out.text.ptr ? out.text.ptr : "", text);
    extract_release(&out);
}

static void refuses(const char *type, Str data, ErrCode code, const char *words)
{
    ExtractOut out;
    Err err = ERR_INIT;
    assert_false(read_with(type, data, "name", &out, &err));
    if (err.code != code || !strstr(err.msg, words))
        fail_msg("%s (%d)", err.msg, err.code);
    extract_release(&out);
}

static void has_mark(const ExtractOut *out, MarkKind kind, uint32_t level, const char *words)
{
    for (size_t i = 0; i < out->n_marks; i++) {
        const Mark *m = &out->marks[i];
        Str s = str_trim(str_sub(buf_str(&out->text), m->start, m->end));
        if (m->kind == kind && m->level == level && str_eq(s, str_of(words)))
            return;
    }
    fail_msg("no mark of kind %d for \"%s\"", (int)kind, words);
}

static void is_part(const ExtractOut *out, size_t i, const char *name, const char *type, size_t n)
{
    assert_true(i < out->n_parts);
    assert_string_equal(out->parts[i].name.ptr, name);
    assert_string_equal(out->parts[i].media_type.ptr, type);
    assert_int_equal(out->parts[i].bytes.len, n);
}

/* Many times the same, between two ends. */
static Str repeat(Buf *b, const char *before, const char *what, size_t n, const char *after)
{
    buf_init(b, (size_t)1 << 30);
    (void)buf_add_c(b, before);
    for (size_t i = 0; i < n; i++)
        (void)buf_add_c(b, what);
    (void)buf_add_c(b, after);
    assert_true(buf_ok(b));
    return buf_str(b);
}

/* ---- mails ---------------------------------------------------------------------------------- */

static void test_attached(void **state)
{
    (void)state;
    Buf file;
    ExtractOut out = read_file("attached.eml", "email", &file);
    assert_string_equal(out.title.ptr, "\xC3\x9C"
                                       "bergabe der Wohnung \xE2\x80\x93 Protokoll");
    assert_string_equal(out.author.ptr, "\xC3\x84nne M\xC3\xBCller <anne@mueller.example>");
    assert_string_equal(out.text.ptr, "Subject: \xC3\x9C"
                                      "bergabe der Wohnung \xE2\x80\x93 Protokoll\n"
                                      "From: \xC3\x84nne M\xC3\xBCller <anne@mueller.example>\n"
                                      "To: Bo Lee <bo@lee.example>, Cy <cy@lee.example>\n"
                                      "Cc: Hausverwaltung <haus@verwaltung.example>\nDate: Tue, 03 "
                                      "Mar 2026 14:05:00 +0100\n\n"
                                      "Hallo Bo,\n\nanbei das Protokoll. Die Z\xC3\xA4hler stehen "
                                      "auf 1204 und 77.\n\n"
                                      "Gr\xC3\xBC\xC3\x9F"
                                      "e\nAnn\n\nThe keys.eml\n\nSubject: The keys\nFrom: Ann Lee "
                                      "<ann@lee.example>\n"
                                      "To: Bo Lee <bo@lee.example>\nDate: Tue, 03 Mar 2026 "
                                      "14:05:00 +0100\n\n"
                                      "They hang behind the door.\n\ncellar.txt\n\nThe cellar key "
                                      "is the small one.\n\n"
                                      "Attachment: Z\xC3\xA4hlerst\xC3\xA4nde M\xC3\xA4rz.csv "
                                      "(text/csv, 85 bytes)\n"
                                      "Attachment: protokoll.pdf (application/pdf, 289 bytes)\n"
                                      "Attachment: The keys.eml (message/rfc822, 506 bytes)\n");
    assert_int_equal(out.n_parts, 3);
    is_part(&out, 0, "Z\xC3\xA4hlerst\xC3\xA4nde M\xC3\xA4rz.csv", "text/csv", 85);
    is_part(&out, 1, "protokoll.pdf", "application/pdf", 289);
    assert_memory_equal(out.parts[1].bytes.ptr + 33, "\0\1\2\3\4\5\6\7\10\11\12\13\14\15", 14);
    is_part(&out, 2, "The keys.eml", "message/rfc822", 506);
    assert_true(str_starts(out.parts[2].bytes, STR("From: Ann Lee")));
    extract_release(&out);
    buf_release(&file);
}

static void test_bodies(void **state)
{
    (void)state;
    is_file("newsletter.eml", "email", "News of the garden",
            "Subject: News of the garden\nFrom: Garden <news@garden.example>\n"
            "To: Bo Lee <bo@lee.example>\nDate: Tue, 03 Mar 2026 14:05:00 +0100\n\n"
            "Your mail program does not show HTML.\n\nSow now\n\nIt is time for broad beans.\n\n"
            "Bed | Plant\nEast | Beans\n\nAttachment: part 1.gif (image/gif, 10 bytes)\n");
    is_file("flowed.eml", "email", "Re: 50 \xE2\x82\xAC und \xE2\x80\x9Emehr\xE2\x80\x9C",
            "Subject: Re: 50 \xE2\x82\xAC und \xE2\x80\x9Emehr\xE2\x80\x9C\n"
            "From: \xC3\x84nne M\xC3\xBCller <anne@mueller.example>\n"
            "To: J\xC3\xBCrgen Wei\xC3\x9F <j@weiss.example>\n"
            "Date: Tue, 3 Mar 2026 14:05:00 +0100\n\n"
            "Das kostet f\xC3\xBCnfzig Euro, und die Zeile geht hier weiter.\n"
            "> So war es gemeint.\n-- \nAnne\n\n[signed: pgp-signature, not checked]\n");
    is_file("encrypted.eml", "email", "For your eyes only",
            "Subject: For your eyes only\nFrom: a@b.example\n\n"
            "[encrypted: application/pgp-encrypted, cannot be read]\n");
}

#define HEAD "From: a@b.example\nSubject: s\nMIME-Version: 1.0\n"
#define SHOWN "Subject: s\nFrom: a@b.example\n\n"
#define ALTERNATIVE(plain, html)                                                                   \
    HEAD "Content-Type: multipart/alternative; boundary=x\n\n--x\nContent-Type: "                  \
         "text/plain\n\n" plain "\n--x\nContent-Type: text/html\n\n" html "\n--x--\n"

static void test_mail_corners(void **state)
{
    (void)state;
    /* One of two forms when they say the same, the richer one when it says all of the other. */
    reads("email", STR(ALTERNATIVE("Four red boats", "<p>Four <b>red</b> boats")),
          SHOWN "Four red boats\n");
    reads("email", STR(ALTERNATIVE("Four red boats", "<p>Four red boats<p>sail around the island")),
          SHOWN "Four red boats\n\nsail around the island\n");
    reads("email", STR(ALTERNATIVE("", "<p>Only here")), SHOWN "Only here\n");
    /* No end, no type, no body, no colon. */
    reads("email", STR(HEAD "Content-Type: multipart/mixed; boundary=x\n\n--x\n\nwords"),
          SHOWN "words\n");
    reads("email", STR(HEAD "Content-Type: multipart/mixed; boundary=x\n\nno boundary at all"),
          SHOWN "no boundary at all\n");
    reads("email", STR("Subject: s"), "Subject: s\n");
    reads("email", STR("From bo Tue Mar 3\n\nSubject: s\n\nw\n"), "Subject: s\n\nw\n");
    reads("email", STR("14\nSubject: s\n\nw\n<?xml"), "Subject: s\n\nw\n");
    reads("email", STR("Subject: =?utf-8?Q?broken\nX: y\n\nw"), "Subject: =?utf-8?Q?broken\n\nw\n");
    reads("email", STR("no header\n\nat all"), "no header\n\nat all");
    reads("email", STR(""), "");
    reads("mailbox", STR("Subject: s\n\nw"), "Subject: s\n\nw\n");
    refuses("email", str_mem("\0\1\2\3\4\5\6\7\0\0\1\1\1\1\1\1", 16), ERR_UNSUPPORTED_MEDIA,
            "binary");
    /* Names that are no file's: folders, marks of our own, twice the same. */
    ExtractOut out;
    Err err = ERR_INIT;
#define PART(name) "--x\nContent-Type: image/x; name=\"" name "\"\n\nabc\n"
    assert_true(read_with("email",
                          STR(HEAD "Content-Type: multipart/mixed; boundary=x\n\n" PART("../../etc/"
                                                                                        "pass#wd")
                                  PART("a.png") PART("a.png") PART("") "--x--\n"),
                          "m", &out, &err));
    assert_int_equal(out.n_parts, 4);
    is_part(&out, 0, "pass_wd", "image/x", 3);
    is_part(&out, 1, "a.png", "image/x", 3);
    is_part(&out, 2, "a (3).png", "image/x", 3);
    is_part(&out, 3, "part 4", "image/x", 3);
    extract_release(&out);
}

static void test_mail_hostile(void **state)
{
    (void)state;
    Buf b;
    ExtractOut out;
    Err err = ERR_INIT;
    Str data = repeat(&b, "Subject: s\n", "X-Y: z\n", 200000, "\nwords\n");
    reads("email", data, "Subject: s\n\nwords\n");
    buf_release(&b);
    data = repeat(&b, "Subject: ", "x", 4 << 20, "\n\nwords\n"); /* one line of 4 MiB */
    if (read_with("email", data, "m", &out, &err))
        assert_true(str_ends(buf_str(&out.text), STR("words\n")));
    else
        assert_int_equal(err.code, ERR_TOO_LARGE);
    extract_release(&out);
    buf_release(&b);
    /* 5,000 levels; the library takes what is deeper than 1024 for plain text. */
    buf_init(&b, 1 << 24);
    (void)buf_add_c(&b, HEAD);
    for (int i = 0; i < 5000; i++)
        buf_printf(&b, "Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n", i, i);
    (void)buf_add_c(&b, "\nwords\n");
    assert_true(read_with("email", buf_str(&b), "m", &out, &err));
    extract_release(&out);
    buf_release(&b);
    /* More parts than anybody sends. */
    data = repeat(&b, HEAD "Content-Type: multipart/mixed; boundary=x\n\n",
                  "--x\nContent-Type: a/b\n\nc\n", EXTRACT_MAX_PARTS + 1, "--x--\n");
    refuses("email", data, ERR_TOO_LARGE, "more than 20000 other files");
    buf_release(&b);
}

static void test_mailbox(void **state)
{
    (void)state;
    Buf file;
    ExtractOut out = read_file("orchard.mbox", "mailbox", &file);
    has_mark(&out, MARK_HEADING, 2, "Plums");
    assert_string_equal(out.text.ptr, "Plums\n\nFrom: Ann Lee <ann@lee.example>\nTo: Bo Lee "
                                      "<bo@lee.example>\n"
                                      "Date: Tue, 03 Mar 2026 14:05:00 +0100\n\nThey are ripe.\n\n"
                                      ">From here on we pick them daily.\n\nPears\n\nFrom: Ann Lee "
                                      "<ann@lee.example>\n"
                                      "To: Bo Lee <bo@lee.example>\nDate: Tue, 03 Mar 2026 "
                                      "14:05:00 +0100\n\n"
                                      "Not before October.\n");
    assert_int_equal(out.n_parts, 2);
    is_part(&out, 0, "00001 Plums.eml", "message/rfc822", 303);
    is_part(&out, 1, "00002 Pears.eml", "message/rfc822", 273);
    assert_int_equal(303 + 273, file.len);
    assert_string_equal(out.title.ptr, "orchard");
    extract_release(&out);
    /* With one message it is that message. */
    Err err = ERR_INIT;
    assert_true(read_with("mailbox", str_sub(buf_str(&file), 0, 303), "m.mbox", &out, &err));
    assert_string_equal(out.title.ptr, "Plums");
    assert_int_equal(out.n_parts, 0);
    extract_release(&out);
    buf_release(&file);
}

static void test_large_mailbox(void **state)
{
    (void)state;
    Buf b;
    ExtractOut out;
    Err err = ERR_INIT;
    buf_init(&b, 1 << 20);
    for (int i = 1; i <= 60; i++)
        buf_printf(
            &b, "From a Tue Mar  3\nSubject: No. %d\nFrom: a@b.example\nDate: today\n\nw\n\n", i);
    assert_true(read_with("mailbox", buf_str(&b), "all mail.mbox", &out, &err));
    assert_true(str_starts(buf_str(&out.text), STR("No. 1 | a@b.example | today\nNo. 2 | a@b")));
    assert_string_equal(out.title.ptr, "all mail");
    assert_int_equal(out.n_parts, 60);
    assert_string_equal(out.parts[59].name.ptr, "00060 No. 60.eml");
    extract_release(&out);
    buf_release(&b);
}

/* ---- RTF ------------------------------------------------------------------------------------ */

static void test_rtf(void **state)
{
    (void)state;
    Buf file;
    ExtractOut out = read_file("house-rules.rtf", "rtf", &file);
    has_mark(&out, MARK_HEADING, 1, "House rules");
    has_mark(&out, MARK_HEADING, 2, "Quiet hours");
    has_mark(&out, MARK_LIST_ITEM, 1, "1. First warning");
    has_mark(&out, MARK_TABLE, 0, "Bin | Day\nPaper | Monday\nGlass & cans | 3rd Friday");
    assert_string_equal(out.author.ptr, "Eva Brandt");
    extract_release(&out);
    buf_release(&file);
    is_file("house-rules.rtf", "rtf", "House rules",
            "House rules\n\nThese rules hold for all tenants of the house in Lindenstra\xC3\x9F"
            "e 4, from the first of March onward; whoever breaks them twice is told in writing.\n\n"
            "Quiet hours\n\n- at night from ten to six\n"
            "- at noon from one to three \xE2\x80\x93 \xE2\x80\x9Csiesta\xE2\x80\x9D\n"
            "1. First warning\n2. Second warning\n\nWaste\n\n"
            "Bin | Day\nPaper | Monday\nGlass & cans | 3rd Friday\n\nAsk Eva for the key.\n\n"
            "\xE6\x97\xA5\xE6\x9C\xAC\xE8\xAA\x9E \xD0\xB8 "
            "\xD1\x80\xD1\x83\xD1\x81\xD1\x81\xD0\xBA\xD0\xB8\xD0\xB9.\n");
}

static void test_rtf_corners(void **state)
{
    (void)state;
    reads("rtf", STR("{\\rtf1}"), "");
    reads("rtf", STR("{\\rtf1 one\\par two\\line three}"), "one\ntwo\nthree\n");
    reads("rtf", STR("{\\rtf1\\ansicpg1251 \\'cf\\'ee\\'f7\\'f2\\'e0}"),
          "\xD0\x9F\xD0\xBE\xD1\x87\xD1\x82\xD0\xB0\n");
    reads("rtf",
          STR("{\\rtf1{\\fonttbl{\\f0\\fcharset0 A;}{\\f1\\fcharset128 B;}}\\f0 a\\'e4 "
              "\\f1\\'93\\'fa\\'96\\'7b\\f0\\'e4}"),
          "a\xC3\xA4 \xE6\x97\xA5\xE6\x9C\xAC\xC3\xA4\n");
    reads("rtf", STR("{\\rtf1\\uc1 \\u8364? \\u-10179?\\u-8704? \\u228\\'e4 {\\uc0\\u228 x}}"),
          "\xE2\x82\xAC \xF0\x9F\x98\x80 \xC3\xA4 \xC3\xA4x\n");
    reads("rtf",
          STR("{\\rtf1 a{\\v hidden}b{\\deleted gone}c{\\*\\unknown no}{\\pict 00ff}d"
              "{\\bin5 }}}}}e}"),
          "abcde\n");
    reads("rtf",
          STR("{\\rtf1 word{\\footnote\\plain the note\\par} goes on{\\*\\annotation why}.}"),
          "word (the note) goes on [why].\n");
    reads("rtf",
          STR("{\\rtf1{\\header Acme}{\\header Acme}\\pard text"
              "{\\field{\\*\\fldinst HYPERLINK \"http://x\"}{\\fldrslt link}}}"),
          "Acme\ntextlink\n");
    reads("rtf", STR("{\\rtf1\\trowd\\pard\\intbl a\\par b\\cell\\cell c\\cell\\row\\pard after}"),
          "a b | | c\n\nafter\n");
    /* Cut off, closed too often, a number too long, half a character. */
    reads("rtf", STR("{\\rtf1 {\\b cut of"), "cut of\n");
    reads("rtf", STR("{\\rtf1 a}}}} b"), "a b\n");
    reads("rtf", STR("{\\rtf1\\f99999999999999999999 a\\'4"), "a4\n");
    reads("rtf", STR("{\\rtf1 \\u55357?x\\'"), "x\n");
    refuses("rtf", STR("plain"), ERR_VALIDATION, "no RTF");
    Buf b;
    reads("rtf", repeat(&b, "{\\rtf1 ", "{", 99000, "deep"), "deep\n");
    buf_release(&b);
    refuses("rtf", repeat(&b, "{\\rtf1 ", "{", 200000, "deep"), ERR_VALIDATION, "nested");
    buf_release(&b);
}

/* ---- calendars ------------------------------------------------------------------------------ */

static void test_calendar(void **state)
{
    (void)state;
    is_file("house.ics", "calendar",
            "House Lindenstra\xC3\x9F"
            "e",
            "Calendar: House Lindenstra\xC3\x9F"
            "e\n\nTenants, all of them\n\n"
            "When: Thursday 5 March 2026, 14:00 to 15:30 (Europe/Berlin)\n"
            "Repeats: every 2 weeks on Thursday, until Monday 1 June 2026\n"
            "Not on: Thursday 19 March 2026, 14:00 (Europe/Berlin)\n"
            "Where: Cellar room; left door\nOrganizer: Brandt, Eva <eva@house.example>\n"
            "With: Jonas Keller <jonas@house.example> (accepted)\n"
            "With: nobody.with.a.very.long.address.that.is.folded@house.example\n"
            "Categories: HOUSE\nCategories: MONEY\nReminder: 1 hour 30 minutes before\n\n"
            "Bring the keys.\nAnd the bill for the heating.\n\nStairs are painted\n\n"
            "When: Wednesday 1 April 2026 to Thursday 2 April 2026 (all day)\nStatus: TENTATIVE\n\n"
            "To do: Read the meters\n\nDue: Tuesday 31 March 2026\n"
            "Repeats: FREQ=MONTHLY;BYDAY=MO,TU;BYSETPOS=-1\nPriority: 1\nPercent done: 50\n");
    /* Not closed; not a component of ours; no component at all; nested beyond reason. */
    reads("calendar", STR("BEGIN:VCALENDAR\nBEGIN:VEVENT\nSUMMARY:cut of"), "cut of\n");
    reads("calendar", STR("BEGIN:VCARD\nFN:Ann Lee\nNOTE:tall\nEND:VCARD\n"),
          "FN:Ann Lee\nNOTE:tall\n");
    refuses("calendar", STR("just words"), ERR_VALIDATION, "no calendar");
    refuses("calendar", STR(""), ERR_VALIDATION, "no calendar");
    Buf b;
    refuses("calendar", repeat(&b, "", "BEGIN:VEVENT\n", 10000, ""), ERR_VALIDATION, "nested");
    buf_release(&b);
    ExtractOut out;
    Err err = ERR_INIT;
    Str line = repeat(&b, "BEGIN:VCALENDAR\nBEGIN:VEVENT\nSUMMARY:", "x", 1 << 20, "\n");
    assert_true(read_with("calendar", line, "x.ics", &out, &err));
    assert_int_equal(out.text.len, (1 << 20) + 1);
    extract_release(&out);
    buf_release(&b);
}

static void rule_is(const char *rule, const char *words)
{
    Buf b;
    buf_init(&b, 1000);
    calendar_add_rule(&b, str_of(rule));
    assert_string_equal(b.ptr ? b.ptr : "", words);
    buf_release(&b);
}

static void duration_is(const char *duration, const char *words)
{
    Buf b;
    buf_init(&b, 1000);
    (void)buf_add_c(&b, "");
    calendar_add_duration(&b, str_of(duration));
    assert_string_equal(b.ptr ? b.ptr : "", words);
    buf_release(&b);
}

static void test_calendar_words(void **state)
{
    (void)state;
    CalendarTime t;
    assert_true(calendar_time(STR("20260305T140000Z"), &t) && t.utc && t.hour == 14);
    assert_true(calendar_time(STR("20240229"), &t) && !t.has_time);
    static const char *const no_times[] = {"",
                                           "2026",
                                           "20261301",
                                           "20260230",
                                           "2026030514000",
                                           "20260305T250000",
                                           "20260305T1400",
                                           "20260305T140000X"};
    for (size_t i = 0; i < sizeof no_times / sizeof *no_times; i++)
        assert_false(calendar_time(str_of(no_times[i]), &t));
    rule_is("FREQ=DAILY", "every day");
    rule_is("FREQ=YEARLY;BYMONTH=4;BYDAY=-1SU", "every year on the last Sunday in April");
    rule_is("FREQ=MONTHLY;BYMONTHDAY=1,-2;COUNT=3", "every month on the 1st and the 2nd last day, "
                                                    "3 times");
    rule_is("FREQ=MONTHLY;BYDAY=+2TU,3WE,11TH", "every month on the 2nd Tuesday, the 3rd Wednesday "
                                                "and the 11th Thursday");
    static const char *const odd[] = {"",
                                      "FREQ=SOMETIMES",
                                      "FREQ=DAILY;BYHOUR=3",
                                      "FREQ=DAILY;INTERVAL=0",
                                      "FREQ=WEEKLY;BYDAY=XX",
                                      "FREQ=WEEKLY;BYDAY=",
                                      "FREQ=MONTHLY;BYMONTHDAY=99",
                                      "FREQ=DAILY;UNTIL=soon",
                                      "INTERVAL=2"};
    for (size_t i = 0; i < sizeof odd / sizeof *odd; i++)
        rule_is(odd[i], odd[i]);
    duration_is("PT15M", "15 minutes");
    duration_is("-P1DT2H30M5S", "1 day 2 hours 30 minutes 5 seconds");
    duration_is("P2W", "2 weeks");
    duration_is("PT0S", "");
    duration_is("P", "P");
    duration_is("1 hour", "1 hour");
    duration_is("PT99999999999H", "PT99999999999H");
}

/* ---- tables --------------------------------------------------------------------------------- */

static void test_csv(void **state)
{
    (void)state;
    Buf file;
    ExtractOut out = read_file("beds.csv", "csv", &file);
    has_mark(&out, MARK_HEADING, 6, "Plant | Sown | Note");
    has_mark(&out, MARK_TABLE, 0,
             "Plant | Sown | Note\nBeans | 3 April | called \"runner\", tall\n"
             "Peas | 20 March | two lines");
    extract_release(&out);
    buf_release(&file);
    is_file("tenants.csv", "csv", "",
            "Vorname: J\xC3\xBCrgen\nNachname: Wei\xC3\x9F\n"
            "Stra\xC3\x9F"
            "e und Hausnummer: Lindenstra\xC3\x9F"
            "e 4\nPostleitzahl: 89073\nOrt: Ulm\nGeburtstag: 1.2.1970\n"
            "Bemerkungen zum Vertrag: zahlt; p\xC3\xBCnktlich\n\n"
            "Vorname: \xC3\x85sa\nNachname: \xC3\x96"
            "berg\nStra\xC3\x9F"
            "e und Hausnummer: Kirchplatz 1\nPostleitzahl: 53111\nOrt: Bonn\n"
            "Telefonnummer: 0228 123\n");
}

static void test_csv_corners(void **state)
{
    (void)state;
    reads("csv", STR(""), "");
    reads("csv", STR("only words\nand lines\n"), "only words\nand lines\n");
    reads("csv", STR("a;b\n1,5;2,5\n3,5;4\n"), "a | b\n1,5 | 2,5\n3,5 | 4\n");
    reads("csv", STR("a\tb, c\n1\t2\n"), "a | b, c\n1 | 2\n");
    reads("csv", STR("sep=|\r\na,b|c\r\n1,2|3"), "a,b | c\n1,2 | 3\n");
    reads("csv", STR("a,,b,,\n,,,\n,x\n"), "a | | b\n| x\n");
    reads("csv", STR("a,b\r1,2\r"), "a | b\n1 | 2\n");
    reads("csv", STR("a,b\n\"never closed,2\n3,4\n"), "a | b\n\"never closed | 2\n3 | 4\n");
    reads("csv", STR("5\" pipe,2\n\"x\"y,\"\"\"\"\n"), "5\" pipe | 2\nxy | \"\n");
    Buf b;
    ExtractOut out;
    Err err = ERR_INIT;
    assert_true(read_with("csv", repeat(&b, "", "a,", 1000000, "\n"), "x.csv", &out, &err));
    extract_release(&out);
    buf_release(&b);
    assert_true(read_with("csv", repeat(&b, "\"", "\"\"", 500000, ",x"), "x.csv", &out, &err));
    extract_release(&out);
    buf_release(&b);
    refuses("csv", str_mem("a,b\0\1\2\3\4\5\6\7\1\1\1\1\1", 16), ERR_UNSUPPORTED_MEDIA, "binary");
}

/* ---- JSON ----------------------------------------------------------------------------------- */

static void test_json(void **state)
{
    (void)state;
    is_file("orders.json", "json", "Orders of March",
            "title: Orders of March\nshop: Bookshop \xE2\x80\x9CWort\xE2\x80\x9D\ntotal: 1.1\n"
            "note: null\n\nitems[1].name: Atlas\nitems[1].price: 49.9\nitems[1].tags: maps, large\n"
            "items[1].size.cm: 30, 40\n\nitems[2].name: Diary\nitems[2].price: 12\n"
            "items[2].tags: (empty)\n\nletter:\nDear customer,\nyour books are here.\n"
            "Come and fetch them.\npaid: true\n");
    is_file("orders.jsonl", "json", "",
            "name: Atlas\nprice: 49.9\ntags: maps, large\nsize.cm: 30, 40\n\n"
            "name: Diary\nprice: 12\ntags: (empty)\n");
}

static void test_json_corners(void **state)
{
    (void)state;
    reads("json", STR(""), "");
    reads("json", STR("[]"), "");
    reads("json", STR("\"words\""), "words\n");
    reads("json", STR("[1, 2.50, \"x\", null]"), "1, 2.50, x, null\n");
    reads("json", STR("{\"a\":1 /* c */, // d\n\"a\":2,}"), "a: 1\na: 2\n");
    reads("json", STR("{\"a\": {\"b\": [[1,2],[3]]}}"), "a.b[1]: 1, 2\na.b[2]: 3\n");
    reads("json", STR("[{\"a\":\"\\u00e4\\ud83d\\ude00\\ud83d\\n\"}]"),
          "a:\n\xC3\xA4\xF0\x9F\x98\x80\xEF\xBF\xBD\n");
    /* What is not JSON stands as it is, from the member that cannot be read. */
    reads("json", STR("{\"a\": 1, \"b\": hello}"), "a: 1\n\n\"b\": hello}\n");
    reads("json", STR("{\"a\": \"cut of"), "a: cut of\n");
    reads("json", STR("{\"a\": 1]} x"), "a: 1\n\n]} x\n");
    reads("json", STR("{\"src\": [\"import os\\n\", \"run()\"], \"n\": 1}"),
          "src:\nimport os\nrun()\nn: 1\n");
    Buf b;
    reads("json", repeat(&b, "{\"png\": \"", "iVBORw0K", 100, "\", \"n\": 1}"),
          "png: (800 bytes of encoded data)\nn: 1\n");
    buf_release(&b);
    refuses("json", repeat(&b, "", "[", 10000, ""), ERR_VALIDATION, "512 levels");
    buf_release(&b);
    refuses("json", repeat(&b, "", "{\"a\":", 10000, ""), ERR_VALIDATION, "512 levels");
    buf_release(&b);
    refuses("json", repeat(&b, "{\"", "long ", 2 << 20, "\": 1}"), ERR_TOO_LARGE, "");
    buf_release(&b);
}

/* ---- pictures ------------------------------------------------------------------------------- */

static void test_image(void **state)
{
    (void)state;
    Buf file;
    ExtractOut out = read_file("rent.png", "image", &file);
    assert_non_null(strstr(out.text.ptr, "Rent is due on the third working day of each"));
    assert_non_null(strstr(out.text.ptr, "The deposit is 1900 EUR and is paid back\nwithin six"));
    extract_release(&out);
    refuses("image", str_sub(buf_str(&file), 0, 20), ERR_VALIDATION, "damaged");
    refuses("image", STR("words"), ERR_VALIDATION, "damaged");
    /* The header of a bomb: 30,000 by 30,000 points; nothing is decoded. */
    memcpy(file.ptr + 16, "\0\0\x75\x30\0\0\x75\x30", 8);
    refuses("image", buf_str(&file), ERR_TOO_LARGE, "30000 x 30000 points");
    buf_release(&file);
    static const char white[] = "P4\n64 64\n";
    char picture[sizeof white - 1 + 512] = {0};
    memcpy(picture, white, sizeof white - 1);
    refuses("image", str_mem(picture, sizeof picture), ERR_VALIDATION, "no text was recognised");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_attached),     cmocka_unit_test(test_bodies),
        cmocka_unit_test(test_mail_corners), cmocka_unit_test(test_mail_hostile),
        cmocka_unit_test(test_mailbox),      cmocka_unit_test(test_large_mailbox),
        cmocka_unit_test(test_rtf),          cmocka_unit_test(test_rtf_corners),
        cmocka_unit_test(test_calendar),     cmocka_unit_test(test_calendar_words),
        cmocka_unit_test(test_csv),          cmocka_unit_test(test_csv_corners),
        cmocka_unit_test(test_json),         cmocka_unit_test(test_json_corners),
        cmocka_unit_test(test_image)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
