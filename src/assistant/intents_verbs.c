/* intents_verbs.c - see intents_verbs.h. */
#include "assistant/intents_verbs.h"

static const struct {
    const char *past, *base;
} irregular[] = {
    {"ate", "eat"},       {"bought", "buy"},        {"brought", "bring"},
    {"built", "build"},   {"chose", "choose"},      {"chosen", "choose"},
    {"did", "do"},        {"done", "do"},           {"drew", "draw"},
    {"driven", "drive"},  {"drove", "drive"},       {"fed", "feed"},
    {"filled", "fill"},   {"found", "find"},        {"gave", "give"},
    {"given", "give"},    {"gone", "go"},           {"got", "get"},
    {"gotten", "get"},    {"held", "hold"},         {"hung", "hang"},
    {"kept", "keep"},     {"laid", "lay"},          {"left", "leave"},
    {"lent", "lend"},     {"made", "make"},         {"met", "meet"},
    {"paid", "pay"},      {"ran", "run"},           {"rang", "ring"},
    {"rung", "ring"},     {"sent", "send"},         {"shown", "show"},
    {"sold", "sell"},     {"sorted", "sort"},       {"spent", "spend"},
    {"spoke", "speak"},   {"spoken", "speak"},      {"sung", "sing"},
    {"swept", "sweep"},   {"taken", "take"},        {"taught", "teach"},
    {"thrown", "throw"},  {"told", "tell"},         {"took", "take"},
    {"went", "go"},       {"withdrew", "withdraw"}, {"woke", "wake"},
    {"written", "write"}, {"wrote", "write"},
};

static bool is_vowel(char c)
{
    return c == 'a' || c == 'e' || c == 'i' || c == 'o' || c == 'u';
}

/* A stem that has lost its e: "mov", "updat", "fil", "arrang". */
static bool lost_e(Str s)
{
    static const char *const ends[] = {"v",  "c",  "dg", "ang", "arg", "at", "as", "is", "os",
                                       "us", "iz", "ul", "ir",  "ar",  "ur", "ak", "ik", "ok",
                                       "il", "id", "ad", "ut",  "in",  "ap", "ip", "op", "et"};
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
        if (!str_ends(s, str_of(ends[i])))
            continue;
        /* A pair of vowels before the last consonant is a stem by itself: clean, repair, book. */
        return s.len < 3 || !(is_vowel(s.ptr[s.len - 2]) && is_vowel(s.ptr[s.len - 3])) ||
               str_ends(s, STR("v"));
    }
    return false;
}

static const char *const whole_stems[] = {
    "answer",  "cancel", "check",  "cover",  "deposit", "edit",  "enter",  "finish",
    "hoover",  "iron",   "mail",   "offer",  "open",    "order", "permit", "print",
    "sharpen", "start",  "submit", "vacuum", "visit",   "water", "email",  "return"};

static bool doubled(Str s)
{
    char last = s.len > 2 ? s.ptr[s.len - 1] : 'l';
    return s.len > 2 && last == s.ptr[s.len - 2] && last != 'l' && last != 's' && last != 'f' &&
           last != 'z' && !is_vowel(last);
}

static bool put(Str s, const char *tail, char *out, size_t max)
{
    size_t n = strlen(tail);
    if (s.len + n + 1 > max)
        return false;
    memcpy(out, s.ptr, s.len);
    memcpy(out + s.len, tail, n + 1);
    return true;
}

bool verb_base(Str word, bool past, char *out, size_t max)
{
    for (size_t i = 0; past && i < sizeof irregular / sizeof *irregular; i++)
        if (str_eq(word, str_of(irregular[i].past)))
            return put(str_of(irregular[i].base), "", out, max);
    bool ed = past && word.len > 3 && str_ends(word, STR("ed"));
    bool ing = word.len > 5 && str_ends(word, STR("ing"));
    if (!ed && !ing)
        return false;
    if (ed && word.len > 4 && str_ends(word, STR("ied")))
        return put(str_sub(word, 0, word.len - 3), "y", out, max);
    Str stem = str_sub(word, 0, word.len - (ed ? 2 : 3));
    for (size_t i = 0; i < sizeof whole_stems / sizeof *whole_stems; i++)
        if (str_eq(stem, str_of(whole_stems[i])))
            return put(stem, "", out, max);
    if (doubled(stem))
        return put(str_sub(stem, 0, stem.len - 1), "", out, max);
    return put(stem, lost_e(stem) ? "e" : "", out, max);
}
