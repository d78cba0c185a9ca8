/* Other programs: exit status, output, environment, stopping; and systemd's datagrams. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "app/notify.h"
#include "app/proc.h"
#include "base/clock.h"

static void test_status_and_output(void **state)
{
    (void)state;
    static const struct {
        const char *script, *output;
        int status;
    } rows[] = {
        {"echo out; echo err >&2", "out\nerr\n", 0},
        {"exit 7", "", 7},
        {"kill -9 $$", "", 128 + 9},
        {"read line; echo \"[$line]\"", "[]\n", 0}, /* standard input is empty */
        {"echo $SOTTO_TEST_A$HOME", "onenowhere\n", 0},
    };
    const char *const env[] = {"SOTTO_TEST_A=one", "HOME=nowhere", NULL};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const char *const argv[] = {"sh", "-c", rows[i].script, NULL};
        ProcRun run = {.argv = argv, .env = env};
        Buf out;
        Err err = ERR_INIT;
        int status = -1;
        buf_init(&out, 4096);
        if (!proc_run(&run, &out, &status, &err))
            fail_msg("%s", err.msg);
        assert_int_equal(status, rows[i].status);
        assert_string_equal(out.ptr ? out.ptr : "", rows[i].output);
        buf_release(&out);
    }
}

static void test_no_such_program(void **state)
{
    (void)state;
    const char *const argv[] = {"sotto-there-is-no-such-program", NULL};
    ProcRun run = {.argv = argv};
    Err err = ERR_INIT;
    int status = 0;
    assert_false(proc_run(&run, NULL, &status, &err));
    assert_int_equal(err.code, ERR_NOT_FOUND);
    assert_non_null(strstr(err.msg, "sotto-there-is-no-such-program"));
}

static bool never(void *arg)
{
    ++*(int *)arg;
    return false;
}

static void test_stopped(void **state)
{
    (void)state;
    const char *const argv[] = {"sleep", "60", NULL};
    int ticks = 0, status = 0;
    ProcRun run = {.argv = argv, .tick = never, .arg = &ticks};
    Err err = ERR_INIT;
    uint64_t start = clock_mono_ns();
    assert_false(proc_run(&run, NULL, &status, &err));
    assert_int_equal(err.code, ERR_CANCELLED);
    assert_int_equal(ticks, 1);
    assert_true(clock_seconds_since(start) < 20);
}

static void test_much_output_is_cut_not_stuck(void **state)
{
    (void)state;
    const char *const argv[] = {"sh", "-c", "head -c 300000 /dev/zero | tr '\\0' x", NULL};
    ProcRun run = {.argv = argv};
    Buf out;
    int status = -1;
    buf_init(&out, 10000);
    assert_true(proc_run(&run, &out, &status, NULL));
    assert_int_equal(status, 0);
    assert_true(out.len <= 10000);
    buf_release(&out);
}

static void test_notify(void **state)
{
    (void)state;
    unsetenv("NOTIFY_SOCKET");
    assert_true(notify_send("READY=1"));
    struct sockaddr_un addr = {.sun_family = AF_UNIX};
    char name[64];
    int n = snprintf(name, sizeof name, "@sotto-test-%d", (int)getpid());
    memcpy(addr.sun_path, name, (size_t)n);
    addr.sun_path[0] = '\0';
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    socklen_t len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + (size_t)n);
    assert_int_equal(bind(fd, (struct sockaddr *)&addr, len), 0);
    setenv("NOTIFY_SOCKET", name, 1);
    assert_true(notify_send("READY=1"));
    char got[64] = "";
    assert_int_equal(recv(fd, got, sizeof got - 1, MSG_DONTWAIT), 7);
    assert_string_equal(got, "READY=1");
    close(fd);
    assert_false(notify_send("READY=1")); /* there is a socket and nobody behind it */
    setenv("NOTIFY_SOCKET", "relative/path", 1);
    assert_true(notify_send("READY=1")); /* no address systemd would give */
    unsetenv("NOTIFY_SOCKET");
}

static void test_watchdog_and_sockets(void **state)
{
    (void)state;
    char pid[24];
    snprintf(pid, sizeof pid, "%d", (int)getpid());
    unsetenv("WATCHDOG_USEC");
    assert_int_equal(notify_watchdog_ms(), 0);
    setenv("WATCHDOG_USEC", "3000000", 1);
    assert_int_equal(notify_watchdog_ms(), 1500);
    setenv("WATCHDOG_PID", "1", 1); /* meant for another process */
    assert_int_equal(notify_watchdog_ms(), 0);
    setenv("WATCHDOG_PID", pid, 1);
    assert_int_equal(notify_watchdog_ms(), 1500);
    assert_int_equal(notify_listen_fd(), 0);
    setenv("LISTEN_FDS", "1", 1);
    setenv("LISTEN_PID", "1", 1);
    assert_int_equal(notify_listen_fd(), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_status_and_output),
        cmocka_unit_test(test_no_such_program),
        cmocka_unit_test(test_stopped),
        cmocka_unit_test(test_much_output_is_cut_not_stuck),
        cmocka_unit_test(test_notify),
        cmocka_unit_test(test_watchdog_and_sockets),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
