/* sound_out.c - see sound_out.h. */
#include "app/sound_out.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "app/proc.h"
#include "base/os.h"

const char *sound_out_format(const Cli *cli, const char *output)
{
    static const char *const known[][2] = {{"wav", "wav"}, {"mp3", "mp3"}, {"opus", "opus"},
                                           {"ogg", "opus"}, {"aac", "aac"}, {"flac", "flac"},
                                           {"pcm", "pcm"}};
    const char *given = cli_flag(cli, "--format"), *dot = output ? strrchr(output, '.') : NULL;
    const char *name = given ? given : dot && !strchr(dot, '/') ? dot + 1 : "wav";
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (strcmp(name, known[i][0]) == 0)
            return known[i][1];
    return NULL;
}

static bool keep_on(void *arg)
{
    (void)arg;
    return !cli_interrupted();
}

/* Plays a WAV by what the machine has for that. */
static bool play(Str wav, Err *err)
{
    static const char *const players[][3] = {{"aplay", "-q", NULL}, {"paplay", NULL, NULL}};
    char path[] = "/tmp/sotto-say-XXXXXX";
    int fd = mkstemp(path), status = 0;
    bool ok = fd >= 0 && os_write_all(fd, wav.ptr, wav.len), found = false;
    if (!ok)
        err_set(err, ERR_IO, "cannot write the sound to %s", path);
    for (size_t i = 0; ok && !found && i < sizeof players / sizeof *players; i++) {
        const char *argv[4] = {players[i][0], path, NULL, NULL};
        if (players[i][1]) {
            argv[1] = players[i][1];
            argv[2] = path;
        }
        Err why = ERR_INIT;
        Buf output;
        buf_init(&output, 4096);
        ProcRun run = {.argv = argv, .tick = keep_on};
        bool ran = proc_run(&run, &output, &status, &why);
        found = ran || why.code != ERR_NOT_FOUND;
        if (ran && status)
            ok = err_set(err, ERR_UNAVAILABLE, "%s could not play it (use -o FILE): " STR_FMT,
                         argv[0], STR_ARG(str_trim(buf_str(&output))));
        else if (!ran && found)
            ok = err_set(err, why.code, "%s", why.msg);
        buf_release(&output);
    }
    if (fd >= 0) {
        (void)close(fd);
        (void)unlink(path);
    }
    if (ok && !found)
        ok = err_set(err, ERR_UNAVAILABLE,
                     "there is neither aplay nor paplay to play it; write it with -o FILE");
    return ok;
}

bool sound_out_put(Cli *cli, const char *output, Str bytes, Err *err)
{
    if (!output)
        return play(bytes, err);
    if (strcmp(output, "-") == 0)
        return buf_add(&cli->out, bytes) || buf_check(&cli->out, "the sound", err);
    return os_write_file(output, bytes, 0644, err);
}


static int sextet(char c)
{
    return c >= 'A' && c <= 'Z' ? c - 'A'
         : c >= 'a' && c <= 'z' ? c - 'a' + 26
         : c >= '0' && c <= '9' ? c - '0' + 52
         : c == '+'             ? 62
         : c == '/'             ? 63
                                : -1;
}

bool sound_out_base64(Str text, Buf *out, Err *err)
{
    uint32_t bits = 0, n = 0;
    while (text.len && text.ptr[text.len - 1] == '=')
        text.len--;
    for (size_t i = 0; i < text.len; i++) {
        int v = sextet(text.ptr[i]);
        if (v < 0)
            return err_set(err, ERR_CORRUPT, "the sound is no base64");
        bits = bits << 6 | (uint32_t)v;
        n += 6;
        if (n >= 8) {
            n -= 8;
            buf_add_char(out, (char)(uint8_t)(bits >> n));
        }
    }
    return buf_check(out, "the sound", err);
}
