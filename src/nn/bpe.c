/* bpe.c - see bpe.h. */
#include "nn/bpe.h"

#include "base/mem.h"
#include "base/utf8.h"
#include "nn/bpe_tables.h"

#define MAGIC 0x31504253u /* "SBP1" */
#define COUNT_MAX 262144

typedef struct {
    uint32_t magic, count, mask, bytes;
} Head;

static uint32_t slot_of(Str s, uint32_t mask)
{
    uint32_t h = 0x811c9dc5u;
    for (size_t i = 0; i < s.len; i++)
        h = (h ^ (uint8_t)s.ptr[i]) * 0x01000193u;
    return ((h ^ h >> 15) * 0x85ebca6bu >> 7) & mask;
}

static void fill_slots(const Str *tokens, uint32_t count, uint32_t *slots, uint32_t mask)
{
    for (uint32_t id = 0; id < count; id++) {
        uint32_t at = slot_of(tokens[id], mask);
        if (tokens[id].len == 0)
            continue;
        while (slots[at] && !str_eq(tokens[slots[at] - 1], tokens[id]))
            at = (at + 1) & mask;
        if (!slots[at])
            slots[at] = id + 1; /* the lower id of two equal ones */
    }
}

bool bpe_build(const Str *tokens, uint32_t count, Buf *blob, Err *err)
{
    Head h = {MAGIC, count, 1023, 0};
    for (uint32_t i = 0; i < count && count <= COUNT_MAX; i++) {
        if (tokens[i].len > BPE_TOKEN_MAX)
            return err_set(err, ERR_CORRUPT, "token %u of the vocabulary is too long", i);
        h.bytes += (uint32_t)tokens[i].len;
    }
    if (count == 0 || count > COUNT_MAX)
        return err_set(err, ERR_CORRUPT, "a vocabulary of %u tokens is not possible", count);
    while (h.mask < 2 * count)
        h.mask = 2 * h.mask + 1;
    uint32_t *slots = mem_array((size_t)h.mask + 1, sizeof *slots), offset = 0;
    if (!slots)
        return err_set(err, ERR_NO_MEMORY, "no memory for the vocabulary");
    fill_slots(tokens, count, slots, h.mask);
    buf_add_mem(blob, &h, sizeof h);
    buf_add_mem(blob, slots, ((size_t)h.mask + 1) * sizeof *slots);
    mem_free(slots);
    for (uint32_t i = 0; i <= count; i++) {
        buf_add_mem(blob, &offset, sizeof offset);
        offset += i < count ? (uint32_t)tokens[i].len : 0;
    }
    for (uint32_t i = 0; i < count; i++)
        buf_add(blob, tokens[i]);
    Bpe check;
    return buf_check(blob, "the vocabulary", err) && bpe_attach(&check, buf_str(blob), err);
}

bool bpe_attach(Bpe *b, Str blob, Err *err)
{
    Head h;
    if (blob.len < sizeof h)
        return err_set(err, ERR_CORRUPT, "the vocabulary is cut short");
    memcpy(&h, blob.ptr, sizeof h);
    uint64_t slots = (uint64_t)h.mask + 1, words = slots + h.count + 1;
    if (h.magic != MAGIC || h.count == 0 || h.count > COUNT_MAX || (h.mask & (h.mask + 1)) != 0 ||
        h.mask < h.count || sizeof h + words * 4 + h.bytes != blob.len)
        return err_set(err, ERR_CORRUPT, "the vocabulary is damaged: its sizes do not agree");
    Bpe out = {.slots = (const uint32_t *)(const void *)(blob.ptr + sizeof h),
               .count = h.count, .mask = h.mask};
    out.offsets = out.slots + slots;
    out.bytes = (const char *)(out.offsets + h.count + 1);
    bool ok = out.offsets[0] == 0 && out.offsets[h.count] == h.bytes;
    for (uint32_t i = 0; ok && i < h.count; i++)
        ok = out.offsets[i] <= out.offsets[i + 1] &&
             out.offsets[i + 1] - out.offsets[i] <= BPE_TOKEN_MAX && out.offsets[i + 1] <= h.bytes;
    uint32_t empty = 0;
    for (uint64_t i = 0; ok && i < slots; i++) {
        ok = out.slots[i] <= h.count;
        empty += out.slots[i] == 0;
    }
    if (!ok || empty == 0) /* a table without an empty slot would be searched for ever */
        return err_set(err, ERR_CORRUPT, "the vocabulary is damaged");
    for (int byte = 0; byte < 256; byte++) {
        char c = (char)byte;
        uint32_t id;
        if (!bpe_find(&out, str_mem(&c, 1), &id))
            return err_set(err, ERR_CORRUPT, "the vocabulary has no token for the byte %d", byte);
    }
    *b = out;
    return true;
}

Str bpe_token(const Bpe *b, uint32_t id)
{
    if (id >= b->count)
        return STR("");
    return str_mem(b->bytes + b->offsets[id], b->offsets[id + 1] - b->offsets[id]);
}

bool bpe_find(const Bpe *b, Str token, uint32_t *id)
{
    for (uint32_t at = slot_of(token, b->mask); b->slots[at]; at = (at + 1) & b->mask) {
        if (str_eq(bpe_token(b, b->slots[at] - 1), token)) {
            *id = b->slots[at] - 1;
            return true;
        }
    }
    return false;
}

/* ---- words -------------------------------------------------------------------------------------
 */

typedef enum { OTHER, LETTER, NUMBER, SPACE } Class;

static bool in(const BpeRange *r, size_t n, uint32_t cp)
{
    size_t low = 0, high = n;
    while (low < high) {
        size_t mid = (low + high) / 2;
        if (cp > r[mid].to)
            low = mid + 1;
        else
            high = mid;
    }
    return low < n && cp >= r[low].from;
}

#define IN(table, cp) in((table), sizeof(table) / sizeof *(table), (cp))

static Class class_at(Str text, size_t at, size_t *next)
{
    *next = at;
    uint32_t cp = utf8_next(text, next);
    return IN(bpe_letter, cp) ? LETTER : IN(bpe_number, cp) ? NUMBER
                                     : IN(bpe_space, cp)    ? SPACE
                                                            : OTHER;
}

static size_t run_of(Str text, size_t at, Class class)
{
    size_t next;
    while (at < text.len && class_at(text, at, &next) == class)
        at = next;
    return at;
}

/* 's|'t|'re|'ve|'m|'ll|'d| ?L+| ?N+| ?[^ L N]+|white space but its last when a word follows */
static size_t word_end(Str text, size_t at)
{
    static const char *const endings[] = {"'s", "'t", "'re", "'ve", "'m", "'ll", "'d"};
    for (size_t i = 0; text.ptr[at] == '\'' && i < 7; i++)
        if (str_starts(str_sub(text, at, text.len), str_of(endings[i])))
            return at + strlen(endings[i]);
    size_t next, first = text.ptr[at] == ' ' && at + 1 < text.len ? at + 1 : at;
    Class class = class_at(text, first, &next);
    if (class != SPACE)
        return run_of(text, next, class);
    size_t end = run_of(text, at, SPACE), last = at;
    if (end == text.len)
        return end;
    for (size_t i = at; i < end; i = next) {
        last = i;
        (void)class_at(text, i, &next);
    }
    return last > at ? last : end;
}

/* Ids of one word into parts; returns how many. */
static size_t join(const Bpe *b, Str word, uint32_t *parts)
{
    uint16_t start[BPE_WORD_MAX + 1];
    size_t n = word.len;
    for (size_t i = 0; i <= n; i++)
        start[i] = (uint16_t)i;
    uint32_t whole;
    if (bpe_find(b, word, &whole)) {
        parts[0] = whole;
        return 1;
    }
    for (;;) {
        uint32_t best = UINT32_MAX, id;
        size_t at = 0;
        for (size_t i = 0; i + 1 < n; i++) {
            if (bpe_find(b, str_sub(word, start[i], start[i + 2]), &id) && id < best) {
                best = id;
                at = i;
            }
        }
        if (best == UINT32_MAX)
            break;
        memmove(start + at + 1, start + at + 2, (n - at - 1) * sizeof *start);
        n--;
    }
    for (size_t i = 0; i < n; i++)
        if (!bpe_find(b, str_sub(word, start[i], start[i + 1]), &parts[i]))
            parts[i] = 0; /* not reached: attach saw a token for every byte */
    return n;
}

size_t bpe_encode(const Bpe *b, Str text, uint32_t *ids, size_t max)
{
    size_t total = 0;
    for (size_t at = 0; at < text.len;) {
        uint32_t parts[BPE_WORD_MAX];
        size_t end = word_end(text, at);
        if (end > at + BPE_WORD_MAX)
            end = at + BPE_WORD_MAX;
        size_t n = join(b, str_sub(text, at, end), parts);
        for (size_t i = 0; i < n; i++, total++)
            if (total < max)
                ids[total] = parts[i];
        at = end;
    }
    return total;
}

bool bpe_has_word(Str text)
{
    for (size_t at = 0, next; at < text.len; at = next) {
        Class class = class_at(text, at, &next);
        if (class == LETTER || class == NUMBER)
            return true;
    }
    return false;
}
