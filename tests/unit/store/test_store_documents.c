/* Documents in and out of the store: put, get, replace, duplicates, patches, deletions, originals,
 * lists, owners. */
#include <pthread.h>
#include <strings.h>

#include "store_unit.h"

static void put_and_get(void **state)
{
    Fx *f = *state;
    Str tags[] = {STR("b"), STR("a"), STR("b")};
    DocumentPut *p = fx_doc(f->a, 1, STR("Übersicht"),
        STR("first paragraph\n\nsecond Straße 漢字 one"));
    p->doc.tags = tags;
    p->doc.n_tags = 3;
    p->doc.summary = STR("in short");
    p->doc.extra_json = STR("{\"k\":1}");
    p->doc.pages = 3;
    Document d;
    Uuid id;
    assert_int_equal(fx_put(f, &f->owner, p, &id), PUT_CREATED);
    assert_true(uuid_eq(&id, &p->doc.id));
    OK(store_document_get(f->s, &f->owner, &id, true, f->a, &d, &oops));
    assert_str(d.title, "Übersicht");
    assert_str(d.content, "first paragraph\n\nsecond Straße 漢字 one");
    assert_int_equal(d.n_tags, 2);
    assert_str(d.tags[0], "b");
    assert_str(d.tags[1], "a");
    assert_str(d.summary, "in short");
    assert_str(d.extra_json, "{\"k\":1}");
    assert_int_equal(d.n_chunks, 2);
    assert_int_equal(d.pages, 3);
    assert_int_equal(d.bytes, p->original.len);
    assert_memory_equal(d.hash.b, p->doc.hash.b, 32);
    assert_int_equal(d.created_at, p->doc.created_at);
    OK(store_document_get(f->s, &f->owner, &id, false, f->a, &d, &oops));
    assert_null(d.content.ptr);
    OK(store_document_by_hash(f->s, &f->owner, &p->doc.hash, &id, &oops));
    assert_true(uuid_eq(&id, &p->doc.id));
    Candidates c = fx_words(f, &f->owner, "strasse");
    assert_int_equal(c.n, 0); /* ß is a letter of its own to unicode61 */
    c = fx_words(f, &f->owner, "straße");
    assert_int_equal(c.n, 1);
    Chunk k;
    OK(store_chunks_get(f->s, &f->owner, &c.items[0].chunk_no, 1, f->a, &k, &oops));
    assert_str(k.text, "second Straße 漢字 one");
    assert_str(k.context, "Übersicht");
    assert_int_equal(k.start, 17);
    Chunk again;
    Uuid doc;
    OK(store_chunk_by_id(f->s, &f->owner, &k.id, f->a, &again, &doc, &oops));
    assert_true(uuid_eq(&doc, &p->doc.id));
    assert_str(again.text, "second Straße 漢字 one");
}

static void duplicates_and_replacement(void **state)
{
    Fx *f = *state;
    DocumentPut *one = fx_doc(f->a, 1, STR("one"), STR("alpha beta"));
    DocumentPut *two = fx_doc(f->a, 2, STR("two"), STR("alpha beta"));
    Uuid id;
    assert_int_equal(fx_put(f, &f->owner, one, NULL), PUT_CREATED);
    uint64_t version = store_version(f->s, &f->owner);
    assert_int_equal(fx_put(f, &f->owner, two, &id), PUT_DUPLICATE);
    assert_true(uuid_eq(&id, &one->doc.id));
    assert_int_equal(store_version(f->s, &f->owner), version);
    DocPage page;
    OK(store_document_list(f->s, &f->owner, NULL, SORT_UPDATED_DESC, 10, STR(""), f->a, &page,
        &oops));
    assert_int_equal(page.total, 1);

    DocumentPut *next = fx_doc(f->a, 1, STR("one again"), STR("gamma delta\n\nepsilon"));
    next->doc.created_at = 1;
    assert_int_equal(fx_put(f, &f->owner, next, &id), PUT_REPLACED);
    assert_true(store_version(f->s, &f->owner) > version);
    Document d;
    OK(store_document_get(f->s, &f->owner, &id, true, f->a, &d, &oops));
    assert_str(d.title, "one again");
    assert_str(d.content, "gamma delta\n\nepsilon");
    assert_int_equal(d.created_at, one->doc.created_at);
    assert_int_equal(fx_words(f, &f->owner, "alpha").n, 0);
    assert_int_equal(fx_words(f, &f->owner, "epsilon").n, 1);

    /* A replacement by bytes that another document has is that document. */
    assert_int_equal(fx_put(f, &f->owner, two, NULL), PUT_CREATED);
    DocumentPut *clash = fx_doc(f->a, 1, STR("clash"), STR("alpha beta"));
    assert_int_equal(fx_put(f, &f->owner, clash, &id), PUT_DUPLICATE);
    assert_true(uuid_eq(&id, &two->doc.id));

    /* The same bytes under the same id: read again, embedded again. */
    DocumentPut *same = fx_doc(f->a, 2, STR("two, again"), STR("alpha beta"));
    assert_int_equal(fx_put(f, &f->owner, same, &id), PUT_REPLACED);
    Str original;
    uint64_t total;
    OK(store_original(f->s, &f->owner, &id, 0, 100, f->a, &original, &total, &oops));
    assert_str(original, "alpha beta");
}

static void same_original_is_kept_on_replacement(void **state)
{
    Fx *f = *state;
    DocumentPut *p = fx_doc(f->a, 1, STR("a page"), STR("text read from it"));
    p->original = STR("%PDF bytes that are not the text");
    sha256(p->original, &p->doc.hash, NULL);
    assert_int_equal(fx_put(f, &f->owner, p, NULL), PUT_CREATED);
    p->doc.content = STR("text read better");
    p->chunks = fx_doc(f->a, 1, STR("a page"), p->doc.content)->chunks;
    assert_int_equal(fx_put(f, &f->owner, p, NULL), PUT_REPLACED);
    Str original;
    uint64_t total;
    OK(store_original(f->s, &f->owner, &p->doc.id, 0, 100, f->a, &original, &total, &oops));
    assert_str(original, "%PDF bytes that are not the text");
    /* Now the text is the original, then it is not again. */
    DocumentPut *plain = fx_doc(f->a, 1, STR("a page"), STR("%PDF bytes that are not the text"));
    assert_int_equal(fx_put(f, &f->owner, plain, NULL), PUT_REPLACED);
    assert_int_equal(fx_put(f, &f->owner, p, NULL), PUT_REPLACED);
    OK(store_original(f->s, &f->owner, &p->doc.id, 5, 5, f->a, &original, &total, &oops));
    assert_str(original, "bytes");
}

static void ranges_of_originals(void **state)
{
    Fx *f = *state;
    const size_t size = 3 * 262144 + 17;
    char *bytes = malloc(size);
    for (size_t i = 0; i < size; i++)
        bytes[i] = (char)(i * 31 + i / 977);
    DocumentPut *p = fx_doc(f->a, 1, STR("big"), STR("a text"));
    p->original = (Str){bytes, size};
    sha256(p->original, &p->doc.hash, NULL);
    fx_put(f, &f->owner, p, NULL);
    static const struct {
        uint64_t from;
        size_t length;
    } ranges[] = {{0, 1}, {0, 262144}, {262143, 2}, {262144, 262144}, {100, 600000}, {786432, 100},
        {786448, 1}, {786449, 1}, {786449, 0}, {1 << 30, 5}, {5, SIZE_MAX}};
    for (size_t i = 0; i < ARRAY_LEN(ranges); i++) {
        Str got;
        uint64_t total = 0;
        OK(store_original(f->s, &f->owner, &p->doc.id, ranges[i].from, ranges[i].length, f->a, &got,
            &total, &oops));
        assert_int_equal(total, size);
        Str want = ranges[i].from >= size ? STR("")
            : str_sub(p->original, ranges[i].from,
                ranges[i].length > size - ranges[i].from ? size
                : ranges[i].from + ranges[i].length);
        assert_int_equal(got.len, want.len);
        assert_memory_equal(got.ptr, want.ptr, want.len);
    }
    free(bytes);
}

static void passages_across_parts(void **state)
{
    Fx *f = *state;
    /* Texts are kept in parts of 32768 bytes; passages of every length lie around their borders. */
    Str text = fx_text(f->a, 7, 40000, 97, 5000);
    assert_true(text.len > 5 * 32768);
    DocumentPut *p = fx_doc(f->a, 1, STR("long"), text);
    ChunkNew *extra = ARENA_NEW_ARRAY(f->a, ChunkNew, p->n_chunks + 4);
    memcpy(extra, p->chunks, p->n_chunks * sizeof *extra);
    const uint32_t edges[][2] = {{0, 32768}, {1, 32769}, {32768, 65536}, {65535, 65537}};
    for (size_t i = 0; i < 4; i++)
        extra[p->n_chunks + i] = (ChunkNew){.start = edges[i][0], .end = edges[i][1]};
    p->chunks = extra;
    p->n_chunks += 4;
    fx_put(f, &f->owner, p, NULL);
    Document d;
    OK(store_document_get(f->s, &f->owner, &p->doc.id, true, f->a, &d, &oops));
    assert_int_equal(d.content.len, text.len);
    assert_memory_equal(d.content.ptr, text.ptr, text.len);
    for (size_t i = 0; i < p->n_chunks; i++) {
        uint64_t no = i + 1; /* numbers are given in order in a new store */
        Chunk k;
        OK(store_chunks_get(f->s, &f->owner, &no, 1, f->a, &k, &oops));
        assert_int_equal(k.ordinal, i);
        assert_int_equal(k.text.len, extra[i].end - extra[i].start);
        assert_memory_equal(k.text.ptr, text.ptr + extra[i].start, k.text.len);
    }
}

static void deleted_is_gone(void **state)
{
    Fx *f = *state;
    Err err = ERR_INIT;
    DocumentPut *p = fx_doc(f->a, 1, STR("one"), STR("alpha beta\n\ngamma"));
    fx_put(f, &f->owner, p, NULL);
    fx_put(f, &f->owner, fx_doc(f->a, 2, STR("two"), STR("alpha too")), NULL);
    Candidates c = fx_words(f, &f->owner, "alpha");
    assert_int_equal(c.n, 2);
    OK(store_document_delete(f->s, &f->owner, &p->doc.id, &oops));
    assert_int_equal(fx_words(f, &f->owner, "alpha").n, 1);
    assert_int_equal(fx_words(f, &f->owner, "gamma").n, 0);
    Chunk k[2];
    uint64_t nos[] = {c.items[0].chunk_no, c.items[1].chunk_no};
    OK(store_chunks_get(f->s, &f->owner, nos, 2, f->a, k, &oops));
    assert_int_equal((k[0].text.ptr != NULL) + (k[1].text.ptr != NULL), 1);
    Document d;
    assert_err(store_document_get(f->s, &f->owner, &p->doc.id, false, f->a, &d, &err), err,
        ERR_NOT_FOUND, "no such document");
    err = ERR_INIT;
    assert_err(store_document_delete(f->s, &f->owner, &p->doc.id, &err), err, ERR_NOT_FOUND,
        "no such document");
    assert_int_equal(fx_put(f, &f->owner, p, NULL), PUT_CREATED);
    assert_int_equal(fx_words(f, &f->owner, "gamma").n, 1);
}

static void patches(void **state)
{
    Fx *f = *state;
    Err err = ERR_INIT;
    DocumentPut *p = fx_doc(f->a, 1, STR("one"), STR("alpha"));
    p->doc.summary = STR("short");
    fx_put(f, &f->owner, p, NULL);
    uint64_t version = store_version(f->s, &f->owner);
    Str title = STR("Größer"), source = STR("/home/x.txt"), tags[] = {STR("new")};
    double importance = 0.9;
    DocPatch patch = {.title = &title, .source = &source, .tags = tags, .n_tags = 1,
        .set_tags = true, .importance = &importance, .updated_at = 42};
    OK(store_document_patch(f->s, &f->owner, &p->doc.id, &patch, &oops));
    assert_true(store_version(f->s, &f->owner) > version);
    Document d;
    OK(store_document_get(f->s, &f->owner, &p->doc.id, false, f->a, &d, &oops));
    assert_str(d.title, "Größer");
    assert_str(d.source, "/home/x.txt");
    assert_str(d.summary, "short");
    assert_int_equal(d.n_tags, 1);
    assert_true(d.importance == 0.9);
    assert_int_equal(d.updated_at, 42);
    DocPage page;
    DocFilter filter = {.q = STR("GROSSER home")};
    OK(store_document_list(f->s, &f->owner, &filter, SORT_TITLE_ASC, 5, STR(""), f->a, &page,
        &oops));
    assert_int_equal(page.total, 0);
    filter.q = STR("gröSSer"); /* ss is not ß */
    OK(store_document_list(f->s, &f->owner, &filter, SORT_TITLE_ASC, 5, STR(""), f->a, &page,
        &oops));
    assert_int_equal(page.total, 0);
    filter.q = STR("GROßER x");
    OK(store_document_list(f->s, &f->owner, &filter, SORT_TITLE_ASC, 5, STR(""), f->a, &page,
        &oops));
    assert_int_equal(page.total, 1);
    Str none = {NULL, 0};
    OK(store_document_patch(f->s, &f->owner, &p->doc.id, &(DocPatch){.summary = &none}, &oops));
    OK(store_document_get(f->s, &f->owner, &p->doc.id, false, f->a, &d, &oops));
    assert_null(d.summary.ptr);
    assert_int_equal(d.updated_at, 42);
    Uuid other = fx_uuid(77);
    assert_err(store_document_patch(f->s, &f->owner, &other, &patch, &err), err, ERR_NOT_FOUND,
        "no such document");
}

static void bad_puts(void **state)
{
    Fx *f = *state;
    static const struct {
        uint32_t start, end;
        ErrCode code;
        const char *part;
    } rows[] = {
        {0, 6, ERR_VALIDATION, "in a text of 5 bytes"},
        {3, 3, ERR_VALIDATION, "[3,3)"},
        {4, 3, ERR_VALIDATION, "[4,3)"},
        {0, 2, ERR_VALIDATION, "cuts a character"},
        {2, 5, ERR_VALIDATION, "cuts a character"},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        Err err = ERR_INIT;
        PutOutcome o;
        Uuid id;
        ChunkNew c = {.start = rows[i].start, .end = rows[i].end};
        DocumentPut *p = fx_doc(f->a, 1, STR("t"), STR("aéb c"));
        p->doc.content = STR("aébc"); /* 5 bytes */
        p->chunks = &c;
        p->n_chunks = 1;
        assert_err(store_document_put(f->s, &f->owner, p, &o, &id, &err), err, rows[i].code,
            rows[i].part);
    }
    Err err = ERR_INIT;
    PutOutcome o;
    Uuid id;
    DocumentPut *p = fx_doc(f->a, 1, STR("t\xff"), STR("x"));
    assert_err(store_document_put(f->s, &f->owner, p, &o, &id, &err), err, ERR_VALIDATION,
        "title is not UTF-8 at byte 1");
    p = fx_doc(f->a, 1, STR("t"), STR("x"));
    p->doc.importance = NAN;
    err = ERR_INIT;
    assert_err(store_document_put(f->s, &f->owner, p, &o, &id, &err), err, ERR_VALIDATION,
        "from 0 to 1");
    p = fx_doc(f->a, 1, STR("t"), STR("x"));
    p->doc.id = (Uuid){{0}};
    err = ERR_INIT;
    assert_err(store_document_put(f->s, &f->owner, p, &o, &id, &err), err, ERR_VALIDATION, "an id");
    DocPage page;
    OK(store_document_list(f->s, &f->owner, NULL, SORT_UPDATED_DESC, 10, STR(""), f->a, &page,
        &oops));
    assert_int_equal(page.total, 0);
}

static void documents_without_passages(void **state)
{
    Fx *f = *state;
    DocumentPut *p = fx_doc(f->a, 1, STR("empty"), STR(""));
    assert_int_equal(p->n_chunks, 0);
    assert_int_equal(fx_put(f, &f->owner, p, NULL), PUT_CREATED);
    Document d;
    OK(store_document_get(f->s, &f->owner, &p->doc.id, true, f->a, &d, &oops));
    assert_int_equal(d.content.len, 0);
    assert_non_null(d.content.ptr);
    Str original;
    uint64_t total = 9;
    OK(store_original(f->s, &f->owner, &p->doc.id, 0, 10, f->a, &original, &total, &oops));
    assert_int_equal(total, 0);
    OK(store_document_delete(f->s, &f->owner, &p->doc.id, &oops));
}

static void owners_are_apart(void **state)
{
    Fx *f = *state;
    Uuid eve = fx_uuid(666);
    DocumentPut *p = fx_doc(f->a, 1, STR("mine"), STR("secret plan"));
    fx_put(f, &f->owner, p, NULL);
    Err err = ERR_INIT;
    Document d;
    Uuid id;
    Str s;
    uint64_t total;
    assert_err(store_document_get(f->s, &eve, &p->doc.id, false, f->a, &d, &err), err,
        ERR_NOT_FOUND, "");
    /* The same bytes and even the same id are another document for somebody else. */
    assert_int_equal(fx_put(f, &eve, p, NULL), PUT_CREATED);
    OK(store_document_delete(f->s, &eve, &p->doc.id, &oops));
    Candidates c = fx_words(f, &f->owner, "secret");
    assert_int_equal(c.n, 1);
    assert_int_equal(fx_words(f, &eve, "secret").n, 0);
    assert_false(store_document_get(f->s, &eve, &p->doc.id, false, f->a, &d, &oops));
    assert_false(store_document_delete(f->s, &eve, &p->doc.id, &oops));
    assert_false(store_document_patch(f->s, &eve, &p->doc.id, &(DocPatch){0}, &oops));
    assert_false(store_document_by_hash(f->s, &eve, &p->doc.hash, &id, &oops));
    assert_false(store_original(f->s, &eve, &p->doc.id, 0, 9, f->a, &s, &total, &oops));
    Chunk k;
    OK(store_chunks_get(f->s, &eve, &c.items[0].chunk_no, 1, f->a, &k, &oops));
    assert_null(k.text.ptr);
    OK(store_chunks_get(f->s, &f->owner, &c.items[0].chunk_no, 1, f->a, &k, &oops));
    assert_false(store_chunk_by_id(f->s, &eve, &k.id, f->a, &k, &id, &oops));
    OK(store_documents_get(f->s, &eve, &c.items[0].doc_no, 1, false, f->a, &d, &oops));
    assert_null(d.title.ptr);
    DocPage page;
    OK(store_document_list(f->s, &eve, NULL, SORT_UPDATED_DESC, 10, STR(""), f->a, &page, &oops));
    assert_int_equal(page.total, 0);
    Uuid nobody = fx_uuid(12345);
    OK(store_document_list(f->s, &nobody, NULL, SORT_UPDATED_DESC, 10, STR(""), f->a, &page,
        &oops));
    assert_int_equal(page.total, 0);
    assert_int_equal(fx_words(f, &nobody, "secret").n, 0);
    assert_int_equal(store_version(f->s, &nobody), 0);
}

/* ---- lists ---------------------------------------------------------------------------------- */

static void fill(Fx *f, size_t n)
{
    static const char *const types[] = {"text", "markdown", "pdf"};
    for (size_t i = 0; i < n; i++) {
        char text[64], title[64], source[64];
        (void)snprintf(text, sizeof text, "document number %zu", i);
        (void)snprintf(title, sizeof title, "%c title %zu", "aBcDe"[i % 5], i / 5);
        (void)snprintf(source, sizeof source, "/home/%s/f%zu.txt", i % 2 ? "odd" : "even", i);
        DocumentPut *p = fx_doc(f->a, i + 1, arena_str(f->a, str_of(title)),
            arena_str(f->a, str_of(text)));
        Str *tags = ARENA_NEW_ARRAY(f->a, Str, 2);
        tags[0] = i % 2 ? STR("odd") : STR("even");
        tags[1] = i % 3 ? STR("rest") : STR("third");
        p->doc.tags = tags;
        p->doc.n_tags = 2;
        p->doc.source = arena_str(f->a, str_of(source));
        p->doc.file_type = str_of(types[i % 3]);
        p->doc.importance = (double)(i % 7) / 7;
        p->doc.updated_at = 1000 + (int64_t)(i * 7 % 10); /* many ties */
        fx_put(f, &f->owner, p, NULL);
    }
}

static bool in_order(DocSort sort, const Document *a, const Document *b)
{
    switch (sort) {
    case SORT_UPDATED_DESC: return a->updated_at >= b->updated_at;
    case SORT_UPDATED_ASC: return a->updated_at <= b->updated_at;
    case SORT_CREATED_DESC: return a->created_at >= b->created_at;
    case SORT_CREATED_ASC: return a->created_at <= b->created_at;
    case SORT_TITLE_ASC: return strncasecmp(a->title.ptr, b->title.ptr, a->title.len) <= 0;
    case SORT_IMPORTANCE_DESC: return a->importance >= b->importance;
    }
    return false;
}

/* Every page in every order, while documents come in between: nothing is given twice or left
 * out. */
static void pages_are_stable(void **state)
{
    Fx *f = *state;
    fill(f, 57);
    uint64_t fresh = 500;
    for (DocSort sort = SORT_UPDATED_DESC; sort <= SORT_IMPORTANCE_DESC; sort++) {
        bool seen[57] = {false};
        size_t n = 0;
        Str cursor = STR("");
        Document last = {0};
        do {
            DocPage page;
            OK(store_document_list(f->s, &f->owner, NULL, sort, 10, cursor, f->a, &page, &oops));
            for (size_t i = 0; i < page.n; i++) {
                if (last.title.ptr)
                    assert_true(in_order(sort, &last, &page.items[i]));
                last = page.items[i];
                for (size_t j = 0; j < 57; j++) {
                    Uuid id = fx_uuid(j + 1);
                    if (!uuid_eq(&id, &page.items[i].id))
                        continue;
                    assert_false(seen[j]);
                    seen[j] = true;
                    n++;
                }
            }
            cursor = page.next_cursor;
            char text[32];
            (void)snprintf(text, sizeof text, "late %d %zu", (int)sort, n);
            fx_put(f, &f->owner, fx_doc(f->a, fresh++, STR("c late"),
                arena_str(f->a, str_of(text))), NULL);
        } while (cursor.ptr);
        assert_int_equal(n, 57);
    }
}

static void filters(void **state)
{
    Fx *f = *state;
    fill(f, 60);
    Str odd = STR("odd"), both[] = {STR("odd"), STR("third")}, nothing = STR("none");
    Str types[] = {STR("pdf"), STR("markdown")};
    Str exact = STR("/home/odd/f1.txt"), prefix = STR("/home/odd/*"),
        two[] = {exact, STR("/home/ev*")};
    Str all = STR("*");
    Uuid ids[] = {fx_uuid(3), fx_uuid(4), fx_uuid(9999)};
    const struct {
        DocFilter filter;
        uint64_t total;
    } rows[] = {
        {{.tags = &odd, .n_tags = 1}, 30},
        {{.tags = both, .n_tags = 2}, 10},
        {{.tags = &nothing, .n_tags = 1}, 0},
        {{.types = types, .n_types = 2}, 40},
        {{.types = types, .n_types = 1, .tags = &odd, .n_tags = 1}, 10},
        {{.sources = &exact, .n_sources = 1}, 1},
        {{.sources = &prefix, .n_sources = 1}, 30},
        {{.sources = two, .n_sources = 2}, 31},
        {{.sources = &all, .n_sources = 1}, 60},
        {{.since = 1005}, 30},
        {{.until = 1005}, 30},
        {{.since = 1002, .until = 1003}, 6},
        {{.ids = ids, .n_ids = 3}, 2},
        {{.ids = ids + 2, .n_ids = 1}, 0},
        {{.q = STR("TITLE even")}, 30},
        {{.q = STR("f59")}, 1},
        {{.q = STR("home")}, 60},
        {{.q = STR("---")}, 0},
        {{.q = STR("  ")}, 60},
        {{.q = STR("' OR 1=1 --")}, 0},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        DocPage page;
        OK(store_document_list(f->s, &f->owner, &rows[i].filter, SORT_TITLE_ASC, 100, STR(""), f->a,
            &page, &oops));
        if (page.total != rows[i].total || page.n != rows[i].total)
            fail_msg("row %zu: %llu documents instead of %llu", i, (unsigned long long)page.total,
                (unsigned long long)rows[i].total);
        assert_null(page.next_cursor.ptr);
        /* The same filter in a search: every document has one passage with "document". */
        KwTerm term = {.kind = KW_WORD, .text = STR("documents"), .weight = 1};
        CandidateQuery q = {.terms = &term, .n_terms = 1, .k = 100, .filter = &rows[i].filter};
        Candidates c;
        OK(store_candidates(f->s, &f->owner, &q, f->a, &c, &oops));
        assert_int_equal(c.n, rows[i].total);
    }
}

static void bad_cursors(void **state)
{
    Fx *f = *state;
    fill(f, 3);
    static const char *const bad[] = {"x", "0", "0.1", "1.1.1", "0..5", "0.1.x",
        "0.1.99999999999999999999",
        "9.1.1", "-1.1.1", "0.1.1.1"};
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        DocPage page;
        Err err = ERR_INIT;
        assert_err(store_document_list(f->s, &f->owner, NULL, SORT_UPDATED_DESC, 5, str_of(bad[i]),
            f->a,
            &page, &err), err, ERR_VALIDATION, "cursor");
    }
    DocPage page;
    Err err = ERR_INIT;
    Uuid *ids = ARENA_NEW_ARRAY(f->a, Uuid, 1001);
    Str bad_tag = STR("\xff");
    DocFilter filters_bad[] = {{.ids = ids, .n_ids = 1001}, {.tags = &bad_tag, .n_tags = 1}};
    for (size_t i = 0; i < ARRAY_LEN(filters_bad); i++) {
        assert_err(store_document_list(f->s, &f->owner, &filters_bad[i], SORT_TITLE_ASC, 5, STR(""),
            f->a, &page, &err), err, ERR_VALIDATION, "");
        err = ERR_INIT;
    }
    assert_err(store_document_list(f->s, &f->owner, NULL, SORT_TITLE_ASC, 5, STR("4.1.zz"), f->a,
        &page,
        &err), err, ERR_VALIDATION, "cursor");
    err = ERR_INIT;
    assert_err(store_document_list(f->s, &f->owner, NULL, SORT_TITLE_ASC, 0, STR(""), f->a, &page,
        &err),
        err, ERR_VALIDATION, "limit");
}

static void *put_one(void *arg)
{
    Fx *f = arg;
    Err err = ERR_INIT;
    Arena *a = arena_new(ARENA_DEFAULT_MAX);
    PutOutcome outcome;
    Uuid id;
    DocumentPut *p = fx_doc(a, 2, STR("the second"), fx_text(a, 99, 20, 20, 100));
    bool ok = store_document_put(f->s, &f->owner, p, &outcome, &id, &err);
    arena_free(a);
    return ok ? f : NULL;
}

/* Held reads are of one moment; released, of now. */
static void held_reads_are_one_snapshot(void **state)
{
    Fx *f = *state;
    PutOutcome outcome;
    Uuid first;
    Document d;
    DocPage page;
    pthread_t other;
    void *ok;
    DocumentPut *p = fx_doc(f->a, 1, STR("the first"), fx_text(f->a, 98, 20, 20, 100));
    OK(store_document_put(f->s, &f->owner, p, &outcome, &first, &oops));
    store_read_hold(f->s);
    OK(store_document_get(f->s, &f->owner, &first, true, f->a, &d, &oops));
    assert_int_equal(pthread_create(&other, NULL, put_one, f), 0);
    assert_int_equal(pthread_join(other, &ok), 0);
    assert_non_null(ok);
    OK(store_document_list(f->s, &f->owner, NULL, SORT_TITLE_ASC, 10, STR(""), f->a, &page, &oops));
    /* Over Qdrant nothing is held: what is read is what is there. */
    assert_int_equal(page.total, getenv("QDRANT_URL") ? 2 : 1);
    store_read_release(f->s);
    OK(store_document_list(f->s, &f->owner, NULL, SORT_TITLE_ASC, 10, STR(""), f->a, &page, &oops));
    assert_int_equal(page.total, 2);
    store_read_hold(f->s); /* nothing read: nothing to end */
    store_read_release(f->s);
    OK(store_document_get(f->s, &f->owner, &first, true, f->a, &d, &oops));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(put_and_get),
        T(duplicates_and_replacement),
        T(same_original_is_kept_on_replacement),
        T(ranges_of_originals),
        T(passages_across_parts),
        T(deleted_is_gone),
        T(patches),
        T(bad_puts),
        T(documents_without_passages),
        T(owners_are_apart),
        T(pages_are_stable),
        T(filters),
        T(bad_cursors),
        T(held_reads_are_one_snapshot),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
