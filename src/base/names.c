/* SPDX-License-Identifier: Apache-2.0 */
/* names.c: restricted Damerau-Levenshtein distance over two bounded rows; see names.h. */
#include "base/names.h"

#include <string.h>

#define NAME_LEN_MAX 64

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

static size_t distance(const char *a, size_t a_len, const char *b, size_t b_len)
{
    size_t rows[3][NAME_LEN_MAX + 1];
    size_t *before = rows[0];
    size_t *last = rows[1];
    size_t *now = rows[2];
    for (size_t j = 0; j <= b_len; j++) {
        last[j] = j;
        before[j] = j;
    }
    for (size_t i = 1; i <= a_len; i++) {
        now[0] = i;
        for (size_t j = 1; j <= b_len; j++) {
            const char x = lower(a[i - 1]);
            const char y = lower(b[j - 1]);
            now[j] = least(least(last[j] + 1, now[j - 1] + 1), last[j - 1] + (x == y ? 0 : 1));
            if (i > 1 && j > 1 && x == lower(b[j - 2]) && lower(a[i - 2]) == y) {
                now[j] = least(now[j], before[j - 2] + 1);
            }
        }
        size_t *spare = before;
        before = last;
        last = now;
        now = spare;
    }
    return last[b_len];
}

const char *tend__name_nearest(const char *name, const char *const *candidates, size_t count)
{
    const size_t name_len = least(strlen(name), NAME_LEN_MAX);
    const char *best = NULL;
    size_t best_distance = name_len / 3 + 2;
    for (size_t i = 0; i < count; i++) {
        const size_t len = least(strlen(candidates[i]), NAME_LEN_MAX);
        const size_t d = distance(name, name_len, candidates[i], len);
        if (d < best_distance) {
            best_distance = d;
            best = candidates[i];
        }
    }
    return best;
}
