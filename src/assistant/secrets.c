/* secrets.c - see secrets.h. */
#include "assistant/secrets.h"

#include "text/letters.h"

#define LEN(list) (sizeof(list) / sizeof *(list))
#define DIGITS_MAX 40

const char *secret_name(SecretKind k)
{
    static const char *const names[SECRET_KINDS] = {[SECRET_NONE] = "",
        [SECRET_CARD] = "a payment card's number", [SECRET_IBAN] = "a bank account's number",
        [SECRET_KEY] = "a key or token", [SECRET_PERSONAL_NUMBER] = "an official personal number",
        [SECRET_PHRASE] = "a recovery phrase", [SECRET_WORD] = "a password or PIN"};
    return names[k];
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (unsigned char)c >= 0x80;
}

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c + 32) : c;
}

/* ---- check digits ---------------------------------------------------------------------------- */

static bool luhn(const char *digits, size_t n)
{
    unsigned sum = 0;
    for (size_t i = 0; i < n; i++) {
        unsigned d = (unsigned)(digits[n - 1 - i] - '0') * (i % 2 ? 2 : 1);
        sum += d > 9 ? d - 9 : d;
    }
    return sum % 10 == 0;
}

/* 13 to 19 digits, spaces, dots and hyphens between them, with a good check digit. */
static bool has_card_number(Str s)
{
    char digits[DIGITS_MAX];
    size_t n = 0;
    bool phone = false;
    for (size_t i = 0; i <= s.len; i++) {
        char c = i < s.len ? s.ptr[i] : ',';
        if (is_digit(c)) {
            if (n < sizeof digits)
                digits[n] = c;
            n++;
        } else if (c != ' ' && c != '-' && c != '.') {
            /* No issuer's numbers begin with 0; "+" is a telephone's. */
            if (n >= 13 && n <= 19 && !phone && digits[0] != '0' && luhn(digits, n))
                return true;
            phone = c == '+';
            n = 0;
        }
    }
    return false;
}

/* The IBAN that may begin at `at`: two letters, two digits, 11 to 30 more, in groups or not. Its
 * number with the head behind it is 1 modulo 97. */
static bool is_iban(Str s, size_t at)
{
    char all[34];
    size_t n = 0;
    unsigned rest = 0;
    bool good = false;
    for (size_t i = at; i < s.len && n < sizeof all; i++) {
        char c = lower(s.ptr[i]);
        if (c == ' ')
            continue;
        if (!is_digit(c) && !(c >= 'a' && c <= 'z'))
            break;
        if ((n < 2 && is_digit(c)) || ((n == 2 || n == 3) && !is_digit(c)))
            return false;
        all[n++] = c;
    }
    for (size_t len = 15; len <= n && !good; len++) {
        rest = 0;
        for (size_t i = 0; i < len; i++) {
            char c = all[(i + 4) % len];
            unsigned v = is_digit(c) ? (unsigned)(c - '0') : (unsigned)(c - 'a') + 10;
            rest = (rest * (v > 9 ? 100 : 10) + v) % 97;
        }
        good = rest == 1;
    }
    /* One in 97 of what only looks like one passes: at least eight digits must be in it. */
    unsigned digits = 0;
    for (size_t i = 0; i < n; i++)
        digits += is_digit(all[i]);
    return good && digits >= 8;
}

static bool has_iban(Str s)
{
    for (size_t i = 0; i + 15 <= s.len; i++)
        if ((i == 0 || !(is_letter(s.ptr[i - 1]) || is_digit(s.ptr[i - 1]))) &&
            is_letter(s.ptr[i]) && is_iban(s, i))
            return true;
    return false;
}

/* ---- shapes ---------------------------------------------------------------------------------- */

/* 123-45-6789, as the United States write theirs. */
static bool has_social_security(Str s)
{
    for (size_t i = 0; i + 11 <= s.len; i++) {
        bool fits = (i == 0 || !is_digit(s.ptr[i - 1])) &&
                    (i + 11 == s.len || !is_digit(s.ptr[i + 11]));
        for (size_t k = 0; k < 11 && fits; k++)
            fits = k == 3 || k == 6 ? s.ptr[i + k] == '-' || s.ptr[i + k] == ' '
                                    : is_digit(s.ptr[i + k]);
        if (fits)
            return true;
    }
    return false;
}

/* Keys and tokens: long, without a space, letters and digits mixed; or with a known head. */
static bool is_token(Str word)
{
    static const char *const heads[] = {"sk-", "pk_", "sk_", "ghp_", "gho_", "xoxb-", "xoxp-",
                                        "AKIA", "AIza", "glpat-", "eyJ", "SG."};
    unsigned letters = 0, digits = 0, other = 0;
    for (size_t i = 0; i < word.len; i++) {
        letters += is_letter(word.ptr[i]);
        digits += is_digit(word.ptr[i]);
    }
    other = (unsigned)word.len - letters - digits;
    for (size_t i = 0; i < LEN(heads); i++)
        if (str_starts(word, str_of(heads[i])) && word.len >= 12 && digits)
            return true;
    return word.len >= 20 && digits >= 3 && letters >= 5 && other < word.len / 4 &&
           str_find(word, STR("://"), 0) == SIZE_MAX && str_find(word, STR("@"), 0) == SIZE_MAX;
}

static bool has_token(Str s)
{
    Str rest = s, word;
    while (str_next(&rest, ' ', &word))
        if (is_token(word))
            return true;
    return str_find(s, STR("-----BEGIN "), 0) != SIZE_MAX;
}

/* ---- words ----------------------------------------------------------------------------------- */

/* Offset behind `word` where it stands in s as a word of its own or as the end of one ("Kennwort",
 * "WLAN-Passwort"); 0: nowhere. */
static size_t behind(Str s, const char *word, size_t from)
{
    Str w = str_of(word);
    for (size_t i = from; i + w.len <= s.len; i++) {
        if (lower(s.ptr[i]) != w.ptr[0] || !str_eq_nocase(str_sub(s, i, i + w.len), w))
            continue;
        bool begins = i == 0 || !is_letter(s.ptr[i - 1]) || w.len >= 8;
        size_t end = i + w.len;
        end += end < s.len && lower(s.ptr[end]) == 's' ? 1 : 0;
        if (begins && (end == s.len || !is_letter(s.ptr[end])))
            return end;
    }
    return 0;
}

/* These are secrets whatever is said of them: "my password is the name of my dog". */
static bool says_password(Str s)
{
    static const char *const words[] = {"password", "passcode", "passphrase", "pass phrase",
        "pin code", "pin number", "private key", "secret key", "api key", "access token",
        "security code", "cvv", "cvc", "login code", "card number", "recovery code",
        "social security number", "tax id", "passwort", "kennwort", "geheimzahl", "pin-code",
        "passphrase", "zugangscode", "kartennummer", "pr\xC3\xBC" "fziffer",
        "sozialversicherungsnummer", "steuer-id", "tan-nummer", "puk", "ssn"};
    for (size_t i = 0; i < LEN(words); i++)
        if (behind(s, words[i], 0))
            return true;
    return false;
}

/* "my PIN is 4711", "the code for the door: 1234"; but "a pin on the map". */
static bool says_code(Str s)
{
    static const char *const words[] = {"pin", "code", "tan", "combination", "code-nummer"};
    for (size_t i = 0; i < LEN(words); i++) {
        size_t at = behind(s, words[i], 0), digits = 0;
        for (size_t k = at; at && k < s.len && k < at + 40; k++) {
            digits = is_digit(s.ptr[k]) ? digits + 1
                     : s.ptr[k] == ' ' || s.ptr[k] == '-' ? digits : 0;
            if (digits >= 3)
                return true;
        }
    }
    return false;
}

static size_t count_words(Str s, bool *plain)
{
    size_t n = 0;
    *plain = true;
    for (size_t i = 0; i < s.len; i++) {
        n += s.ptr[i] != ' ' && (i == 0 || s.ptr[i - 1] == ' ');
        *plain &= (s.ptr[i] >= 'a' && s.ptr[i] <= 'z') || s.ptr[i] == ' ' || s.ptr[i] == ',';
    }
    return n;
}

/* "seed phrase ..."; or twelve and more bare words behind a colon or "is", as wallets give them. */
static bool has_recovery_phrase(Str s)
{
    static const char *const words[] = {"recovery phrase", "seed phrase", "seed words",
        "recovery words", "mnemonic", "backup phrase", "wiederherstellungsphrase"};
    bool plain;
    for (size_t i = 0; i < LEN(words); i++)
        if (behind(s, words[i], 0))
            return true;
    size_t n = count_words(s, &plain);
    return plain && (n == 12 || n == 24) && !behind(s, "the", 0) && !behind(s, "a", 0) &&
           !behind(s, "my", 0) && !behind(s, "is", 0) && !behind(s, "to", 0);
}

SecretKind secret_find(Str text)
{
    return has_card_number(text)       ? SECRET_CARD
           : has_iban(text)            ? SECRET_IBAN
           : has_token(text)           ? SECRET_KEY
           : has_social_security(text) ? SECRET_PERSONAL_NUMBER
           : has_recovery_phrase(text) ? SECRET_PHRASE
           : says_password(text) || says_code(text) ? SECRET_WORD
                                                    : SECRET_NONE;
}
