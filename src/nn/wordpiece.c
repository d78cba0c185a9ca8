/* wordpiece.c - see wordpiece.h. A word is gathered on the stack, character by character with the
 * byte where each came from, then cut into pieces; nothing is allocated for a text of any
 * length. */
#include "nn/wordpiece.h"

#include "base/mem.h"
#include "base/utf8.h"
#include "nn/wordpiece_tables.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define BLOB_MAGIC 0x31505753u /* "SWP1" */
#define TOKEN_MAX 200          /* bytes of a token; longer ones have no place in a vocabulary */

/* The blob, all little-endian u32: magic, count, mask, n_bytes, longest, five special ids,
 * slots[mask + 1], offsets[count + 1], then n_bytes of text. Continuations ("##x") hash apart. */
enum {
    H_MAGIC,
    H_COUNT,
    H_MASK,
    H_BYTES,
    H_LONGEST,
    H_PAD,
    H_UNK,
    H_CLS,
    H_SEP,
    H_MASKED,
    H_WORDS
};

#define HASH_WORD 0x811c9dc5u
#define HASH_CONTINUED 0x2f0b4a91u
static inline uint32_t hash_step(uint32_t h, uint8_t byte) { return (h ^ byte) * 0x01000193u; }
static inline uint32_t hash_slot(uint32_t h) { return (h ^ h >> 15) * 0x85ebca6bu >> 7; }

/* Bit 31 of an offset marks a continuation, so that "##a" and "a" can not be confused. */
#define CONTINUED 0x80000000u

Str wordpiece_token(const WordPiece *w, uint32_t id)
{
    if (id >= w->count) {
        return (Str){"", 0};
    }
    uint32_t from = w->offsets[id] & ~CONTINUED, to = w->offsets[id + 1] & ~CONTINUED;
    if (from > to || to > w->n_bytes) { /* a damaged file */
        return (Str){"", 0};
    }
    return (Str){w->bytes + from, to - from};
}

/* Id of the token with these bytes and this hash, or UINT32_MAX. */
static uint32_t find(const WordPiece *w, const char *p, size_t n, uint32_t hash, uint32_t continued)
{
    uint32_t at = hash_slot(hash) & w->mask;
    for (uint32_t tries = 0; tries <= w->mask; tries++, at = (at + 1) & w->mask) {
        uint32_t slot = w->slots[at];
        if (slot == 0 || slot > w->count) {
            return UINT32_MAX;
        }
        Str token = wordpiece_token(w, slot - 1);
        if (token.len == n && (w->offsets[slot - 1] & CONTINUED) == continued &&
            memcmp(token.ptr, p, n) == 0) {
            return slot - 1;
        }
    }
    return UINT32_MAX;
}

/* Build. */

static uint32_t hash_of(Str s, uint32_t continued)
{
    uint32_t h = continued ? HASH_CONTINUED : HASH_WORD;
    for (size_t i = 0; i < s.len; i++) {
        h = hash_step(h, (uint8_t)s.ptr[i]);
    }
    return h;
}

static bool fill(Str vocab, uint32_t *head, uint32_t *slots, uint32_t *offsets, char *bytes,
                 Err *err)
{
    WordPiece w = {slots, offsets, bytes, head[H_MASK], head[H_COUNT], 0, 0, 0, 0, 0, 0, 0};
    Str rest = vocab, line;
    for (uint32_t id = 0; id < head[H_COUNT]; id++) {
        str_next(&rest, '\n', &line);
        if (line.len && line.ptr[line.len - 1] == '\r') {
            line.len--;
        }
        uint32_t continued = str_starts(line, STR("##")) && line.len > 2 ? CONTINUED : 0;
        Str key = continued ? str_sub(line, 2, line.len) : line;
        if (key.len == 0 || key.len > TOKEN_MAX) {
            return err_set(err, ERR_CORRUPT, "the vocabulary's line %u is %s", id + 1,
                key.len ? "too long" : "empty");
        }
        uint32_t hash = hash_of(key, continued);
        if (find(&w, key.ptr, key.len, hash, continued) != UINT32_MAX) {
            return err_set(err, ERR_CORRUPT, "the vocabulary has \"" STR_FMT "\" twice",
                STR_ARG(line));
        }
        offsets[id] = w.n_bytes | continued;
        memcpy(bytes + w.n_bytes, key.ptr, key.len);
        w.n_bytes += (uint32_t)key.len;
        offsets[id + 1] = w.n_bytes;
        uint32_t at = hash_slot(hash) & w.mask;
        while (slots[at]) {
            at = (at + 1) & w.mask;
        }
        slots[at] = id + 1;
        head[H_LONGEST] = key.len > head[H_LONGEST] ? (uint32_t)key.len : head[H_LONGEST];
    }
    head[H_BYTES] = w.n_bytes;
    static const char *const special[] = {"[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"};
    for (int i = 0; i < 5; i++) {
        Str s = str_of(special[i]);
        head[H_PAD + i] = find(&w, s.ptr, s.len, hash_of(s, 0), 0);
        if (head[H_PAD + i] == UINT32_MAX) {
            return err_set(err, ERR_CORRUPT, "the vocabulary has no %s", special[i]);
        }
    }
    return true;
}

bool wordpiece_build(Str vocab, Buf *out, Err *err)
{
    uint32_t head[H_WORDS] = {BLOB_MAGIC};
    for (size_t i = 0; i < vocab.len; i++) {
        head[H_COUNT] += vocab.ptr[i] == '\n';
    }
    head[H_COUNT] += vocab.len && vocab.ptr[vocab.len - 1] != '\n';
    if (head[H_COUNT] > 1u << 22 || vocab.len > 64u << 20) {
        return err_set(err, ERR_CORRUPT, "the vocabulary is too large: %u tokens", head[H_COUNT]);
    }
    uint32_t slots = 16;
    while (slots < 3 * head[H_COUNT]) { /* a third full: most misses end at the first look */
        slots *= 2;
    }
    head[H_MASK] = slots - 1;
    uint32_t *table = mem_array((size_t)slots + head[H_COUNT] + 1, 4);
    char *bytes = mem_alloc(vocab.len + 4);
    bool ok = table && bytes;
    if (!ok) {
        err_set(err, ERR_NO_MEMORY, "no memory to build the vocabulary");
    } else {
        ok = fill(vocab, head, table, table + slots, bytes, err);
    }
    if (ok) {
        buf_add_mem(out, head, sizeof head);
        buf_add_mem(out, table, ((size_t)slots + head[H_COUNT] + 1) * 4);
        buf_add_mem(out, bytes, head[H_BYTES]);
        ok = buf_check(out, "the vocabulary", err);
    }
    mem_free(table);
    mem_free(bytes);
    return ok;
}

bool wordpiece_attach(WordPiece *w, Str blob, Err *err)
{
    uint32_t h[H_WORDS];
    if (blob.len < sizeof h || (uintptr_t)blob.ptr % 4) {
        return err_set(err, ERR_CORRUPT, "the vocabulary is cut short");
    }
    memcpy(h, blob.ptr, sizeof h);
    uint64_t need = sizeof h + 4 * ((uint64_t)h[H_MASK] + 1) + 4 * ((uint64_t)h[H_COUNT] + 1) +
        h[H_BYTES];
    bool special = true;
    for (int i = H_PAD; i <= H_MASKED; i++) {
        special = special && h[i] < h[H_COUNT];
    }
    if (h[H_MAGIC] != BLOB_MAGIC || !special || (h[H_MASK] & (h[H_MASK] + 1)) ||
        h[H_LONGEST] > TOKEN_MAX || h[H_BYTES] >= CONTINUED || need > blob.len) {
        return err_set(err, ERR_CORRUPT, "the vocabulary is damaged: its header makes no sense");
    }
    const uint32_t *slots = (const uint32_t *)(const void *)(blob.ptr + sizeof h);
    const uint32_t *offsets = slots + h[H_MASK] + 1;
    *w = (WordPiece){slots,        offsets,    (const char *)(offsets + h[H_COUNT] + 1),
                     h[H_MASK],    h[H_COUNT], h[H_BYTES],
                     h[H_LONGEST], h[H_PAD],   h[H_UNK],
                     h[H_CLS],     h[H_SEP],   h[H_MASKED]};
    return true;
}

/* Encode. */

typedef struct {
    const WordPiece *w;
    uint32_t *ids, *ends;
    size_t max, n;
    uint32_t word[WORDPIECE_WORD_MAX];     /* the word so far: characters */
    uint32_t word_end[WORDPIECE_WORD_MAX]; /* where in the text each ends */
    uint32_t len;   /* characters, may pass the maximum */
    uint32_t run;   /* the characters from here may still be reordered */
} Encoder;

static void emit(Encoder *e, uint32_t id, uint32_t end)
{
    if (e->n < e->max) {
        e->ids[e->n] = id;
        if (e->ends) {
            e->ends[e->n] = end;
        }
    }
    e->n++;
}

/* Cuts the word into pieces and forgets it. */
static void word_finish(Encoder *e, uint32_t end)
{
    uint32_t len = e->len;
    e->len = e->run = 0;
    if (len == 0) {
        return;
    }
    if (len > WORDPIECE_WORD_MAX) {
        emit(e, e->w->unk, end);
        return;
    }
    char text[WORDPIECE_WORD_MAX * 4];
    uint16_t at[WORDPIECE_WORD_MAX + 1]; /* where each character begins in text */
    size_t size = 0;
    for (uint32_t i = 0; i < len; i++) {
        at[i] = (uint16_t)size;
        if (e->word[i] < 0x80) {
            text[size++] = (char)e->word[i];
        } else {
            size += utf8_put(e->word[i], text + size);
        }
    }
    at[len] = (uint16_t)size;
    size_t mark = e->n;
    uint32_t from = 0;
    while (from < len) {
        /* Hash of every prefix of the rest, then the longest one that is a token. */
        uint32_t continued = from ? CONTINUED : 0, h = from ? HASH_CONTINUED : HASH_WORD;
        uint32_t hashes[WORDPIECE_WORD_MAX];
        uint32_t to = from;
        while (to < len && at[to + 1] - at[from] <= (int)e->w->longest) {
            for (uint32_t b = at[to]; b < at[to + 1]; b++) {
                h = hash_step(h, (uint8_t)text[b]);
            }
            hashes[to++] = h;
        }
        uint32_t id = UINT32_MAX;
        for (; to > from; to--) {
            id =
                find(e->w, text + at[from], (size_t)(at[to] - at[from]), hashes[to - 1], continued);
            if (id != UINT32_MAX) {
                break;
            }
        }
        if (id == UINT32_MAX) { /* one piece missing: the whole word is unknown */
            e->n = mark;
            emit(e, e->w->unk, end);
            return;
        }
        emit(e, id, e->word_end[to - 1]);
        from = to;
    }
}

static void word_add(Encoder *e, uint32_t cp, uint32_t end)
{
    if (e->len < WORDPIECE_WORD_MAX) {
        e->word[e->len] = cp;
        e->word_end[e->len] = end;
    }
    e->len++;
    e->run = e->len;
}

static uint32_t mark_rank(uint32_t cp)
{
    for (size_t i = 0; i < COUNT(wp_marks); i++) {
        if (wp_marks[i] >> 4 == cp) {
            return wp_marks[i] & 15;
        }
    }
    return 0;
}

/* Canonical ordering: a mark goes before those of a higher class since the last starter. Of a word
 * that is too long nothing but its length matters. */
static void word_add_mark(Encoder *e, uint32_t cp, uint32_t end)
{
    if (e->len < WORDPIECE_WORD_MAX) {
        uint32_t rank = mark_rank(cp), i = e->len;
        for (; i > e->run && mark_rank(e->word[i - 1]) > rank; i--) {
            e->word[i] = e->word[i - 1];
        }
        e->word[i] = cp;
        e->word_end[e->len] = end;
    }
    e->len++;
}

static void alone(Encoder *e, uint32_t cp, uint32_t start, uint32_t end)
{
    word_finish(e, start);
    word_add(e, cp, end);
    word_finish(e, end);
}

/* The last entry of wp_ranges at or before cp. */
static unsigned class_of(uint32_t cp)
{
    size_t lo = 0, hi = COUNT(wp_ranges);
    while (hi - lo > 1) {
        size_t mid = (lo + hi) / 2;
        if (wp_ranges[mid] >> 4 <= cp) {
            lo = mid;
        } else {
            hi = mid;
        }
    }
    return wp_ranges[lo] & 15;
}

static const WpRun *run_of(uint32_t cp)
{
    size_t lo = 0, hi = COUNT(wp_runs);
    while (hi - lo > 1) {
        size_t mid = (lo + hi) / 2;
        if (wp_runs[mid].first <= cp) {
            lo = mid;
        } else {
            hi = mid;
        }
    }
    return &wp_runs[lo];
}

static void add_many(Encoder *e, uint32_t cp, uint32_t end)
{
    for (size_t i = 0; i < COUNT(wp_many); i++) {
        for (unsigned k = 0; wp_many[i].cp == cp && k < wp_many[i].n; k++) {
            uint32_t c = wp_pool[wp_many[i].at + k];
            if (class_of(c) == WP_MARK) {
                word_add_mark(e, c, end);
            } else {
                word_add(e, c, end);
            }
        }
    }
}

static void add_hangul(Encoder *e, uint32_t cp, uint32_t end)
{
    uint32_t s = cp - 0xAC00;
    word_add(e, 0x1100 + s / 588, end);
    word_add(e, 0x1161 + s % 588 / 28, end);
    if (s % 28) {
        word_add(e, 0x11A7 + s % 28, end);
    }
}

static void add_code_point(Encoder *e, uint32_t cp, uint32_t start, uint32_t end)
{
    switch (class_of(cp)) {
    case WP_WORD:
        word_add(e, cp, end);
        break;
    case WP_DROP:
        break;
    case WP_DROP_START:
        e->run = e->len;
        break;
    case WP_SPACE:
        word_finish(e, start);
        break;
    case WP_PUNCT:
    case WP_ALONE:
        alone(e, cp, start, end);
        break;
    case WP_MAP1: {
        const WpRun *r = run_of(cp);
        uint32_t to = (uint32_t)((int32_t)cp + r->delta);
        if (r->alone) {
            alone(e, to, start, end);
        } else {
            word_add(e, to, end);
        }
        break;
    }
    case WP_MAPN:
        add_many(e, cp, end);
        break;
    case WP_HANGUL:
        add_hangul(e, cp, end);
        break;
    default:
        word_add_mark(e, cp, end);
        break;
    }
}

/* Length of the special token that stands at text[at], and its id; 0 when there is none. */
static size_t special_at(const WordPiece *w, Str text, size_t at, uint32_t *id)
{
    Str rest = str_sub(text, at, text.len);
    const struct {
        Str s;
        uint32_t id;
    } special[] = {{STR("[PAD]"), w->pad},
                   {STR("[UNK]"), w->unk},
                   {STR("[CLS]"), w->cls},
                   {STR("[SEP]"), w->sep},
                   {STR("[MASK]"), w->masked}};
    for (size_t i = 0; i < COUNT(special); i++) {
        if (str_starts(rest, special[i].s)) {
            *id = special[i].id;
            return special[i].s.len;
        }
    }
    return 0;
}

size_t wordpiece_encode(const WordPiece *w, Str text, uint32_t *ids, uint32_t *ends, size_t max)
{
    Encoder e = {.w = w, .ids = ids, .ends = ends, .max = max};
    emit(&e, w->cls, 0);
    size_t at = 0;
    while (at < text.len) {
        uint32_t start = (uint32_t)at, id;
        uint8_t c = (uint8_t)text.ptr[at];
        if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9')) {
            word_add(&e, c, (uint32_t)++at);
        } else if (c >= 'A' && c <= 'Z') {
            word_add(&e, c + 32u, (uint32_t)++at);
        } else if (c == ' ') {
            word_finish(&e, start);
            at++;
        } else if (c == '[' && special_at(w, text, at, &id)) {
            word_finish(&e, start);
            at += special_at(w, text, at, &id);
            emit(&e, id, (uint32_t)at);
        } else {
            uint32_t cp = utf8_next(text, &at);
            if (cp != UTF8_INVALID) { /* would be U+FFFD, which is dropped */
                add_code_point(&e, cp, start, (uint32_t)at);
            }
        }
    }
    word_finish(&e, (uint32_t)text.len);
    emit(&e, w->sep, (uint32_t)text.len);
    return e.n;
}

size_t wordpiece_encode_cut(const WordPiece *w, Str text, uint32_t *ids, size_t max, size_t *total)
{
    size_t n = wordpiece_encode(w, text, ids, NULL, max);
    if (total) {
        *total = n;
    }
    if (n > max) {
        ids[max - 1] = w->sep;
        n = max;
    }
    return n;
}
