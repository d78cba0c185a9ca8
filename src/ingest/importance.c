/* importance.c - how much there is to miss in a document, and why; the formula is in
 * docs/INGEST.md. */
#include "ingest/understand.h"

#include "text/dates.h"
#include "text/letters.h"
#include "text/words.h"

#define LOOK_AT 200000u

/* Words of duties and rights: what costs a person something to miss. English, German, French,
 * Spanish, Italian, Portuguese, Dutch; words that another of these languages uses for something
 * harmless are left out. Sorted by bytes. */
static const char *const duty_words[] = {
    "aanmaning", "affitto", "agreement", "alquiler", "aluguel", "appointment", "assicurazione",
    "assurance", "belasting", "betaling", "bill", "cancel", "cancellation", "contract", "contrat",
    "contrato", "contratto", "deadline", "deposit", "due", "expires", "expiry", "factura",
    "facture", "factuur", "fattura", "fatura", "fee", "frist", "fällig", "huur", "imposta",
    "impuesto", "impôt", "insurance", "invoice", "kündigung", "kündigungsfrist", "landlord",
    "lease", "loyer", "mahnung", "miete", "mietvertrag", "must", "notice", "obligation",
    "obliged", "opzegtermijn", "overdue", "overeenkomst", "pagamento", "pago", "paiement",
    "passport", "payable", "payment", "penalty", "pflicht", "plazo", "policy", "prazo",
    "prescription", "rappel", "rechnung", "reminder", "renew", "renewal", "rent", "required",
    "résiliation", "scadenza", "seguro", "shall", "signature", "steuer", "submit", "tax",
    "tenant", "termin", "terminate", "termination", "unterschrift", "urgent", "vencimento",
    "vencimiento", "vermieter", "versicherung", "vertrag", "verzekering", "visa", "warranty",
    "zahlung", "échéance"};
static const char *const currencies[] = {"eur",     "euro", "euros",  "usd", "dollar",
                                         "dollars", "gbp",  "pounds", "chf", "sek",
                                         "nok",     "dkk",  "pln",    "czk"};

const char *importance_signal_name(ImportanceSignal s)
{
    static const char *const names[] = {[SIGNAL_DUTY] = "duty",
                                        [SIGNAL_DATES] = "dates",
                                        [SIGNAL_MONEY] = "money",
                                        [SIGNAL_LENGTH] = "length",
                                        [SIGNAL_STRUCTURE] = "structure"};
    return names[s];
}

static bool is_in(const char *const *list, size_t n, Str word)
{
    for (size_t i = 0; i < n; i++)
        if (str_eq(str_of(list[i]), word))
            return true;
    return false;
}
#define IN(list, word) is_in((list), sizeof(list) / sizeof *(list), (word))

static bool is_duty(Str word)
{
    return str_in_sorted(word, duty_words, sizeof duty_words / sizeof *duty_words);
}

/* Counts one sign of a signal and keeps the first few that differ, as they stand in the text. */
static void note(Importance *v, ImportanceSignal s, Str sign)
{
    ImportanceReason *r = &v->reasons[s];
    r->count++;
    for (size_t i = 0; i < r->n_found; i++)
        if (str_eq_nocase(r->found[i], sign))
            return;
    if (r->n_found < IMPORTANCE_FOUND)
        r->found[r->n_found++] = sign;
}

static bool is_money_sign(Str w)
{
    return w.ptr[0] == '$' || str_starts(w, STR("\xC2\xA3")) ||
           str_find(w, STR("\xE2\x82\xAC"), 0) != SIZE_MAX;
}

/* One word as white space divides it; `before` is the one before it when that is a number. */
static void read_word(Importance *v, Str word, Str *before)
{
    Str w = word;
    while (w.len > 0 && strchr("(\"'[", w.ptr[0]))
        w = str_sub(w, 1, w.len);
    while (w.len > 0 && strchr(".,;:!?)\"']", w.ptr[w.len - 1]))
        w.len--;
    if (w.len == 0 || w.len > 40) {
        *before = STR("");
        return;
    }
    char room[WORD_MAX + 8];
    Str l = word_fold(w, room);
    v->reasons[SIGNAL_LENGTH].count++;
    if (is_duty(l))
        note(v, SIGNAL_DUTY, w);
    if (before->len > 0 && (IN(currencies, l) || (is_money_sign(w) && w.len <= 3)))
        note(v, SIGNAL_MONEY, str_mem(before->ptr, (size_t)(w.ptr + w.len - before->ptr)));
    else if (is_money_sign(w) && w.len > 3)
        note(v, SIGNAL_MONEY, w);
    *before = letter_is_digit((unsigned char)w.ptr[0]) ? w : STR("");
}

static void finish(Importance *v)
{
    static const struct {
        double weight, full; /* this many signs are 1 */
    } parts[] = {[SIGNAL_DUTY] = {0.35, 6},
                 [SIGNAL_DATES] = {0.15, 4},
                 [SIGNAL_MONEY] = {0.15, 4},
                 [SIGNAL_LENGTH] = {0.10, 600},
                 [SIGNAL_STRUCTURE] = {0.05, 3}};
    v->score = IMPORTANCE_BASE;
    for (size_t s = 0; s < IMPORTANCE_SIGNALS; s++) {
        ImportanceReason *r = &v->reasons[s];
        double share = (double)r->count / parts[s].full;
        r->weight = parts[s].weight;
        r->value = share < 1 ? share : 1;
        v->score += r->weight * r->value;
    }
    v->score = v->score < 1 ? v->score : 1;
}

Importance understand_importance(const Extracted *e)
{
    Importance v = {.score = 0};
    Str text = str_sub(e->text, 0, utf8_floor(e->text, LOOK_AT)), before = STR("");
    for (size_t at = 0, from = 0; at <= text.len; at++) {
        if (at < text.len && text.ptr[at] != ' ' && text.ptr[at] != '\n' && text.ptr[at] != '\t')
            continue;
        if (at > from)
            read_word(&v, str_sub(text, from, at), &before);
        from = at + 1;
    }
    size_t at = 0, start, end;
    DocDate date;
    while (date_next(text, DATE_DAY_FIRST, &at, &start, &end, &date))
        note(&v, SIGNAL_DATES, str_sub(text, start, end));
    for (size_t i = 0; i < e->n_marks; i++)
        v.reasons[SIGNAL_STRUCTURE].count += e->marks[i].kind == MARK_HEADING;
    finish(&v);
    return v;
}
