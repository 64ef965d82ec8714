/* SPDX-License-Identifier: Apache-2.0 */
/*
 * train.c: the parent's side of training: one process a job, its rows in a memory file, its model
 * in another.
 *
 * Children are started by posix_spawn, which is safe in a program with threads (DuckDB has many):
 * nothing of this program runs between fork and exec. A child holds the write end of a pipe that
 * nobody writes to, so that poll() tells its end without a signal handler and with a deadline. The
 * first failure kills and reaps whatever else runs. Every descriptor is close-on-exec and moved
 * above those that a child is given.
 */
#include "train/train.h"

#include "base/mem.h"
#include "train/train_wire.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <math.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define PARALLEL_MAX 64
#define FD_MIN 16 /* above every descriptor that a child is given */
#define MODEL_LEN_MAX (UINT64_C(1) << 30)
#define WORDS_SIZE 256

struct trainer {
    char *library_path;
    char *exe_path;
    uint64_t memory_max_bytes;
    uint32_t seconds_max;
    uint32_t parallel;
    tend__predictor_load_fn *load;
};

struct child {
    size_t job_idx;
    pid_t pid;
    int result_fd; /* -1 = none */
    int words_fd;
    int alive_fd;
    int64_t deadline_ms;
};

static int64_t now_ms(void)
{
    struct timespec now = {0};
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void close_fd(int *fd)
{
    if (*fd >= 0) {
        (void)close(*fd);
        *fd = -1;
    }
}

/* Moves a descriptor above FD_MIN; it is closed where that fails. */
static enum tend_code raise_fd(int fd, int *out, struct tend_error *err)
{
    if (fd < 0) {
        return TEND_FAIL(err, EIO, "cannot make a file for a training job: %s", strerror(errno));
    }
    const int raised = fcntl(fd, F_DUPFD_CLOEXEC, FD_MIN);
    const int fault = errno;
    (void)close(fd);
    if (raised < 0) {
        return TEND_FAIL(err, EIO, "cannot make a file for a training job: %s", strerror(fault));
    }
    *out = raised;
    return TEND_OK;
}

static enum tend_code new_memory_file(const char *name, int *out, struct tend_error *err)
{
    return raise_fd(memfd_create(name, MFD_CLOEXEC), out, err);
}

static enum tend_code write_at(int fd, uint64_t at, const void *bytes, size_t len,
                               struct tend_error *err)
{
    const char *next = bytes;
    while (len > 0) {
        const ssize_t count = pwrite(fd, next, len, (off_t)at);
        if (count < 0 && errno == EINTR) {
            continue;
        }
        if (count <= 0) {
            return TEND_FAIL(err, EIO, "cannot lay out the rows of a training job: %s",
                             strerror(errno));
        }
        next += count;
        at += (uint64_t)count;
        len -= (size_t)count;
    }
    return TEND_OK;
}

/* Up to `cap` bytes from `at`; what the file has. */
static size_t read_at(int fd, uint64_t at, void *bytes, size_t cap)
{
    char *next = bytes;
    size_t got = 0;
    while (got < cap) {
        const ssize_t count = pread(fd, next + got, cap - got, (off_t)(at + got));
        if (count < 0 && errno == EINTR) {
            continue;
        }
        if (count <= 0) {
            break;
        }
        got += (size_t)count;
    }
    return got;
}

static enum tend_code check_job(const struct tend__train_job *job, struct tend_error *err)
{
    if (job->x == NULL || job->y == NULL || job->objective == NULL) {
        return TEND_FAIL(err, EINVAL, "a training job needs x, y and an objective");
    }
    if (strlen(job->objective) >= TEND__JOB_OBJECTIVE_SIZE) {
        return TEND_FAIL(err, EINVAL, "the objective's name is too long");
    }
    if (job->row_count == 0) {
        return TEND_FAIL(err, EINVAL, "no rows to train on");
    }
    if (job->feature_count == 0 || job->feature_count > 65536) {
        return TEND_FAIL(err, EINVAL, "%zu features are not in 1..65536", job->feature_count);
    }
    if (job->row_count > SIZE_MAX / (4 * sizeof(float)) / job->feature_count) {
        return TEND_FAIL(err, ELIMIT, "too many rows to train on");
    }
    if (!(job->eta >= 0) || !(job->subsample >= 0) || !(job->child_weight_min >= 0)) {
        return TEND_FAIL(err, EINVAL, "eta, subsample and child_weight_min cannot be negative");
    }
    return TEND_OK;
}

static uint64_t align64(uint64_t at)
{
    return (at + 63) & ~UINT64_C(63);
}

static void fill_header(const struct trainer *trainer, const struct tend__train_job *job,
                        struct job_header *header)
{
    *header = (struct job_header){
        .magic = TEND__JOB_MAGIC,
        .has_weight = job->weight != NULL,
        .row_count = job->row_count,
        .feature_count = job->feature_count,
        .category_at = align64(sizeof(*header)),
        .memory_max_bytes = trainer->memory_max_bytes,
        .seconds_max = trainer->seconds_max,
        .rounds = job->rounds == 0 ? 50 : job->rounds,
        .depth = job->depth == 0 ? 6 : job->depth,
        .bin_max = job->bin_max == 0 ? 64 : job->bin_max,
        .seed = job->seed,
        .eta = job->eta > 0 ? job->eta : 0.3,
        .subsample = job->subsample > 0 ? job->subsample : 1.0,
        .child_weight_min = job->child_weight_min > 0 ? job->child_weight_min : 1.0,
    };
    const uint64_t column_len = job->row_count * sizeof(float);
    header->x_at = align64(header->category_at + job->feature_count);
    header->y_at = align64(header->x_at + column_len * job->feature_count);
    header->weight_at = align64(header->y_at + column_len);
    header->file_len = header->weight_at + (job->weight != NULL ? column_len : 0);
    (void)snprintf(header->objective, sizeof(header->objective), "%s", job->objective);
    (void)snprintf(header->library_path, sizeof(header->library_path), "%s",
                   trainer->library_path == NULL ? "" : trainer->library_path);
}

static enum tend_code write_job(const struct trainer *trainer, const struct tend__train_job *job,
                                int fd, struct tend_error *err)
{
    struct job_header header;
    fill_header(trainer, job, &header);
    if (ftruncate(fd, (off_t)header.file_len) != 0) {
        return TEND_FAIL(err, EIO, "cannot lay out the rows of a training job: %s",
                         strerror(errno));
    }
    TEND_TRY(write_at(fd, 0, &header, sizeof(header), err));
    for (size_t i = 0; job->is_category != NULL && i < job->feature_count; i++) {
        const unsigned char flag = job->is_category[i];
        TEND_TRY(write_at(fd, header.category_at + i, &flag, 1, err));
    }
    const size_t column_len = job->row_count * sizeof(float);
    TEND_TRY(write_at(fd, header.x_at, job->x, column_len * job->feature_count, err));
    TEND_TRY(write_at(fd, header.y_at, job->y, column_len, err));
    if (job->weight != NULL) {
        TEND_TRY(write_at(fd, header.weight_at, job->weight, column_len, err));
    }
    return TEND_OK;
}

static int add_actions(posix_spawn_file_actions_t *actions, int job_fd, int alive_fd,
                       const struct child *child)
{
    int fault = posix_spawn_file_actions_addopen(actions, 0, "/dev/null", O_RDONLY, 0);
    const int pairs[][2] = {{child->words_fd, 1},
                            {child->words_fd, 2},
                            {job_fd, TEND__JOB_FD},
                            {child->result_fd, TEND__RESULT_FD},
                            {alive_fd, TEND__ALIVE_FD}};
    for (size_t i = 0; fault == 0 && i < TEND_ARRAY_LEN(pairs); i++) {
        fault = posix_spawn_file_actions_adddup2(actions, pairs[i][0], pairs[i][1]);
    }
    return fault;
}

static int set_attributes(posix_spawnattr_t *attributes)
{
    sigset_t none;
    sigset_t all;
    (void)sigemptyset(&none);
    (void)sigfillset(&all);
    int fault = posix_spawnattr_setsigmask(attributes, &none);
    if (fault == 0) {
        fault = posix_spawnattr_setsigdefault(attributes, &all);
    }
    if (fault == 0) {
        fault =
            posix_spawnattr_setflags(attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    }
    return fault;
}

static enum tend_code spawn(const struct trainer *trainer, int job_fd, int alive_fd,
                            struct child *child, struct tend_error *err)
{
    const char *path = trainer->exe_path != NULL ? trainer->exe_path : "/proc/self/exe";
    char name[] = "tend";
    char command[] = "job-train";
    char number[] = "3";
    char *const argv[] = {name, command, number, NULL};
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    if (posix_spawn_file_actions_init(&actions) != 0) {
        return TEND_FAIL(err, ENOMEM, "out of memory");
    }
    if (posix_spawnattr_init(&attributes) != 0) {
        (void)posix_spawn_file_actions_destroy(&actions);
        return TEND_FAIL(err, ENOMEM, "out of memory");
    }
    int fault = add_actions(&actions, job_fd, alive_fd, child);
    if (fault == 0) {
        fault = set_attributes(&attributes);
    }
    if (fault == 0) {
        fault = posix_spawn(&child->pid, path, &actions, &attributes, argv, environ);
    }
    (void)posix_spawnattr_destroy(&attributes);
    (void)posix_spawn_file_actions_destroy(&actions);
    if (fault != 0) {
        child->pid = 0;
        return TEND_FAIL(err, EIO, "cannot start %s: %s", path, strerror(fault));
    }
    return TEND_OK;
}

static void child_close(struct child *child)
{
    close_fd(&child->result_fd);
    close_fd(&child->words_fd);
    close_fd(&child->alive_fd);
}

static enum tend_code start_child(const struct trainer *trainer, const struct tend__train_job *job,
                                  struct child *child, struct tend_error *err)
{
    int job_fd = -1;
    int alive_fd = -1;
    int pipe_fds[2] = {-1, -1};
    child->pid = 0;
    child->result_fd = child->words_fd = child->alive_fd = -1;
    enum tend_code code = TEND_OK;
    TEND_TRY_OUT(new_memory_file("tend-rows", &job_fd, err));
    TEND_TRY_OUT(new_memory_file("tend-model", &child->result_fd, err));
    TEND_TRY_OUT(new_memory_file("tend-words", &child->words_fd, err));
    if (pipe2(pipe_fds, O_CLOEXEC) != 0) {
        code = TEND_FAIL(err, EIO, "cannot make a pipe: %s", strerror(errno));
        goto out;
    }
    child->alive_fd = pipe_fds[0];
    TEND_TRY_OUT(raise_fd(pipe_fds[1], &alive_fd, err));
    TEND_TRY_OUT(write_job(trainer, job, job_fd, err));
    TEND_TRY_OUT(spawn(trainer, job_fd, alive_fd, child, err));
    child->deadline_ms = now_ms() + (int64_t)trainer->seconds_max * 1000;
out:
    close_fd(&job_fd);
    close_fd(&alive_fd);
    if (code != TEND_OK) {
        child_close(child);
    }
    return code;
}

/* Waits for a child that has ended or is about to. -1 where its status cannot be known. */
static int reap(struct child *child)
{
    int status = 0;
    pid_t got = 0;
    do {
        got = waitpid(child->pid, &status, 0);
    } while (got < 0 && errno == EINTR);
    const bool known = got == child->pid;
    child->pid = 0;
    return known ? status : -1;
}

static void kill_child(struct child *child)
{
    if (child->pid > 0) {
        (void)kill(child->pid, SIGKILL);
        (void)reap(child);
    }
    child_close(child);
}

/* The last line that the child wrote to its standard streams, for a death without a result. */
static void last_words(const struct child *child, char words[WORDS_SIZE])
{
    struct stat info = {0};
    words[0] = '\0';
    if (fstat(child->words_fd, &info) != 0 || info.st_size <= 0) {
        return;
    }
    const uint64_t len = (uint64_t)info.st_size;
    const uint64_t at = len > WORDS_SIZE - 1 ? len - (WORDS_SIZE - 1) : 0;
    char tail[WORDS_SIZE];
    size_t got = read_at(child->words_fd, at, tail, WORDS_SIZE - 1);
    while (got > 0 && (tail[got - 1] == '\n' || tail[got - 1] == ' ')) {
        got--;
    }
    tail[got] = '\0';
    const char *line = strrchr(tail, '\n');
    (void)snprintf(words, WORDS_SIZE, "%s", line == NULL ? tail : line + 1);
}

static enum tend_code fail_status(const struct trainer *trainer, const struct child *child,
                                  int status, struct tend_error *err)
{
    char words[WORDS_SIZE];
    last_words(child, words);
    const char *colon = words[0] == '\0' ? "" : ": ";
    if (status != -1 && WIFSIGNALED(status)) {
        const int number = WTERMSIG(status);
        if (number == SIGXCPU) {
            return TEND_FAIL(err, ETIMEOUT,
                             "out of time: more than %" PRIu32 " s of processor time",
                             trainer->seconds_max);
        }
        return TEND_FAIL(err, ECHILD, "killed by signal %d (%s)%s%s", number, strsignal(number),
                         colon, words);
    }
    return TEND_FAIL(err, ECHILD, "ended without a model%s%s", colon, words);
}

static bool is_known_code(uint32_t code)
{
    static const enum tend_code codes[] = {
#define KNOWN_CODE(name, number, text) TEND_##name,
        TEND_CODES(KNOWN_CODE)
#undef KNOWN_CODE
    };
    return code < TEND_ARRAY_LEN(codes);
}

static enum tend_code read_result(const struct trainer *trainer, const struct child *child,
                                  struct tend__predictor *out, struct tend_error *err)
{
    struct result_header header = {0};
    struct stat info = {0};
    if (fstat(child->result_fd, &info) != 0 ||
        read_at(child->result_fd, 0, &header, sizeof(header)) != sizeof(header) ||
        header.magic != TEND__RESULT_MAGIC || header.len > MODEL_LEN_MAX ||
        (uint64_t)info.st_size != sizeof(header) + header.len || !is_known_code(header.code)) {
        return TEND_FAIL(err, ECHILD, "ended with half an answer");
    }
    char *bytes = NULL;
    TEND_TRY(tend__mem_new((size_t)header.len + 1, 1, &bytes, err));
    const size_t got = read_at(child->result_fd, sizeof(header), bytes, (size_t)header.len);
    enum tend_code code = TEND_OK;
    if (got != header.len) {
        code = TEND_FAIL(err, EIO, "cannot read the model: %s", strerror(errno));
    } else if (header.code != TEND_OK) {
        code = (enum tend_code)header.code;
        tend__error_set(err, code, "%s", bytes);
    } else {
        code = trainer->load(bytes, got, out, err);
    }
    tend__mem_free(bytes);
    return code;
}

/* The end of a child that has closed its pipe: reaped, its answer loaded, its descriptors closed.
 */
static enum tend_code finish_child(const struct trainer *trainer, struct child *child,
                                   struct tend__predictor *out, struct tend_error *err)
{
    const int status = reap(child);
    enum tend_code code = TEND_OK;
    if (status == -1 || (WIFEXITED(status) && WEXITSTATUS(status) == 0)) {
        code = read_result(trainer, child, out, err);
    } else {
        code = fail_status(trainer, child, status, err);
    }
    child_close(child);
    return code;
}

struct run {
    const struct trainer *trainer;
    const struct tend__train_job *jobs;
    size_t job_count;
    size_t next_idx;
    struct child children[PARALLEL_MAX];
    size_t child_count;
    size_t fault_idx; /* the job whose failure it was */
};

static enum tend_code start_some(struct run *run, struct tend_error *err)
{
    while (run->child_count < run->trainer->parallel && run->next_idx < run->job_count) {
        struct child *child = &run->children[run->child_count];
        child->job_idx = run->fault_idx = run->next_idx;
        TEND_TRY(start_child(run->trainer, &run->jobs[run->next_idx], child, err));
        run->child_count++;
        run->next_idx++;
    }
    return TEND_OK;
}

/* Blocks until at least one child ends or is out of time. */
static enum tend_code wait_some(struct run *run, struct tend__predictor *predictors,
                                struct tend_error *err)
{
    struct pollfd polls[PARALLEL_MAX];
    int64_t deadline_ms = INT64_MAX;
    for (size_t i = 0; i < run->child_count; i++) {
        polls[i] = (struct pollfd){.fd = run->children[i].alive_fd, .events = POLLIN};
        if (run->children[i].deadline_ms < deadline_ms) {
            deadline_ms = run->children[i].deadline_ms;
        }
    }
    const int64_t left_ms = deadline_ms - now_ms();
    const int timeout_ms = left_ms < 0 ? 0 : left_ms > 60000 ? 60000 : (int)left_ms + 1;
    if (poll(polls, (nfds_t)run->child_count, timeout_ms) < 0 && errno != EINTR) {
        return TEND_FAIL(err, EIO, "cannot wait for a training job: %s", strerror(errno));
    }
    size_t kept_count = 0;
    enum tend_code code = TEND_OK;
    for (size_t i = 0; i < run->child_count; i++) {
        struct child *child = &run->children[i];
        if (code == TEND_OK && polls[i].revents != 0) {
            run->fault_idx = child->job_idx;
            code = finish_child(run->trainer, child, &predictors[child->job_idx], err);
            continue;
        }
        if (code == TEND_OK && now_ms() >= child->deadline_ms) {
            run->fault_idx = child->job_idx;
            kill_child(child);
            code = TEND_FAIL(err, ETIMEOUT, "out of time: more than %" PRIu32 " s",
                             run->trainer->seconds_max);
            continue;
        }
        run->children[kept_count++] = *child;
    }
    run->child_count = kept_count;
    return code;
}

static enum tend_code run_all(struct run *run, struct tend__predictor *predictors,
                              struct tend_error *err)
{
    while (run->next_idx < run->job_count || run->child_count > 0) {
        TEND_TRY(start_some(run, err));
        TEND_TRY(wait_some(run, predictors, err));
    }
    return TEND_OK;
}

static enum tend_code train_jobs(void *ctx, const struct tend__train_job *jobs, size_t job_count,
                                 struct tend__predictor *out, struct tend_error *err)
{
    struct run run = {.trainer = ctx, .jobs = jobs, .job_count = job_count};
    struct tend__predictor *predictors = NULL;
    TEND_TRY(tend__mem_new(job_count, sizeof(*predictors), &predictors, err));
    enum tend_code code = TEND_OK;
    for (size_t i = 0; i < job_count && code == TEND_OK; i++) {
        run.fault_idx = i;
        code = check_job(&jobs[i], err);
    }
    if (code == TEND_OK) {
        code = run_all(&run, predictors, err);
    }
    if (code == TEND_OK) {
        memcpy(out, predictors, job_count * sizeof(*predictors));
    } else {
        if (job_count > 1) {
            tend__error_prefix(err, "training job %zu of %zu", run.fault_idx + 1, job_count);
        } else {
            tend__error_prefix(err, "training");
        }
        for (size_t i = 0; i < run.child_count; i++) {
            kill_child(&run.children[i]);
        }
        for (size_t i = 0; i < job_count; i++) {
            tend__predictor_deinit(&predictors[i]);
        }
    }
    tend__mem_free(predictors);
    return code;
}

static void trainer_free(void *ctx)
{
    struct trainer *trainer = ctx;
    if (trainer != NULL) {
        tend__mem_free(trainer->library_path);
        tend__mem_free(trainer->exe_path);
        tend__mem_free(trainer);
    }
}

static enum tend_code copy_path(const char *path, char **out, struct tend_error *err)
{
    if (path == NULL) {
        return TEND_OK;
    }
    if (strlen(path) >= TEND__JOB_PATH_SIZE) {
        return TEND_FAIL(err, EINVAL, "a path of %zu bytes is too long", strlen(path));
    }
    return tend__mem_text(path, strlen(path), out, err);
}

enum tend_code tend__xgboost_trainer_init(const struct tend__xgboost_trainer_options *options,
                                          struct tend__trainer *out, struct tend_error *err)
{
    if (options->load == NULL) {
        return TEND_FAIL(err, EINVAL, "the trainer needs a loader of models");
    }
    if (options->parallel > PARALLEL_MAX) {
        return TEND_FAIL(err, EINVAL, "%" PRIu32 " training jobs at once are more than %d",
                         options->parallel, PARALLEL_MAX);
    }
    struct trainer *trainer = NULL;
    TEND_TRY(tend__mem_new(1, sizeof(*trainer), &trainer, err));
    trainer->memory_max_bytes =
        options->memory_max_bytes == 0 ? UINT64_C(4) << 30 : options->memory_max_bytes;
    trainer->seconds_max = options->seconds_max == 0 ? 600 : options->seconds_max;
    trainer->parallel = options->parallel == 0 ? 2 : options->parallel;
    trainer->load = options->load;
    enum tend_code code = copy_path(options->library_path, &trainer->library_path, err);
    if (code == TEND_OK) {
        code = copy_path(options->exe_path, &trainer->exe_path, err);
    }
    if (code != TEND_OK) {
        trainer_free(trainer);
        return code;
    }
    *out = (struct tend__trainer){.ctx = trainer, .train = train_jobs, .free_fn = trainer_free};
    return TEND_OK;
}
