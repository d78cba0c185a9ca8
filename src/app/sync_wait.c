#include "app/sync_wait.h"

#include <stdio.h>
#include <time.h>

#define LOOK_MS 200
#define SETTLE_LOOKS 50 /* a file that is written for ever must not keep a command waiting so */

typedef struct {
    int64_t waiting, settling, finished, total;
    bool busy;
} Seen;

static void add_folder(Seen *s, const Json *f)
{
    int64_t n;
    Str state = json_str(json_get(f, "state"));
    if (json_int(json_get(f, "waiting"), &n))
        s->waiting += n;
    if (json_int(json_get(f, "settling"), &n))
        s->settling += n;
    if (json_int(json_get(f, "finished"), &n))
        s->finished += n;
    if (json_int(json_get(f, "total"), &n))
        s->total += n;
    s->busy |= str_eq(state, STR("scanning")) || str_eq(state, STR("reading"));
}

static bool look(Call *call, const char *folder, Seen *s, Err *err)
{
    *s = (Seen){0};
    Json *j = call_get(call, STR("/api/v1/knowledge/folders"), NULL, err);
    const Json *list = json_get(j, "folders");
    for (size_t i = 0; i < json_count(list); i++) {
        const Json *f = json_at(list, i);
        if (!folder || str_eq(json_str(json_get(f, "id")), str_of(folder)))
            add_folder(s, f);
    }
    int64_t queue = 0;
    json_int(json_get(j, "queue"), &queue);
    if (!folder)
        s->busy |= queue > 0;
    bool ok = j != NULL;
    json_free(j);
    return ok;
}

bool sync_wait(Cli *cli, Call *call, const char *folder, Err *err)
{
    Progress p;
    Seen s;
    bool ok = true;
    unsigned looks = 0;
    cli_catch_signals();
    progress_begin(&p, &cli->term, PROGRESS_FILES, 0);
    while (!cli_interrupted() && (ok = look(call, folder, &s, err)) &&
           (s.busy || s.waiting || (s.settling && looks < SETTLE_LOOKS))) {
        char what[80] = "";
        looks = s.busy || s.waiting ? 0 : looks + 1;
        if (s.settling)
            (void)snprintf(what, sizeof what, "%lld may still be written to",
                           (long long)s.settling);
        progress_step(&p, (uint64_t)s.finished, (uint64_t)s.total, str_of(what));
        (void)nanosleep(&(struct timespec){.tv_nsec = LOOK_MS * 1000000L}, NULL);
    }
    progress_end(&p);
    if (cli_interrupted() && call_server(call))
        cli_note(cli, "the server goes on by itself; sotto folders shows how far it is");
    else if (cli_interrupted())
        cli_note(cli, "stopped; it goes on with sotto folders sync, or when a server runs");
    return ok;
}
