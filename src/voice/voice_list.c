/* voice_list.c - which voices are on this machine. */
#include <dirent.h>
#include <stdlib.h>

#include "base/os.h"
#include "nn/piper.h"
#include "voice/espeak.h"
#include "voice/voice.h"

#define VOICES_MAX 64
#define SUFFIX ".sotto"

const char *voice_backend_name(VoiceBackend b) { return b == VOICE_PIPER ? "piper" : "espeak"; }

static const char *text(Arena *a, Str s) { return arena_str(a, s).ptr; }

/* "joe", "medium" -> "Joe (medium)". */
static const char *title(Arena *a, const PiperInfo *info, Str id)
{
    Str name = info->dataset[0] ? str_of(info->dataset) : id;
    char *out = arena_alloc(a, name.len + strlen(info->quality) + 4);
    if (!out) {
        return NULL;
    }
    size_t n = 0;
    for (size_t i = 0; i < name.len; i++) {
        char c = name.ptr[i] == '_' ? ' ' : name.ptr[i];
        bool first = i == 0 || out[n - 1] == ' ';
        out[n++] = (char)(first && c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c);
    }
    out[n] = 0;
    return info->quality[0] ? arena_printf(a, "%s (%s)", out, info->quality).ptr : out;
}

static const char *language(Arena *a, const char *code)
{
    char *out = (char *)arena_str(a, str_of(code)).ptr;
    for (size_t i = 0; out && out[i]; i++) {
        out[i] = out[i] == '_' ? '-' : out[i];
    }
    return out;
}

/* Fills *v when `path` is a Piper voice. False only without memory. */
static bool look(Arena *a, const char *path, Str file, VoiceInfo *v, bool *is_voice)
{
    Err why = ERR_INIT;
    Piper *p = piper_open(path, PIPER_FP32, &why);
    *is_voice = p != NULL;
    if (!p) {
        return why.code != ERR_NO_MEMORY;
    }
    const PiperInfo *info = piper_info(p);
    Str id = str_sub(file, 0, file.len - STR(SUFFIX).len);
    *v = (VoiceInfo){.id = text(a, id), .name = title(a, info, id),
        .language = language(a, info->language), .backend = VOICE_PIPER, .rate_hz = info->rate_hz,
        .path = text(a, str_of(path)), .espeak = text(a, str_of(info->espeak_voice))};
    piper_close(p);
    return v->id && v->name && v->language && v->path && v->espeak;
}

static int by_id(const void *a, const void *b)
{
    return strcmp(((const VoiceInfo *)a)->id, ((const VoiceInfo *)b)->id);
}

static bool look_around(const char *dir, Arena *a, VoiceInfo *out, size_t *n)
{
    DIR *d = opendir(dir);
    bool ok = true;
    struct dirent *e;
    while (d && ok && *n < VOICES_MAX && (e = readdir(d))) {
        Str file = str_of(e->d_name);
        if (file.len <= STR(SUFFIX).len || !str_ends(file, STR(SUFFIX))) {
            continue;
        }
        const char *path = os_join(a, dir, e->d_name);
        bool is_voice = false;
        ok = path && look(a, path, file, &out[*n], &is_voice);
        *n += is_voice;
    }
    if (d) {
        closedir(d);
    }
    qsort(out, *n, sizeof *out, by_id);
    return ok;
}

bool voice_list(const char *models_dir, Arena *a, VoiceInfo **out, size_t *n, Err *err)
{
    static const struct {
        const char *id, *file, *name, *language; /* file: as espeak has it; "en" is British */
    } own[] = {{"en-us", "en-us", "eSpeak (American)", "en-US"},
        {"en-gb", "en", "eSpeak (British)", "en-GB"}, {"de", "de", "eSpeak (German)", "de-DE"},
        {"fr", "fr", "eSpeak (French)", "fr-FR"}, {"es", "es", "eSpeak (Spanish)", "es-ES"},
        {"it", "it", "eSpeak (Italian)", "it-IT"}, {"nl", "nl", "eSpeak (Dutch)", "nl-NL"},
        {"pl", "pl", "eSpeak (Polish)", "pl-PL"}, {"pt", "pt", "eSpeak (Portuguese)", "pt-PT"},
        {"sv", "sv", "eSpeak (Swedish)", "sv-SE"}};
    size_t count = 0;
    VoiceInfo *list = arena_alloc(a, (VOICES_MAX + sizeof own / sizeof *own) * sizeof *list);
    bool ok = list && look_around(models_dir, a, list, &count);
    uint32_t rate = espeak_rate_hz();
    for (size_t i = 0; ok && rate && i < sizeof own / sizeof *own; i++) {
        VoiceInfo *v = &list[count++];
        *v = (VoiceInfo){.id = arena_printf(a, "espeak:%s", own[i].id).ptr, .name = own[i].name,
            .language = own[i].language, .backend = VOICE_ESPEAK, .rate_hz = rate,
            .espeak = own[i].file};
        ok = v->id != NULL;
    }
    if (!ok) {
        return err_set(err, ERR_NO_MEMORY, "no memory for the list of voices");
    }
    *out = list;
    *n = count;
    return true;
}
