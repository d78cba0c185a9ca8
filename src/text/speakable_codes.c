/* speakable_codes.c - numbers that count nothing: telephone numbers, versions, addresses of
 * machines. */
#include "text/speakable_impl.h"

#define COUNT(list) (sizeof(list) / sizeof *(list))

/* Telephone numbers: groups of digits, said one by one with a pause between. */

/* Length of a telephone number, or 0: +49 89 1234-567, (555) 123-4567, 555-123-4567, 555-1234. */
static size_t phone_len(Str s, size_t at)
{
    size_t i = at, groups = 0, digits = 0, last = at, dashes = 0;
    bool plus = char_at(s, i) == '+', paren = false, zero = false;
    i += plus;
    for (;;) {
        bool open = char_at(s, i) == '(';
        size_t n = digits_at(s, i + open);
        if (n == 0 || n > 12 || (open && char_at(s, i + open + n) != ')')) {
            break;
        }
        zero = zero || (groups == 0 && s.ptr[i + open] == '0');
        paren = paren || open;
        i += open + n + open;
        digits += n;
        groups++;
        last = i;
        char sep = char_at(s, i);
        dashes += sep == '-';
        bool sep_space = sep == ' ' && (plus || paren || zero);
        if (sep == ' ' && char_at(s, i + 1) == '(') {
            sep_space = plus;
        }
        if (sep != '-' && sep != '/' && !sep_space && !(sep == '.' && plus)) {
            break;
        }
        if (sep == '/' && !zero) {
            break;
        }
        i++;
    }
    bool date = digits_at(s, at) == 2 && char_at(s, at + 2) == '/' && digits_at(s, at + 3) == 2 &&
        char_at(s, at + 5) == '/';
    if (!word_ends(s, last) || digits > 15 || date) {
        return 0;
    }
    bool social = groups == 3 && digits == 9 && dashes == 2 && char_at(s, at + 3) == '-' &&
        char_at(s, at + 6) == '-';
    bool american = !plus && dashes == groups - 1 &&
        ((groups == 3 && digits == 10) || (groups == 2 && digits == 7 && !zero));
    bool ok = (plus && digits >= 7) || (paren && digits >= 7 && groups >= 2) ||
        (zero && groups >= 2 && digits >= 7) || american || social;
    return ok ? last - at : 0;
}

/* " x123", " ext. 123" behind a number: bytes up to the digits, or 0. */
static size_t extension_at(Str s, size_t at)
{
    static const Str signs[] = {{" x", 2}, {"x", 1}, {" ext. ", 6}, {" ext ", 5}, {", ext. ", 7},
        {" extension ", 11}};
    for (size_t i = 0; i < COUNT(signs); i++) {
        size_t n = has_at(s, at, signs[i]) ? digits_at(s, at + signs[i].len) : 0;
        if (n >= 1 && n <= 6 && word_ends(s, at + signs[i].len + n)) {
            return signs[i].len;
        }
    }
    return 0;
}

/* 555.867.5309, 415.555.2671: three groups that no address of a machine has. */
static bool american_dots(Str s, size_t at)
{
    return digits_at(s, at) == 3 && char_at(s, at + 3) == '.' && digits_at(s, at + 4) == 3 &&
        char_at(s, at + 7) == '.' && digits_at(s, at + 8) == 4 && word_ends(s, at + 12) &&
        !(char_at(s, at + 12) == '.' && is_digit(char_at(s, at + 13)));
}

/* 1-800-FLOWERS: what is dialled as a word stays one. */
static size_t toll_free(const Speak *k, size_t at)
{
    static const Str heads[] = {{"1-800-", 6}, {"1-888-", 6}, {"1-877-", 6}};
    for (size_t i = 0; i < COUNT(heads); i++) {
        if (has_at(k->s, at, heads[i]) && is_upper(char_at(k->s, at + 6)) &&
            is_upper(char_at(k->s, at + 7))) {
            say(k->out, i == 0 ? STR("one eight hundred") : i == 1 ? STR("one eight eight eight") :
                STR("one eight seven seven"));
            buf_add_char(k->out, ',');
            return 6;
        }
    }
    return 0;
}

size_t rule_phone(const Speak *k, size_t at)
{
    char c = char_at(k->s, at);
    size_t len = c == '+' || c == '(' || is_digit(c) ? phone_len(k->s, at) : 0;
    bool first = true;
    len = len ? len : american_dots(k->s, at) ? 12 : 0;
    if (len == 0) {
        return toll_free(k, at);
    }
    for (size_t i = at; i < at + len;) {
        size_t n = digits_at(k->s, i);
        if (k->s.ptr[i] == '+') {
            say(k->out, STR("plus"));
        }
        if (n) {
            if (!first) {
                buf_add_char(k->out, ',');
            }
            speakable_digits(k->out, str_sub(k->s, i, i + n));
            first = false;
        }
        i += n ? n : 1;
    }
    size_t more = extension_at(k->s, at + len);
    if (more) {
        size_t n = digits_at(k->s, at + len + more);
        buf_add_char(k->out, ',');
        say(k->out, STR("extension"));
        speakable_digits(k->out, str_sub(k->s, at + len + more, at + len + more + n));
        len += more + n;
    }
    return len;
}

/* 1.2.3, v2.0, 192.168.0.1 */
size_t rule_dotted(const Speak *k, size_t at)
{
    size_t i = at, parts = 0;
    bool v = (char_at(k->s, i) | 0x20) == 'v' && is_digit(char_at(k->s, i + 1));
    i += v;
    size_t from = i;
    while (digits_at(k->s, i) && digits_at(k->s, i) <= 6) {
        i += digits_at(k->s, i);
        parts++;
        if (char_at(k->s, i) != '.' || !is_digit(char_at(k->s, i + 1))) {
            break;
        }
        i++;
    }
    static const char *const named[] = {"version", "Python", "release", "iOS", "Android", "Ubuntu",
        "Debian", "firmware", "Node", "Java", "PHP", "Ruby", "Go", "TLS", "HTTP", "Bluetooth",
        "USB", "HDMI"};
    bool name = parts == 2 && one_of(word_before(k->s, at), named, COUNT(named));
    if (!(parts >= 3 || (v && parts >= 1) || name) || !word_ends(k->s, i)) {
        return 0;
    }
    if (v) {
        say(k->out, STR("version"));
    }
    for (size_t p = from; p < i; p++) {
        size_t n = digits_at(k->s, p);
        SpeakNumber number;
        if (n == 0) {
            say(k->out, parts == 4 ? STR("dot") : STR("point"));
            continue;
        }
        if (parts == 4) {
            speakable_digits(k->out, str_sub(k->s, p, p + n));
        } else if (number_at(str_sub(k->s, 0, p + n), p, &number)) {
            say_number(k->out, &number);
        }
        p += n - 1;
    }
    return i - at;
}
