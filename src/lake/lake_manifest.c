/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lake_manifest.c: which bytes a model was trained on, in one hash.
 *
 * The manifest has a line a file, in the order they are read: the SHA-256 of its bytes, a space,
 * its size, a space, its name without the folders before it. Its own SHA-256 is the data's hash:
 * the same wherever the files lie, another when a byte or a name in them changes.
 */
#include "lake/lake_private.h"

#include "base/mem.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define PIECE_SIZE (UINT64_C(256) << 10)

static enum tend_code hash_file(const char *path, const char *shown, unsigned char *piece,
                                char hash[TEND_SHA256_HEX_SIZE], uint64_t *size,
                                struct tend_error *err)
{
    struct tend__sha256 sha;
    unsigned char digest[TEND_SHA256_SIZE];
    FILE *file = fopen(path, "rbe");
    if (file == NULL) {
        return TEND_FAIL(err, EIO, "cannot read '%s': %s", shown, strerror(errno));
    }
    tend__sha256_init(&sha);
    *size = 0;
    for (;;) {
        const size_t got = fread(piece, 1, PIECE_SIZE, file);
        if (got == 0) {
            break;
        }
        tend__sha256_add(&sha, piece, got);
        *size += got;
    }
    const bool has_failed = ferror(file) != 0;
    (void)fclose(file);
    if (has_failed) {
        return TEND_FAIL(err, EIO, "cannot read '%s' to its end", shown);
    }
    tend__sha256_end(&sha, digest);
    tend__digest_hex(digest, hash);
    return TEND_OK;
}

enum tend_code tend__lake_manifest(const struct lake_source *source,
                                   char hash[TEND_SHA256_HEX_SIZE], struct tend_error *err)
{
    struct tend__buf manifest;
    unsigned char *piece = NULL;
    enum tend_code code = TEND_OK;
    tend__buf_init(&manifest, LAKE_SQL_MAX);
    TEND_TRY_OUT(tend__mem_new(PIECE_SIZE, 1, &piece, err));
    for (size_t i = 0; i < source->file_count; i++) {
        const char *path = source->files[i];
        const char *slash = strrchr(path, '/');
        const char *name = slash != NULL ? slash + 1 : path;
        char file_hash[TEND_SHA256_HEX_SIZE];
        uint64_t size = 0;
        TEND_TRY_OUT(
            hash_file(path, source->is_stdin ? source->shown : path, piece, file_hash, &size, err));
        tend__buf_printf(&manifest, "%s %" PRIu64 " %s\n", file_hash, size,
                         source->is_stdin ? "standard input" : name);
    }
    TEND_TRY_OUT(tend__buf_code(&manifest, err));
    tend__sha256_hex(manifest.bytes, manifest.len, hash);
out:
    tend__mem_free(piece);
    tend__buf_deinit(&manifest);
    return code;
}
