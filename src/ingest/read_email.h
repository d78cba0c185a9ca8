/* read_email.h - one message, for the readers of single mails and of mailboxes.
 *
 * Threads: as extract.h. */
#ifndef SOTTO_INGEST_READ_EMAIL_H
#define SOTTO_INGEST_READ_EMAIL_H

#include "ingest/extract.h"

/* Reads a message (a line "From ..." before it is skipped). Without `parts` attachments are named
 * in the text but not given. What has no header is read as text. */
bool email_read(Str data, bool parts, ExtractOut *out, Err *err);
bool email_preload(Err *err);

/* email_text.c. Flowed text (RFC 3676): a line that ends in a space goes on in the next one of the
 * same quotation. */
void email_add_flowed(ExtractOut *out, Str text, bool delete_space);
/* Four in five of the words of `b` are in `a`. A lack of memory is noted in *out. */
bool email_covers(Str a, Str b, ExtractOut *out);
void email_add_size(Buf *to, size_t n); /* "12 KiB" */
/* Without what programs put before a message: a byte order mark, mbox's line "From ...", the line
 * with its length that Apple Mail writes (and the property list that follows it), empty lines. */
Str email_bare(Str data);
bool email_has_header(Str data); /* the first line is "Name: ..." */
/* Where the body begins when no empty line parts it from the header: at the first line that is no
 * header's, with none after it. SIZE_MAX when the header is in order. */
size_t email_body_without_gap(Str data);

#endif
