/* SPDX-License-Identifier: Apache-2.0 */
/* profile_label.c: which rows a profile is of: its window and its segment. */
#include "profile/profile.h"

#include "base/mem.h"
#include "profile/profile_inner.h"

#include <string.h>

static void free_text(const char *text)
{
    tend__mem_free((void *)(uintptr_t)text);
}

void tend__label_deinit(struct tend__profile_label *label)
{
    free_text(label->window_column);
    free_text(label->segment);
    free_text(label->segment_column);
    free_text(label->segment_value);
    *label = (struct tend__profile_label){.has_window = false};
}

static enum tend_code copy_text(const char *text, const char **out, struct tend_error *err)
{
    char *copy = NULL;
    if (text == NULL) {
        return TEND_OK;
    }
    TEND_TRY(tend__mem_text(text, strlen(text), &copy, err));
    *out = copy;
    return TEND_OK;
}

const struct tend__profile_label *tend__profile_label(const struct tend__profile *profile)
{
    return &profile->label;
}

enum tend_code tend__profile_set_label(struct tend__profile *profile,
                                       const struct tend__profile_label *label,
                                       struct tend_error *err)
{
    struct tend__profile_label copy = {.has_window = label->has_window};
    enum tend_code code = TEND_OK;
    if (label->has_window && label->window_start_us >= label->window_end_us) {
        return TEND_FAIL(err, EINVAL, "the window ends where it starts, or before");
    }
    if (label->segment == NULL && (label->segment_column != NULL || label->segment_value != NULL)) {
        return TEND_FAIL(err, EINVAL, "the segment has no name");
    }
    if (label->segment_column == NULL && label->segment_value != NULL) {
        return TEND_FAIL(err, EINVAL, "the segment's value is of no column");
    }
    if (label->has_window) {
        copy.window_start_us = label->window_start_us;
        copy.window_end_us = label->window_end_us;
    }
    TEND_TRY_OUT(copy_text(label->window_column, &copy.window_column, err));
    TEND_TRY_OUT(copy_text(label->segment, &copy.segment, err));
    TEND_TRY_OUT(copy_text(label->segment_column, &copy.segment_column, err));
    TEND_TRY_OUT(copy_text(label->segment_value, &copy.segment_value, err));
    tend__label_deinit(&profile->label);
    profile->label = copy;
    return TEND_OK;
out:
    tend__label_deinit(&copy);
    return code;
}

static bool equal_texts(const char *a, const char *b)
{
    return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

bool tend__segment_equal(const struct tend__profile_label *a, const struct tend__profile_label *b)
{
    return equal_texts(a->segment, b->segment) &&
           equal_texts(a->segment_column, b->segment_column) &&
           equal_texts(a->segment_value, b->segment_value);
}

bool tend__label_equal(const struct tend__profile_label *a, const struct tend__profile_label *b)
{
    return tend__segment_equal(a, b) && a->has_window == b->has_window &&
           a->window_start_us == b->window_start_us && a->window_end_us == b->window_end_us &&
           equal_texts(a->window_column, b->window_column);
}

void tend__label_merge(struct tend__profile_label *into, const struct tend__profile_label *from)
{
    if (!into->has_window || !from->has_window) {
        into->has_window = false;
        into->window_start_us = 0;
        into->window_end_us = 0;
    } else {
        into->window_start_us = from->window_start_us < into->window_start_us
                                    ? from->window_start_us
                                    : into->window_start_us;
        into->window_end_us =
            from->window_end_us > into->window_end_us ? from->window_end_us : into->window_end_us;
    }
    if (!equal_texts(into->window_column, from->window_column)) {
        free_text(into->window_column);
        into->window_column = NULL;
    }
}
