/* watch.c - see watch.h. */
#include "ingest/watch.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/inotify.h>
#include <sys/statfs.h>
#include <unistd.h>

#include "base/mem.h"

#define MASK                                                                                       \
    (IN_CREATE | IN_DELETE | IN_MODIFY | IN_CLOSE_WRITE | IN_ATTRIB | IN_MOVED_FROM |              \
     IN_MOVED_TO | IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR | IN_EXCL_UNLINK)

typedef struct {
    int wd;
    char *path;
} Watched;

struct Watch {
    int fd;
    Watched *items; /* by wd: the kernel gives growing numbers */
    size_t n, cap;
};

Watch *watch_new(Err *err)
{
    Watch *w = mem_zalloc(sizeof *w);
    if (!w) {
        err_set(err, ERR_NO_MEMORY, "watching folders: out of memory");
        return NULL;
    }
    w->fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    if (w->fd >= 0)
        return w;
    err_set_errno(err, ERR_UNAVAILABLE, errno, "the kernel watches no more folders");
    mem_free(w);
    return NULL;
}

void watch_free(Watch *w)
{
    if (!w)
        return;
    (void)close(w->fd);
    for (size_t i = 0; i < w->n; i++)
        mem_free(w->items[i].path);
    mem_free(w->items);
    mem_free(w);
}

int watch_fd(const Watch *w)
{
    return w->fd;
}

size_t watch_count(const Watch *w)
{
    return w->n;
}

/* Index of the first item whose wd is not below. */
static size_t place(const Watch *w, int wd)
{
    size_t lo = 0, hi = w->n;
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        if (w->items[mid].wd < wd)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo;
}

static void forget(Watch *w, size_t i)
{
    mem_free(w->items[i].path);
    memmove(w->items + i, w->items + i + 1, (w->n - i - 1) * sizeof *w->items);
    w->n--;
}

bool watch_add(Watch *w, const char *folder, Err *err)
{
    int wd = inotify_add_watch(w->fd, folder, MASK);
    if (wd < 0) {
        ErrCode code = errno == ENOSPC || errno == ENOMEM ? ERR_UNAVAILABLE
                       : errno == ENOENT || errno == ENOTDIR ? ERR_NOT_FOUND : ERR_IO;
        if (errno == ENOSPC)
            return err_set(err, ERR_UNAVAILABLE, "the kernel watches no more folders; raise "
                                                 "fs.inotify.max_user_watches");
        return err_set_errno(err, code, errno, "cannot watch %s", folder);
    }
    char *path = mem_strdup(folder);
    size_t i = place(w, wd);
    if (path && i < w->n && w->items[i].wd == wd) {
        mem_free(w->items[i].path);
        w->items[i].path = path;
        return true;
    }
    if (!path || !MEM_GROW(w->items, w->n, w->cap)) {
        mem_free(path);
        (void)inotify_rm_watch(w->fd, wd);
        return err_set(err, ERR_NO_MEMORY, "watching folders: out of memory");
    }
    memmove(w->items + i + 1, w->items + i, (w->n - i) * sizeof *w->items);
    w->items[i] = (Watched){wd, path};
    w->n++;
    return true;
}

void watch_drop(Watch *w, const char *folder)
{
    size_t len = strlen(folder);
    for (size_t i = w->n; i-- > 0;) {
        const char *path = w->items[i].path;
        if (strncmp(path, folder, len) != 0 || (path[len] != '\0' && path[len] != '/'))
            continue;
        (void)inotify_rm_watch(w->fd, w->items[i].wd);
        forget(w, i);
    }
}

static void tell(Watch *w, const struct inotify_event *e, void (*fn)(void *, const WatchEvent *),
                 void *arg)
{
    size_t i = place(w, e->wd);
    if (i == w->n || w->items[i].wd != e->wd)
        return; /* dropped meanwhile */
    if (e->mask & IN_IGNORED) {
        forget(w, i);
        return;
    }
    WatchEvent event = {.kind = WATCH_FILE, .folder = w->items[i].path,
                        .name = e->len ? e->name : ""};
    if (e->mask & (IN_DELETE_SELF | IN_MOVE_SELF | IN_UNMOUNT))
        event.kind = WATCH_LOST;
    else if ((e->mask & IN_ISDIR) && (e->mask & (IN_CREATE | IN_MOVED_TO | IN_ATTRIB)))
        event.kind = WATCH_FOLDER_CAME;
    else if ((e->mask & IN_ISDIR) && (e->mask & (IN_DELETE | IN_MOVED_FROM)))
        event.kind = WATCH_FOLDER_WENT;
    if ((e->mask & IN_ISDIR) && !e->len && event.kind != WATCH_LOST)
        event = (WatchEvent){.kind = WATCH_FILE, .folder = event.folder, .name = ""};
    fn(arg, &event);
}

void watch_read(Watch *w, void (*fn)(void *, const WatchEvent *), void *arg, bool *overflow)
{
    char room[16384] __attribute__((aligned(__alignof__(struct inotify_event))));
    *overflow = false;
    for (;;) {
        ssize_t n = read(w->fd, room, sizeof room);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return;
        for (char *p = room; p < room + n;) {
            const struct inotify_event *e = (const void *)p;
            if (e->mask & IN_Q_OVERFLOW)
                *overflow = true;
            else
                tell(w, e, fn, arg);
            p += sizeof *e + e->len;
        }
    }
}

bool watch_hears(const char *path)
{
    /* statfs(2): file systems whose other users the kernel does not see. */
    static const uint64_t deaf[] = {
        0x6969,     /* NFS */
        0x517B,     /* SMB */
        0xFF534D42, /* CIFS */
        0xFE534D42, /* SMB 2 */
        0x65735546, /* FUSE: sshfs, rclone and the like */
        0x01021997, /* 9P: shares of virtual machines */
        0x5346414F, /* AFS */
        0x6B414653, /* kAFS */
        0x73757245, /* Coda */
        0x00C36400, /* Ceph */
        0x0BD00BD0, /* Lustre */
        0x786F4256, /* VirtualBox shares */
        0xBACBACBC, /* VMware shares */
        0x47504653, /* GPFS */
        0x01161970, /* GFS2 */
        0x7461636F, /* OCFS2 */
    };
    struct statfs fs;
    if (statfs(path, &fs) != 0)
        return false;
    for (size_t i = 0; i < sizeof deaf / sizeof *deaf; i++)
        if (((uint64_t)fs.f_type & 0xFFFFFFFF) == deaf[i])
            return false;
    return true;
}
