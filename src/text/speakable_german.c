/* speakable_german.c - German text as a person would read it aloud: numbers, dates, times, money,
 * units, ordinals, abbreviations, telephone numbers, addresses. Simpler than English: one pass, one
 * rule after the other at every beginning of a word. */
#include "text/speakable_german_impl.h"

#define COUNT(list) (sizeof(list) / sizeof *(list))

/* 20 EUR/Monat: what it is counted by. */
static bool is_per(Str s, size_t at)
{
    static const char *const names[] = {"Monat", "Jahr", "Tag", "Stunde", "Woche", "Person",
        "Nacht", "Minute", "Kopf", "kWh", "Kilo", "Liter"};
    return one_of(word_at(s, at), names, COUNT(names));
}

void speakable_german(Buf *out, Str s)
{
    static const GermanRule rules[] = {german_address, german_account, german_phone, german_date,
        german_time, german_score, german_dotted, german_fraction, german_ordinal,
        german_amount, german_word, german_street, german_roman};
    bool spaced = true; /* a word may begin here */
    for (size_t at = 0; at < s.len;) {
        char c = s.ptr[at];
        size_t n = 0;
        bool number = is_digit(c) || c == '-' || c == '+' || (unsigned char)c == 0xe2 ||
            (unsigned char)c == 0xc2 || c == '$';
        for (size_t i = 0; spaced && c != ' ' && !n && i < COUNT(rules); i++) {
            bool amounts = rules[i] != german_address && rules[i] != german_word &&
                rules[i] != german_street && rules[i] != german_roman &&
                rules[i] != german_account;
            if (!amounts || number || (rules[i] == german_amount && is_upper(c))) {
                n = rules[i](out, s, at);
            }
        }
        if (n) {
            at += n;
            spaced = true;
            if (at < s.len && is_wordy(s.ptr[at])) {
                buf_add_char(out, ' ');
            }
            continue;
        }
        if (strchr("()[]{}\"|*_#<>^\\~`", c) ||
            (c == '-' && char_at(s, at + 1) == ' ' && at && s.ptr[at - 1] == ' ')) {
            bool pause = strchr("()[]{}-", c) && out->len > 1;
            while (pause && out->len && out->ptr[out->len - 1] == ' ') {
                buf_cut(out, out->len - 1);
            }
            if (pause && out->len && !strchr(",.;:!?", out->ptr[out->len - 1])) {
                buf_add_c(out, ", ");
            }
        } else if (c == '/' && at && is_per(s, at + 1)) {
            say(out, STR("pro "));
        } else if (c == '/' && at && is_wordy(s.ptr[at - 1]) && is_wordy(char_at(s, at + 1))) {
            buf_add_char(out, ' ');
        } else if (c == ' ') {
            if (out->len && out->ptr[out->len - 1] != ' ') {
                buf_add_char(out, ' ');
            }
        } else {
            bool mark = strchr(",.;:!?", c) != NULL;
            while (mark && out->len && strchr(" ,", out->ptr[out->len - 1])) {
                buf_cut(out, out->len - 1);
            }
            buf_add_char(out, c);
        }
        spaced = !is_wordy(c);
        at++;
    }
    while (out->len && strchr(" ,;", out->ptr[out->len - 1])) {
        buf_cut(out, out->len - 1);
    }
    if (out->len && !strchr(".!?:", out->ptr[out->len - 1])) {
        buf_add_char(out, '.');
    }
}
