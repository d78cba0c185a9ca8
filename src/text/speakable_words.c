/* speakable_words.c - addresses, file names, abbreviations, capitals, roman numerals, and signs. */
#include "text/speakable_impl.h"
#include "text/speakable_tables.h"

#define COUNT(list) (sizeof(list) / sizeof *(list))

/* URLs and e-mail. */

static bool address_char(char c)
{
    return is_wordy(c) || (c && strchr("-._~/?#@!$&*+,;=%:", c));
}

static size_t address_end(Str s, size_t at)
{
    size_t end = at;
    while (address_char(char_at(s, end)) && !is_mark(s.ptr[end])) {
        end++;
    }
    while (end > at && strchr(".,;:!?/&", s.ptr[end - 1])) {
        end--;
    }
    return end;
}

/* A part of an address: letters as words, short ones without a vowel by letters, digits one by one
 * when there are more than two. */
static void say_part(Buf *out, Str part)
{
    bool vowel = false, foreign = false;
    for (size_t i = 0; i < part.len; i++) {
        foreign = foreign || (unsigned char)part.ptr[i] >= 0x80;
        vowel = vowel || strchr("aeiouyAEIOUY", part.ptr[i]);
    }
    SpeakNumber n;
    if (part.len && is_digit(part.ptr[0]) && number_at(part, 0, &n) && n.len == part.len) {
        if (part.len > 4) {
            speakable_digits(out, part);
        } else {
            say_number(out, &n);
        }
    } else if (!vowel && !foreign && part.len <= 4) {
        say_letters(out, part);
    } else {
        say(out, part);
    }
}

static void say_address(Buf *out, Str a)
{
    static const struct {
        char sign;
        const char *said;
    } signs[] = {{'.', "dot"}, {'@', "at"}, {'/', "slash"}, {'-', "dash"}, {'_', "underscore"},
        {':', "colon"}, {'#', "hash"}, {'?', "question mark"}, {'=', "equals"}, {'&', "and"},
        {'+', "plus"}, {'%', "percent"}, {'~', "tilde"}};
    for (size_t i = 0; i < a.len;) {
        size_t n = 0;
        bool digit = is_digit(a.ptr[i]);
        while (i + n < a.len && is_wordy(a.ptr[i + n]) && is_digit(a.ptr[i + n]) == digit) {
            n++;
        }
        if (n) {
            say_part(out, str_sub(a, i, i + n));
            i += n;
            continue;
        }
        for (size_t k = 0; k < COUNT(signs); k++) {
            if (signs[k].sign == a.ptr[i]) {
                say(out, str_of(signs[k].said));
            }
        }
        i++;
    }
}

/* "com", "org", ..., a name's last part that makes it an address without "http" before it. */
static bool known_domain(Str host)
{
    static const char *const ends_with[] = {"com", "org", "net", "io", "dev", "app", "edu", "gov",
        "de", "uk", "eu", "ch", "at", "fr", "it", "nl", "ai", "info", "co", "us", "ca", "au",
            "local"};
    size_t dot = host.len;
    while (dot > 0 && host.ptr[dot - 1] != '.') {
        dot--;
    }
    return dot > 1 && one_of(str_sub(host, dot, host.len), ends_with, COUNT(ends_with));
}

size_t rule_address(const Speak *k, size_t at)
{
    static const Str schemes[] = {{"https://", 8}, {"http://", 7}, {"ftp://", 6}, {"mailto:", 7},
        {"file://", 7}};
    size_t from = at, end = address_end(k->s, at);
    bool scheme = false;
    for (size_t i = 0; i < COUNT(schemes); i++) {
        if (has_at(k->s, at, schemes[i])) {
            from = at + schemes[i].len;
            scheme = true;
        }
    }
    if (has_at(k->s, from, STR("www."))) {
        from += 4;
        scheme = true;
    }
    if (end <= from) {
        return 0;
    }
    Str a = str_sub(k->s, from, end);
    size_t sign = str_find(a, STR("@"), 0), slash = str_find(a, STR("/"), 0);
    Str host = str_sub(a, 0, slash == SIZE_MAX ? a.len : slash);
    bool mail = sign != SIZE_MAX && sign > 0 && str_find(a, STR("."), sign) != SIZE_MAX &&
        slash == SIZE_MAX;
    bool local = str_starts(a, STR("localhost:"));
    size_t lower = 0;
    for (size_t i = 0; i < host.len; i++) {
        lower += is_lower(host.ptr[i]);
    }
    bool bare = lower > 1 && known_domain(host) && is_lower(host.ptr[host.len - 1]) &&
        str_find(host, STR("@"), 0) == SIZE_MAX;
    if (!scheme && !mail && !local && !bare) {
        return 0;
    }
    /* what is asked for behind a "?" is for machines */
    size_t query = mail ? SIZE_MAX : str_find(a, STR("?"), 0);
    say_address(k->out, query == SIZE_MAX ? a : str_sub(a, 0, query));
    return end - at;
}

/* report_final.pdf, /home/ann/notes.txt, src/main.c */
size_t rule_file(const Speak *k, size_t at)
{
    static const char *const kinds[] = {"pdf", "txt", "doc", "docx", "xls", "xlsx", "ppt", "pptx",
        "csv", "md", "html", "json", "xml", "png", "jpg", "jpeg", "gif", "mp3", "wav", "mp4", "zip",
        "tar", "gz", "c", "h", "py", "js", "ts", "sh", "toml", "yaml", "yml", "eml", "ics", "epub",
        "odt", "ods", "rtf", "log", "exe", "conf", "ini", "db", "sql"};
    size_t end = at;
    while (!word_ends(k->s, end) || (char_at(k->s, end) && strchr("._-/~", k->s.ptr[end]))) {
        end++;
    }
    while (end > at && strchr(".-", k->s.ptr[end - 1])) {
        end--;
    }
    Str path = str_sub(k->s, at, end), name = str_file_name(path);
    size_t dot = name.len;
    while (dot > 0 && name.ptr[dot - 1] != '.') {
        dot--;
    }
    bool source = name.len - dot == 1; /* main.c is one, "B.C." is none */
    bool file = dot > 1 && (!source || (dot > 2 && is_lower(name.ptr[dot]))) &&
        one_of(str_sub(name, dot, name.len), kinds, COUNT(kinds));
    bool rooted = path.len > 2 && (at == 0 || k->s.ptr[at - 1] == ' ') &&
        (path.ptr[0] == '/' || str_starts(path, STR("~/"))) &&
        is_wordy(path.ptr[path.ptr[0] == '~' ? 2 : 1]);
    if (!file && !rooted) {
        return 0;
    }
    Str stem = file ? str_sub(path, 0, path.len - (name.len - dot) - 1) : path;
    for (size_t i = 0; i < stem.len;) {
        size_t n = 0;
        bool digit = is_digit(stem.ptr[i]);
        while (i + n < stem.len && is_wordy(stem.ptr[i + n]) &&
            is_digit(stem.ptr[i + n]) == digit) {
            n++;
        }
        if (n) {
            say_part(k->out, str_sub(stem, i, i + n));
        } else if (stem.ptr[i] == '/') {
            say(k->out, STR("slash"));
        } else if (stem.ptr[i] == '~') {
            say(k->out, STR("home"));
        } else if (stem.ptr[i] == '.') {
            say(k->out, STR("dot"));
        }
        i += n ? n : 1; /* - and _ are spaces */
    }
    if (file) {
        Str kind = str_sub(name, dot, name.len);
        say(k->out, STR("dot"));
        if (str_eq_nocase(kind, STR("zip")) || str_eq_nocase(kind, STR("doc"))) {
            say(k->out, kind);
        } else if (kind.len == 4 && str_eq_nocase(kind, STR("json"))) {
            say(k->out, STR("Jason"));
        } else {
            say_letters(k->out, kind);
        }
    }
    return path.len;
}

/* Abbreviations. */

static bool when_fits(const Speak *k, const SpeakAbbreviation *a, size_t at, size_t end)
{
    size_t next = end + spaces_at(k->s, end);
    char c = char_at(k->s, next), before;
    Str prior = word_before(k->s, at);
    switch (a->when) {
    case 'U': /* a name, which may go on with an umlaut */
        before = char_at(k->s, next + 1);
        return next > end &&
            ((is_upper(c) && (is_lower(before) || (unsigned char)before >= 0x80)) ||
                ((unsigned char)c == 0xc3 && (unsigned char)before < 0x9f));
    case '#': return is_digit(c) || (c == '#' && is_digit(char_at(k->s, next + 1)));
    case ':': return char_at(k->s, end) == ':';
    case 'S':
        before = prior.len ? prior.ptr[0] : 0;
        return is_upper(before) && prior.len > 1 && !is_digit(c) &&
            !str_eq_nocase(prior, STR("in")) && !str_eq_nocase(prior, STR("near")) && at > 0 &&
            !is_upper(c);
    case 'D': { /* a day's name before a date or behind one */
        size_t len;
        return (c == ',' && (is_digit(char_at(k->s, next + 2)) ||
            month_at(k->s, next + 2, &len))) ||
            is_digit(c) || month_at(k->s, next, &len);
    }
    default: return true;
    }
}

size_t rule_abbreviation(const Speak *k, size_t at)
{
    for (size_t i = 0; i < COUNT(speak_abbreviations); i++) {
        const SpeakAbbreviation *a = &speak_abbreviations[i];
        Str word = str_of(a->word);
        size_t end = at + word.len;
        if (!has_at(k->s, at, word)) {
            continue;
        }
        bool dot = char_at(k->s, end) == '.';
        bool sign = !is_letter(word.ptr[word.len - 1]); /* w/, C++ */
        if ((a->dot && !dot) || (!dot && !sign && !word_ends(k->s, end))) {
            continue;
        }
        if (dot && is_wordy(char_at(k->s, end + 1))) {
            continue; /* "no.one", "e.g" inside of something else */
        }
        /* a full stop at the end belongs to the sentence as well */
        bool last = dot && end + 1 >= k->s.len;
        end += dot;
        if (!when_fits(k, a, at, end)) {
            continue;
        }
        say(k->out, str_of(a->said));
        return end - at - (last ? 1 : 0);
    }
    return 0;
}

/* Roman numerals, where a word before them tells. */

static unsigned roman_value(Str w)
{
    static const struct {
        Str sign;
        unsigned value;
    } parts[] = {{{"X", 1}, 10}, {{"IX", 2}, 9}, {{"V", 1}, 5}, {{"IV", 2}, 4}, {{"I", 1}, 1}};
    unsigned v = 0;
    size_t at = 0;
    for (size_t i = 0; i < COUNT(parts); i++) {
        for (int n = 0; n < (parts[i].sign.len == 2 || parts[i].value == 5 ? 1 : 3) &&
                has_at(w, at, parts[i].sign); n++) {
            v += parts[i].value;
            at += parts[i].sign.len;
        }
    }
    return at == w.len && w.len ? v : 0;
}

size_t rule_roman(const Speak *k, size_t at)
{
    static const char *const things[] = {"chapter", "part", "section", "volume", "act", "scene",
        "phase", "type", "class", "appendix", "war", "article", "title", "level", "grade", "stage",
        "book", "figure", "table", "step", "version", "mark", "episode", "division", "category"};
    static const char *const rulers[] = {"Henry", "Louis", "Charles", "Elizabeth", "George",
        "Edward", "William", "Richard", "James", "Pius", "Benedict", "Paul", "Francis", "Philip",
        "Napoleon", "Frederick", "Wilhelm", "Catherine", "Nicholas", "Leo", "Gregory", "Alexander",
        "Ivan", "Ferdinand", "Innocent", "Clement", "Urban", "Otto", "Ludwig", "Friedrich",
        "Ramesses", "Mehmed", "Harald", "Gustav", "Christian", "Margrethe"};
    Str w = word_at(k->s, at), prior = word_before(k->s, at);
    unsigned v = k->shouting ? 0 : roman_value(w);
    if (v == 0 || prior.len == 0) {
        return 0;
    }
    if (one_of(prior, rulers, COUNT(rulers)) && is_upper(prior.ptr[0]) && !str_eq(w, STR("I"))) {
        say(k->out, STR("the"));
        speakable_ordinal(k->out, v);
        return w.len;
    }
    if (one_of(prior, things, COUNT(things))) {
        speakable_cardinal(k->out, v);
        return w.len;
    }
    return 0;
}

/* Words in capitals. */

static bool by_letters(Str w)
{
    size_t vowels = 0;
    for (size_t i = 0; i < w.len; i++) {
        vowels += strchr("AEIOU", w.ptr[i]) != NULL;
    }
    return w.len <= 3 || (w.len <= 5 && vowels == 0) || (w.len == 4 && vowels <= 1);
}

size_t rule_capitals(const Speak *k, size_t at)
{
    size_t end = at, letters = 0;
    while (is_upper(char_at(k->s, end)) || is_digit(char_at(k->s, end))) {
        letters += is_upper(k->s.ptr[end]);
        end++;
    }
    Str w = str_sub(k->s, at, end);
    size_t suffix = 0;
    if (char_at(k->s, end) == 's' && word_ends(k->s, end + 1)) {
        suffix = 1; /* PDFs */
    } else if (has_at(k->s, end, STR("'s")) && word_ends(k->s, end + 2)) {
        suffix = 2;
    }
    if (w.len < 2 || !letters || !is_upper(w.ptr[0]) || (!word_ends(k->s, end) && !suffix)) {
        return 0;
    }
    bool digits = letters < w.len;
    for (size_t i = 0; i < COUNT(speak_capitals) && !digits; i++) {
        bool word = is_lower(speak_capitals[i].said[0]) && k->shouting;
        if (str_eq(w, str_of(speak_capitals[i].word)) && !word) {
            say(k->out, str_of(speak_capitals[i].said));
            buf_add_c(k->out, suffix ? "'s" : "");
            return w.len + suffix;
        }
    }
    if (k->shouting || (!digits && !by_letters(w))) {
        return 0;
    }
    if (digits) { /* MP3, A4, Q3, H2O; B12 */
        for (size_t i = 0; i < w.len;) {
            SpeakNumber n;
            if (number_at(str_sub(w, 0, w.len), i, &n)) {
                if (n.digits.len >= 5) { /* the number of something: nobody counts that */
                    speakable_digits(k->out, n.digits);
                } else {
                    say_number(k->out, &n);
                }
                i += n.len;
                continue;
            }
            size_t from = i;
            while (i < w.len && is_upper(w.ptr[i])) {
                i++;
            }
            say_letters(k->out, str_sub(w, from, i));
        }
    } else {
        say_letters(k->out, w);
    }
    buf_add_c(k->out, suffix ? "'s" : "");
    return w.len + suffix;
}

/* Signs. */

size_t rule_sign(const Speak *k, size_t at)
{
    static const struct {
        const char *sign, *said;
        /* 0 always, ' ' with a space or an end on either side, '1' before a digit, 'd' between
         * digits */
        char when;
    } signs[] = {
        {"+", "plus", ' '}, {"+", "plus", 'd'}, {"=", "equals", 0}, {"\xc3\x97", "times", 0},
        {"\xc3\xb7", "divided by", 0},
        {"\xe2\x89\x88", "about", 0}, {"\xe2\x89\xa4", "at most", 0},
        {"\xe2\x89\xa5", "at least", 0},
        {"<=", "at most", ' '}, {">=", "at least", ' '}, {"!=", "is not equal to", ' '},
        {"==", "equals", ' '}, {"->", "to", ' '}, {"=>", "to", ' '},
        {"\xe2\x89\xa0", "is not equal to", 0}, {"<", "less than", '1'}, {"<", "less than", ' '},
        {">", "more than", '1'}, {">", "more than", ' '}, {"\xc2\xb1", "plus or minus", 0},
        {"\xe2\x86\x92", "to", 0}, {"\xe2\x86\x90", "from", 0},
        {"\xe2\x88\x9a", "square root of", 0},
        {"\xcf\x80", "pi", 0}, {"\xe2\x88\x9e", "infinity", 0}, {"\xc2\xb2", "squared", 0},
        {"\xc2\xb3", "cubed", 0}, {"^2", "squared", 0}, {"^3", "cubed", 0},
        {"^", "to the power of", '1'},
        {"*", "times", ' '}, {"&", "and", 0}, {"%", "percent", 0}, {"@", "at", 0},
        {"#", "number", '1'}, {"#", "hashtag", 'a'}, {"~", "about", '1'},
        {"\xc2\xa7", "section", 0},
        {"\xc2\xb0", "degrees", 0}, {"\xe2\x82\xac", "euro", 0}, {"\xc2\xa3", "pound", 0},
        {"$", "dollar", 0}, {"\xe2\x88\x92", "minus", 0}, {"\xc2\xb7", "times", ' '},
    };
    for (size_t i = 0; i < COUNT(signs); i++) {
        Str sign = str_of(signs[i].sign);
        size_t end = at + sign.len;
        if (!has_at(k->s, at, sign)) {
            continue;
        }
        bool apart = (at == 0 || k->s.ptr[at - 1] == ' ') &&
            (end >= k->s.len || k->s.ptr[end] == ' ');
        bool number = is_digit(char_at(k->s, end)) ||
            (char_at(k->s, end) == ' ' && is_digit(char_at(k->s, end + 1)));
        if ((signs[i].when == ' ' && !apart) || (signs[i].when == '1' && !number) ||
            (signs[i].when == 'd' && (!number || at == 0 || !is_digit(k->s.ptr[at - 1]))) ||
            (signs[i].when == 'a' && !is_letter(char_at(k->s, end)))) {
            continue;
        }
        say(k->out, str_of(signs[i].said));
        return sign.len;
    }
    return 0;
}
