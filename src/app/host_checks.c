/* host_checks.c - see host_checks.h. */
#include "app/host_checks.h"

#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "app/app.h"
#include "app/models.h"
#include "base/cpu.h"
#include "base/os.h"

#define LITTLE_SPACE ((uint64_t)200 << 20)
#define CHECKS_MAX 8

typedef struct {
    ApiCheck *list;
    size_t n;
    Arena *a;
} Checks;

static void check(Checks *k, const char *name, bool ok, const char *detail, const char *mend)
{
    if (k->n < CHECKS_MAX)
        k->list[k->n++] = (ApiCheck){name, ok, detail ? detail : "", ok ? NULL : mend};
}

static const char *joined(Arena *a, const char *one, const char *two)
{
    Str s = arena_printf(a, "%s%s", one, two);
    return s.ptr;
}

static uint64_t model_bytes(const Model *m)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < m->n_files; i++)
        sum += m->files[i].bytes;
    return sum;
}

static bool is_kind(const Model *m, const char *kind)
{
    return m->install_kind && strncmp(m->install_kind, kind, strlen(kind)) == 0;
}

/* One check for each thing that models are for: hearing and speaking need one of theirs. */
static void check_models(Checks *k, const ModelsLock *lock, const char *dir)
{
    bool encoder = false, ears = false, detector = false, voice = false;
    for (size_t i = 0; i < lock->n; i++) {
        const Model *m = &lock->models[i];
        if (models_state(m, dir, k->a, NULL) != MODEL_READY)
            continue;
        encoder |= is_kind(m, "minilm");
        ears |= is_kind(m, "whisper") || is_kind(m, "ct2");
        detector |= is_kind(m, "vad");
        voice |= is_kind(m, "piper");
    }
    check(k, "Understanding", encoder,
          encoder ? "the encoder is there" : "the encoder is not complete: search by meaning fails",
          "sotto models fetch");
    check(k, "Hearing", ears,
          ears ? "a speech model is there" : "there is no speech model: it cannot hear",
          "sotto models fetch whisper-tiny.en");
    check(k, "Silence", detector,
          detector ? "the detector of speech is there"
                   : "the detector of speech is not there: the end of what is said is not found",
          "sotto models fetch silero-vad");
    check(k, "Speaking", voice,
          voice ? "a natural voice is there" : "there is no natural voice: espeak speaks",
          "sotto models fetch en_US-joe-medium");
}

static void check_folder(Checks *k, const char *dir, uint64_t *room)
{
    struct stat st;
    struct statvfs v;
    bool there = stat(dir, &st) == 0, shut = there && !(st.st_mode & 077);
    check(k, "Private", shut,
          shut ? "the data belong to you alone" : "the folder of the data can be read by others",
          joined(k->a, "chmod 700 ", dir));
    *room = statvfs(dir, &v) == 0 ? (uint64_t)v.f_bavail * v.f_frsize : 0;
    check(k, "Space", *room > LITTLE_SPACE,
          *room > LITTLE_SPACE ? "there is room on the disk" : "the disk is nearly full",
          joined(k->a, "make room on the disk of ", dir));
}

static bool list_models(const ModelsLock *lock, const char *dir, Ears *ears, Arena *a,
                        ApiMachine *out, Err *err)
{
    ApiModel *list = ARENA_NEW_ARRAY(a, ApiModel, lock->n + 1);
    if (!list)
        return err_set(err, ERR_NO_MEMORY, "no memory for the list of models");
    size_t heard = ears ? ears_loaded(ears) : 0;
    for (size_t i = 0; i < lock->n; i++) {
        const Model *m = &lock->models[i];
        bool there = models_state(m, dir, a, NULL) == MODEL_READY;
        if (!there && m->named)
            continue; /* nobody asked for it */
        list[out->n_models++] = (ApiModel){
            .name = m->name, .does = m->about, .bytes = model_bytes(m), .there = there,
            .loaded = is_kind(m, "minilm") ? 1 : is_kind(m, "whisper") && !heard ? 0 : -1};
    }
    out->models = list;
    return true;
}

bool host_machine(const Config *c, Ears *ears, Arena *a, ApiMachine *out, Err *err)
{
    const char *dir = config_text(c, SET_DATA), *models = config_text(c, SET_MODELS);
    ModelsLock *lock = models_lock_parse(str_of(models_lock_text), a, err);
    Checks k = {.list = ARENA_NEW_ARRAY(a, ApiCheck, CHECKS_MAX), .a = a};
    if (!lock)
        return false;
    if (!k.list)
        return err_set(err, ERR_NO_MEMORY, "no memory for the checks");
    *out = (ApiMachine){.threads = app_threads(c), .instructions = cpu_level_name(cpu_level()),
                        .folder = dir};
    check_models(&k, lock, models);
    check_folder(&k, dir, &out->free_bytes);
    out->checks = k.list;
    out->n_checks = k.n;
    return list_models(lock, models, ears, a, out, err);
}
