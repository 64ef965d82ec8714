/* SPDX-License-Identifier: Apache-2.0 */
/* fixture.h: a test's own folder, and files in it. */
#ifndef TEND_TEST_FIXTURE_H
#define TEND_TEST_FIXTURE_H

#include "base/compiler.h"

#include <fts.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FIXTURE_PATH_SIZE 512

struct fixture {
    char dir[FIXTURE_PATH_SIZE / 2];
    char path[8][FIXTURE_PATH_SIZE]; /* the last eight names that fixture_path gave */
    unsigned path_count;
};

TEND_UNUSED static void fixture_init(struct fixture *fixture)
{
    const char *parent = getenv("TMPDIR");
    (void)snprintf(fixture->dir, sizeof(fixture->dir), "%s/tend-test-XXXXXX",
                   parent != NULL && parent[0] != '\0' ? parent : "/tmp");
    fixture->path_count = 0;
    if (mkdtemp(fixture->dir) == NULL) {
        (void)fprintf(stderr, "cannot make %s\n", fixture->dir);
        abort();
    }
}

TEND_UNUSED static void fixture_deinit(struct fixture *fixture)
{
    char *const roots[] = {fixture->dir, NULL};
    FTS *tree = fts_open(roots, FTS_PHYSICAL | FTS_NOCHDIR, NULL);
    if (tree == NULL) {
        return;
    }
    for (FTSENT *entry = fts_read(tree); entry != NULL; entry = fts_read(tree)) {
        if (entry->fts_info == FTS_D) {
            (void)chmod(entry->fts_accpath, 0700);
        } else if (entry->fts_info == FTS_DP) {
            (void)rmdir(entry->fts_accpath);
        } else {
            (void)unlink(entry->fts_accpath);
        }
    }
    (void)fts_close(tree);
}

/* The full path of a name in the folder; good until eight more are asked for. */
TEND_UNUSED static const char *fixture_path(struct fixture *fixture, const char *name)
{
    char *path = fixture->path[fixture->path_count++ % 8];
    const size_t dir_len = strlen(fixture->dir);
    const size_t name_len = strlen(name);
    if (dir_len + name_len + 2 > FIXTURE_PATH_SIZE) {
        abort();
    }
    memmove(path + dir_len + 1, name, name_len + 1);
    memcpy(path, fixture->dir, dir_len);
    path[dir_len] = '/';
    return path;
}

/* Makes the folders of a path below the fixture's own. */
TEND_UNUSED static void fixture_folders(const char *path, size_t from)
{
    char part[FIXTURE_PATH_SIZE];
    (void)snprintf(part, sizeof(part), "%s", path);
    for (char *c = part + from; *c != '\0'; c++) {
        if (*c == '/') {
            *c = '\0';
            (void)mkdir(part, 0700);
            *c = '/';
        }
    }
}

TEND_UNUSED static const char *fixture_bytes(struct fixture *fixture, const char *name,
                                             const void *bytes, size_t len)
{
    const char *path = fixture_path(fixture, name);
    fixture_folders(path, strlen(fixture->dir) + 1);
    FILE *file = fopen(path, "wbe");
    if (file == NULL || fwrite(bytes, 1, len, file) != len || fclose(file) != 0) {
        (void)fprintf(stderr, "cannot write %s\n", path);
        abort();
    }
    return path;
}

TEND_UNUSED static const char *fixture_text(struct fixture *fixture, const char *name,
                                            const char *text)
{
    return fixture_bytes(fixture, name, text, strlen(text));
}

/* A CSV of `row_count` rows: t ascends by one second from 2001-01-01, n = row, x = row / 2 (empty
 * every tenth), s of five cities. */
TEND_UNUSED static const char *fixture_csv(struct fixture *fixture, const char *name,
                                           size_t row_count)
{
    static const char *const cities[] = {"Oslo", "Turin", "Lyon", "Porto",
                                         "a city with a name above twelve bytes"};
    const char *path = fixture_path(fixture, name);
    fixture_folders(path, strlen(fixture->dir) + 1);
    FILE *file = fopen(path, "wbe");
    if (file == NULL) {
        abort();
    }
    (void)fprintf(file, "t,n,x,s\n");
    for (size_t i = 0; i < row_count; i++) {
        (void)fprintf(file, "2001-01-%02zu %02zu:%02zu:%02zu,%zu,", 1 + i / 86400 % 28,
                      i / 3600 % 24, i / 60 % 60, i % 60, i);
        if (i % 10 != 0) {
            (void)fprintf(file, "%zu.%d", i / 2, i % 2 != 0 ? 5 : 0);
        }
        (void)fprintf(file, ",%s\n", cities[i % 5]);
    }
    (void)fclose(file);
    return path;
}

#endif
