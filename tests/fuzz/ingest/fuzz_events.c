/* fuzz_events.c - calendars of any bytes: every line of the answer is JSON, and `raw` holds whole
 * lines that go out again as they are. */
#include "reader.h"

#include "base/json.h"
#include "ingest/events.h"
#include "text/ical.h"

static void check_raw(Str raw)
{
    Str line;
    IcalLine l;
    Buf folded, again;
    buf_init(&folded, 1 << 22);
    buf_init(&again, 1 << 22);
    while (raw.len && str_next(&raw, '\n', &line)) {
        REQUIRE(ical_split(line, &l));
        buf_clear(&folded);
        ical_fold(line, &folded);
        Str rest = buf_str(&folded);
        REQUIRE(ical_next(&rest, &again) && str_eq(buf_str(&again), line) && rest.len == 0);
    }
    buf_release(&folded);
    buf_release(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    ExtractOut out;
    Err err = ERR_INIT;
    fuzz_reader(&reader_events, data, size);
    extract_init(&out, 1 << 20);
    if (reader_events.read(str_mem((const char *)data, size), STR("name"), &out, &err)) {
        REQUIRE(out.n_parts == 1);
        Str rest = out.parts[0].bytes, line;
        while (rest.len && str_next(&rest, '\n', &line)) {
            Json *j = line.len ? json_parse(line, 8, &err) : NULL;
            REQUIRE(j || !line.len);
            Str raw = json_str(json_get(j, "raw"));
            if (raw.ptr)
                check_raw(raw);
            json_free(j);
        }
    }
    extract_release(&out);
    return 0;
}
