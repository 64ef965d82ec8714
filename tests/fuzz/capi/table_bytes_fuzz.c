/* SPDX-License-Identifier: Apache-2.0 */
/*
 * table_bytes_fuzz.c: reads the input as the bytes of a profile, as it is and with the checksum
 * that it would have. What is accepted can be asked, written and read again to the same bytes.
 */
#include "base/fail.h"
#include "base/hash.h"
#include "tend/tend.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define HASH_SIZE 8

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

static void read_bytes(const void *bytes, size_t len)
{
    struct tend_profile *profile = NULL;
    struct tend_profile *again = NULL;
    struct tend_text text[2] = {{0}, {0}};
    struct tend_error err = {0};
    if (tend_profile_from_bytes(bytes, len, &profile, &err) != TEND_OK) {
        return;
    }
    for (size_t i = 0; i < tend_profile_column_count(profile); i++) {
        struct tend_profile_column column;
        TEND_ASSERT(tend_profile_column_read(profile, i, &column, &err) == TEND_OK);
        (void)tend_profile_quantile(profile, i, 0.5);
    }
    TEND_ASSERT(tend_profile_to_bytes(profile, &text[0], &err) == TEND_OK);
    TEND_ASSERT(tend_profile_from_bytes(text[0].bytes, text[0].len, &again, &err) == TEND_OK);
    TEND_ASSERT(tend_profile_to_bytes(again, &text[1], &err) == TEND_OK);
    TEND_ASSERT(text[0].len == text[1].len);
    TEND_ASSERT(memcmp(text[0].bytes, text[1].bytes, text[0].len) == 0);
    tend_text_free(&text[0]);
    tend_text_free(&text[1]);
    tend_profile_free(again);
    tend_profile_free(profile);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    read_bytes(bytes, len);
    if (len < HASH_SIZE) {
        return 0;
    }
    uint8_t *copy = malloc(len);
    TEND_ASSERT(copy != NULL);
    memcpy(copy, bytes, len);
    const uint64_t hash = tend__hash64(copy, len - HASH_SIZE, 0);
    for (size_t i = 0; i < HASH_SIZE; i++) {
        copy[len - HASH_SIZE + i] = (uint8_t)(hash >> (8 * i) & 0xFF);
    }
    read_bytes(copy, len);
    free(copy);
    return 0;
}
