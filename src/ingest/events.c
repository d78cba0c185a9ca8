#include "ingest/events.h"

#include "base/mem.h"
#include "ingest/sandbox.h"

struct EventsReader {
    Sandbox *sandbox;
};

EventsReader *events_reader_new(const EventsOptions *o, Err *err)
{
    SandboxOptions so = {.self = o->self, .timeout_ms = o->timeout_ms};
    EventsReader *r = mem_zalloc(sizeof *r);
    if (r)
        r->sandbox = sandbox_new(&so, err);
    else
        (void)err_set(err, ERR_NO_MEMORY, "no memory to read calendars");
    if (r && r->sandbox)
        return r;
    mem_free(r);
    return NULL;
}

void events_reader_free(EventsReader *r)
{
    if (!r)
        return;
    sandbox_free(r->sandbox);
    mem_free(r);
}

bool events_read(void *reader, Str data, Str filename, Arena *a, Str *lines, Err *err)
{
    EventsReader *r = reader;
    Snapshot bytes = {.fd = -1};
    Extracted e = {0};
    Str got = {NULL, 0};
    if (!snapshot_bytes(data, &bytes, err))
        return false;
    bool ok = sandbox_run(r->sandbox, STR("events"), str_sub(filename, 0, 200), &bytes, a, &e, err);
    if (ok && e.n_parts != 1)
        ok = err_set(err, ERR_CORRUPT, "the confined reader's answer is not usable (no events)");
    if (ok && !(got = arena_str(a, e.parts[0].bytes)).ptr)
        ok = err_set(err, ERR_TOO_LARGE, "the calendar takes too much memory");
    sandbox_drop_parts(&e);
    snapshot_release(&bytes);
    if (ok)
        *lines = got;
    return ok;
}
