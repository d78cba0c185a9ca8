/* when_grammar.h - a language's table made ready for parsing, and the scanner of its words.
 *
 *   patterns -> forms without options, indexed by their first symbol; words -> readings
 *
 * Built once a language, in static memory. Threads: constant once built. */
#ifndef SOTTO_TEXT_WHEN_GRAMMAR_H
#define SOTTO_TEXT_WHEN_GRAMMAR_H

#include "text/when_table.h"

#define WHEN_FORM_MAX 10       /* elements of a form */
#define WHEN_MAX_FORMS 4096
#define WHEN_MAX_SYMBOLS 1024  /* with the classes of words in patterns */
#define WHEN_MAX_READINGS 4096
#define WHEN_WORD_MAX 24       /* bytes of a word that can be known */
#define WHEN_SLOTS 4096        /* of the hash of words; a power of two */

typedef struct {
    const WhenRule *rule;
    uint16_t elem[WHEN_FORM_MAX];
    uint8_t n;
} WhenForm;

typedef struct {
    uint16_t symbol;
    int16_t number;
    uint16_t next; /* reading + 1; 0 none */
} WhenReading;

typedef struct {
    const WhenLanguage *language;
    WhenForm form[WHEN_MAX_FORMS];
    size_t n_forms;
    uint16_t first[WHEN_MAX_SYMBOLS + 1]; /* forms that begin with a symbol: order[first[s]..] */
    uint16_t order[WHEN_MAX_FORMS];
    uint64_t starts[WHEN_MAX_SYMBOLS];    /* symbols (bits) whose words may begin with it */
    bool carries[WHEN_MAX_SYMBOLS];       /* without one of these, words say nothing: "in the" */
    Str word_class[WHEN_MAX_SYMBOLS];     /* "on|at" of symbol WHEN_SYMBOL_COUNT + i */
    size_t n_symbols;
    WhenReading reading[WHEN_MAX_READINGS];
    size_t n_readings;
    struct {
        char text[WHEN_WORD_MAX + 1];
        uint16_t reading; /* + 1; 0: the slot is free */
        bool blocks;      /* a number behind it is no time */
    } slot[WHEN_SLOTS];
    char fault[160];
} WhenGrammar;

/* The grammar of "en" (also for an empty or unknown code), "de". */
const WhenGrammar *when_grammar(Str language);
bool when_grammar_build(WhenGrammar *g, const WhenLanguage *l);
/* The slot of a word in lower case, or -1. */
int when_grammar_word(const WhenGrammar *g, Str word);

typedef struct {
    size_t start, end;  /* bytes */
    uint16_t reading;   /* of a word, + 1 */
    bool known;         /* else nothing reaches across it */
    bool comma;         /* one stood before it */
    bool glued;         /* no white space before it */
    bool blocks;
    bool closing;       /* nothing follows that it could belong to: the end of a clause */
    bool numeric;
    WhenSymbol symbol;  /* of a number */
    WhenValue value;
} WhenToken;

typedef struct {
    const WhenGrammar *g;
    Str text;
    size_t at;
    WhenToken last;     /* what stood before */
    WhenToken more[3];  /* the rest of a number such as 9-11 */
    size_t n_more;
} WhenScan;

/* False at the end of the text. */
bool when_scan(WhenScan *s, WhenToken *out);

#endif
