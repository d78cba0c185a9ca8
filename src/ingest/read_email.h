/* read_email.h - one message, for the readers of single mails and of mailboxes.
 *
 * Threads: as extract.h. */
#ifndef SOTTO_INGEST_READ_EMAIL_H
#define SOTTO_INGEST_READ_EMAIL_H

#include "ingest/extract.h"

/* Reads a message (a line "From ..." before it is skipped). Without `parts` attachments are named
 * in the text but not decoded. ERR_VALIDATION when there is neither a header nor a word in it. */
bool email_read(Str data, bool parts, ExtractOut *out, Err *err);
bool email_preload(Err *err);

/* email_text.c. Flowed text (RFC 3676): a line that ends in a space goes on in the next one of the
 * same quotation. */
void email_add_flowed(ExtractOut *out, Str text, bool delete_space);
/* Four in five of the words of `b` are in `a`; false when memory is short. */
bool email_covers(Str a, Str b);
void email_add_size(Buf *to, size_t n); /* "12 KiB" */
/* Without what programs put before a message: a byte order mark, mbox's line "From ...", the line
 * with its length that Apple Mail writes (and the property list that follows it), empty lines. */
Str email_bare(Str data);

#endif
