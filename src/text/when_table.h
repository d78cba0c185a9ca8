/* when_table.h - a language's grammar of times as rows that a person reads and extends.
 *
 *   WhenWord  {"monday mon", WDAY, 1}                      words of the same meaning, in lower case
 *   WhenRule  {DAY, "next|coming WDAY", when_week_day, 1}   what may stand together; its meaning
 *
 * A pattern is made of words ("next", several by "|", none or one by "?") and of symbols in capital
 * letters. A rule holds where its pattern does; of two readings of the same words the one with the
 * higher sum of `weight` wins, of two sentences the one that leaves fewer words over. Rules call
 * the meanings in when_mean.h, which know calendars and no language.
 *
 * Source: a bottom-up chart parser (Kay 1980); the idea of a grammar of rows from Facebook's
 * duckling. Threads: constant. */
#ifndef SOTTO_TEXT_WHEN_TABLE_H
#define SOTTO_TEXT_WHEN_TABLE_H

#include "text/when_value.h"

/* Symbol, and what it stands for. Those of the first group are made by the scanner. */
#define WHEN_SYMBOLS(X)                                                                            \
    X(NUM)      /* 9, 30, 2026: written in digits or as number words */                            \
    X(CLOCK)    /* 9:30, 09:30:15 */                                                               \
    X(DOT2)     /* 9.30 */                                                                         \
    X(DOT3)     /* 3.4.2026 */                                                                     \
    X(SLASH2)   /* 3/4 */                                                                          \
    X(SLASH3)   /* 3/4/2026, 2026/4/3 */                                                           \
    X(DASH2)    /* 2026-04 */                                                                      \
    X(DASH3)    /* 2026-04-03, 4-3-2026 */                                                         \
    X(OFFSET)   /* +01:00, glued to a time or to "UTC" */                                          \
    X(YEAR2)    /* '27, with its apostrophe */                                                     \
    X(N1)       /* one .. nine */                                                                  \
    X(N10)      /* ten .. nineteen */                                                              \
    X(N20)      /* twenty, thirty .. ninety */                                                     \
    X(N99)      /* one .. ninety nine, in words */                                                 \
    X(HUNDREDS)                                                                                    \
    X(THOUSANDS)                                                                                   \
    X(ORD1)     /* first .. ninth */                                                               \
    X(ORD)      /* first .. thirty first */                                                        \
    X(LASTORD)  /* last, second to last: counted from the end */                                   \
    X(QTY)      /* a number of something, with fractions */                                        \
    X(UNIT)     /* second .. decade */                                                             \
    X(SHORT)    /* h, d, y: a unit only where a sign or "in" makes it one */                       \
    X(TINY)     /* m, s: a unit behind "in" only */                                                \
    X(TDUR)                                                                                        \
    X(DUR)      /* a duration */                                                                   \
    X(FDUR)     /* for two hours */                                                                \
    X(ADUR)     /* an hour: a duration only where something says so */                             \
    X(SDUR)     /* a duration with short units too */                                              \
    X(WDAY)     /* Monday .. Sunday */                                                             \
    X(WDAYS)    /* Mondays, and several such */                                                    \
    X(SWDAY)    /* the name of a weekday that is a word of another meaning too */                  \
    X(SMON)     /* likewise of a month */                                                          \
    X(WSET)     /* several weekdays */                                                             \
    X(MON)      /* a month's name */                                                               \
    X(YEAR)     /* a year */                                                                       \
    X(AMPM)                                                                                        \
    X(TZ)       /* a zone's abbreviation */                                                        \
    X(NOW)                                                                                         \
    X(USZONE)   /* "pacific": a zone of the USA where something says so */                         \
    X(HOUR)     /* 0 .. 24 */                                                                      \
    X(SPOKEN)   /* seven thirty, nine oh five */                                                   \
    X(STIME)    /* a time of day only where something says that it is one */                       \
    X(TIME)     /* a time of day */                                                                \
    X(TRANGE)   /* from a time of day to another */                                                \
    X(STRANGE)  /* likewise, where something says so */                                            \
    X(PARTWORD) /* morning .. night: a word */                                                     \
    X(PARTS)    /* mornings */                                                                     \
    X(PART)     /* a part of the day */                                                            \
    X(PARTIN)   /* in the morning */                                                               \
    X(DAYPART)  /* this morning, tonight */                                                        \
    X(DECADE)   /* the nineties */                                                                 \
    X(SEASON)                                                                                      \
    X(HOLIDAY)                                                                                     \
    X(SDAY)     /* a day only where something says so: "may 3" is one, "the 3rd" of what? */       \
    X(DAY)                                                                                         \
    X(SPER)     /* a period only where something says so: "may", "2026" */                         \
    X(XPER)     /* any of PER, SPER */                                                             \
    X(PER)      /* a weekend, week, month, quarter, year, decade */                                \
    X(MOMENT)   /* a day and a time, or an instant */                                              \
    X(POINT)    /* any of DAY, PER, DAYPART, MOMENT */                                             \
    X(SPOINT)   /* likewise, or one that needs something to say so */                              \
    X(RANGE)                                                                                       \
    X(OPEN)                                                                                        \
    X(REC)      /* a recurrence with all that was said about it */

typedef enum {
#define X(name) name,
    WHEN_SYMBOLS(X)
#undef X
    WHEN_SYMBOL_COUNT
} WhenSymbol;

typedef struct {
    const char *words; /* separated by spaces */
    WhenSymbol symbol;
    int number; /* the weekday, month, WhenUnit, minutes of a zone, ... */
} WhenWord;

/* What a rule's symbols mean together. kids are the values of the pattern's symbols (not of its
 * words), in order. False: they mean nothing together (a 31st of April). */
typedef bool (*WhenMeaning)(WhenSense *s, int arg, const WhenKid *kids, size_t n, WhenValue *out);

typedef struct {
    WhenSymbol symbol;
    const char *pattern;
    WhenMeaning mean;
    int arg;
    int weight;
} WhenRule;

/* Rules of one kind, kept together to be read. */
typedef struct {
    const WhenRule *row;
    size_t n;
} WhenRules;

#define WHEN_RULE_GROUPS 8

typedef struct {
    const char *code;       /* "en" */
    const char *not_before; /* words behind which a number is no time: "room", "version" */
    const WhenWord *words;
    size_t n_words;
    const WhenRules *rules[WHEN_RULE_GROUPS]; /* the rest NULL */
    bool day_first;         /* 3/4 is the third of April, whatever the context says */
} WhenLanguage;

extern const WhenLanguage when_english, when_german;

/* What is wrong with a language's table, for the test of it; NULL when it is whole. */
const char *when_table_fault(const WhenLanguage *l);

#endif
