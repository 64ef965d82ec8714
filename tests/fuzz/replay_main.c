/* SPDX-License-Identifier: Apache-2.0 */
/*
 * replay_main.c: runs a fuzz target over its committed corpus, as a plain test with any compiler.
 *
 * Each file of the folder named by the first argument is one case, and so is each of its prefixes
 * at a few lengths and a copy with one byte changed: cheap mutations that keep an old crash from
 * coming back.
 */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

#define INPUT_LEN_MAX (1U << 20)

static void run_case(const uint8_t *bytes, size_t len)
{
    /* A copy of the exact length, so that a sanitizer sees a read past the end. */
    uint8_t *copy = malloc(len == 0 ? 1 : len);
    if (copy == NULL) {
        abort();
    }
    if (len > 0) {
        memcpy(copy, bytes, len);
    }
    (void)LLVMFuzzerTestOneInput(copy, len);
    free(copy);
}

static void run_mutations(uint8_t *bytes, size_t len)
{
    run_case(bytes, len);
    for (size_t part = 1; part < 8; part++) {
        run_case(bytes, len * part / 8);
    }
    for (size_t i = 0; i < len && i < 4096; i += 1 + len / 64) {
        const uint8_t old = bytes[i];
        bytes[i] = (uint8_t)(old ^ 0xA5U);
        run_case(bytes, len);
        bytes[i] = old;
    }
}

int main(int argc, char **argv)
{
    if (argc != 2) {
        (void)fprintf(stderr, "usage: replay CORPUS_FOLDER\n");
        return 2;
    }
    DIR *folder = opendir(argv[1]);
    if (folder == NULL) {
        printf("not ok 1 - %s: no corpus\n", argv[1]);
        return 1;
    }
    static uint8_t bytes[INPUT_LEN_MAX];
    int count = 0;
    for (struct dirent *entry = readdir(folder); entry != NULL; entry = readdir(folder)) {
        if (entry->d_name[0] == '.') {
            continue;
        }
        char path[4096];
        (void)snprintf(path, sizeof(path), "%s/%s", argv[1], entry->d_name);
        FILE *file = fopen(path, "rb");
        if (file == NULL) {
            continue;
        }
        const size_t len = fread(bytes, 1, sizeof(bytes), file);
        (void)fclose(file);
        run_mutations(bytes, len);
        count++;
        printf("ok %d - %s\n", count, entry->d_name);
        (void)fflush(stdout);
    }
    (void)closedir(folder);
    if (count == 0) {
        printf("not ok 1 - the corpus is empty\n");
        return 1;
    }
    printf("1..%d\n", count);
    return 0;
}
