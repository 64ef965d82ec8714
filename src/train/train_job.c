/* SPDX-License-Identifier: Apache-2.0 */
/*
 * train_job.c: the child's side of training: takes limits upon itself, loads XGBoost, trains, hands
 * the model back.
 *
 * XGBoost's C API is declared here by hand, as its wheel has no headers (xgboost/c_api.h of 3.2).
 * The library wants the OpenMP runtime that lies beside it, so that is loaded first. The process
 * leaves by _exit: what the library would do at its unloading is nobody's concern.
 */
#include "train/train.h"

#include "train/train_wire.h"

#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

/* The address space of an instrumented program is terabytes wide. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#    define MEMORY_LIMITED 0
#elif defined(__has_feature)
#    if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#        define MEMORY_LIMITED 0
#    else
#        define MEMORY_LIMITED 1
#    endif
#else
#    define MEMORY_LIMITED 1
#endif

#define NICENESS 10
#define ANCESTORS_MAX 6
#define FILE_LEN_MAX (UINT64_C(2) << 30)
#define FEATURES_MAX 65536

struct xgboost {
    void (*version)(int *major, int *minor, int *patch);
    const char *(*last_error)(void);
    int (*matrix_from_dense)(const char *array, const char *config, void **out);
    int (*matrix_set_info)(void *matrix, const char *field, const char *array);
    int (*matrix_set_texts)(void *matrix, const char *field, const char **texts, uint64_t count);
    int (*booster_new)(void *const *matrices, uint64_t count, void **out);
    int (*booster_set)(void *booster, const char *name, const char *value);
    int (*booster_update)(void *booster, int round, void *matrix);
    int (*booster_save)(void *booster, const char *config, uint64_t *len, const char **bytes);
};

static enum tend_code write_all(int fd, const void *bytes, size_t len, struct tend_error *err)
{
    const char *next = bytes;
    while (len > 0) {
        const ssize_t count = write(fd, next, len);
        if (count < 0 && errno == EINTR) {
            continue;
        }
        if (count <= 0) {
            return TEND_FAIL(err, EIO, "cannot hand the model back: %s", strerror(errno));
        }
        next += count;
        len -= (size_t)count;
    }
    return TEND_OK;
}

static enum tend_code send_result(enum tend_code code, const void *bytes, size_t len,
                                  struct tend_error *err)
{
    const struct result_header header = {
        .magic = TEND__RESULT_MAGIC, .code = (uint32_t)code, .len = len};
    TEND_TRY(write_all(TEND__RESULT_FD, &header, sizeof(header), err));
    return write_all(TEND__RESULT_FD, bytes, len, err);
}

static void set_limit(int resource, rlim_t soft, rlim_t hard)
{
    struct rlimit limit = {0};
    if (getrlimit((__rlimit_resource_t)resource, &limit) == 0) {
        limit.rlim_max = limit.rlim_max < hard ? limit.rlim_max : hard;
        limit.rlim_cur = limit.rlim_max < soft ? limit.rlim_max : soft;
        (void)setrlimit((__rlimit_resource_t)resource, &limit);
    }
}

/* The bytes of address space in use now; the rows are among them once they are mapped. */
static uint64_t address_space_bytes(void)
{
    FILE *file = fopen("/proc/self/statm", "re");
    uint64_t page_count = 0;
    if (file != NULL) {
        if (fscanf(file, "%" SCNu64, &page_count) != 1) {
            page_count = 0;
        }
        (void)fclose(file);
    }
    return page_count * (uint64_t)sysconf(_SC_PAGESIZE);
}

static void accept_limits(const struct job_header *job)
{
    (void)setpriority(PRIO_PROCESS, 0, NICENESS);
    set_limit(RLIMIT_CORE, 0, 0);
    set_limit(RLIMIT_FSIZE, FILE_LEN_MAX, FILE_LEN_MAX);
    /* SIGXCPU first, SIGKILL a second later should the library hold it up. */
    set_limit(RLIMIT_CPU, job->seconds_max, (rlim_t)job->seconds_max + 1);
    if (MEMORY_LIMITED) {
        const uint64_t bytes = address_space_bytes() + job->memory_max_bytes;
        set_limit(RLIMIT_AS, bytes, bytes);
    }
}

static enum tend_code map_job(int fd, const struct job_header **out, struct tend_error *err)
{
    struct stat info;
    if (fstat(fd, &info) != 0 || info.st_size < (off_t)sizeof(struct job_header)) {
        return TEND_FAIL(err, EINVAL, "job-train is for tend itself to call");
    }
    void *map = mmap(NULL, (size_t)info.st_size, PROT_READ, MAP_SHARED, fd, 0);
    if (map == MAP_FAILED) {
        return TEND_FAIL(err, ENOMEM, "cannot map the rows: %s", strerror(errno));
    }
    const struct job_header *job = map;
    if (job->magic != TEND__JOB_MAGIC || job->file_len != (uint64_t)info.st_size ||
        job->feature_count > FEATURES_MAX) {
        return TEND_FAIL(err, EINVAL, "job-train is for tend itself to call");
    }
    *out = job;
    return TEND_OK;
}

/* folder/libxgboost.so of the program's folder or of one above it: lib/tend where installed,
 * .deps/lib in a source tree. */
static bool find_library_near_program(char path[TEND__JOB_PATH_SIZE])
{
    static const char *const places[] = {"lib/tend", ".deps/lib"};
    char folder[TEND__JOB_PATH_SIZE - 64];
    const ssize_t len = readlink("/proc/self/exe", folder, sizeof(folder) - 1);
    if (len <= 0) {
        return false;
    }
    folder[len] = '\0';
    for (int step = 0; step < ANCESTORS_MAX; step++) {
        char *slash = strrchr(folder, '/');
        if (slash == NULL) {
            return false;
        }
        *slash = '\0';
        for (size_t i = 0; i < TEND_ARRAY_LEN(places); i++) {
            (void)snprintf(path, TEND__JOB_PATH_SIZE, "%s/%s/libxgboost.so", folder, places[i]);
            if (access(path, R_OK) == 0) {
                return true;
            }
        }
    }
    return false;
}

/* Loads the OpenMP runtime beside the library, where there is one, so that the loader finds it by
 * its name. */
static void load_openmp(const char *library_path)
{
    char folder[TEND__JOB_PATH_SIZE];
    (void)snprintf(folder, sizeof(folder), "%s", library_path);
    char *slash = strrchr(folder, '/');
    if (slash == NULL) {
        return;
    }
    *slash = '\0';
    DIR *entries = opendir(folder);
    if (entries == NULL) {
        return;
    }
    for (struct dirent *entry = readdir(entries); entry != NULL; entry = readdir(entries)) {
        if (strncmp(entry->d_name, "libgomp", 7) == 0) {
            char path[TEND__JOB_PATH_SIZE + 512];
            (void)snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name);
            (void)dlopen(path, RTLD_NOW | RTLD_GLOBAL);
        }
    }
    (void)closedir(entries);
}

static enum tend_code load_symbol(void *library, const char *name, void *function,
                                  struct tend_error *err)
{
    void *symbol = dlsym(library, name);
    if (symbol == NULL) {
        return TEND_FAIL(err, EUNSUPPORTED, "this libxgboost has no %s; tend needs 3.x", name);
    }
    memcpy(function, &symbol, sizeof(symbol));
    return TEND_OK;
}

static enum tend_code load_xgboost(const char *wanted, struct xgboost *out, struct tend_error *err)
{
    char path[TEND__JOB_PATH_SIZE];
    const char *named = wanted[0] != '\0' ? wanted : getenv("TEND_XGBOOST");
    if (named != NULL && named[0] != '\0') {
        (void)snprintf(path, sizeof(path), "%s", named);
    } else if (!find_library_near_program(path)) {
        (void)snprintf(path, sizeof(path), "libxgboost.so");
    }
    load_openmp(path);
    void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (library == NULL) {
        return TEND_FAIL(err, ENOTFOUND, "cannot load XGBoost: %s", dlerror());
    }
    TEND_TRY(load_symbol(library, "XGBoostVersion", &out->version, err));
    TEND_TRY(load_symbol(library, "XGBGetLastError", &out->last_error, err));
    TEND_TRY(load_symbol(library, "XGDMatrixCreateFromDense", &out->matrix_from_dense, err));
    TEND_TRY(load_symbol(library, "XGDMatrixSetInfoFromInterface", &out->matrix_set_info, err));
    TEND_TRY(load_symbol(library, "XGDMatrixSetStrFeatureInfo", &out->matrix_set_texts, err));
    TEND_TRY(load_symbol(library, "XGBoosterCreate", &out->booster_new, err));
    TEND_TRY(load_symbol(library, "XGBoosterSetParam", &out->booster_set, err));
    TEND_TRY(load_symbol(library, "XGBoosterUpdateOneIter", &out->booster_update, err));
    TEND_TRY(load_symbol(library, "XGBoosterSaveModelToBuffer", &out->booster_save, err));
    int major = 0;
    int minor = 0;
    int patch = 0;
    out->version(&major, &minor, &patch);
    if (major < 2) {
        return TEND_FAIL(err, EUNSUPPORTED, "%s is XGBoost %d.%d.%d; tend needs 2.0 or later", path,
                         major, minor, patch);
    }
    return TEND_OK;
}

/* XGBoost's words without the time, the source position and the stack: "[12:00:01] /src/x.cc:12:
 * words\nStack ..". */
static void clean_words(const char *words, char *out, size_t size)
{
    const char *from = words;
    if (from[0] == '[') {
        const char *close = strstr(from, "] ");
        from = close == NULL ? from : close + 2;
    }
    const char *colon = strstr(from, ": ");
    if (colon != NULL && colon > from && colon[-1] >= '0' && colon[-1] <= '9' &&
        memchr(from, '/', (size_t)(colon - from)) != NULL) {
        from = colon + 2;
    }
    const char *stack = strstr(from, "\nStack trace");
    size_t len = stack == NULL ? strlen(from) : (size_t)(stack - from);
    len = len < size - 1 ? len : size - 1;
    while (len > 0 && (from[len - 1] == '\n' || from[len - 1] == ' ')) {
        len--;
    }
    for (size_t i = 0; i < len; i++) {
        out[i] = from[i] == '\n' ? ' ' : from[i];
    }
    out[len] = '\0';
}

static enum tend_code fail_xgboost(const struct xgboost *api, const struct job_header *job,
                                   struct tend_error *err)
{
    char words[512];
    clean_words(api->last_error(), words, sizeof(words));
    if (strstr(words, "bad_alloc") != NULL || strstr(words, "allocate") != NULL) {
        return TEND_FAIL(err, ELIMIT,
                         "out of memory: more than %" PRIu64 " MiB beyond its rows (%s)",
                         job->memory_max_bytes >> 20, words);
    }
    return TEND_FAIL(err, ECHILD, "XGBoost: %s", words);
}

/* The array interface protocol (NumPy, version 3) of row-major floats. */
static void array_text(char *text, size_t size, const void *at, uint64_t rows, uint64_t columns)
{
    char shape[64];
    if (columns == 0) {
        (void)snprintf(shape, sizeof(shape), "[%" PRIu64 "]", rows);
    } else {
        (void)snprintf(shape, sizeof(shape), "[%" PRIu64 ",%" PRIu64 "]", rows, columns);
    }
    (void)snprintf(text, size,
                   "{\"data\":[%" PRIuPTR ",true],\"shape\":%s,\"typestr\":\"<f4\",\"version\":3}",
                   (uintptr_t)at, shape);
}

static enum tend_code make_matrix(const struct xgboost *api, const struct job_header *job,
                                  void **out, struct tend_error *err)
{
    static const char *types[FEATURES_MAX];
    const char *base = (const char *)job;
    char array[256];
    array_text(array, sizeof(array), base + job->x_at, job->row_count, job->feature_count);
    void *matrix = NULL;
    if (api->matrix_from_dense(array, "{\"missing\":NaN,\"nthread\":1}", &matrix) != 0) {
        return fail_xgboost(api, job, err);
    }
    for (uint64_t i = 0; i < job->feature_count; i++) {
        types[i] = base[job->category_at + i] != 0 ? "c" : "q";
    }
    if (api->matrix_set_texts(matrix, "feature_type", types, job->feature_count) != 0) {
        return fail_xgboost(api, job, err);
    }
    array_text(array, sizeof(array), base + job->y_at, job->row_count, 0);
    if (api->matrix_set_info(matrix, "label", array) != 0) {
        return fail_xgboost(api, job, err);
    }
    if (job->has_weight != 0) {
        array_text(array, sizeof(array), base + job->weight_at, job->row_count, 0);
        if (api->matrix_set_info(matrix, "weight", array) != 0) {
            return fail_xgboost(api, job, err);
        }
    }
    *out = matrix;
    return TEND_OK;
}

static enum tend_code set_params(const struct xgboost *api, const struct job_header *job,
                                 void *booster, struct tend_error *err)
{
    char depth[16];
    char bins[16];
    char seed[24];
    char eta[32];
    char subsample[32];
    char child_weight[32];
    (void)snprintf(depth, sizeof(depth), "%" PRIu32, job->depth);
    (void)snprintf(bins, sizeof(bins), "%" PRIu32, job->bin_max);
    /* XGBoost's generator takes 32 bits of a signed number. */
    (void)snprintf(seed, sizeof(seed), "%" PRIu64, (job->seed ^ job->seed >> 32) & 0x7fffffffU);
    (void)snprintf(eta, sizeof(eta), "%.9g", job->eta);
    (void)snprintf(subsample, sizeof(subsample), "%.9g", job->subsample);
    (void)snprintf(child_weight, sizeof(child_weight), "%.9g", job->child_weight_min);
    const struct {
        const char *name;
        const char *value;
    } params[] = {
        {"verbosity", "0"},    {"nthread", "1"},         {"device", "cpu"},
        {"booster", "gbtree"}, {"tree_method", "hist"},  {"objective", job->objective},
        {"max_depth", depth},  {"max_bin", bins},        {"seed", seed},
        {"eta", eta},          {"subsample", subsample}, {"min_child_weight", child_weight},
    };
    for (size_t i = 0; i < TEND_ARRAY_LEN(params); i++) {
        if (api->booster_set(booster, params[i].name, params[i].value) != 0) {
            return fail_xgboost(api, job, err);
        }
    }
    return TEND_OK;
}

static enum tend_code train(const struct job_header *job, struct tend_error *err)
{
    struct xgboost api = {0};
    TEND_TRY(load_xgboost(job->library_path, &api, err));
    void *matrix = NULL;
    TEND_TRY(make_matrix(&api, job, &matrix, err));
    void *booster = NULL;
    if (api.booster_new(&matrix, 1, &booster) != 0) {
        return fail_xgboost(&api, job, err);
    }
    TEND_TRY(set_params(&api, job, booster, err));
    for (uint32_t round = 0; round < job->rounds; round++) {
        if (api.booster_update(booster, (int)round, matrix) != 0) {
            return fail_xgboost(&api, job, err);
        }
    }
    uint64_t len = 0;
    const char *bytes = NULL;
    if (api.booster_save(booster, "{\"format\":\"ubj\"}", &len, &bytes) != 0) {
        return fail_xgboost(&api, job, err);
    }
    return send_result(TEND_OK, bytes, (size_t)len, err);
}

int tend__train_job_main(int argc, char **argv)
{
    struct tend_error err = {0};
    const struct job_header *job = NULL;
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (argc != 3 || strcmp(argv[2], "3") != 0 || map_job(TEND__JOB_FD, &job, &err) != TEND_OK) {
        (void)fprintf(stderr, "tend: job-train is for tend itself to call\n");
        return 2;
    }
    (void)close_range(TEND__ALIVE_FD + 1, UINT_MAX, 0);
    (void)setenv("OMP_NUM_THREADS", "1", 1);
    accept_limits(job);
    const enum tend_code code = train(job, &err);
    if (code != TEND_OK) {
        const enum tend_code sent = send_result(code, err.text, strlen(err.text), NULL);
        _exit(sent == TEND_OK ? 0 : 1);
    }
    _exit(0);
}
