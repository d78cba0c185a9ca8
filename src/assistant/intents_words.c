/* intents_words.c - see intents_words.h. */
#include "assistant/intents_words.h"

#include "text/letters.h"

/* How a contraction opens. Speech recognisers and thumbs leave the apostrophe out. */
static const struct {
    const char *word, *first, *second;
} contractions[] = {
    {"aren't", "are", "not"},     {"arent", "are", "not"},
    {"can't", "can", "not"},      {"cannot", "can", "not"},
    {"cant", "can", "not"},       {"couldn't", "could", "not"},
    {"didn't", "did", "not"},     {"didnt", "did", "not"},
    {"doesn't", "does", "not"},   {"doesnt", "does", "not"},
    {"don't", "do", "not"},       {"dont", "do", "not"},
    {"gimme", "give", "me"},      {"gonna", "going", "to"},
    {"gotta", "got", "to"},       {"hasn't", "has", "not"},
    {"hasnt", "has", "not"},      {"haven't", "have", "not"},
    {"havent", "have", "not"},    {"he's", "he", "is"},
    {"here's", "here", "is"},     {"how's", "how", "is"},
    {"hows", "how", "is"},        {"i'd", "i", "would"},
    {"i'll", "i", "will"},        {"i'm", "i", "am"},
    {"i've", "i", "have"},        {"im", "i", "am"},
    {"isn't", "is", "not"},       {"isnt", "is", "not"},
    {"it'll", "it", "will"},      {"it's", "it", "is"},
    {"ive", "i", "have"},         {"lemme", "let", "me"},
    {"let's", "let", "us"},       {"lets", "let", "us"},
    {"mustn't", "must", "not"},   {"needn't", "need", "not"},
    {"she's", "she", "is"},       {"shouldn't", "should", "not"},
    {"that's", "that", "is"},     {"thats", "that", "is"},
    {"there's", "there", "is"},   {"theres", "there", "is"},
    {"they're", "they", "are"},   {"they've", "they", "have"},
    {"todo", "to", "do"},         {"todos", "to", "dos"},
    {"wanna", "want", "to"},      {"wasn't", "was", "not"},
    {"wasnt", "was", "not"},      {"we'd", "we", "would"},
    {"we'll", "we", "will"},      {"we're", "we", "are"},
    {"we've", "we", "have"},      {"weren't", "were", "not"},
    {"what're", "what", "are"},   {"what's", "what", "is"},
    {"whats", "what", "is"},      {"when's", "when", "is"},
    {"whens", "when", "is"},      {"where'd", "where", "did"},
    {"where's", "where", "is"},   {"wheres", "where", "is"},
    {"who's", "who", "is"},       {"whos", "who", "is"},
    {"won't", "will", "not"},     {"wont", "will", "not"},
    {"wouldn't", "would", "not"}, {"you'd", "you", "would"},
    {"you'll", "you", "will"},    {"you're", "you", "are"},
    {"you've", "you", "have"},    {"youre", "you", "are"},
};

/* Words that are passed over wherever they stand. */
static const char *const fillers[] = {"ah",     "eh",  "er",  "erm", "hm",  "hmm", "kindly",
                                      "please", "pls", "plz", "uh",  "uhm", "um",  "umm"};

static const char *const names[] = {"alexa",  "assistant", "computer", "cortana", "google",
                                    "jarvis", "olly",      "robot",    "siri",    "sotto"};

/* Passed over at the beginning of a longer sentence. */
static const char *const openers[] = {
    "aber", "alright", "and",  "anyway", "but", "hey",  "hi",  "now",
    "oh",   "ok",      "okay", "right",  "so",  "then", "und", "well"};

/* Verbs that a polite wrapping stands before: "could you turn ..." is "turn ...". Sorted. */
static const char *const verbs[] = {
    "activate",  "add",        "adjust",   "alert",    "answer",     "append",   "arrange",
    "ask",       "begin",      "block",    "book",     "brief",      "bring",    "bump",
    "buy",       "call",       "cancel",   "change",   "check",      "clean",    "clear",
    "close",     "complete",   "continue", "convert",  "copy",       "count",    "create",
    "cross",     "deactivate", "decrease", "define",   "delete",     "describe", "dim",
    "disable",   "display",    "do",       "download", "draft",      "drop",     "email",
    "enable",    "erase",      "explain",  "fetch",    "find",       "finish",   "flag",
    "forget",    "forward",    "get",      "give",     "go",         "help",     "increase",
    "keep",      "let",        "list",     "locate",   "look",       "lower",    "make",
    "mark",      "message",    "move",     "mute",     "name",       "note",     "notify",
    "open",      "order",      "pause",    "phone",    "pick",       "ping",     "place",
    "play",      "post",       "postpone", "print",    "push",       "put",      "raise",
    "read",      "record",     "reduce",   "refresh",  "remember",   "remind",   "remove",
    "rename",    "reopen",     "repeat",   "reply",    "reschedule", "reserve",  "respond",
    "restart",   "resume",     "ring",     "run",      "save",       "say",      "schedule",
    "search",    "send",       "set",      "shift",    "show",       "shuffle",  "shut",
    "skip",      "snooze",     "speak",    "start",    "stick",      "stop",     "store",
    "summarise", "summarize",  "switch",   "take",     "talk",       "tell",     "text",
    "tick",      "translate",  "turn",     "tweet",    "uncheck",    "undo",     "untick",
    "update",    "vacuum",     "wake",     "write"};

/* Polite wrappings that end before a verb. "*" stands for one adverb that may come between. */
static const char *const wrappings[] = {"can you",
                                        "could you",
                                        "would you",
                                        "will you",
                                        "can you just",
                                        "could you just",
                                        "can you maybe",
                                        "could you maybe",
                                        "could you possibly",
                                        "can you quickly",
                                        "can you go ahead and",
                                        "i want you to",
                                        "i would like you to",
                                        "i need you to",
                                        "i would like for you to",
                                        "is it possible to",
                                        "is it possible for you to",
                                        "would it be possible to",
                                        "i was wondering if you could",
                                        "do me a favour and",
                                        "do me a favor and",
                                        "go ahead and",
                                        "you can",
                                        "you could",
                                        "you should",
                                        "be so kind and",
                                        "be so kind as to",
                                        "would you be able to",
                                        "are you able to",
                                        "do you think you could",
                                        "would you be so kind as to",
                                        "let us",
                                        "i would like to",
                                        "i want to",
                                        "may i ask you to",
                                        "can i get you to",
                                        "try to",
                                        "i would appreciate it if you could"};

static bool in_list(Str word, const char *const *list, size_t n)
{
    return str_in_sorted(word, list, n);
}
#define IN(word, list) in_list((word), (list), sizeof(list) / sizeof *(list))

static Str keep(SentenceWords *w, Str s)
{
    char *at = w->room + w->used;
    memcpy(at, s.ptr, s.len);
    w->used += s.len;
    return str_mem(at, s.len);
}

static void push(SentenceWords *w, Str s, size_t start, size_t end)
{
    if (w->n == WORDS_MAX || w->used + s.len > sizeof w->room || s.len == 0)
        return;
    w->word[w->n++] =
        (SentenceWord){.text = keep(w, s), .start = (uint32_t)start, .end = (uint32_t)end};
}

/* A folded word of the sentence's bytes [start, end), opened when it is a contraction. */
static void push_open(SentenceWords *w, Str s, size_t start, size_t end)
{
    size_t lo = 0, hi = sizeof contractions / sizeof *contractions;
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        int c = str_cmp(s, str_of(contractions[mid].word));
        if (c == 0) {
            size_t cut = start + strlen(contractions[mid].first);
            cut = cut < end ? cut : end;
            push(w, str_of(contractions[mid].first), start, cut);
            push(w, str_of(contractions[mid].second), cut, end);
            return;
        }
        if (c < 0)
            hi = mid;
        else
            lo = mid + 1;
    }
    push(w, s, start, end);
}

static bool is_apostrophe(uint32_t c)
{
    return c == '\'' || c == 0x2019 || c == 0x2BC;
}

/* Words are runs of letters and digits, with apostrophes inside. */
static void split(Str text, SentenceWords *w)
{
    char word[96];
    size_t len = 0, start = 0, end = 0, at = 0;
    bool last_apostrophe = false;
    while (at <= text.len) {
        size_t before = at;
        uint32_t c = at < text.len ? utf8_next(text, &at) : (at++, ' ');
        bool letter = c != UTF8_INVALID && letter_is_word(c);
        if (letter || (len > 0 && !last_apostrophe && is_apostrophe(c))) {
            char bytes[4];
            size_t k = utf8_put(letter ? letter_lower(c) : '\'', bytes);
            if (len == 0)
                start = before;
            if (len + k <= sizeof word) {
                memcpy(word + len, bytes, k);
                len += k;
            }
            last_apostrophe = !letter;
            end = letter ? at : end;
            continue;
        }
        if (last_apostrophe && len > 0)
            len--;
        push_open(w, str_mem(word, len), start, end);
        len = 0;
        last_apostrophe = false;
    }
}

static void drop(SentenceWords *w, size_t from, size_t count)
{
    memmove(w->word + from, w->word + from + count, (w->n - from - count) * sizeof *w->word);
    w->n -= count;
}

/* Words of `phrase` that stand at `at`; 0 when they do not all. */
static size_t stands_at(const SentenceWords *w, size_t at, const char *phrase)
{
    Str rest = str_of(phrase), part;
    size_t n = 0;
    for (; str_next(&rest, ' ', &part); n++)
        if (at + n >= w->n || !str_eq(w->word[at + n].text, part))
            return 0;
    return n;
}

static void strip_fillers(SentenceWords *w)
{
    size_t kept = 0, said = 0;
    for (size_t i = 0; i < w->n; i++)
        said += !IN(w->word[i].text, fillers);
    if (said == 0)
        return;
    for (size_t i = 0; i < w->n; i++) {
        if (!IN(w->word[i].text, fillers))
            w->word[kept++] = w->word[i];
        else if (w->word[i].text.ptr[0] == 'p' || w->word[i].text.ptr[0] == 'k')
            w->polite = true;
    }
    w->n = kept;
}

static void strip_name(SentenceWords *w)
{
    if (w->n > 2 && IN(w->word[0].text, openers) && IN(w->word[1].text, names))
        drop(w, 0, 2);
    else if (w->n > 1 && IN(w->word[0].text, names))
        drop(w, 0, 1);
    if (w->n > 1 && IN(w->word[w->n - 1].text, names))
        w->n--;
}

static bool strip_wrapping(SentenceWords *w)
{
    size_t best = 0;
    for (size_t i = 0; i < sizeof wrappings / sizeof *wrappings; i++) {
        size_t n = stands_at(w, 0, wrappings[i]);
        if (n > best && n < w->n && IN(w->word[n].text, verbs))
            best = n;
    }
    if (best > 0)
        drop(w, 0, best);
    w->polite |= best > 0;
    return best > 0;
}

/* "the rent's been paid", "the fence's fixed now": a verb, where a name would have its thing. */
static void open_is(SentenceWords *w)
{
    static const char *const behind[] = {"already", "been",   "done", "due", "finished",
                                         "gone",    "no",     "not",  "now", "overdue",
                                         "paid",    "sorted", "still"};
    for (size_t i = 0; i + 1 < w->n && w->n < WORDS_MAX; i++) {
        SentenceWord *s = &w->word[i];
        if (s->text.len < 4 || !str_ends(s->text, STR("'s")) || !IN(w->word[i + 1].text, behind))
            continue;
        memmove(s + 2, s + 1, (w->n - i - 1) * sizeof *s);
        w->n++;
        s->text.len -= 2;
        s[1] = (SentenceWord){.text = STR("is"), .start = s->end, .end = s->end};
        for (size_t cut = 0; cut < 2 && s->end > s->start; cut++)
            s->end--;
        s[1].start = s->end;
    }
}

void sentence_words(Str text, SentenceWords *out)
{
    out->n = out->used = 0;
    out->polite = out->question = out->continues = false;
    split(text, out);
    for (size_t i = text.len;
         i > 0 && (text.ptr[i - 1] <= ' ' || strchr("?!.\"')", text.ptr[i - 1])); i--)
        out->question |= text.ptr[i - 1] == '?';
    open_is(out);
    strip_fillers(out);
    strip_name(out);
    while (out->n > 2 && IN(out->word[0].text, openers)) {
        static const char *const on[] = {"aber", "and", "but", "then", "und"};
        out->continues |= IN(out->word[0].text, on);
        drop(out, 0, 1);
    }
    while (strip_wrapping(out))
        ;
}

Str sentence_join(const SentenceWords *w, char *out, size_t max)
{
    size_t n = 0;
    for (size_t i = 0; i < w->n && n + w->word[i].text.len + 1 < max; i++) {
        if (i > 0)
            out[n++] = ' ';
        memcpy(out + n, w->word[i].text.ptr, w->word[i].text.len);
        n += w->word[i].text.len;
    }
    return str_mem(out, n);
}
