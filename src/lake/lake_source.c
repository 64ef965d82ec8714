/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lake_source.c: from what a user typed to a sorted list of files of one type.
 *
 * A file's type is what its name says, and its first bytes must agree: a CSV file that is called
 * .parquet is an error, never a guess. A name that says nothing is read as what the bytes look
 * like. Files whose names begin with `_` or `.` are not data (Spark's _SUCCESS, editors'
 * leftovers).
 */
#include "lake/lake_private.h"

#include "base/mem.h"
#include "base/names.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fts.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#define HEAD_SIZE 512
#define NAMES_MAX 100000

enum look {
    LOOK_EMPTY,
    LOOK_PARQUET,
    LOOK_GZIP,
    LOOK_ZSTD,
    LOOK_JSON,
    LOOK_TEXT,
    LOOK_BINARY,
};

struct file_name {
    const char *suffix;
    enum lake_kind kind;
};

static const struct file_name suffixes[] = {
    {".parquet", LAKE_PARQUET}, {".parq", LAKE_PARQUET}, {".pq", LAKE_PARQUET},
    {".csv", LAKE_CSV},         {".tsv", LAKE_CSV},      {".json", LAKE_JSON},
    {".jsonl", LAKE_JSON},      {".ndjson", LAKE_JSON},
};

static bool ends_with(const char *text, size_t len, const char *suffix)
{
    const size_t suffix_len = strlen(suffix);
    return len > suffix_len && strncasecmp(text + len - suffix_len, suffix, suffix_len) == 0;
}

/* What a file's name says. */
static bool name_kind(const char *path, enum lake_kind *kind, enum lake_packing *packing)
{
    size_t len = strlen(path);
    enum lake_packing packed = LAKE_PLAIN;
    if (ends_with(path, len, ".gz")) {
        packed = LAKE_GZIP;
        len -= 3;
    } else if (ends_with(path, len, ".zst")) {
        packed = LAKE_ZSTD;
        len -= 4;
    }
    for (size_t i = 0; i < TEND_ARRAY_LEN(suffixes); i++) {
        if (ends_with(path, len, suffixes[i].suffix)) {
            if (suffixes[i].kind == LAKE_PARQUET && packed != LAKE_PLAIN) {
                return false;
            }
            *kind = suffixes[i].kind;
            *packing = packed;
            return true;
        }
    }
    return false;
}

static enum look look_at(const unsigned char *head, size_t len)
{
    size_t i = 0;
    if (len == 0) {
        return LOOK_EMPTY;
    }
    if (len >= 4 && memcmp(head, "PAR1", 4) == 0) {
        return LOOK_PARQUET;
    }
    if (len >= 2 && head[0] == 0x1f && head[1] == 0x8b) {
        return LOOK_GZIP;
    }
    if (len >= 4 && memcmp(head, "\x28\xb5\x2f\xfd", 4) == 0) {
        return LOOK_ZSTD;
    }
    if (len >= 3 && memcmp(head, "\xef\xbb\xbf", 3) == 0) {
        i = 3;
    }
    while (i < len && (head[i] == ' ' || (head[i] >= '\t' && head[i] <= '\r'))) {
        i++;
    }
    const bool is_json = i < len && (head[i] == '{' || head[i] == '[');
    for (; i < len; i++) {
        if (head[i] < ' ' && !(head[i] >= '\t' && head[i] <= '\r')) {
            return LOOK_BINARY;
        }
    }
    return is_json ? LOOK_JSON : LOOK_TEXT;
}

static const char *look_words(enum look look)
{
    switch (look) {
    case LOOK_EMPTY:
        return "nothing";
    case LOOK_PARQUET:
        return "Parquet";
    case LOOK_GZIP:
        return "gzip (a name ending in .gz)";
    case LOOK_ZSTD:
        return "zstd (a name ending in .zst)";
    case LOOK_JSON:
        return "JSON";
    case LOOK_TEXT:
        return "text (CSV?)";
    case LOOK_BINARY:
        return "none that tend reads";
    }
    return "none that tend reads";
}

static const char *kind_words(enum lake_kind kind)
{
    switch (kind) {
    case LAKE_PARQUET:
        return "Parquet";
    case LAKE_CSV:
        return "CSV";
    case LAKE_JSON:
        return "JSON";
    }
    return "data";
}

static enum look wanted_look(enum lake_kind kind, enum lake_packing packing)
{
    switch (packing) {
    case LAKE_GZIP:
        return LOOK_GZIP;
    case LAKE_ZSTD:
        return LOOK_ZSTD;
    case LAKE_PLAIN:
        break;
    }
    switch (kind) {
    case LAKE_PARQUET:
        return LOOK_PARQUET;
    case LAKE_CSV:
        return LOOK_TEXT;
    case LAKE_JSON:
        return LOOK_JSON;
    }
    return LOOK_TEXT;
}

/* A Parquet file ends with its footer, the footer's length and PAR1. */
static enum tend_code check_parquet_end(int fd, off_t size, const char *shown,
                                        struct tend_error *err)
{
    unsigned char end[8] = {0};
    if (size < 12 || pread(fd, end, sizeof(end), size - 8) != (ssize_t)sizeof(end) ||
        memcmp(end + 4, "PAR1", 4) != 0) {
        return TEND_FAIL(err, ECORRUPT,
                         "'%s' is not a whole Parquet file: it ends after %" PRId64
                         " bytes without a footer; it may be truncated",
                         shown, (int64_t)size);
    }
    const uint32_t footer_len = (uint32_t)end[0] | ((uint32_t)end[1] << 8) |
                                ((uint32_t)end[2] << 16) | ((uint32_t)end[3] << 24);
    if ((int64_t)footer_len + 12 > (int64_t)size) {
        return TEND_FAIL(err, ECORRUPT,
                         "'%s' is not a Parquet file: its footer would be %" PRIu32
                         " bytes, and the file has %" PRId64,
                         shown, footer_len, (int64_t)size);
    }
    return TEND_OK;
}

static enum tend_code fail_mismatch(const char *shown, enum lake_kind kind,
                                    enum lake_packing packing, enum look look,
                                    struct tend_error *err)
{
    const char *packed = packing == LAKE_GZIP   ? "gzip-compressed "
                         : packing == LAKE_ZSTD ? "zstd-compressed "
                                                : "";
    return TEND_FAIL(err, ECORRUPT,
                     "'%s' is not a %s%s file as its name says: its bytes look like %s", shown,
                     packed, kind_words(kind), look_words(look));
}

static enum tend_code check_open_file(int fd, const char *path, const char *shown,
                                      enum lake_kind *kind, enum lake_packing *packing,
                                      struct tend_error *err)
{
    unsigned char head[HEAD_SIZE];
    struct stat info;
    const ssize_t got = pread(fd, head, sizeof(head), 0);
    if (got < 0 || fstat(fd, &info) != 0) {
        return TEND_FAIL(err, EIO, "cannot read '%s': %s", shown, strerror(errno));
    }
    const enum look look = look_at(head, (size_t)got);
    if (look == LOOK_EMPTY) {
        return TEND_FAIL(err, ECORRUPT, "'%s' is empty (0 bytes)", shown);
    }
    enum lake_kind said = LAKE_CSV;
    enum lake_packing packed = LAKE_PLAIN;
    if (name_kind(path, &said, &packed)) {
        const enum look wanted = wanted_look(said, packed);
        if (look != wanted) {
            return fail_mismatch(shown, said, packed, look, err);
        }
    } else {
        switch (look) {
        case LOOK_PARQUET:
            said = LAKE_PARQUET;
            break;
        case LOOK_JSON:
            said = LAKE_JSON;
            break;
        case LOOK_TEXT:
            said = LAKE_CSV;
            break;
        case LOOK_GZIP:
            packed = LAKE_GZIP;
            break;
        case LOOK_ZSTD:
            packed = LAKE_ZSTD;
            break;
        case LOOK_EMPTY:
        case LOOK_BINARY:
            return TEND_FAIL(err, ECORRUPT, "'%s' is not a Parquet, CSV or JSON file", shown);
        }
    }
    if (said == LAKE_PARQUET) {
        TEND_TRY(check_parquet_end(fd, info.st_size, shown, err));
    }
    *kind = said;
    *packing = packed;
    return TEND_OK;
}

enum tend_code tend__lake_file_check(const char *path, const char *shown, enum lake_kind *kind,
                                     enum lake_packing *packing, struct tend_error *err)
{
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return TEND_FAIL(err, EIO, "cannot read '%s': %s", shown,
                         errno == EACCES ? "permission denied" : strerror(errno));
    }
    const enum tend_code code = check_open_file(fd, path, shown, kind, packing, err);
    (void)close(fd);
    return code;
}

static enum tend_code add_file(struct lake_source *source, const char *path, struct tend_error *err)
{
    TEND_TRY(tend__mem_grow(&source->files, &source->file_cap, source->file_count + 1,
                            TEND_LAKE_FILE_MAX, sizeof(*source->files), err));
    TEND_TRY(tend__mem_text(path, strlen(path), &source->files[source->file_count], err));
    source->file_count++;
    return TEND_OK;
}

static int compare_paths(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The name in `dir` that is nearest to `base`, into text; empty where none is near. */
static void find_near_name(const char *dir, const char *base, char text[LAKE_PATH_MAX])
{
    char **names = NULL;
    size_t count = 0;
    size_t cap = 0;
    text[0] = '\0';
    DIR *listing = opendir(dir);
    if (listing == NULL) {
        return;
    }
    for (const struct dirent *entry = readdir(listing); entry != NULL; entry = readdir(listing)) {
        if (entry->d_name[0] == '.') {
            continue;
        }
        if (tend__mem_grow(&names, &cap, count + 1, NAMES_MAX, sizeof(*names), NULL) != TEND_OK ||
            tend__mem_text(entry->d_name, strlen(entry->d_name), &names[count], NULL) != TEND_OK) {
            break;
        }
        count++;
    }
    (void)closedir(listing);
    const char *near = tend__name_nearest(base, (const char *const *)names, count);
    if (near != NULL) {
        (void)snprintf(text, LAKE_PATH_MAX, "%s", near);
    }
    for (size_t i = 0; i < count; i++) {
        tend__mem_free(names[i]);
    }
    tend__mem_free(names);
}

static enum tend_code fail_missing(const char *path, struct tend_error *err)
{
    char dir[LAKE_PATH_MAX];
    char near[LAKE_PATH_MAX];
    struct stat info;
    const char *slash = strrchr(path, '/');
    const int dir_len = slash != NULL ? (int)(slash - path) + 1 : 0;
    const char *base = slash != NULL ? slash + 1 : path;
    (void)snprintf(dir, sizeof(dir), "%.*s", dir_len, path);
    if (dir_len > 0 && stat(dir, &info) != 0) {
        return TEND_FAIL(err, ENOTFOUND, "no such file: '%s' (there is no folder '%.*s')", path,
                         dir_len > 1 ? dir_len - 1 : dir_len, path);
    }
    find_near_name(dir_len > 0 ? dir : ".", base, near);
    if (near[0] != '\0') {
        return TEND_FAIL(err, ENOTFOUND, "no such file: '%s' (did you mean '%s%s'?)", path, dir,
                         near);
    }
    return TEND_FAIL(err, ENOTFOUND, "no such file: '%s'", path);
}

static int compare_entries(const FTSENT **a, const FTSENT **b)
{
    return strcmp((*a)->fts_name, (*b)->fts_name);
}

static enum tend_code walk_folder(FTS *tree, struct lake_source *source, struct tend_error *err)
{
    enum lake_kind kind = LAKE_CSV;
    enum lake_packing packing = LAKE_PLAIN;
    for (FTSENT *entry = fts_read(tree); entry != NULL; entry = fts_read(tree)) {
        const bool is_hidden =
            entry->fts_level > 0 && (entry->fts_name[0] == '.' || entry->fts_name[0] == '_');
        switch (entry->fts_info) {
        case FTS_D:
            if (is_hidden) {
                (void)fts_set(tree, entry, FTS_SKIP);
            } else if (entry->fts_level > 0 && strchr(entry->fts_name, '=') != NULL) {
                source->has_hive = true;
            }
            break;
        case FTS_F:
            if (!is_hidden && name_kind(entry->fts_name, &kind, &packing)) {
                TEND_TRY(add_file(source, entry->fts_path, err));
            }
            break;
        case FTS_DNR:
        case FTS_ERR:
            return TEND_FAIL(err, EIO, "cannot read '%s': %s", entry->fts_path,
                             strerror(entry->fts_errno));
        default:
            break;
        }
    }
    return TEND_OK;
}

static enum tend_code find_in_folder(const char *path, struct lake_source *source,
                                     struct tend_error *err)
{
    char root[LAKE_PATH_MAX];
    size_t len = strlen(path);
    while (len > 1 && path[len - 1] == '/') {
        len--;
    }
    (void)snprintf(root, sizeof(root), "%.*s", (int)len, path);
    char *const roots[] = {root, NULL};
    FTS *tree = fts_open(roots, FTS_LOGICAL | FTS_NOCHDIR, compare_entries);
    if (tree == NULL) {
        return TEND_FAIL(err, EIO, "cannot read '%s': %s", path, strerror(errno));
    }
    const enum tend_code code = walk_folder(tree, source, err);
    (void)fts_close(tree);
    if (code == TEND_OK && source->file_count == 0) {
        return TEND_FAIL(err, ENOTFOUND,
                         "the folder '%s' has no data files (.parquet, .csv, .tsv, .json, .jsonl, "
                         "also .gz)",
                         path);
    }
    return code;
}

/* Whether a path has a part that begins with `_` or `.` which the pattern does not name itself. */
static bool is_hidden_match(const char *path, const char *pattern)
{
    const char *part = path;
    while (part != NULL) {
        const size_t len = strcspn(part, "/");
        char name[LAKE_PATH_MAX];
        (void)snprintf(name, sizeof(name), "%.*s", (int)len, part);
        const bool is_dots = strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
        if ((name[0] == '_' || name[0] == '.') && !is_dots && strstr(pattern, name) == NULL) {
            return true;
        }
        part = part[len] == '/' ? part + len + 1 : NULL;
    }
    return false;
}

static enum tend_code add_listed(duckdb_data_chunk chunk, const char *pattern,
                                 struct lake_source *source, struct tend_error *err)
{
    duckdb_string_t *files = duckdb_vector_get_data(duckdb_data_chunk_get_vector(chunk, 0));
    const size_t count = (size_t)duckdb_data_chunk_get_size(chunk);
    for (size_t i = 0; i < count; i++) {
        char file[LAKE_PATH_MAX];
        struct stat info;
        (void)snprintf(file, sizeof(file), "%.*s", (int)duckdb_string_t_length(files[i]),
                       duckdb_string_t_data(&files[i]));
        if (!is_hidden_match(file, pattern) && stat(file, &info) == 0 && S_ISREG(info.st_mode)) {
            TEND_TRY(add_file(source, file, err));
            source->has_hive = source->has_hive || strchr(file, '=') != NULL;
        }
    }
    return TEND_OK;
}

/* DuckDB's own glob, so that ** works the same in every place. */
static enum tend_code find_by_glob(struct tend__lake *lake, const char *pattern,
                                   struct lake_source *source, struct tend_error *err)
{
    struct tend__buf sql;
    duckdb_result result = {0};
    tend__buf_init(&sql, LAKE_SQL_MAX);
    tend__buf_text(&sql, "SELECT file FROM glob(");
    tend__sql_literal(&sql, pattern);
    tend__buf_text(&sql, ")");
    enum tend_code code = tend__buf_code(&sql, err);
    if (code == TEND_OK) {
        code = tend__lake_query(lake->con, tend__buf_str(&sql), source, &result, err);
    }
    tend__buf_deinit(&sql);
    if (code != TEND_OK) {
        return code;
    }
    while (code == TEND_OK) {
        duckdb_data_chunk chunk = duckdb_fetch_chunk(result);
        if (chunk == NULL) {
            break;
        }
        code = add_listed(chunk, pattern, source, err);
        duckdb_destroy_data_chunk(&chunk);
    }
    duckdb_destroy_result(&result);
    if (code == TEND_OK && source->file_count == 0) {
        return TEND_FAIL(err, ENOTFOUND, "no file matches '%s'", pattern);
    }
    return code;
}

static enum tend_code copy_stdin(int out_fd, struct tend_error *err)
{
    static const size_t piece_size = 64 * 1024;
    char *piece = NULL;
    enum tend_code code = TEND_OK;
    TEND_TRY(tend__mem_new(piece_size, 1, &piece, err));
    for (;;) {
        ssize_t got = read(STDIN_FILENO, piece, piece_size);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got < 0) {
            code = TEND_FAIL(err, EIO, "cannot read standard input: %s", strerror(errno));
            break;
        }
        if (got == 0) {
            break;
        }
        for (char *at = piece; got > 0;) {
            const ssize_t put = write(out_fd, at, (size_t)got);
            if (put < 0 && errno != EINTR) {
                code = TEND_FAIL(err, EIO, "cannot keep standard input: %s", strerror(errno));
                goto out;
            }
            if (put > 0) {
                at += put;
                got -= put;
            }
        }
    }
out:
    tend__mem_free(piece);
    return code;
}

/* Standard input can be read once, and DuckDB and some commands pass over data twice: it is kept in
 * the private folder, where a second opening finds it, until that folder goes. */
static enum tend_code find_stdin(struct tend__lake *lake, struct lake_source *source,
                                 struct tend_error *err)
{
    char path[LAKE_PATH_MAX];
    (void)snprintf(path, sizeof(path), "%s/standard-input", lake->temp_dir);
    source->is_stdin = true;
    if (access(path, F_OK) == 0) {
        return add_file(source, path, err);
    }
    const int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0) {
        return TEND_FAIL(err, EIO, "cannot keep standard input: %s", strerror(errno));
    }
    const enum tend_code code = copy_stdin(fd, err);
    (void)close(fd);
    if (code != TEND_OK) {
        (void)unlink(path);
        return code;
    }
    return add_file(source, path, err);
}

static bool has_glob_signs(const char *path)
{
    return strpbrk(path, "*?[") != NULL;
}

static enum tend_code find_files(struct tend__lake *lake, const char *path,
                                 struct lake_source *source, struct tend_error *err)
{
    struct stat info;
    if (strcmp(path, "-") == 0) {
        return find_stdin(lake, source, err);
    }
    if (strlen(path) >= LAKE_PATH_MAX) {
        return TEND_FAIL(err, EINVAL, "a path of %zu bytes is too long", strlen(path));
    }
    if (stat(path, &info) == 0) {
        if (S_ISDIR(info.st_mode)) {
            return find_in_folder(path, source, err);
        }
        if (!S_ISREG(info.st_mode)) {
            return TEND_FAIL(err, EINVAL, "'%s' is neither a file nor a folder", path);
        }
        return add_file(source, path, err);
    }
    if (errno != ENOENT && errno != ENOTDIR) {
        return TEND_FAIL(err, EIO, "cannot read '%s': %s", path,
                         errno == EACCES ? "permission denied" : strerror(errno));
    }
    return has_glob_signs(path) ? find_by_glob(lake, path, source, err) : fail_missing(path, err);
}

static enum tend_code check_files(struct lake_source *source, struct tend_error *err)
{
    for (size_t i = 0; i < source->file_count; i++) {
        enum lake_kind kind = LAKE_CSV;
        enum lake_packing packing = LAKE_PLAIN;
        const char *shown = source->is_stdin ? source->shown : source->files[i];
        TEND_TRY(tend__lake_file_check(source->files[i], shown, &kind, &packing, err));
        if (i == 0) {
            source->kind = kind;
            source->packing = packing;
        } else if (kind != source->kind) {
            return TEND_FAIL(err, ETYPE, "'%s' holds files of two types: '%s' is %s and '%s' is %s",
                             source->shown, source->files[0], kind_words(source->kind),
                             source->files[i], kind_words(kind));
        } else if (packing != source->packing) {
            return TEND_FAIL(err, ETYPE,
                             "'%s' holds files that are compressed in two ways: '%s' and '%s'",
                             source->shown, source->files[0], source->files[i]);
        }
    }
    return TEND_OK;
}

enum tend_code tend__lake_source_find(struct tend__lake *lake, const char *path,
                                      struct lake_source *out, struct tend_error *err)
{
    struct lake_source source = {.delimiter = ','};
    enum tend_code code = TEND_OK;
    const char *shown = strcmp(path, "-") == 0 ? "standard input" : path;
    TEND_TRY_OUT(tend__mem_text(shown, strlen(shown), &source.shown, err));
    TEND_TRY_OUT(find_files(lake, path, &source, err));
    qsort(source.files, source.file_count, sizeof(*source.files), compare_paths);
    TEND_TRY_OUT(check_files(&source, err));
    *out = source;
    return TEND_OK;
out:
    tend__lake_source_deinit(&source);
    return code;
}

void tend__lake_source_deinit(struct lake_source *source)
{
    for (size_t i = 0; i < source->file_count; i++) {
        tend__mem_free(source->files[i]);
    }
    if (source->csv != NULL) {
        tend__lake_columns_deinit(source->csv);
        tend__mem_free(source->csv);
    }
    tend__mem_free(source->date_format);
    tend__mem_free(source->time_format);
    tend__mem_free(source->files);
    tend__mem_free(source->shown);
    *source = (struct lake_source){.kind = LAKE_CSV};
}
