/* read_email.c - messages as RFC 5322 and MIME have them; the one file that knows GMime.
 *
 *   bytes -> MIME tree -> header lines, body, notes on signatures; attachments as parts
 *
 * Kept: Subject, From, To, Cc, Date; of alternatives the plain text, or the HTML text when that
 * says more (both when each says something of its own); every other leaf as a part, a document of
 * its own. Text attachments and attached messages of a few kilobytes are shown in the mail too, as
 * mail programs show them. Lost: other header lines, pictures' places, signatures (noted).
 *
 * GMime decodes header words, parameters and transfer encodings; characters of bodies go through
 * charset.c, because mails often name a wrong set. The library keeps offsets into the input and
 * copies nothing. It nests 1024 levels of multiparts at most and takes deeper ones for plain
 * parts. */
#include "ingest/read_email.h"

#include <gmime/gmime.h>
#include <stdio.h>

#include "base/mem.h"
#include "base/os.h"
#include "text/letters.h"

#define MAX_SHOWN_PART (16u << 10) /* an attachment's text shown in the mail */
#define MAX_SHOWN (64u << 10)      /* all of them */
#define MAX_SHOWN_DEPTH 4          /* messages inside messages, shown */
#define MAX_NAMED 1000             /* attachments named in the text */

static struct {
    bool loaded;
    __typeof__(&g_mime_init) init;
    __typeof__(&g_mime_stream_mem_new) mem_new;
    __typeof__(&g_mime_stream_mem_set_byte_array) mem_set;
    __typeof__(&g_mime_stream_mem_get_byte_array) mem_get;
    __typeof__(&g_mime_stream_mem_set_owner) mem_owner;
    __typeof__(&g_mime_parser_new_with_stream) parser_new;
    __typeof__(&g_mime_parser_set_format) parser_format;
    __typeof__(&g_mime_parser_set_persist_stream) parser_persist;
    __typeof__(&g_mime_parser_construct_message) parse;
    __typeof__(&g_mime_parser_options_new) options_new;
    __typeof__(&g_mime_parser_options_set_fallback_charsets) options_charsets;
    __typeof__(&g_mime_message_get_mime_part) root;
    __typeof__(&g_mime_object_get_header) header;
    __typeof__(&g_mime_object_get_content_type) type;
    __typeof__(&g_mime_content_type_get_media_type) major;
    __typeof__(&g_mime_content_type_get_media_subtype) minor;
    __typeof__(&g_mime_content_type_get_parameter) parameter;
    __typeof__(&g_mime_object_get_disposition) disposition;
    __typeof__(&g_mime_object_get_content_disposition_parameter) disposition_parameter;
    __typeof__(&g_mime_multipart_get_count) count;
    __typeof__(&g_mime_multipart_get_part) child;
    __typeof__(&g_mime_multipart_get_prologue) prologue;
    __typeof__(&g_mime_message_part_get_message) message;
    __typeof__(&g_mime_part_get_content) content;
    __typeof__(&g_mime_part_get_filename) filename;
    __typeof__(&g_mime_data_wrapper_write_to_stream) decode;
    __typeof__(&g_mime_object_write_to_stream) write;
    __typeof__(&g_type_check_instance_is_a) is_a;
    __typeof__(&g_object_unref) drop;
    GType multipart, message_part, part;
    GMimeParserOptions *options;
} gm;

static bool load_types(void *lib, Err *err)
{
    __typeof__(&g_mime_multipart_get_type) multipart, message_part, part;
    if (!os_sym(lib, "g_mime_multipart_get_type", &multipart, err) ||
        !os_sym(lib, "g_mime_message_part_get_type", &message_part, err) ||
        !os_sym(lib, "g_mime_part_get_type", &part, err))
        return false;
    gm.init();
    gm.multipart = multipart();
    gm.message_part = message_part();
    gm.part = part();
    return true;
}

bool email_preload(Err *err)
{
    static const char *charsets[] = {"utf-8", "windows-1252", NULL};
    if (gm.loaded)
        return true;
    void *lib = os_dlopen((const char *const[]){"libgmime-3.0.so.0", NULL}, "libgmime-3.0-0", err);
    const struct {
        const char *name;
        void *to;
    } symbols[] = {
        {"g_mime_init", &gm.init},
        {"g_mime_stream_mem_new", &gm.mem_new},
        {"g_mime_stream_mem_set_byte_array", &gm.mem_set},
        {"g_mime_stream_mem_get_byte_array", &gm.mem_get},
        {"g_mime_stream_mem_set_owner", &gm.mem_owner},
        {"g_mime_parser_new_with_stream", &gm.parser_new},
        {"g_mime_parser_set_format", &gm.parser_format},
        {"g_mime_parser_set_persist_stream", &gm.parser_persist},
        {"g_mime_parser_construct_message", &gm.parse},
        {"g_mime_parser_options_new", &gm.options_new},
        {"g_mime_parser_options_set_fallback_charsets", &gm.options_charsets},
        {"g_mime_message_get_mime_part", &gm.root},
        {"g_mime_object_get_header", &gm.header},
        {"g_mime_object_get_content_type", &gm.type},
        {"g_mime_content_type_get_media_type", &gm.major},
        {"g_mime_content_type_get_media_subtype", &gm.minor},
        {"g_mime_content_type_get_parameter", &gm.parameter},
        {"g_mime_object_get_disposition", &gm.disposition},
        {"g_mime_object_get_content_disposition_parameter", &gm.disposition_parameter},
        {"g_mime_multipart_get_count", &gm.count},
        {"g_mime_multipart_get_part", &gm.child},
        {"g_mime_multipart_get_prologue", &gm.prologue},
        {"g_mime_message_part_get_message", &gm.message},
        {"g_mime_part_get_content", &gm.content},
        {"g_mime_part_get_filename", &gm.filename},
        {"g_mime_data_wrapper_write_to_stream", &gm.decode},
        {"g_mime_object_write_to_stream", &gm.write},
        {"g_type_check_instance_is_a", &gm.is_a},
        {"g_object_unref", &gm.drop},
    };
    for (size_t i = 0; lib && i < sizeof symbols / sizeof *symbols; i++)
        if (!os_sym(lib, symbols[i].name, symbols[i].to, err))
            return false;
    if (!lib || !reader_html.preload(err) || !charset_preload(err) || !load_types(lib, err))
        return false;
    /* Header words name sets that GMime asks iconv for; their tables must be in memory. */
    charset_hold("ISO-8859-1");
    gm.options = gm.options_new();
    gm.options_charsets(gm.options, charsets);
    gm.loaded = true;
    return true;
}

/* ---- the tree ------------------------------------------------------------------------------- */

typedef struct {
    ExtractOut *text; /* where words go: the mail, or one of its alternatives */
    ExtractOut *out;  /* where parts go */
    Buf *names;       /* the attachments, a line each */
    bool parts;       /* decode attachments */
    unsigned depth;   /* of messages inside messages */
    size_t *shown, *n_named;
} Mail;

static bool is_a(GMimeObject *o, GType type)
{
    return o && gm.is_a((GTypeInstance *)o, type);
}

static Str of(const char *c)
{
    return str_of(c ? c : "");
}

static Str major(GMimeObject *o)
{
    GMimeContentType *t = gm.type(o);
    return of(t ? gm.major(t) : "text");
}

static Str minor(GMimeObject *o)
{
    GMimeContentType *t = gm.type(o);
    return of(t ? gm.minor(t) : "plain");
}

static bool is_type(GMimeObject *o, const char *a, const char *b)
{
    return str_eq_nocase(major(o), str_of(a)) && (!b || str_eq_nocase(minor(o), str_of(b)));
}

static Str parameter(GMimeObject *o, const char *name)
{
    GMimeContentType *t = gm.type(o);
    return of(t ? gm.parameter(t, name) : "");
}

/* "Content-Type: text" without its second half: the library makes unknown bytes of it. */
static bool is_half_typed(GMimeObject *o)
{
    Str raw = of(gm.header(o, "Content-Type"));
    Str name = str_trim(str_sub(raw, 0, str_find(raw, STR(";"), 0)));
    return str_eq_nocase(name, STR("text"));
}

static bool is_attachment(GMimeObject *o)
{
    return str_eq_nocase(of(gm.disposition(o)), STR("attachment"));
}

static void walk(Mail *m, GMimeObject *o);

/* ---- bytes ---------------------------------------------------------------------------------- */

/* A part's bytes without their transfer encoding; for a message, as it stands in the mail. What
 * memory they take is GLib's: *stream is dropped by the caller. */
static Str content_of(GMimeObject *o, GMimeStream **stream)
{
    GMimeDataWrapper *w = is_a(o, gm.part) ? gm.content((GMimePart *)o) : NULL;
    GMimeMessage *inner = is_a(o, gm.message_part) ? gm.message((GMimeMessagePart *)o) : NULL;
    *stream = gm.mem_new();
    if (w)
        (void)gm.decode(w, *stream);
    else if (inner)
        (void)gm.write((GMimeObject *)inner, NULL, *stream);
    else if (!is_a(o, gm.part) && !is_a(o, gm.message_part))
        (void)gm.write(o, NULL, *stream);
    GByteArray *bytes = gm.mem_get((GMimeStreamMem *)*stream);
    return bytes && bytes->data ? str_mem((const char *)bytes->data, bytes->len) : STR("");
}

/* ---- words ---------------------------------------------------------------------------------- */

/* Adds a text body; false when the bytes are no text. */
static bool add_plain(ExtractOut *out, GMimeObject *o, Str bytes)
{
    Buf utf8;
    Err why = ERR_INIT;
    buf_init(&utf8, out->text.max);
    bool ok = charset_to_utf8(bytes, parameter(o, "charset"), &utf8, &why);
    if (ok && str_eq_nocase(parameter(o, "format"), STR("flowed")))
        email_add_flowed(out, buf_str(&utf8), str_eq_nocase(parameter(o, "delsp"), STR("yes")));
    else if (ok)
        extract_add(out, buf_str(&utf8));
    if (why.code == ERR_NO_MEMORY)
        extract_no_memory(out);
    else if (!buf_ok(&utf8))
        out->text.failed = true;
    buf_release(&utf8);
    return ok;
}

/* The set that the part names beats the page's own: a byte order mark tells the page's reader. */
static bool add_html(ExtractOut *out, GMimeObject *o, Str bytes)
{
    Buf page;
    ExtractOut read;
    Err why = ERR_INIT;
    Str charset = parameter(o, "charset");
    buf_init(&page, out->text.max * 8);
    extract_init(&read, out->text.max);
    bool ok = true;
    if (charset.len) {
        ok = buf_add_c(&page, "\xEF\xBB\xBF") && charset_to_utf8(bytes, charset, &page, &why);
        bytes = buf_str(&page);
    }
    ok = ok && reader_html.read(bytes, STR(""), &read, &why);
    if (ok)
        extract_append(out, &read);
    else if (why.code == ERR_NO_MEMORY || page.no_memory)
        extract_no_memory(out);
    extract_release(&read);
    buf_release(&page);
    return ok;
}

static bool add_body(ExtractOut *out, GMimeObject *o, Str bytes)
{
    extract_break(out, 2);
    bool ok = is_type(o, "text", "html") ? add_html(out, o, bytes) : add_plain(out, o, bytes);
    extract_break(out, 1);
    return ok;
}

static void note(Mail *m, const char *before, Str what, const char *after)
{
    extract_break(m->text, 2);
    extract_add(m->text, STR("["));
    extract_add(m->text, str_of(before));
    extract_flow(m->text, what);
    extract_add(m->text, str_of(after));
    extract_add(m->text, STR("]\n"));
}

/* ---- attachments ---------------------------------------------------------------------------- */

static const char *ending_for(GMimeObject *o)
{
    static const struct {
        const char *major, *minor, *ending;
    } endings[] = {{"message", NULL, ".eml"},        {"text", "html", ".html"},
                   {"text", "calendar", ".ics"},     {"text", "csv", ".csv"},
                   {"text", NULL, ".txt"},           {"image", "jpeg", ".jpg"},
                   {"image", "png", ".png"},         {"image", "gif", ".gif"},
                   {"image", "tiff", ".tif"},        {"application", "pdf", ".pdf"},
                   {"application", "json", ".json"}, {"application", "rtf", ".rtf"}};
    for (size_t i = 0; i < sizeof endings / sizeof *endings; i++)
        if (is_type(o, endings[i].major, endings[i].minor))
            return endings[i].ending;
    return "";
}

/* The name in the mail, else a message's subject, else "part 3.pdf". */
static void name_of(Mail *m, GMimeObject *o, Buf *name)
{
    const char *given = is_a(o, gm.part) ? gm.filename((GMimePart *)o) : NULL;
    if (!given || !*given)
        given = gm.disposition_parameter(o, "filename");
    Str param = parameter(o, "name");
    extract_meta(name, given && *given ? str_of(given) : param);
    GMimeMessage *inner = is_a(o, gm.message_part) ? gm.message((GMimeMessagePart *)o) : NULL;
    if (name->len == 0 && inner) {
        extract_meta(name, of(gm.header((GMimeObject *)inner, "Subject")));
        for (size_t i = 0; i < name->len; i++)
            if (name->ptr[i] == '/')
                name->ptr[i] = '-';
        if (name->len)
            (void)buf_add_c(name, ".eml");
    }
    if (name->len == 0)
        buf_printf(name, "part %zu%s", *m->n_named + 1, ending_for(o));
}

static void show_message(Mail *m, GMimeMessage *message, bool top);

/* The stream reads the array and nobody changes it; both must live as long as the message. */
static GMimeMessage *parse(GByteArray *data, GMimeStream **stream)
{
    *stream = gm.mem_new();
    gm.mem_set((GMimeStreamMem *)*stream, data);
    gm.mem_owner((GMimeStreamMem *)*stream, FALSE);
    GMimeParser *parser = gm.parser_new(*stream);
    gm.parser_format(parser, GMIME_FORMAT_MESSAGE);
    gm.parser_persist(parser, TRUE);
    GMimeMessage *message = gm.parse(parser, gm.options);
    gm.drop(parser);
    return message;
}

/* As mail programs do: what is short and readable stands below the message too. */
static void show_part(Mail *m, GMimeObject *o, Str name, Str bytes)
{
    bool message = is_type(o, "message", "rfc822") && email_has_header(bytes);
    if (m->depth >= MAX_SHOWN_DEPTH || bytes.len == 0 || bytes.len > MAX_SHOWN_PART ||
        *m->shown + bytes.len > MAX_SHOWN || !(message || is_type(o, "text", "plain")))
        return;
    *m->shown += bytes.len;
    extract_break(m->text, 2);
    size_t start = m->text->text.len;
    extract_flow(m->text, name);
    extract_mark(m->text, MARK_HEADING, start, m->text->text.len, 6);
    extract_break(m->text, 2);
    if (!message) {
        (void)add_plain(m->text, o, bytes);
        extract_break(m->text, 1);
        return;
    }
    Mail inner = *m;
    GMimeStream *stream;
    GByteArray array = {(guint8 *)(uintptr_t)bytes.ptr, (guint)bytes.len};
    GMimeMessage *read = parse(&array, &stream);
    inner.parts = false; /* its attachments are parts of its own document */
    inner.depth++;
    if (read) {
        show_message(&inner, read, false);
        gm.drop(read);
    }
    gm.drop(stream);
}

static void attach(Mail *m, GMimeObject *o)
{
    Buf name, type;
    GMimeStream *stream;
    Str bytes = content_of(o, &stream);
    buf_init(&name, EXTRACT_MAX_META * 2);
    buf_init(&type, EXTRACT_MAX_META * 2);
    buf_printf(&type, STR_FMT "/" STR_FMT, STR_ARG(str_sub(major(o), 0, 60)),
               STR_ARG(str_sub(minor(o), 0, 100)));
    name_of(m, o, &name);
    if (m->depth == 0 && ++*m->n_named <= MAX_NAMED) {
        buf_printf(m->names, "Attachment: " STR_FMT " (" STR_FMT ", ", STR_ARG(buf_str(&name)),
                   STR_ARG(buf_str(&type)));
        email_add_size(m->names, bytes.len);
        (void)buf_add_c(m->names, ")\n");
    }
    show_part(m, o, buf_str(&name), bytes);
    if (m->parts) {
        char *copy = mem_alloc(bytes.len + 1);
        if (copy) {
            memcpy(copy, bytes.ptr, bytes.len);
            extract_part(m->out, buf_str(&name), buf_str(&type), str_mem(copy, bytes.len), copy);
        } else {
            extract_no_memory(m->out);
        }
    }
    if (!buf_ok(&name) || !buf_ok(&type))
        extract_no_memory(m->out);
    buf_release(&name);
    buf_release(&type);
    gm.drop(stream);
}

/* ---- alternatives --------------------------------------------------------------------------- */

static bool is_plain(GMimeObject *o)
{
    return is_a(o, gm.part) && is_type(o, "text", "plain") && !is_attachment(o);
}

static bool is_rich(GMimeObject *o)
{
    return (is_a(o, gm.part) && is_type(o, "text", "html") && !is_attachment(o)) ||
           is_a(o, gm.multipart);
}

/* Another form of the same words, which nobody needs beside the plain text and the page. */
static bool is_third_form(GMimeObject *o)
{
    return is_a(o, gm.part) && !is_attachment(o) && is_type(o, "text", NULL) &&
           !is_type(o, "text", "calendar");
}

static void alternatives(Mail *m, GMimeMultipart *multi)
{
    ExtractOut plain, rich;
    Mail a = *m, b = *m;
    extract_init(&plain, m->text->text.max);
    extract_init(&rich, m->text->text.max);
    a.text = &plain;
    b.text = &rich;
    int n = gm.count(multi);
    for (int i = 0; i < n; i++) {
        GMimeObject *o = gm.child(multi, i);
        if (is_plain(o))
            walk(&a, o);
        else if (is_rich(o))
            walk(&b, o);
        else if (!is_third_form(o))
            walk(m, o);
    }
    if (!extract_check(&plain, NULL) || !extract_check(&rich, NULL)) /* whichever is shown */
        extract_no_memory(m->text);
    Str p = letters_trim(buf_str(&plain.text)), r = letters_trim(buf_str(&rich.text));
    if (p.len == 0 && r.len == 0)
        for (int i = 0; i < n; i++)
            if (is_third_form(gm.child(multi, i)) && !is_plain(gm.child(multi, i)) &&
                !is_rich(gm.child(multi, i)))
                attach(m, gm.child(multi, i));
    bool plain_says_all = r.len == 0 || email_covers(p, r, m->text);
    bool rich_says_all = !plain_says_all && email_covers(r, p, m->text);
    extract_break(m->text, 2);
    if (!rich_says_all)
        extract_append(m->text, &plain);
    if (!plain_says_all) {
        extract_break(m->text, 2);
        extract_append(m->text, &rich);
    }
    extract_break(m->text, 1);
    extract_release(&plain);
    extract_release(&rich);
}

/* ---- walking -------------------------------------------------------------------------------- */

static bool is_signature(GMimeObject *o)
{
    return is_type(o, "application", "pgp-signature") ||
           is_type(o, "application", "pkcs7-signature") ||
           is_type(o, "application", "x-pkcs7-signature");
}

static void leaf(Mail *m, GMimeObject *o)
{
    if (is_signature(o)) {
        note(m, "signed: ", minor(o), ", not checked");
        return;
    }
    if (is_type(o, "application", "pkcs7-mime") || is_type(o, "application", "x-pkcs7-mime")) {
        bool seal = str_eq_nocase(parameter(o, "smime-type"), STR("signed-data"));
        note(m, seal ? "signed and packed: " : "encrypted: ", minor(o), ", cannot be read");
        return;
    }
    bool body = !is_attachment(o) && (is_type(o, "text", "plain") || is_type(o, "text", "html") ||
                                      is_type(o, "message", "delivery-status") ||
                                      is_type(o, "message", "external-body") || is_half_typed(o) ||
                                      is_type(o, "text", "rfc822-headers"));
    if (body) {
        GMimeStream *stream;
        Str bytes = content_of(o, &stream);
        body = add_body(m->text, o, bytes);
        gm.drop(stream);
    }
    if (!body)
        attach(m, o);
}

static void walk(Mail *m, GMimeObject *o)
{
    if (is_a(o, gm.message_part)) {
        if (gm.message((GMimeMessagePart *)o))
            attach(m, o);
    } else if (is_a(o, gm.multipart)) {
        GMimeMultipart *multi = (GMimeMultipart *)o;
        if (is_type(o, "multipart", "encrypted")) {
            note(m, "encrypted: ", parameter(o, "protocol"), ", cannot be read");
            return;
        }
        if (is_type(o, "multipart", "alternative")) {
            alternatives(m, multi);
            return;
        }
        int n = gm.count(multi);
        if (n == 0) /* its boundary is nowhere: what stands there is not lost */
            (void)add_plain(m->text, o, of(gm.prologue(multi)));
        for (int i = 0; i < n; i++)
            walk(m, gm.child(multi, i));
    } else if (o) {
        leaf(m, o);
    }
}

/* ---- messages ------------------------------------------------------------------------------- */

static void header_line(Mail *m, GMimeMessage *message, const char *name)
{
    Str value = letters_trim(of(gm.header((GMimeObject *)message, name)));
    if (value.len == 0)
        return;
    extract_add(m->text, str_of(name));
    extract_add(m->text, STR(": "));
    extract_flow(m->text, value);
    extract_break(m->text, 1);
}

static void show_message(Mail *m, GMimeMessage *message, bool top)
{
    static const char *const shown[] = {"Subject", "From", "To", "Cc", "Date"};
    size_t start = m->text->text.len;
    for (size_t i = 0; i < sizeof shown / sizeof *shown; i++)
        header_line(m, message, shown[i]);
    extract_mark(m->text, MARK_TABLE, start, m->text->text.len, 0);
    if (top) {
        extract_meta(&m->out->title, of(gm.header((GMimeObject *)message, "Subject")));
        extract_meta(&m->out->author, of(gm.header((GMimeObject *)message, "From")));
    }
    extract_break(m->text, 2);
    walk(m, gm.root(message));
}

static void add_names(Mail *m)
{
    if (m->names->len == 0)
        return;
    extract_break(m->text, 2);
    size_t start = m->text->text.len;
    extract_add(m->text, buf_str(m->names));
    if (*m->n_named > MAX_NAMED) {
        char more[64];
        (void)snprintf(more, sizeof more, "and %zu more\n", *m->n_named - MAX_NAMED);
        extract_add(m->text, str_of(more));
    }
    extract_mark(m->text, MARK_TABLE, start, m->text->text.len, 0);
}

bool email_read(Str data, bool parts, ExtractOut *out, Err *err)
{
    data = email_bare(data);
    if (!email_has_header(data)) /* a text that was called a mail, or a mail's body alone */
        return reader_text.read(data, STR(""), out, err);
    if (data.len > UINT32_MAX)
        return err_set(err, ERR_TOO_LARGE, "the message is larger than 4 GiB");
    Buf names, mended;
    size_t shown = 0, n_named = 0, body = email_body_without_gap(data);
    buf_init(&names, 1 << 20);
    buf_init(&mended, data.len + 1);
    if (body != SIZE_MAX) {
        (void)buf_add(&mended, str_sub(data, 0, body));
        (void)buf_add_char(&mended, '\n');
        (void)buf_add(&mended, str_sub(data, body, data.len));
        data = buf_str(&mended);
    }
    Mail m = {.text = out,
              .out = out,
              .names = &names,
              .parts = parts,
              .shown = &shown,
              .n_named = &n_named};
    GMimeStream *stream;
    GByteArray array = {(guint8 *)(uintptr_t)data.ptr, (guint)data.len};
    GMimeMessage *message = parse(&array, &stream);
    if (message) {
        show_message(&m, message, true);
        add_names(&m);
        extract_end(out);
        gm.drop(message);
    }
    if (!buf_ok(&names) || !buf_ok(&mended))
        extract_no_memory(out);
    gm.drop(stream);
    buf_release(&names);
    buf_release(&mended);
    return message || err_set(err, ERR_VALIDATION, "the e-mail's header cannot be read");
}

static bool read_email(Str data, Str filename, ExtractOut *out, Err *err)
{
    (void)filename;
    return email_read(data, true, out, err);
}

const Reader reader_email = {
    .type = "email", .preload = email_preload, .read = read_email, .has_parts = true};
