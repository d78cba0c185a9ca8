/* read_mailbox.c - mbox files (RFC 4155 and its older forms): many messages, one after the other,
 * each begun by a line "From sender date".
 *
 * Every message is a part, a document of its own: its very bytes, so that a message keeps its
 * identity when the mailbox grows. The mailbox itself becomes a list of them as mail programs show
 * it: subject, sender, date, and the first lines unless there are many. A mailbox with one message
 * is read as that message. A ">" that was put before "From " in a body stays, for the same reason.
 */
#include "base/mem.h"
#include "ingest/read_email.h"
#include "text/letters.h"

#define BEGINNING 500 /* bytes of each message in the list */
#define MANY 50       /* messages: then the list has a line each */

/* "From " begins a message when it is the file's first line or follows an empty one, and a header
 * line follows. */
static bool begins_message(Str data, size_t at)
{
    if (!str_starts(str_sub(data, at, at + 5), STR("From ")))
        return false;
    bool after_empty = at == 0 || (at >= 2 && data.ptr[at - 2] == '\n') ||
                       (at >= 3 && data.ptr[at - 2] == '\r' && data.ptr[at - 3] == '\n');
    size_t line = str_find(str_sub(data, 0, at + 1000), STR("\n"), at);
    if (!after_empty || line == SIZE_MAX)
        return false;
    for (size_t i = line + 1; i < data.len && i < line + 100; i++) {
        if (data.ptr[i] == ':')
            return i > line + 1;
        if (data.ptr[i] <= ' ' || data.ptr[i] >= 0x7F)
            return str_starts(str_sub(data, line + 1, line + 7), STR(">From "));
    }
    return false;
}

/* Where the message after the one at `at` begins; the end of the file when there is none. */
static size_t next_message(Str data, size_t at)
{
    for (size_t line = str_find(data, STR("\nFrom "), at); line != SIZE_MAX;
         line = str_find(data, STR("\nFrom "), line + 1))
        if (begins_message(data, line + 1))
            return line + 1;
    return data.len;
}

/* "Letter one | Ann <ann@lee.example> | Tue, 3 Mar 2026 14:05:00 +0100". */
static void add_line(const ExtractOut *read, ExtractOut *out)
{
    Str text = buf_str(&read->text), author = buf_str(&read->author);
    size_t date = str_find(text, STR("\nDate: "), 0);
    extract_flow(out, read->title.len ? buf_str(&read->title) : STR("(no subject)"));
    extract_flow(out, author.len ? STR(" | ") : STR(""));
    extract_flow(out, author);
    if (date != SIZE_MAX) {
        extract_flow(out, STR(" | "));
        extract_flow(out, str_sub(text, date + 7, str_find(text, STR("\n"), date + 1)));
    }
    extract_break(out, 1);
}

/* The message as it reads, cut after its first lines. */
static void add_beginning(const ExtractOut *read, ExtractOut *out)
{
    Str text = buf_str(&read->text);
    extract_break(out, 2);
    size_t start = out->text.len;
    extract_flow(out, read->title.len ? buf_str(&read->title) : STR("(no subject)"));
    extract_mark(out, MARK_HEADING, start, out->text.len, 2);
    extract_break(out, 2);
    if (str_starts(text, STR("Subject: "))) {
        size_t line = str_find(text, STR("\n"), 0);
        text = str_sub(text, line == SIZE_MAX ? text.len : line + 1, text.len);
    }
    extract_add(out, letters_cut(text, BEGINNING));
}

/* The list's entry for a message, and the name of its part. */
static bool list_message(Str message, size_t number, bool brief, ExtractOut *out, Buf *name,
                         Err *err)
{
    ExtractOut read;
    Err why = ERR_INIT;
    extract_init(&read, out->text.max);
    bool ok = email_read(message, false, &read, &why);
    Str title = letters_cut(buf_str(&read.title), 80);
    buf_clear(name);
    buf_printf(name, "%05zu " STR_FMT ".eml", number, STR_ARG(title));
    for (size_t i = 0; i < name->len; i++)
        if (name->ptr[i] == '/')
            name->ptr[i] = '-';
    if (ok && brief)
        add_line(&read, out);
    else if (ok)
        add_beginning(&read, out);
    else if (why.code != ERR_NO_MEMORY)
        extract_add(out, str_of(why.msg));
    bool memory = why.code != ERR_NO_MEMORY && !name->no_memory;
    if (memory && !extract_check(&read, &why)) /* of a long message the beginning is enough */
        memory = why.code != ERR_NO_MEMORY;
    extract_release(&read);
    return memory || err_set(err, ERR_NO_MEMORY, "reading the mailbox: out of memory");
}

static size_t count_messages(Str data)
{
    size_t n = 0;
    for (size_t at = 0; at < data.len; at = next_message(data, at))
        n++;
    return n;
}

static bool read_mailbox(Str data, Str filename, ExtractOut *out, Err *err)
{
    size_t number = 0;
    Buf name;
    bool ok = true;
    if (str_starts(data, STR("\xEF\xBB\xBF")))
        data = str_sub(data, 3, data.len);
    if (!begins_message(data, 0))
        return email_read(data, true, out, err);
    size_t total = count_messages(data);
    bool brief = total > MANY;
    if (total == 1)
        return email_read(data, true, out, err);
    buf_init(&name, 1 << 12);
    for (size_t at = 0, end; ok && at < data.len && !out->parts_failed; at = end) {
        end = next_message(data, at);
        Str message = str_sub(data, at, end);
        ok = list_message(message, ++number, brief, out, &name, err);
        extract_part(out, buf_str(&name), STR("message/rfc822"), message, NULL);
    }
    if (brief)
        extract_mark(out, MARK_TABLE, 0, out->text.len, 0);
    extract_end(out);
    extract_title_of_name(out, filename);
    buf_release(&name);
    return ok;
}

const Reader reader_mailbox = {
    .type = "mailbox", .preload = email_preload, .read = read_mailbox, .has_parts = true};
