/* ignore.c - see ignore.h. */
#include "ingest/ignore.h"

#include <ctype.h>

/* An automaton is a row of ops; state i is "before op i", n is "all matched". */
typedef enum {
    OP_BYTE,     /* this byte */
    OP_SET,      /* a byte of the set, never a slash */
    OP_STAR,     /* any run without a slash */
    OP_ALL,      /* any run at all */
    OP_DIRS,     /* nothing, or what OP_DIRS_IN reads */
    OP_DIRS_IN   /* any run that ends in a slash */
} OpKind;

typedef struct {
    OpKind kind;
    unsigned char byte;
    uint64_t set[4];
} Op;

typedef struct {
    Op *ops;
    size_t n;
    bool out;        /* not `!` */
    bool folders;    /* a slash at its end */
    bool base_name;  /* no other slash: matches the last name of a path */
    bool never;      /* malformed, as git has it: matches nothing */
} Rule;

struct IgnoreRules {
    Rule *items;
    size_t n;
};

#define WORDS ((IGNORE_PATTERN_MAX + 2 + 63) / 64)
typedef struct {
    uint64_t bits[WORDS];
} States;

/* ---- patterns to automata ------------------------------------------------------------------- */

static void set_add(Op *op, unsigned lo, unsigned hi)
{
    for (unsigned c = lo; c <= hi && c < 256; c++)
        op->set[c / 64] |= (uint64_t)1 << (c % 64);
}

static bool set_class(Op *op, Str name)
{
    static const struct {
        const char *name;
        int (*is)(int);
    } classes[] = {{"alnum", isalnum}, {"alpha", isalpha}, {"blank", isblank}, {"cntrl", iscntrl},
                   {"digit", isdigit}, {"graph", isgraph}, {"lower", islower}, {"print", isprint},
                   {"punct", ispunct}, {"space", isspace}, {"upper", isupper},
                   {"xdigit", isxdigit}};
    for (size_t i = 0; i < sizeof classes / sizeof *classes; i++) {
        if (!str_eq(name, str_of(classes[i].name)))
            continue;
        for (unsigned c = 0; c < 128; c++)
            if (classes[i].is((int)c))
                set_add(op, c, c);
        return true;
    }
    return false;
}

/* "[:name:]" at p[i]: its length, 0 when it is none, SIZE_MAX when the pattern is malformed. */
static size_t class_at(Op *op, Str p, size_t i)
{
    if (i + 1 >= p.len || p.ptr[i] != '[' || p.ptr[i + 1] != ':')
        return 0;
    size_t end = i + 2;
    while (end < p.len && p.ptr[end] != ']')
        end++;
    if (end == p.len)
        return SIZE_MAX;
    if (end < i + 3 || p.ptr[end - 1] != ':')
        return 0;
    return set_class(op, str_sub(p, i + 2, end - 1)) ? end + 1 - i : SIZE_MAX;
}

/* A set from behind its '[' to behind its ']'. False when it has no end or an unknown class. */
static bool parse_set(Str p, size_t *at, Op *op)
{
    size_t i = *at;
    *op = (Op){.kind = OP_SET};
    bool not = i < p.len && (p.ptr[i] == '!' || p.ptr[i] == '^');
    i += not;
    int low = -1; /* the byte before, which a '-' may continue */
    for (bool first = true; first || (i < p.len && p.ptr[i] != ']'); first = false) {
        if (i >= p.len)
            return false;
        size_t class = class_at(op, p, i);
        if (class == SIZE_MAX)
            return false;
        if (class) {
            i += class;
            low = -1;
            continue;
        }
        bool range = p.ptr[i] == '-' && low >= 0 && i + 1 < p.len && p.ptr[i + 1] != ']';
        i += range;
        if (p.ptr[i] == '\\' && ++i >= p.len)
            return false;
        unsigned c = (unsigned char)p.ptr[i++];
        set_add(op, range ? (unsigned)low : c, c);
        low = range ? -1 : (int)c;
    }
    if (i >= p.len)
        return false;
    if (not)
        for (size_t k = 0; k < 4; k++)
            op->set[k] = ~op->set[k];
    op->set['/' / 64] &= ~((uint64_t)1 << ('/' % 64));
    *at = i + 1;
    return true;
}

/* Stars from p[i]; `whole`: slashes count (the pattern is matched against a path). */
static size_t parse_stars(Str p, size_t i, bool whole, Rule *r)
{
    size_t end = i;
    while (end < p.len && p.ptr[end] == '*')
        end++;
    bool begins = i == 0 || p.ptr[i - 1] == '/';
    bool alone = end == p.len || p.ptr[end] == '/';
    if (whole && end - i >= 2 && begins && alone) {
        if (end == p.len) {
            r->ops[r->n++] = (Op){.kind = OP_ALL};
            return end;
        }
        r->ops[r->n++] = (Op){.kind = OP_DIRS};
        r->ops[r->n++] = (Op){.kind = OP_DIRS_IN};
        return end + 1;
    }
    r->ops[r->n++] = (Op){.kind = OP_STAR};
    return end;
}

static bool compile(Str p, Arena *a, Rule *r)
{
    r->ops = ARENA_NEW_ARRAY(a, Op, p.len + 1);
    if (!r->ops)
        return false;
    for (size_t i = 0; i < p.len && !r->never;) {
        char c = p.ptr[i];
        if (c == '*') {
            i = parse_stars(p, i, !r->base_name, r);
        } else if (c == '?') {
            Op any = {.kind = OP_SET, .set = {~0ull, ~0ull, ~0ull, ~0ull}};
            any.set['/' / 64] &= ~((uint64_t)1 << ('/' % 64));
            r->ops[r->n++] = any;
            i++;
        } else if (c == '[') {
            Op set;
            i++;
            r->never = !parse_set(p, &i, &set);
            r->ops[r->n++] = set;
        } else {
            if (c == '\\' && ++i == p.len)
                r->never = true;
            else
                r->ops[r->n++] = (Op){.kind = OP_BYTE, .byte = (unsigned char)p.ptr[i++]};
        }
    }
    r->never = r->never || r->n == 0;
    return true;
}

static bool parse_rule(Str p, Arena *a, Rule *r, Err *err)
{
    *r = (Rule){.out = true};
    if (p.len && p.ptr[0] == '!') {
        r->out = false;
        p = str_sub(p, 1, p.len);
    }
    if (p.len && p.ptr[p.len - 1] == '/') {
        r->folders = true;
        p.len--;
    }
    r->base_name = !memchr(p.ptr ? p.ptr : "", '/', p.len);
    if (p.len && p.ptr[0] == '/')
        p = str_sub(p, 1, p.len);
    if (p.len > IGNORE_PATTERN_MAX)
        return err_set(err, ERR_VALIDATION, "a pattern has %zu bytes; at most %d are taken", p.len,
                       IGNORE_PATTERN_MAX);
    return compile(p, a, r) || err_set(err, ERR_NO_MEMORY, "reading patterns: out of memory");
}

/* Blanks at a line's end do not count unless a backslash stands before them. */
static Str cut_blanks(Str line)
{
    size_t keep = 0;
    for (size_t i = 0; i < line.len; i++) {
        if (line.ptr[i] == '\\' && i + 1 < line.len)
            i++;
        else if (line.ptr[i] == ' ')
            continue;
        keep = i + 1;
    }
    return str_sub(line, 0, keep);
}

static bool no_memory(Err *err)
{
    return err_set(err, ERR_NO_MEMORY, "reading patterns: out of memory");
}

bool ignore_parse(Str text, Arena *a, IgnoreRules **out, Err *err)
{
    size_t lines = 1, number = 0;
    Str line;
    if (str_starts(text, STR("\xEF\xBB\xBF")))
        text = str_sub(text, 3, text.len);
    for (size_t i = 0; i < text.len; i++)
        lines += text.ptr[i] == '\n';
    IgnoreRules *r = ARENA_NEW(a, IgnoreRules);
    if (r)
        r->items = ARENA_NEW_ARRAY(a, Rule, lines);
    if (!r || !r->items)
        return no_memory(err);
    while (str_next(&text, '\n', &line)) {
        number++;
        if (line.len && line.ptr[line.len - 1] == '\r')
            line.len--;
        if (!line.len || line.ptr[0] == '#' || !(line = cut_blanks(line)).len)
            continue;
        if (!parse_rule(line, a, &r->items[r->n], err))
            return err_wrap(err, "line %zu", number);
        r->n++;
    }
    *out = r;
    return true;
}

bool ignore_patterns(const Str *patterns, size_t n, Arena *a, IgnoreRules **out, Err *err)
{
    IgnoreRules *r = ARENA_NEW(a, IgnoreRules);
    if (r)
        r->items = ARENA_NEW_ARRAY(a, Rule, n + 1);
    if (!r || !r->items)
        return no_memory(err);
    for (; r->n < n; r->n++)
        if (!parse_rule(patterns[r->n], a, &r->items[r->n], err))
            return false;
    *out = r;
    return true;
}

/* ---- matching ------------------------------------------------------------------------------- */

/* Adds a state with those that are reached from it without reading anything. */
static void enter(const Rule *r, States *s, size_t i)
{
    for (;;) {
        s->bits[i / 64] |= (uint64_t)1 << (i % 64);
        if (i == r->n)
            return;
        OpKind kind = r->ops[i].kind;
        if (kind == OP_DIRS) {
            enter(r, s, i + 1);
            i += 2;
        } else if (kind == OP_STAR || kind == OP_ALL) {
            i++;
        } else {
            return;
        }
    }
}

static void read_byte(const Rule *r, size_t i, unsigned char c, States *next)
{
    const Op *op = &r->ops[i];
    switch (op->kind) {
    case OP_BYTE:
        if (op->byte == c)
            enter(r, next, i + 1);
        break;
    case OP_SET:
        if (op->set[c / 64] >> (c % 64) & 1)
            enter(r, next, i + 1);
        break;
    case OP_STAR:
        if (c != '/')
            enter(r, next, i);
        break;
    case OP_ALL:
        enter(r, next, i);
        break;
    case OP_DIRS_IN:
        next->bits[i / 64] |= (uint64_t)1 << (i % 64);
        if (c == '/')
            enter(r, next, i + 1);
        break;
    case OP_DIRS:
        break; /* its successors were entered with it */
    }
}

static bool rule_matches(const Rule *r, Str text)
{
    size_t words = (r->n + 64) / 64;
    States now, next;
    memset(now.bits, 0, words * sizeof *now.bits);
    enter(r, &now, 0);
    for (size_t k = 0; k < text.len; k++) {
        bool any = false;
        memset(next.bits, 0, words * sizeof *next.bits);
        for (size_t w = 0; w < words; w++) {
            for (uint64_t bits = now.bits[w]; bits; bits &= bits - 1) {
                size_t i = w * 64 + (size_t)__builtin_ctzll(bits);
                if (i < r->n)
                    read_byte(r, i, (unsigned char)text.ptr[k], &next);
            }
        }
        for (size_t w = 0; w < words; w++)
            any |= next.bits[w] != 0;
        if (!any)
            return false;
        memcpy(now.bits, next.bits, words * sizeof *now.bits);
    }
    return now.bits[r->n / 64] >> (r->n % 64) & 1;
}

static Str last_name(Str path)
{
    size_t at = path.len;
    while (at > 0 && path.ptr[at - 1] != '/')
        at--;
    return str_sub(path, at, path.len);
}

IgnoreVerdict ignore_match(const IgnoreRules *r, Str path, bool is_folder)
{
    Str name = last_name(path);
    for (size_t i = r->n; i-- > 0;) {
        const Rule *rule = &r->items[i];
        if (rule->never || (rule->folders && !is_folder))
            continue;
        if (rule_matches(rule, rule->base_name ? name : path))
            return rule->out ? IGNORE_OUT : IGNORE_IN;
    }
    return IGNORE_SILENT;
}

bool ignore_covers(const IgnoreRules *r, Str path)
{
    for (size_t end = 0; end <= path.len; end++) {
        if (end < path.len && path.ptr[end] != '/')
            continue;
        if (ignore_match(r, str_sub(path, 0, end), end < path.len) == IGNORE_OUT)
            return true;
    }
    return false;
}
