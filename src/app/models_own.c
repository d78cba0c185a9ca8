/* models_own.c - see models_own.h. */
#include "app/models_own.h"

#include "base/os.h"
#include "nn/whisper.h"
#include "voice/ears.h"
#include "voice/ears_models.h"

static const char *path_of(Cli *cli, const char *name)
{
    return os_join(cli->arena, config_text(cli->config, SET_MODELS),
                   arena_printf(cli->arena, "%s" EARS_MODEL_SUFFIX, name).ptr);
}

static bool no_memory(Err *err)
{
    return err_set(err, ERR_NO_MEMORY, "no memory for the model files");
}

/* ---- add --------------------------------------------------------------------------------------
 */

static Str without(Str s, Str before)
{
    return str_starts(s, before) ? str_sub(s, before.len, s.len) : s;
}

/* What a file is called by those who publish it: ggml-small.en.bin, faster-whisper-small.en/. */
static Str usual_name(Str path)
{
    while (path.len > 1 && path.ptr[path.len - 1] == '/')
        path.len--;
    Str s = str_file_name(path);
    if (str_ends(s, STR(".bin")))
        s.len -= 4;
    s = without(without(s, STR("ggml-")), STR("faster-"));
    return without(s, STR(EARS_MODEL_PREFIX));
}

static bool is_name(Str s)
{
    bool ok = s.len > 0 && s.ptr[0] != '.' &&
              s.len + STR(EARS_MODEL_PREFIX EARS_MODEL_SUFFIX).len < EARS_NAME_MAX;
    for (size_t i = 0; ok && i < s.len; i++) {
        char c = s.ptr[i];
        ok = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
             c == '.' || c == '-' || c == '_';
    }
    return ok;
}

static bool choose_name(Cli *cli, const ModelsLock *lock, Str given, const char **out, Err *err)
{
    Str name = given.len ? without(given, STR(EARS_MODEL_PREFIX))
                         : usual_name(str_of(cli->args[1]));
    if (!is_name(name))
        return err_set(err, ERR_VALIDATION,
                       "\"" STR_FMT "\" is no name for a model: letters, digits, dots, dashes",
                       (int)(name.len < 60 ? name.len : 60), name.ptr);
    Str full = arena_printf(cli->arena, EARS_MODEL_PREFIX STR_FMT, STR_ARG(name));
    if (!full.ptr)
        return no_memory(err);
    if (models_lock_find(lock, full))
        return err_set(err, ERR_CONFLICT,
                       "%s is a published model that sotto models fetch gets; give yours another "
                       "name: sotto models add %s NAME", full.ptr, cli->args[1]);
    const char *path = path_of(cli, full.ptr);
    if (!path)
        return no_memory(err);
    if (os_exists(path))
        return err_set(err, ERR_CONFLICT, "%s is there already; remove it or give another name",
                       path);
    *out = full.ptr;
    return true;
}

/* Only a file that was read back whole keeps its name. */
static bool convert(const char *from, const char *path, WhisperInfo *info, Err *err)
{
    if (!whisper_convert(from, path, err))
        return false;
    Whisper *m = whisper_open(path, WHISPER_INT8, err);
    bool ok = m && whisper_verify(m, err);
    if (ok)
        *info = *whisper_info(m);
    whisper_close(m);
    if (!ok)
        (void)os_remove(path, NULL);
    return ok;
}

static void show_added(Cli *cli, const char *name, const char *path, const WhisperInfo *info)
{
    JsonW w;
    Buf *out = &cli->out;
    int64_t bytes = os_file_size(path);
    if (cli->json) {
        jw_init(&w, out);
        jw_obj(&w);
        jw_kv_cstr(&w, "name", name);
        jw_kv_cstr(&w, "path", path);
        jw_kv_int(&w, "bytes", bytes);
        jw_kv_int(&w, "languages", info->languages ? info->languages : 1);
        jw_obj_end(&w);
        buf_add_char(out, '\n');
        return;
    }
    buf_printf(out, "%s  ", name);
    term_bytes(out, (uint64_t)bytes);
    if (info->languages)
        buf_printf(out, "  %u languages\n", info->languages);
    else
        buf_add_c(out, "  English\n");
    buf_printf(out, "sotto transcribe --model %s hears with it; the setting speech_model makes it "
               "the one for everything.\n", name);
}

int models_own_add(Cli *cli, const ModelsLock *lock)
{
    Err err = ERR_INIT;
    WhisperInfo info;
    const char *dir = config_text(cli->config, SET_MODELS), *name, *path = NULL;
    Str given = str_of(cli->n_args > 2 ? cli->args[2] : "");
    bool ok = os_mkdirs(dir, 0755, &err) && choose_name(cli, lock, given, &name, &err) &&
              ((path = path_of(cli, name)) || no_memory(&err));
    if (ok && !cli->json)
        cli_note(cli, "reading %s", cli->args[1]);
    ok = ok && convert(cli->args[1], path, &info, &err);
    if (!ok)
        return cli_fail(cli, &err);
    show_added(cli, name, path, &info);
    return cli_done(cli, 0);
}

/* ---- list and verify --------------------------------------------------------------------------
 */

static int show_one(Cli *cli, const char *name, bool verify, JsonW *w)
{
    Err why = ERR_INIT;
    const char *path = path_of(cli, name);
    Whisper *m = path ? whisper_open(path, WHISPER_INT8, &why) : NULL;
    bool ok = m && (!verify || whisper_verify(m, &why));
    const char *state = !ok ? "damaged" : verify ? "verified" : "ready";
    whisper_close(m);
    if (cli->json) {
        jw_obj(w);
        jw_kv_cstr(w, "name", name);
        jw_kv_cstr(w, "about", "speech recognition, added here");
        jw_kv_cstr(w, "state", state);
        jw_kv_cstr(w, "problem", ok ? NULL : why.msg);
        jw_kv_cstr(w, "path", path);
        jw_key(w, "files");
        jw_arr(w);
        jw_arr_end(w);
        jw_obj_end(w);
        return ok ? 0 : err_info(ERR_CORRUPT)->exit_status;
    }
    buf_printf(&cli->out, "%s%-8s%s %s  ", term_paint(&cli->term, ok ? PAINT_GOOD : PAINT_BAD),
               state, term_paint(&cli->term, PAINT_OFF), name);
    int64_t bytes = path ? os_file_size(path) : 0;
    term_bytes(&cli->out, bytes > 0 ? (uint64_t)bytes : 0);
    buf_add_c(&cli->out, "  speech recognition, added here\n");
    if (!ok)
        term_wrap(&cli->out, &cli->term, str_of(why.msg), NULL, 0, 9);
    return ok ? 0 : err_info(ERR_CORRUPT)->exit_status;
}

int models_own_show(Cli *cli, const ModelsLock *lock, bool verify, JsonW *w)
{
    const char **names;
    size_t n;
    int status = 0;
    if (!ears_models_list(config_text(cli->config, SET_MODELS), cli->arena, &names, &n))
        return err_info(ERR_NO_MEMORY)->exit_status;
    for (size_t i = 0; i < n; i++) {
        if (models_lock_find(lock, str_of(names[i])))
            continue;
        int one = show_one(cli, names[i], verify, w);
        status = status ? status : one;
    }
    return verify ? status : 0;
}
