/* The vector index's file: what a sync promised is there after opening, also when the program was
 * killed right after; damage to headers and live bits is noticed at once, to vectors by
 * verifying. */
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/hash.h"
#include "base/os.h"
#include "store/vindex_int.h"
#include "unit/store/vindex_data.h"

static char folder[] = "/tmp/sotto-vindex-XXXXXX";
static char path[64];

static int make_folder(void **state)
{
    (void)state;
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/vectors", folder);
    return 0;
}

static int drop_folder(void **state)
{
    (void)state;
    return os_remove_tree(folder, NULL) ? 0 : -1;
}

static void add(Vindex *v, uint64_t id)
{
    float x[VINDEX_DIM];
    VindexCode code;
    uint32_t slot;
    Err err = ERR_INIT;
    data_vector(id, x);
    vindex_encode(x, &code);
    if (!vindex_add(v, id, id * 2, &code, &slot, &err))
        fail_msg("%s", err.msg);
}

static Vindex *open_it(void)
{
    Err err = ERR_INIT;
    Vindex *v = vindex_open(path, &err);
    if (!v)
        fail_msg("%s", err.msg);
    assert_true(vindex_verify(v, &err));
    return v;
}

/* Every live slot holds what was put there under its id; each id of `want` is live once. */
static void check(Vindex *v, const bool *want, uint32_t ids)
{
    uint32_t live = 0, wanted = 0;
    for (uint32_t slot = 0; slot < vindex_slots(v); slot++) {
        uint64_t id = vindex_id(v, slot);
        if (id == UINT64_MAX)
            continue;
        VindexCode is, was;
        float x[VINDEX_DIM];
        data_vector(id, x);
        vindex_encode(x, &was);
        assert_true(id < ids && want[id] && vindex_doc(v, slot) == id * 2);
        assert_true(vindex_code(v, slot, &is));
        assert_memory_equal(&is, &was, sizeof is);
        live++;
    }
    for (uint32_t i = 0; i < ids; i++)
        wanted += want[i];
    assert_int_equal(live, wanted);
    assert_int_equal(vindex_live(v), wanted);
}

static void test_synced_is_there(void **state)
{
    (void)state;
    enum { IDS = 10000 };
    static bool want[IDS], later[IDS];
    Err err = ERR_INIT;
    Vindex *v = vindex_create(path, &err);
    assert_non_null(v);
    uint64_t random = 1;
    uint32_t next = 0;
    for (uint64_t seq = 1; seq <= 12; seq++) {
        for (int i = 0; i < 800; i++) {
            add(v, next);
            want[next++] = true;
            uint32_t slot = data_random(&random) % vindex_slots(v);
            if (i % 3 == 0 && vindex_is_live(v, slot)) {
                want[vindex_id(v, slot)] = false;
                vindex_delete(v, slot);
            }
        }
        assert_true(vindex_sync(v, seq * 10, &err));
        /* not synced: gone after opening, whether deleted or added, also into reused slots */
        memcpy(later, want, sizeof later);
        for (uint32_t i = 0; i < 300; i++)
            add(v, IDS - 1 - i);
        for (uint32_t slot = 0; slot < 200; slot++)
            vindex_delete(v, slot);
        vindex_close(v);
        v = open_it();
        assert_int_equal(vindex_seq(v), seq * 10);
        check(v, later, IDS);
    }
    assert_true(vindex_slots(v) < next); /* slots were reused */
    assert_true(vindex_slots(v) > VX_SEG_SLOTS);
    vindex_close(v);
}

/* A child is killed at random moments while it adds, deletes and syncs; it says what it synced. */
static void test_killed(void **state)
{
    (void)state;
    for (int round = 0; round < 12; round++) {
        int fds[2];
        assert_int_equal(pipe(fds), 0);
        pid_t child = fork();
        assert_true(child >= 0);
        if (child == 0) {
            Err err = ERR_INIT;
            Vindex *v = round ? vindex_open(path, &err) : vindex_create(path, &err);
            if (!v)
                _exit(1);
            for (uint64_t seq = vindex_seq(v) + 1;; seq++) {
                for (uint64_t i = 0; i < 40; i++) {
                    float x[VINDEX_DIM];
                    VindexCode code;
                    uint32_t slot;
                    data_vector(seq * 40 + i, x);
                    vindex_encode(x, &code);
                    if (!vindex_add(v, seq * 40 + i, seq, &code, &slot, &err))
                        _exit(1);
                    if (i % 2)
                        vindex_delete(v, (uint32_t)(seq * 7919 + i * 31) % vindex_slots(v));
                }
                if (!vindex_sync(v, seq, &err) || write(fds[1], &seq, sizeof seq) != sizeof seq)
                    _exit(1);
            }
        }
        close(fds[1]);
        uint64_t seq = 0, got;
        for (int i = 0; i < 3 + round && read(fds[0], &got, sizeof got) == sizeof got; i++)
            seq = got;
        usleep((useconds_t)(round * 3000));
        kill(child, SIGKILL);
        int status;
        waitpid(child, &status, 0);
        assert_true(WIFSIGNALED(status));
        while (read(fds[0], &got, sizeof got) == sizeof got)
            seq = got;
        close(fds[0]);
        Vindex *v = open_it();
        assert_true(seq > 0 && vindex_seq(v) >= seq && vindex_seq(v) <= seq + 1);
        assert_true(vindex_live(v) > 0);
        for (uint32_t slot = 0; slot < vindex_slots(v); slot++) {
            uint64_t id = vindex_id(v, slot);
            assert_true(id == UINT64_MAX ||
                        (id / 40 <= vindex_seq(v) && vindex_doc(v, slot) == id / 40));
        }
        vindex_close(v);
    }
}

static void poke(uint64_t at, uint8_t flip)
{
    int fd = open(path, O_RDWR);
    uint8_t byte;
    assert_int_equal(pread(fd, &byte, 1, (off_t)at), 1);
    byte ^= flip;
    assert_int_equal(pwrite(fd, &byte, 1, (off_t)at), 1);
    close(fd);
}

static void small_file(void)
{
    Err err = ERR_INIT;
    Vindex *v = vindex_create(path, &err); /* state 0, seq 0 */
    for (uint64_t i = 0; i < 100; i++)
        add(v, i);
    assert_true(vindex_sync(v, 5, &err)); /* state 1 */
    assert_true(vindex_sync(v, 6, &err)); /* state 0, the same slots */
    vindex_close(v);
}

static ErrCode open_code(uint64_t *seq)
{
    Err err = ERR_INIT;
    Vindex *v = vindex_open(path, &err);
    if (!v)
        return err.code;
    *seq = vindex_seq(v);
    assert_int_equal(vindex_live(v), 100);
    vindex_close(v);
    return ERR_NONE;
}

static void test_every_header_byte(void **state)
{
    (void)state;
    small_file();
    uint64_t seq = 0;
    assert_int_equal(open_code(&seq), ERR_NONE);
    assert_int_equal(seq, 6);
    for (uint32_t at = 0; at < VX_OFF_SEGS + 1024; at++) {
        poke(at, (uint8_t)(1u << at % 8));
        ErrCode code = open_code(&seq);
        if (at < VX_PAGE) {
            assert_int_equal(code, ERR_CORRUPT);
        } else { /* one state or its live bits: the other one is whole and says so by its seq */
            bool hurts_newest =
                at < VX_OFF_STATE(1) || (at >= VX_OFF_SEGS && at < VX_OFF_SEGS + 512);
            assert_int_equal(code, ERR_NONE);
            assert_int_equal(seq, hurts_newest ? 5 : 6);
        }
        poke(at, (uint8_t)(1u << at % 8));
    }
    for (uint32_t at = 0; at < VX_PAGE; at++) { /* both */
        poke(VX_OFF_STATE(0) + at, 0x10);
        poke(VX_OFF_STATE(1) + VX_PAGE - 1 - at, 0x10);
        assert_int_equal(open_code(&seq), ERR_CORRUPT);
        poke(VX_OFF_STATE(0) + at, 0x10);
        poke(VX_OFF_STATE(1) + VX_PAGE - 1 - at, 0x10);
    }
    assert_int_equal(open_code(&seq), ERR_NONE);
}

static void test_cut_short(void **state)
{
    (void)state;
    small_file();
    uint64_t seq;
    const int64_t size = os_file_size(path);
    assert_int_equal(size, VX_OFF_SEGS + VX_SEG_BYTES);
    for (int64_t cut = size - 1; cut >= 0; cut -= cut > VX_OFF_SEGS ? 70001 : 509) {
        assert_int_equal(truncate(path, cut), 0);
        assert_int_equal(open_code(&seq), ERR_CORRUPT);
    }
    Err err = ERR_INIT;
    assert_null(vindex_open("/tmp/sotto-no-such-folder/vectors", &err));
    assert_int_equal(err.code, ERR_NOT_FOUND);
    assert_null(vindex_create("/tmp/sotto-no-such-folder/vectors", &err));
    assert_int_equal(err.code, ERR_IO);
}

/* A page with a right checksum and another meaning. */
static void restamp(uint64_t page, uint64_t at, uint32_t value)
{
    uint8_t b[VX_PAGE];
    int fd = open(path, O_RDWR);
    assert_int_equal(pread(fd, b, VX_PAGE, (off_t)page), VX_PAGE);
    memcpy(b + at, &value, 4);
    uint32_t crc = crc32c(0, b, VX_PAGE - 4);
    memcpy(b + VX_PAGE - 4, &crc, 4);
    assert_int_equal(pwrite(fd, b, VX_PAGE, (off_t)page), VX_PAGE);
    close(fd);
}

static void test_other_versions_and_lies(void **state)
{
    (void)state;
    uint64_t seq;
    small_file();
    for (uint32_t at = 8; at <= 24; at += 4) { /* version, dimensions, layout, byte order */
        small_file();
        restamp(0, at, 7);
        Err err = ERR_INIT;
        assert_null(vindex_open(path, &err));
        assert_int_equal(err.code, ERR_CORRUPT);
        assert_true(at != 8 || strstr(err.msg, "version 7"));
    }
    const uint32_t lies[][2] = {{20, 5000}, {24, 99}, {24, 101}, {28, 2}, {28, 0}, {28, 1u << 30},
        {32, 1}, {36, 1}, {20, 50}, {16, 0}};
    for (size_t i = 0; i < sizeof lies / sizeof lies[0]; i++) {
        small_file();
        restamp(VX_OFF_STATE(1), 16, UINT32_MAX); /* damages nothing, but makes state 1 no help: */
        poke(VX_OFF_STATE(1), 1);
        restamp(VX_OFF_STATE(0), lies[i][0], lies[i][1]);
        assert_int_equal(open_code(&seq), ERR_CORRUPT);
    }
}

/* The newest state is lost after slots that only it had freed were written again: the older one is
 * whole by itself, but what it says is live has been overwritten. */
static void test_lost_state_is_noticed(void **state)
{
    (void)state;
    Err err = ERR_INIT;
    small_file();
    Vindex *v = open_it();
    for (uint32_t slot = 0; slot < 10; slot++)
        vindex_delete(v, slot);
    assert_true(vindex_sync(v, 7, &err)); /* state 1 */
    add(v, 500);                          /* into slot 0 */
    assert_int_equal(vindex_id(v, 0), 500);
    vindex_close(v);
    uint64_t seq;
    poke(VX_OFF_STATE(1) + 8, 1);
    assert_int_equal(open_code(&seq), ERR_CORRUPT);
    poke(VX_OFF_STATE(1) + 8, 1);
    v = vindex_open(path, &err);
    assert_true(v && vindex_seq(v) == 7 && vindex_live(v) == 90);
    vindex_close(v);
}

static void test_damaged_vector_is_found_by_verify(void **state)
{
    (void)state;
    const uint64_t parts[] = {VX_SCALE + 4 * 7, VX_ID + 8 * 7, VX_DOC + 8 * 7, VX_BORN + 4 * 7,
        VX_CHECK + 4 * 7, VX_SKETCHES + 64 * 5 + 7, VX_HI + 384 * 7 + 100, VX_LO + 384 * 7 + 383};
    small_file();
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        Err err = ERR_INIT;
        poke(VX_OFF_SEGS + parts[i], 1);
        Vindex *v = vindex_open(path, &err);
        /* a birth can already contradict the state */
        assert_true(v || parts[i] == VX_BORN + 4 * 7);
        if (v) {
            assert_false(vindex_verify(v, &err));
            assert_int_equal(err.code, ERR_CORRUPT);
            assert_non_null(strstr(err.msg, "vector 7 "));
        }
        vindex_close(v);
        poke(VX_OFF_SEGS + parts[i], 1);
    }
    vindex_close(open_it());
}

static void test_cannot_write(void **state)
{
    (void)state;
    Err err = ERR_INIT;
    small_file();
    Vindex *v = open_it();
    int fd = v->fd, closed = open("/dev/null", O_RDONLY);
    add(v, 300);
    v->fd = closed; /* cannot be written to */
    assert_false(vindex_sync(v, 8, &err));
    assert_int_equal(vindex_seq(v), 6);
    v->fd = fd;
    assert_false(vindex_sync(v, 9, &err)); /* pages may be lost: never again */
    assert_non_null(strstr(err.msg, "rebuild"));
    close(closed);
    vindex_close(v);
    uint64_t seq = 0;
    assert_int_equal(open_code(&seq), ERR_NONE);
    assert_int_equal(seq, 6);
}

static void test_open_without_memory(void **state)
{
    (void)state;
    small_file();
    size_t failures = 0;
    for (uint64_t nth = 1; nth < 8; nth++) {
        Err err = ERR_INIT;
        mem_test_fail(nth, 0);
        Vindex *v = vindex_open(path, &err);
        mem_test_fail(0, 0);
        if (!v)
            assert_int_equal(err.code, ERR_NO_MEMORY);
        else
            assert_int_equal(vindex_live(v), 100);
        failures += !v;
        vindex_close(v);
    }
    assert_true(failures >= 3);
}

/* One that nothing was ever put into is whole as well. */
static void test_empty(void **state)
{
    char empty[] = "/tmp/sotto-vindex-empty-XXXXXX";
    int fd = mkstemp(empty);
    Err err = ERR_INIT;
    (void)state;
    assert_true(fd >= 0);
    (void)close(fd);
    Vindex *v = vindex_create(empty, &err);
    assert_non_null(v);
    vindex_close(v);
    v = vindex_open(empty, &err);
    if (!v)
        fail_msg("%s", err.msg);
    assert_true(vindex_verify(v, &err));
    vindex_close(v);
    (void)unlink(empty);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_empty),
        cmocka_unit_test(test_synced_is_there),
        cmocka_unit_test(test_killed),
        cmocka_unit_test(test_every_header_byte),
        cmocka_unit_test(test_cut_short),
        cmocka_unit_test(test_other_versions_and_lies),
        cmocka_unit_test(test_lost_state_is_noticed),
        cmocka_unit_test(test_damaged_vector_is_found_by_verify),
        cmocka_unit_test(test_cannot_write),
        cmocka_unit_test(test_open_without_memory),
    };
    return cmocka_run_group_tests(tests, make_folder, drop_folder);
}
