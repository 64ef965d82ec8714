/* SPDX-License-Identifier: Apache-2.0 */
/*
 * files.h: one folder of files, as the durable log sees a disk.
 *
 * The log's promises hang on what a disk does when it fails, so the disk is a parameter: the real
 * one is wal/folder.h, and a test's own tears writes, forgets and reorders what was not synced,
 * fails syncs and fills up. Names have no slash. Errors: EIO what the disk says; ELIMIT no room is
 * left; ENOTFOUND no such file.
 */
#ifndef TEND_PORT_FILES_H
#define TEND_PORT_FILES_H

#include "base/fail.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct tend__file; /* the implementation's */

enum tend__file_mode {
    TEND_FILE_READ,
    TEND_FILE_APPEND, /* it must be there */
    TEND_FILE_CREATE, /* it must not be there; for appending */
};

struct tend__file_read {
    uint64_t offset;
    void *bytes; /* len */
    size_t len;
    size_t got; /* set by the call: fewer than len only at the end of the file */
};

struct tend__files {
    void *ctx;
    enum tend_code (*open)(void *ctx, const char *name, enum tend__file_mode mode,
                           struct tend__file **out, struct tend_error *err);
    void (*close)(void *ctx, struct tend__file *file);
    /* At the end of the file. After a failure some of the bytes may be there. */
    enum tend_code (*append)(void *ctx, struct tend__file *file, const void *bytes, size_t len,
                             struct tend_error *err);
    enum tend_code (*read)(void *ctx, struct tend__file *file, struct tend__file_read *what,
                           struct tend_error *err);
    enum tend_code (*size)(void *ctx, struct tend__file *file, uint64_t *out,
                           struct tend_error *err);
    enum tend_code (*truncate)(void *ctx, struct tend__file *file, uint64_t len,
                               struct tend_error *err);
    /* The file's bytes and its length survive a power loss after this. */
    enum tend_code (*sync)(void *ctx, struct tend__file *file, struct tend_error *err);
    /* The same of the names that were made and removed. */
    enum tend_code (*sync_names)(void *ctx, struct tend_error *err);
    enum tend_code (*remove)(void *ctx, const char *name, struct tend_error *err);
    /* In any order. */
    enum tend_code (*list)(void *ctx,
                           enum tend_code (*fn)(void *fn_ctx, const char *name,
                                                struct tend_error *err),
                           void *fn_ctx, struct tend_error *err);
};

#endif
