/* confine_hostile.c - see confine_hostile.h. Formats: text, Markdown, HTML, PDF. Other formats
 * append theirs to the table. */
#include "confine_hostile.h"

#include <stdio.h>

static void repeat(Buf *b, const char *s, size_t n)
{
    for (size_t i = 0; i < n; i++)
        (void)buf_add_c(b, s);
}

static void nested_html(Buf *b)
{
    repeat(b, "<div><ul><li><table><tr><td>", 2500);
    (void)buf_add_c(b, "deep words");
}

static void nested_inline_html(Buf *b)
{
    (void)buf_add_c(b, "<!doctype html><p>");
    repeat(b, "<b>", 10000);
    (void)buf_add_c(b, "bold words");
    repeat(b, "</b>", 10000);
}

static void nested_markdown(Buf *b)
{
    repeat(b, "> ", 10000);
    (void)buf_add_c(b, "quoted words\n\n");
    for (size_t i = 0; i < 300; i++) {
        repeat(b, "  ", i);
        (void)buf_add_c(b, "* item\n");
    }
}

static void brackets_markdown(Buf *b)
{
    repeat(b, "[", 10000);
    repeat(b, "](a)", 10000);
    repeat(b, "**a _b ", 5000);
}

static void table_markdown(Buf *b)
{
    repeat(b, "|a", 5000);
    (void)buf_add_c(b, "|\n");
    repeat(b, "|-", 5000);
    (void)buf_add_c(b, "|\n");
    repeat(b, "|x\n", 20000); /* each row has all the columns, the library says */
}

/* Entities that grow tenfold nine times, and one that would read a file. */
static void entities_xhtml(Buf *b)
{
    (void)buf_add_c(b, "<?xml version=\"1.0\"?><!DOCTYPE html [<!ENTITY l0 \"lol\">");
    for (int i = 1; i < 10; i++) {
        (void)buf_printf(b, "<!ENTITY l%d \"", i);
        for (int k = 0; k < 10; k++)
            (void)buf_printf(b, "&l%d;", i - 1);
        (void)buf_add_c(b, "\">");
    }
    (void)buf_add_c(b, "<!ENTITY file SYSTEM \"file:///etc/passwd\">]><html><body><p>words before "
                       "&l9; &file; words behind</p></body></html>");
}

static void attributes_html(Buf *b)
{
    (void)buf_add_c(b, "<p ");
    for (size_t i = 0; i < 200000; i++)
        (void)buf_printf(b, "a%zu=x ", i);
    (void)buf_add_c(b, ">words</p>");
}

static void cut_html(Buf *b)
{
    (void)buf_add_c(b, "<html><body><p>words<table><tr><td <!-- <script>");
}

static void header_pdf(Buf *b, const char *pages)
{
    (void)buf_printf(b, "%%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n%s", pages);
}

static void loop_pdf(Buf *b)
{
    header_pdf(b, "2 0 obj<</Type/Pages/Kids[2 0 R 3 0 R]/Count 2>>endobj\n"
                  "3 0 obj<</Type/Pages/Parent 2 0 R/Kids[2 0 R]/Count 1>>endobj\n");
    (void)buf_add_c(b, "trailer<</Root 1 0 R/Size 4>>\n%%EOF\n");
}

static void nested_pdf(Buf *b)
{
    header_pdf(b, "2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj\n3 0 obj");
    repeat(b, "[", 10000);
    repeat(b, "<</A ", 10000);
    (void)buf_add_c(b, " endobj\ntrailer<</Root 1 0 R/Size 4>>\n%%EOF\n");
}

/* A page that draws itself: a form within itself. */
static void form_loop_pdf(Buf *b)
{
    header_pdf(b, "2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj\n"
                  "3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 99 99]/Contents 4 0 R"
                  "/Resources<</XObject<</F 5 0 R>>>>>>endobj\n"
                  "4 0 obj<</Length 5>>stream\n/F Do\nendstream endobj\n"
                  "5 0 obj<</Type/XObject/Subtype/Form/BBox[0 0 9 9]/Length 11"
                  "/Resources<</XObject<</F 5 0 R>>>>>>stream\n/F Do /F Do\nendstream endobj\n");
    (void)buf_add_c(b, "trailer<</Root 1 0 R/Size 6>>\n%%EOF\n");
}

static void many_pages_pdf(Buf *b)
{
    header_pdf(b, "2 0 obj<</Type/Pages/Kids[");
    repeat(b, "3 0 R ", 200000);
    (void)buf_add_c(b, "]/Count 2000000000>>endobj\n3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 "
                       "9 9]>>endobj\ntrailer<</Root 1 0 R/Size 4>>\n%%EOF\n");
}

/* A run-length bomb: 2 bytes for 128, and that compressed again by the same filter, and again. */
static void bomb_pdf(Buf *b)
{
    header_pdf(b, "2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj\n"
                  "3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]/Contents 4 0 R>>endobj\n"
                  "4 0 obj<</Filter/RunLengthDecode/Length 8000001>>stream\n");
    for (size_t i = 0; i < 4000000; i++)
        (void)buf_add_mem(b, "\x81q", 2); /* 128 times q: saves the state of the page */
    (void)buf_add_c(b, "\x80\nendstream endobj\ntrailer<</Root 1 0 R/Size 5>>\n%%EOF\n");
}

static void encrypted_pdf(Buf *b)
{
    header_pdf(b, "2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj\n"
                  "3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]>>endobj\n"
                  "4 0 obj<</Filter/Standard/V 2/R 3/Length 128/P -44\n"
                  "/O<0102030405060708091011121314151617181920212223242526272829303132>\n"
                  "/U<3132333435363738394041424344454647484950515253545556575859606162>>>endobj\n");
    (void)buf_add_c(b, "trailer<</Root 1 0 R/Encrypt 4 0 R/ID[<01><01>]/Size 5>>\n%%EOF\n");
}

static void cut_pdf(Buf *b)
{
    header_pdf(b, "2 0 obj<</Type/Pages/Kids[3 0 R]/Cou");
}

static void long_line_text(Buf *b)
{
    repeat(b, "word", 5000000);
}

static void many_lines_text(Buf *b)
{
    repeat(b, "\n \t\n", 2000000);
}

static void invisible_text(Buf *b)
{
    repeat(b, "\xE2\x80\x8B\xE2\x80\xAE\xCC\x81", 500000);
}

static void climbing_name(Buf *b)
{
    (void)buf_add_c(b, "Words of a file whose name climbs out of its folder.");
}

static void binary_text(Buf *b)
{
    for (unsigned i = 0; i < 100000; i++)
        (void)buf_add_char(b, (char)(i * 2654435761u >> 24));
}

static void nothing(Buf *b)
{
    (void)b;
}

static const struct {
    const char *what, *name;
    void (*make)(Buf *b);
    bool must_fail;
} files[] = {
    {"html, 10,000 levels of blocks", "deep.html", nested_html, false},
    {"html, 10,000 levels of bold", "bold.html", nested_inline_html, false},
    {"html, 200,000 attributes", "attributes.html", attributes_html, false},
    {"html, cut in a tag", "cut.html", cut_html, false},
    {"xhtml, entities that grow, a file", "entities.xhtml", entities_xhtml, false},
    {"markdown, 10,000 quotations", "quotes.md", nested_markdown, false},
    {"markdown, 10,000 brackets", "brackets.md", brackets_markdown, false},
    {"markdown, rows of 5,000 columns", "table.md", table_markdown, false},
    {"pdf, pages in a loop", "loop.pdf", loop_pdf, true},
    {"pdf, 20,000 levels", "deep.pdf", nested_pdf, true},
    {"pdf, a form in itself", "form.pdf", form_loop_pdf, true},
    {"pdf, two milliard pages", "pages.pdf", many_pages_pdf, true},
    {"pdf, a bomb of 512 MB", "bomb.pdf", bomb_pdf, true},
    {"pdf, encrypted", "secret.pdf", encrypted_pdf, true},
    {"pdf, cut", "cut.pdf", cut_pdf, true},
    {"text, one word of 20 MB", "long.txt", long_line_text, true},
    {"text, nothing but lines", "lines.txt", many_lines_text, true},
    {"text, invisible characters", "invisible.txt", invisible_text, false},
    {"text, a name that climbs", "../../../../etc/cron.d/evil", climbing_name, false},
    {"bytes without a meaning", "noise.txt", binary_text, false},
    {"nothing at all", "empty.txt", nothing, true},
};

bool hostile_file(size_t i, HostileFile *out)
{
    if (i >= sizeof files / sizeof *files)
        return false;
    *out = (HostileFile){
        .what = files[i].what, .name = files[i].name, .must_fail = files[i].must_fail};
    buf_init(&out->data, (size_t)64 << 20);
    files[i].make(&out->data);
    return true;
}
