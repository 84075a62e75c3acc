/* Stands between a process and one folder of its disk (LD_PRELOAD).
 *
 * Counts every change below the folder in one number that all processes share, ends the process
 * with SIGKILL at a chosen one (before it, after it, or after a part of a write), and writes down
 * all of them in order, with their data, so that disk.py can tell what a power cut may leave.
 * The layout of `struct control` and of `struct record` is that of disk.py.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

enum { COUNT = 1, JOURNAL = 2, LYING = 4 };          /* modes */
enum { NONE, BEFORE, AFTER, TORN };                  /* faults */
enum { WRITE = 1, TRUNCATE, SYNC, CREATE, UNLINK, RENAME, LINK, MKDIR, RMDIR };

struct control {
    volatile uint64_t sequence, target;
    volatile uint32_t mode, fault, part, fired; /* part: thousandths of a torn write */
    volatile uint64_t fired_pid;
    char folder[1024], journal[1024];
    volatile uint32_t ready;
    uint32_t unused;
    pthread_mutex_t lock;
};

struct record {
    uint64_t sequence, inode;
    int64_t offset;
    uint32_t kind, path, other, data; /* lengths of what follows */
};

#define FILES 65536
static struct control *control;
static unsigned char watched[FILES];
static int journal = -1;
static pid_t journal_pid;

#define REAL(type, name, ...)                                          \
    static type (*real_##name)(__VA_ARGS__);                           \
    if (!real_##name) *(void **)&real_##name = dlsym(RTLD_NEXT, #name);

static int plain_open(const char *path, int flags, mode_t mode) {
    REAL(int, open, const char *, int, ...)
    return real_open(path, flags, mode);
}

static int plain_close(int fd) {
    REAL(int, close, int)
    return real_close(fd);
}

__attribute__((constructor)) static void begin(void) {
    const char *path = getenv("ASKFIRST_CRASH");
    if (!path) return;
    int fd = plain_open(path, O_RDWR | O_CLOEXEC, 0);
    if (fd < 0) return;
    void *at = mmap(NULL, sizeof *control, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    plain_close(fd);
    if (at == MAP_FAILED) return;
    control = at;
    if (control->ready) return;
    pthread_mutexattr_t attributes;
    pthread_mutexattr_init(&attributes);
    pthread_mutexattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED);
    pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST);
    pthread_mutex_init(&control->lock, &attributes);
    control->ready = 1;
}

static void lock(void) {
    if (pthread_mutex_lock(&control->lock) == EOWNERDEAD) pthread_mutex_consistent(&control->lock);
}

static void unlock(void) {
    int error = errno;
    pthread_mutex_unlock(&control->lock);
    errno = error;
}

static int is_inside(const char *path) {
    size_t length = strlen(control->folder), whole = strlen(path);
    if (!length || strncmp(path, control->folder, length)) return 0;
    if (path[length] && path[length] != '/') return 0;
    return whole < 4 || strcmp(path + whole - 4, "-shm"); /* shared memory is not durable */
}

static int whole_path(int folder, const char *path, char *out) {
    char link[64], base[PATH_MAX];
    if (path[0] == '/') return snprintf(out, PATH_MAX, "%s", path);
    if (folder == AT_FDCWD) snprintf(link, sizeof link, "/proc/self/cwd");
    else snprintf(link, sizeof link, "/proc/self/fd/%d", folder);
    ssize_t length = readlink(link, base, sizeof base - 1);
    if (length < 0) return -1;
    base[length] = 0;
    return snprintf(out, PATH_MAX, "%.2000s/%.2000s", base, path);
}

static void watch(int fd) {
    char link[64], path[PATH_MAX];
    int error = errno;
    if (fd < 0 || fd >= FILES || !control) return;
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, sizeof path - 1);
    path[length < 0 ? 0 : length] = 0;
    watched[fd] = is_inside(path);
    errno = error;
}

static int is_watched(int fd) {
    return control && control->mode && fd >= 0 && fd < FILES && watched[fd];
}

static uint64_t inode_of(int fd) {
    struct stat status;
    return fstat(fd, &status) ? 0 : status.st_ino;
}

static uint64_t inode_at(const char *path) {
    struct stat status;
    return lstat(path, &status) ? 0 : status.st_ino;
}

static void note(uint64_t sequence, uint32_t kind, uint64_t inode, int64_t offset,
                 const char *path, const char *other, const void *data, size_t length) {
    if (!(control->mode & JOURNAL)) return;
    int error = errno;
    if (journal < 0 || journal_pid != getpid()) {
        journal = plain_open(control->journal, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
        journal_pid = getpid();
    }
    struct record record = {sequence, inode, offset, kind, path ? strlen(path) : 0,
                            other ? strlen(other) : 0, length};
    struct iovec parts[] = {{&record, sizeof record}, {(void *)path, record.path},
                            {(void *)other, record.other}, {(void *)data, length}};
    REAL(ssize_t, writev, int, const struct iovec *, int)
    size_t wanted = sizeof record + record.path + record.other + length;
    if (real_writev(journal, parts, 4) != (ssize_t)wanted) abort();
    errno = error;
}

static void die(void) {
    control->fired_pid = getpid();
    control->fired = 1;
    kill(getpid(), SIGKILL);
    for (;;) pause();
}

/* The fault that is due at this change; it ends the process at once where it is due before it. */
static uint32_t due(uint64_t sequence, int is_write) {
    uint32_t fault = control->fault;
    if (!fault || control->fired || sequence < control->target) return NONE;
    if (fault == TORN && !is_write) return NONE;
    if (fault == BEFORE) die();
    return fault;
}

static ssize_t put(int fd, const void *data, size_t length, off_t offset, int placed) {
    REAL(ssize_t, write, int, const void *, size_t)
    REAL(ssize_t, pwrite64, int, const void *, size_t, off_t)
    if (!is_watched(fd))
        return placed ? real_pwrite64(fd, data, length, offset) : real_write(fd, data, length);
    lock();
    uint64_t sequence = ++control->sequence;
    uint32_t fault = due(sequence, 1);
    if (fault == TORN) {
        length = length * control->part / 1000;
        if (control->part % 2) length -= length % 512; /* whole sectors, or any byte */
    }
    ssize_t written =
        placed ? real_pwrite64(fd, data, length, offset) : real_write(fd, data, length);
    if (written > 0) {
        if (!placed) offset = lseek(fd, 0, SEEK_CUR) - written;
        note(sequence, WRITE, inode_of(fd), offset, NULL, NULL, data, written);
    }
    if (fault) die();
    unlock();
    return written;
}

ssize_t write(int fd, const void *data, size_t length) { return put(fd, data, length, 0, 0); }

ssize_t pwrite(int fd, const void *data, size_t length, off_t offset) {
    return put(fd, data, length, offset, 1);
}

ssize_t pwrite64(int fd, const void *data, size_t length, off_t offset) {
    return put(fd, data, length, offset, 1);
}

ssize_t writev(int fd, const struct iovec *parts, int count) {
    REAL(ssize_t, writev, int, const struct iovec *, int)
    if (!is_watched(fd)) return real_writev(fd, parts, count);
    return put(fd, parts[0].iov_base, parts[0].iov_len, 0, 0); /* short, as it may be */
}

static int cut(int fd, off_t length) {
    REAL(int, ftruncate64, int, off_t)
    if (!is_watched(fd)) return real_ftruncate64(fd, length);
    lock();
    uint64_t sequence = ++control->sequence;
    uint32_t fault = due(sequence, 0);
    int result = real_ftruncate64(fd, length);
    if (!result) note(sequence, TRUNCATE, inode_of(fd), length, NULL, NULL, NULL, 0);
    if (fault) die();
    unlock();
    return result;
}

int ftruncate(int fd, off_t length) { return cut(fd, length); }
int ftruncate64(int fd, off_t length) { return cut(fd, length); }

static int settle(int fd, int (*real)(int)) {
    if (!is_watched(fd)) return real(fd);
    lock();
    uint64_t sequence = ++control->sequence;
    uint32_t fault = due(sequence, 0);
    unlock();
    if (control->mode & LYING) return 0;
    int result = real(fd);
    lock();
    /* What was written before it began is on disk now. */
    if (!result)
        note(++control->sequence, SYNC, inode_of(fd), (int64_t)sequence, NULL, NULL, NULL, 0);
    if (fault) die();
    unlock();
    return result;
}

int fsync(int fd) {
    REAL(int, fsync, int)
    return settle(fd, real_fsync);
}

int fdatasync(int fd) {
    REAL(int, fdatasync, int)
    return settle(fd, real_fdatasync);
}

static int enter(int folder, const char *path, int flags, mode_t mode) {
    REAL(int, openat64, int, const char *, int, ...)
    char whole[PATH_MAX];
    int changes = control && control->mode && (flags & (O_CREAT | O_TRUNC)) &&
                  whole_path(folder, path, whole) > 0 && is_inside(whole);
    if (!changes) {
        int fd = real_openat64(folder, path, flags, mode);
        watch(fd);
        return fd;
    }
    lock();
    uint64_t before = inode_at(whole);
    uint32_t fault = before && !(flags & O_TRUNC) ? NONE : due(++control->sequence, 0);
    int fd = real_openat64(folder, path, flags, mode);
    watch(fd);
    if (fd >= 0 && !before)
        note(control->sequence, CREATE, inode_of(fd), 0, whole, NULL, NULL, 0);
    else if (fd >= 0 && (flags & O_TRUNC))
        note(control->sequence, TRUNCATE, before, 0, NULL, NULL, NULL, 0);
    if (fault) die();
    unlock();
    return fd;
}

#define MODE                                  \
    mode_t mode = 0;                          \
    if (flags & (O_CREAT | O_TMPFILE)) {      \
        va_list rest;                         \
        va_start(rest, flags);                \
        mode = va_arg(rest, int);             \
        va_end(rest);                         \
    }

int open(const char *path, int flags, ...) { MODE return enter(AT_FDCWD, path, flags, mode); }
int open64(const char *path, int flags, ...) { MODE return enter(AT_FDCWD, path, flags, mode); }
int openat(int folder, const char *path, int flags, ...) {
    MODE return enter(folder, path, flags, mode);
}
int openat64(int folder, const char *path, int flags, ...) {
    MODE return enter(folder, path, flags, mode);
}
int __open_2(const char *path, int flags) { return enter(AT_FDCWD, path, flags, 0); }
int __open64_2(const char *path, int flags) { return enter(AT_FDCWD, path, flags, 0); }

int close(int fd) {
    if (fd >= 0 && fd < FILES) watched[fd] = 0;
    return plain_close(fd);
}

/* A change of names: `call` makes it. */
#define NAMES(kind, folder, path, folder_2, path_2, call)                                    \
    char whole[PATH_MAX], other[PATH_MAX];                                                   \
    other[0] = 0;                                                                            \
    if (!control || !control->mode || whole_path(folder, path, whole) < 0 ||                 \
        (path_2 && whole_path(folder_2, path_2, other) < 0) ||                               \
        !(is_inside(whole) || (path_2 && is_inside(other))))                                 \
        return call;                                                                         \
    lock();                                                                                  \
    uint64_t sequence = ++control->sequence;                                                 \
    uint32_t fault = due(sequence, 0);                                                       \
    int result = call;                                                                       \
    if (!result)                                                                             \
        note(sequence, kind, inode_at(path_2 ? other : whole), 0, whole, other, NULL, 0);    \
    if (fault) die();                                                                        \
    unlock();                                                                                \
    return result;

int unlink(const char *path) {
    REAL(int, unlink, const char *)
    NAMES(UNLINK, AT_FDCWD, path, 0, (char *)NULL, real_unlink(path))
}
int unlinkat(int folder, const char *path, int flags) {
    REAL(int, unlinkat, int, const char *, int)
    NAMES(flags & AT_REMOVEDIR ? RMDIR : UNLINK, folder, path, 0, (char *)NULL,
          real_unlinkat(folder, path, flags))
}
int rmdir(const char *path) {
    REAL(int, rmdir, const char *)
    NAMES(RMDIR, AT_FDCWD, path, 0, (char *)NULL, real_rmdir(path))
}
int mkdir(const char *path, mode_t mode) {
    REAL(int, mkdir, const char *, mode_t)
    NAMES(MKDIR, AT_FDCWD, path, 0, (char *)NULL, real_mkdir(path, mode))
}
int rename(const char *from, const char *to) {
    REAL(int, rename, const char *, const char *)
    NAMES(RENAME, AT_FDCWD, from, AT_FDCWD, to, real_rename(from, to))
}
int renameat(int from_folder, const char *from, int to_folder, const char *to) {
    REAL(int, renameat, int, const char *, int, const char *)
    NAMES(RENAME, from_folder, from, to_folder, to,
          real_renameat(from_folder, from, to_folder, to))
}
int link(const char *from, const char *to) {
    REAL(int, link, const char *, const char *)
    NAMES(LINK, AT_FDCWD, from, AT_FDCWD, to, real_link(from, to))
}
int linkat(int from_folder, const char *from, int to_folder, const char *to, int flags) {
    REAL(int, linkat, int, const char *, int, const char *, int)
    NAMES(LINK, from_folder, from, to_folder, to,
          real_linkat(from_folder, from, to_folder, to, flags))
}
