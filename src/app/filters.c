#include "app/filters.h"

#include <stdio.h>
#include <unistd.h>

#include "base/os.h"
#include "base/uuid.h"

void filters_add(const Cli *cli, Buf *target)
{
    static const char *const names[][2] = {{"--tag", "tag"},
                                           {"--source", "source"},
                                           {"--type", "file_type"},
                                           {"--lang", "language"},
                                           {"--after", "since"},
                                           {"--before", "until"}};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        const char *value;
        for (size_t k = 0; (value = cli_flag_at(cli, names[i][0], k)); k++)
            call_param(target, names[i][1], str_of(value));
    }
}

static Str absolute(const char *typed, Arena *a)
{
    char cwd[4096];
    if (typed[0] == '/' || !getcwd(cwd, sizeof cwd))
        return str_of(typed);
    while (strncmp(typed, "./", 2) == 0)
        typed += 2;
    return str_of(os_join(a, cwd, typed));
}

bool filters_find_id(Call *call, const char *typed, Arena *a, Str *id, Err *err)
{
    Uuid uuid;
    if (uuid_parse(str_of(typed), &uuid)) {
        *id = str_of(typed);
        return true;
    }
    Str paths[2] = {str_of(typed), absolute(typed, a)};
    for (size_t i = 0; i < 2; i++) {
        if (!paths[i].ptr)
            return err_set(err, ERR_NO_MEMORY, "no memory for a path");
        Buf target;
        buf_init(&target, 64 << 10);
        buf_add_c(&target, "/api/v1/knowledge/documents?limit=1&content=none");
        call_param(&target, "source", paths[i]);
        Json *j = call_get(call, buf_str(&target), NULL, err);
        buf_release(&target);
        if (!j)
            return false;
        Str found = json_str(json_get(json_at(json_get(j, "documents"), 0), "id"));
        if (found.ptr)
            *id = arena_str(a, found);
        json_free(j);
        if (found.ptr)
            return id->ptr || err_set(err, ERR_NO_MEMORY, "no memory for an id");
    }
    return err_set(err, ERR_NOT_FOUND, "no document has the id or source \"%s\"; see sotto list",
                   typed);
}

bool filters_confirm(Cli *cli, const char *question, Err *err)
{
    if (cli_flag(cli, "--yes"))
        return true;
    if (isatty(0) != 1)
        return err_set(err, ERR_VALIDATION, "%s: say --yes when standard input is no terminal",
                       question);
    fprintf(stderr, "%s [y/N] ", question);
    char answer[16] = "";
    if (fgets(answer, sizeof answer, stdin) && (answer[0] == 'y' || answer[0] == 'Y'))
        return true;
    return err_set(err, ERR_CANCELLED, "nothing was changed");
}
