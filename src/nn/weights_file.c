/* weights_file.c - see weights_file.h. */
#include "nn/weights_file.h"

#include "base/mem.h"

#define MAGIC "SOTTOWTS"
#define DATA_ALIGN 4096
#define FILE_MAX ((uint64_t)8 << 30)

typedef struct {
    char magic[8];
    uint32_t version, count;
    uint64_t file_bytes;
    uint64_t head_sum; /* of the header and the table, this field as zero */
    uint64_t data_sum; /* of everything from data_start on */
    uint64_t data_start;
    char model[48];
    Sha256 source;
} Header;

typedef struct {
    char name[WEIGHTS_NAME_MAX + 1];
    uint32_t type, rank, dims[WEIGHTS_RANK];
    uint64_t offset, bytes; /* offset from the start of the file */
} Entry;

_Static_assert(sizeof(Header) == 128 && sizeof(Entry) == 96, "the file format has no padding");
_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "the file format is little-endian");

/* Bytes of a tensor of this type and shape, UINT64_MAX when it makes no sense. */
static uint64_t size_of(uint32_t type, uint32_t rank, const uint32_t *dims)
{
    uint64_t n = type == WEIGHTS_F32 ? 4 : 1;
    if (type < WEIGHTS_F32 || type > WEIGHTS_S8_PANELS || rank < 1 || rank > WEIGHTS_RANK ||
        (type == WEIGHTS_S8_PANELS && rank != 2)) {
        return UINT64_MAX;
    }
    for (uint32_t i = 0; i < rank; i++) {
        uint64_t d = dims[i];
        if (type == WEIGHTS_S8_PANELS) {
            d = i == 0 ? (d + 63) / 64 * 64 : (d + 15) / 16 * 16;
        }
        if (d == 0 || __builtin_mul_overflow(n, d, &n) || n > FILE_MAX) {
            return UINT64_MAX;
        }
    }
    return n;
}

/* Writing. */

struct WeightsWriter {
    Header head;
    Entry *entries;
    uint8_t *data; /* what follows data_start */
    uint64_t used, cap;
    Err err;
};

WeightsWriter *weights_begin(const char *model, const Sha256 *source, Err *err)
{
    WeightsWriter *w = mem_zalloc(sizeof *w);
    if (!w) {
        err_set(err, ERR_NO_MEMORY, "no memory to write weights");
        return NULL;
    }
    memcpy(w->head.magic, MAGIC, 8);
    w->head.version = WEIGHTS_VERSION;
    w->head.source = *source;
    if (strlen(model) >= sizeof w->head.model) {
        err_set(&w->err, ERR_INTERNAL, "the model's name is too long");
    } else {
        memcpy(w->head.model, model, strlen(model));
    }
    return w;
}

static bool grow(WeightsWriter *w, uint64_t need)
{
    if (need > w->cap) {
        uint64_t cap = w->cap ? w->cap : 1 << 20;
        while (cap < need) {
            cap *= 2;
        }
        uint8_t *data = mem_resize(w->data, cap, 1);
        if (!data) {
            return err_set(&w->err, ERR_NO_MEMORY, "no memory for %llu MiB of weights",
                (unsigned long long)(cap >> 20));
        }
        w->data = data;
        w->cap = cap;
    }
    memset(w->data + w->used, 0, need - w->used);
    w->used = need;
    return true;
}

void *weights_add(WeightsWriter *w, const char *name, WeightsType type, uint32_t rank,
    const uint32_t *dims, uint64_t bytes)
{
    if (w->err.code) {
        return NULL;
    }
    uint64_t size = type == WEIGHTS_BYTES ? bytes : size_of(type, rank, dims);
    if (strlen(name) > WEIGHTS_NAME_MAX || size > FILE_MAX || w->used + size > FILE_MAX ||
        w->head.count == WEIGHTS_TENSORS_MAX) {
        err_set(&w->err, ERR_TOO_LARGE, "tensor \"%s\" does not fit a weights file", name);
        return NULL;
    }
    Entry *entries = mem_resize(w->entries, w->head.count + 1, sizeof *entries);
    if (!entries) {
        err_set(&w->err, ERR_NO_MEMORY, "no memory for the table of weights");
        return NULL;
    }
    w->entries = entries;
    uint64_t at = (w->used + WEIGHTS_ALIGN - 1) / WEIGHTS_ALIGN * WEIGHTS_ALIGN;
    if (!grow(w, at + size)) {
        return NULL;
    }
    Entry *e = &entries[w->head.count++];
    *e = (Entry){.type = type, .rank = rank, .offset = at, .bytes = size};
    memcpy(e->name, name, strlen(name));
    memcpy(e->dims, dims, rank * sizeof *dims);
    return w->data + at;
}

static uint64_t head_sum(const Header *head, const Entry *entries)
{
    Header h = *head;
    h.head_sum = 0;
    uint64_t sum = checksum64(0, &h, sizeof h);
    return checksum64(sum, entries, h.count * sizeof *entries);
}

bool weights_finish(WeightsWriter *w, const char *path, Err *err)
{
    Header *h = &w->head;
    uint64_t head = sizeof *h + h->count * sizeof *w->entries;
    h->data_start = (head + DATA_ALIGN - 1) / DATA_ALIGN * DATA_ALIGN;
    h->file_bytes = h->data_start + w->used;
    uint8_t *file = NULL;
    bool ok = w->err.code == 0;
    if (!ok) {
        err_set(err, w->err.code, "%s", w->err.msg);
    } else if (!(file = mem_zalloc(h->file_bytes))) {
        ok = err_set(err, ERR_NO_MEMORY, "no memory to write weights");
    } else {
        for (uint32_t i = 0; i < h->count; i++) {
            w->entries[i].offset += h->data_start;
        }
        h->data_sum = checksum64(0, w->data, w->used);
        h->head_sum = head_sum(h, w->entries);
        memcpy(file, h, sizeof *h);
        memcpy(file + sizeof *h, w->entries, h->count * sizeof *w->entries);
        memcpy(file + h->data_start, w->data, w->used);
        ok = os_write_file(path, str_mem((const char *)file, h->file_bytes), 0644, err);
    }
    mem_free(file);
    weights_abandon(w);
    return ok;
}

void weights_abandon(WeightsWriter *w)
{
    if (w) {
        mem_free(w->entries);
        mem_free(w->data);
        mem_free(w);
    }
}

/* Reading. */

struct WeightsFile {
    Mapped map;
    Header head;
    const Entry *entries;
};

static bool check_entries(const WeightsFile *f, const char *path, Err *err)
{
    uint64_t end = f->head.data_start; /* tensors lie in order, so they can not overlap */
    for (uint32_t i = 0; i < f->head.count; i++) {
        const Entry *e = &f->entries[i];
        uint64_t want = e->type == WEIGHTS_BYTES ? e->bytes : size_of(e->type, e->rank, e->dims);
        if (!memchr(e->name, 0, sizeof e->name) || e->bytes != want || e->rank > WEIGHTS_RANK ||
            e->offset % WEIGHTS_ALIGN || e->offset < end || e->offset > f->map.size ||
            e->bytes > f->map.size - e->offset) {
            return err_set(err, ERR_CORRUPT, "%s is damaged: tensor %u of its table is impossible",
                path, i);
        }
        end = e->offset + e->bytes;
    }
    return true;
}

static bool check(WeightsFile *f, const char *path, const char *model, Err *err)
{
    Header *h = &f->head;
    if (f->map.size < sizeof *h || memcmp(f->map.data, MAGIC, 8) != 0) {
        return err_set(err, ERR_CORRUPT, "%s is no file of converted weights", path);
    }
    memcpy(h, f->map.data, sizeof *h);
    if (h->version != WEIGHTS_VERSION) {
        return err_set(err, ERR_CORRUPT, "%s has version %u where this program needs %d: convert "
            "the model again", path, h->version, WEIGHTS_VERSION);
    }
    uint64_t head = sizeof *h + (uint64_t)h->count * sizeof(Entry);
    if (h->count > WEIGHTS_TENSORS_MAX || head > f->map.size || h->data_start < head ||
        h->data_start % DATA_ALIGN || h->data_start > f->map.size) {
        return err_set(err, ERR_CORRUPT, "%s is damaged: its header makes no sense", path);
    }
    if (h->file_bytes != f->map.size) {
        return err_set(err, ERR_CORRUPT, "%s has %zu bytes where %llu belong: it was cut short or "
            "added to", path, f->map.size, (unsigned long long)h->file_bytes);
    }
    f->entries = (const Entry *)(const void *)(f->map.data + sizeof *h);
    if (head_sum(h, f->entries) != h->head_sum) {
        return err_set(err, ERR_CORRUPT, "%s is damaged: its header's checksum is wrong", path);
    }
    if (strncmp(h->model, model, sizeof h->model) != 0) {
        return err_set(err, ERR_CORRUPT, "%s holds the model \"%.47s\", not \"%s\"", path, h->model,
            model);
    }
    return check_entries(f, path, err);
}

WeightsFile *weights_open(const char *path, const char *model, Err *err)
{
    WeightsFile *f = mem_zalloc(sizeof *f);
    if (!f) {
        err_set(err, ERR_NO_MEMORY, "no memory to open weights");
        return NULL;
    }
    if (!os_map(path, &f->map, err)) {
        mem_free(f);
        return NULL;
    }
    if (!check(f, path, model, err)) {
        weights_close(f);
        return NULL;
    }
    return f;
}

void weights_close(WeightsFile *f)
{
    if (f) {
        os_unmap(&f->map);
        mem_free(f);
    }
}

bool weights_verify(const WeightsFile *f, Err *err)
{
    uint64_t sum =
        checksum64(0, f->map.data + f->head.data_start, f->map.size - f->head.data_start);
    return sum == f->head.data_sum || err_set(err, ERR_CORRUPT,
        "the weights of %.47s are damaged: their checksum is wrong; convert the model again",
        f->head.model);
}

const Sha256 *weights_source(const WeightsFile *f) { return &f->head.source; }

size_t weights_count(const WeightsFile *f) { return f->head.count; }

void weights_at(const WeightsFile *f, size_t i, WeightsTensor *t)
{
    const Entry *e = &f->entries[i];
    *t = (WeightsTensor){.type = (WeightsType)e->type, .rank = e->rank, .bytes = e->bytes,
        .data = f->map.data + e->offset};
    memcpy(t->name, e->name, sizeof t->name);
    memcpy(t->dims, e->dims, sizeof t->dims);
}

const void *weights_need(const WeightsFile *f, const char *name, WeightsType type, uint32_t rank,
    const uint32_t *dims, uint64_t *bytes, Err *err)
{
    for (uint32_t i = 0; i < f->head.count; i++) {
        const Entry *e = &f->entries[i];
        if (strcmp(e->name, name) != 0) {
            continue;
        }
        if (e->type != type || e->rank != rank || memcmp(e->dims, dims, rank * sizeof *dims) != 0) {
            err_set(err, ERR_CORRUPT, "tensor \"%s\" has another type or shape than this model",
                    name);
            return NULL;
        }
        if (bytes) {
            *bytes = e->bytes;
        }
        return f->map.data + e->offset;
    }
    err_set(err, ERR_CORRUPT, "the weights have no tensor \"%s\": convert the model again", name);
    return NULL;
}
