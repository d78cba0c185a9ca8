/* intents_rows.h - sentences with what they want: the .tsv files of tests/data/intents and jsonl
 * files of the same kind, for the unit test and the bench. */
#ifndef SOTTO_TESTS_INTENTS_ROWS_H
#define SOTTO_TESTS_INTENTS_ROWS_H

#include <stdio.h>

#include "assistant/intents.h"
#include "base/mem.h"
#include "base/os.h"

#define INTENT_ROW_SLOTS 4

typedef struct {
    Str text;
    IntentKind kind;
    IntentAction action; /* ACTION_COUNT: only the kind is known */
    IntentContext context;
    struct {
        Str name, value;
    } slot[INTENT_ROW_SLOTS];
    size_t n_slots;
} IntentRow;

typedef struct {
    IntentRow *row;
    size_t n;
    Buf file;
    Arena *arena;
} IntentRows;

static inline void intents_rows_free(IntentRows *r)
{
    mem_free(r->row);
    buf_release(&r->file);
    arena_free(r->arena);
}

static inline bool intents_row_part(Str part, IntentRow *row)
{
    static const char *const turns[] = {"none",     "tasks",  "timer",  "answer",
                                        "briefing", "agenda", "memory", "ringing"};
    static const char *const awaits[] = {"nothing", "yes_no", "time", "title", "choice"};
    size_t eq = str_find(part, STR("="), 0);
    if (eq == SIZE_MAX)
        return false;
    Str name = str_sub(part, 0, eq), value = str_sub(part, eq + 1, part.len);
    for (int i = 0; i < 8; i++)
        if (str_eq(name, STR("turn")) && str_eq(value, str_of(turns[i]))) {
            row->context.turn = (IntentTurn)i;
            return true;
        }
    for (int i = 0; i < 5; i++)
        if (str_eq(name, STR("await")) && str_eq(value, str_of(awaits[i]))) {
            row->context.awaiting = (IntentAwait)i;
            return true;
        }
    if (row->n_slots == INTENT_ROW_SLOTS)
        return false;
    row->slot[row->n_slots].name = name;
    row->slot[row->n_slots++].value = value;
    return true;
}

static inline bool intents_row_tsv(Str line, IntentRow *row, Err *err)
{
    Str rest = line, part, name = {"", 0};
    for (int i = 0; str_next(&rest, '\t', &part) && part.ptr; i++) {
        if (i == 0)
            name = part;
        else if (i == 1)
            row->text = part;
        else if (part.len > 0 && !intents_row_part(part, row))
            return err_set(err, ERR_VALIDATION, "bad part \"" STR_FMT "\"", STR_ARG(part));
    }
    row->action = intent_action_of(name);
    row->kind = intent_info(row->action)->kind;
    return str_eq(name, str_of(intent_info(row->action)->name)) ||
           err_set(err, ERR_VALIDATION, "no action \"" STR_FMT "\"", STR_ARG(name));
}

static inline bool intents_row_json(Str line, Arena *a, IntentRow *row, Err *err)
{
    Json *j = json_parse(line, 4, err);
    if (!j)
        return false;
    row->text = arena_str(a, json_str(json_get(j, "text")));
    Str map = json_str(json_get(j, "map"));
    row->kind = str_eq(map, STR("Query"))         ? INTENT_QUERY
                : str_eq(map, STR("Command"))     ? INTENT_COMMAND
                : str_eq(map, STR("Information")) ? INTENT_INFORMATION
                                                  : INTENT_UNKNOWN;
    IntentAction action = intent_action_of(json_str(json_get(j, "action")));
    row->action = action == ACTION_NONE ? ACTION_COUNT : action;
    json_free(j);
    return true;
}

/* Reads the rows of a .tsv or .jsonl file. */
static inline bool intents_rows_read(const char *path, IntentRows *r, Err *err)
{
    bool json = str_ends(str_of(path), STR(".jsonl"));
    *r = (IntentRows){.arena = arena_new(16 << 20)};
    buf_init(&r->file, 16 << 20);
    if (!os_read_file(path, &r->file, err))
        return false;
    Str rest = buf_str(&r->file), line;
    while (str_next(&rest, '\n', &line) && line.ptr) {
        if (line.len == 0 || line.ptr[0] == '#')
            continue;
        r->row = mem_resize(r->row, r->n + 1, sizeof *r->row);
        IntentRow *row = &r->row[r->n++];
        memset(row, 0, sizeof *row);
        if (!(json ? intents_row_json(line, r->arena, row, err) : intents_row_tsv(line, row, err)))
            return false;
    }
    return true;
}

/* How many slots a row names and how many of them are right; the first wrong one in words. */
static inline const char *intents_row_slots(const IntentRow *row, const Intent *i, size_t *n,
                                            size_t *right)
{
    static const char *const names[] = {"title", "time", "duration", "ref", "topic", "fact"};
    static char said[300];
    const char *first = NULL;
    for (size_t k = 0; k < row->n_slots; k++) {
        int slot = 0;
        char number[16];
        while (slot < SLOT_COUNT && !str_eq(row->slot[k].name, str_of(names[slot])))
            slot++;
        Str got = slot < SLOT_COUNT ? i->slot[slot].text : (Str){"?", 1};
        (void)snprintf(number, sizeof number, "%d", (int)i->ordinal);
        if (slot == SLOT_REF && i->ref != REF_WORDS)
            got = i->ref == REF_LAST      ? STR("last")
                  : i->ref == REF_ALL     ? STR("all")
                  : i->ref == REF_ORDINAL ? str_of(number)
                                          : STR("");
        bool same = str_eq(got.ptr ? got : STR(""), row->slot[k].value);
        (*n)++;
        *right += same;
        if (!same && !first) {
            (void)snprintf(said, sizeof said, STR_FMT " \"" STR_FMT "\"",
                           STR_ARG(row->slot[k].name), STR_ARG(got));
            first = said;
        }
    }
    return first;
}

#endif
