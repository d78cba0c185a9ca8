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

#endif
