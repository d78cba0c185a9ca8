/* secrets.h - what is never kept as a fact: passwords, PINs, card numbers, IBANs, keys, numbers of
 * social security, recovery phrases; in English and German.
 *
 *   text -> check digits (Luhn, ISO 7064 of IBANs) · shapes (tokens, 3-2-4 digits) · words that
 *   announce one ("my PIN is") with something behind them
 *
 * Too much is refused rather than too little: a fact can be said in other words.
 * Sources: ISO/IEC 7812-1 (card numbers), ISO 13616 (IBAN), BIP 39 (recovery phrases).
 * Threads: pure functions. */
#ifndef SOTTO_ASSISTANT_SECRETS_H
#define SOTTO_ASSISTANT_SECRETS_H

#include "base/str.h"

typedef enum { SECRET_NONE, SECRET_CARD, SECRET_IBAN, SECRET_KEY, SECRET_PERSONAL_NUMBER,
    SECRET_PHRASE, SECRET_WORD, SECRET_KINDS } SecretKind;
/* "a payment card's number", for "that looks like ..."; of SECRET_NONE "". */
const char *secret_name(SecretKind k);

/* What `text` (UTF-8) holds that must not be kept. Linear time. */
SecretKind secret_find(Str text);

#endif
