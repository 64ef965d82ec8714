/* SPDX-License-Identifier: Apache-2.0 */
/*
 * profile_table_fuzz.c: damages the table of a few small profiles and reads it.
 *
 * The input is a list of edits of 12 bytes (column, part, index, value;
 * tests/unit/profile/table_edit.h); the first byte of each also has bits that say whether the table
 * keeps its checks and whether only the first of its profiles is left. A table that is still
 * accepted must be sound: it can be asked, merged, written and read again.
 */
#include "base/fail.h"
#include "profile/profile.h"

#include "../../unit/profile/table_edit.h"

#define EDIT_SIZE 12
#define EDIT_MAX 64
#define ROWS 40
#define PROFILE_COUNT 3
#define KEEP_CHECKS 0x40
#define ONE_PROFILE 0x80

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

static const struct tend__field fields[] = {
    {"delay", TEND_TYPE_NUMBER, 0, 0}, {"amount", TEND_TYPE_NUMBER, 0, 0},
    {"code", TEND_TYPE_TEXT, 0, 0},    {"flag", TEND_TYPE_BOOL, 0, 0},
    {"at", TEND_TYPE_TIME, 0, 0},      {"empty", TEND_TYPE_NULL, 0, 0},
};

/* A profile of rows that are always the same, with a new column. */
static struct tend__profile *make_profile(void)
{
    static const struct tend__text codes[] = {{"LAX", 3}, {"DFW", 3}, {"a longer name", 13}};
    double delay[ROWS];
    double amount[ROWS];
    struct tend__text code[ROWS];
    uint8_t flag[ROWS];
    int64_t at[ROWS];
    for (int i = 0; i < ROWS; i++) {
        delay[i] = i % 7;
        amount[i] = i * 0.37;
        code[i] = codes[i % 3];
        flag[i] = (uint8_t)(i % 2);
        at[i] = i * INT64_C(7000000000);
    }
    const struct tend__column columns[] = {
        {.type = TEND_TYPE_NUMBER, .f64 = delay}, {.type = TEND_TYPE_NUMBER, .f64 = amount},
        {.type = TEND_TYPE_TEXT, .text = code},   {.type = TEND_TYPE_BOOL, .bools = flag},
        {.type = TEND_TYPE_TIME, .time_us = at},  {.type = TEND_TYPE_NULL},
    };
    const struct tend__batch all = {ROWS, TEND_ARRAY_LEN(fields), fields, columns};
    const struct tend__field odd_field = {"gate", TEND_TYPE_TEXT, 0, 0};
    const struct tend__batch odd = {3, 1, &odd_field, columns + 2};
    struct tend__plan_builder *builder = NULL;
    struct tend__plan *plan = NULL;
    struct tend__profile *profile = NULL;
    TEND_ASSERT(tend__plan_builder_new(fields, TEND_ARRAY_LEN(fields), NULL, &builder, NULL) ==
                TEND_OK);
    TEND_ASSERT(tend__plan_builder_add(builder, &all, NULL) == TEND_OK);
    TEND_ASSERT(tend__plan_builder_finish(builder, &plan, NULL) == TEND_OK);
    TEND_ASSERT(tend__profile_new(plan, &profile, NULL) == TEND_OK);
    TEND_ASSERT(tend__profile_add(profile, &all, NULL) == TEND_OK);
    TEND_ASSERT(tend__profile_add(profile, &odd, NULL) == TEND_OK);
    tend__plan_unref(plan);
    tend__plan_builder_free(builder);
    return profile;
}

static void use_profile(struct tend__profile *decoded)
{
    struct tend_arrow_schema schema = {0};
    struct tend_arrow_array array = {0};
    struct tend__profile *again = NULL;
    const size_t count = tend__plan_column_count(tend__profile_plan(decoded));
    for (size_t i = 0; i < count; i++) {
        (void)tend__profile_quantile(decoded, i, 0.4);
        (void)tend__profile_sd(decoded, i);
    }
    TEND_ASSERT(tend__profile_table(decoded, &schema, &array, NULL) == TEND_OK);
    TEND_ASSERT(tend__profile_from_table(&schema, &array, &again, NULL) == TEND_OK);
    TEND_ASSERT(tend__profile_merge(decoded, again, NULL) == TEND_OK);
    schema.release(&schema);
    array.release(&array);
    tend__profile_free(again);
}

/* Of all rows, of a window's, and of a segment's. */
static void make_profiles(struct tend__profile *profiles[PROFILE_COUNT])
{
    static const struct tend__profile_label labels[PROFILE_COUNT] = {
        {.has_window = false},
        {.has_window = true, .window_start_us = 0, .window_end_us = 9, .window_column = "at"},
        {.segment = "code=LAX", .segment_column = "code", .segment_value = "LAX"},
    };
    profiles[0] = make_profile();
    for (size_t i = 1; i < PROFILE_COUNT; i++) {
        TEND_ASSERT(tend__profile_new(tend__profile_plan(profiles[0]), &profiles[i], NULL) ==
                    TEND_OK);
        TEND_ASSERT(tend__profile_merge(profiles[i], profiles[0], NULL) == TEND_OK);
        TEND_ASSERT(tend__profile_set_label(profiles[i], &labels[i], NULL) == TEND_OK);
    }
}

static void edit_all(const struct tend_arrow_schema *schema, const struct tend_arrow_array *array,
                     const uint8_t *bytes, size_t len)
{
    for (size_t at = 0; at + EDIT_SIZE <= len && at < EDIT_SIZE * EDIT_MAX; at += EDIT_SIZE) {
        struct table_edit edit = {.column = bytes[at] & 0x3F, .part = bytes[at + 1] % PART_COUNT};
        edit.index = (uint32_t)bytes[at + 2] | (uint32_t)bytes[at + 3] << 8;
        memcpy(&edit.value, bytes + at + 4, sizeof(edit.value));
        edit_table(schema, array, &edit);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    struct tend_arrow_schema schema = {0};
    struct tend_arrow_array array = {0};
    struct tend__profile_set set = {.count = 0};
    static struct tend__profile *profiles[PROFILE_COUNT]; /* made once, never freed */
    if (profiles[0] == NULL) {
        make_profiles(profiles);
    }
    const struct tend__profile *borrowed[PROFILE_COUNT] = {profiles[0], profiles[1], profiles[2]};
    const uint8_t first = len > 0 ? bytes[0] : 0;
    const size_t count = (first & ONE_PROFILE) != 0 ? 1 : PROFILE_COUNT;
    TEND_ASSERT(tend__profiles_table(borrowed, count, 1, &schema, &array, NULL) == TEND_OK);
    if ((first & KEEP_CHECKS) == 0) {
        schema.children[schema.n_children - 1]->name = "dropped";
    }
    edit_all(&schema, &array, bytes, len);
    const enum tend_code code = tend__profile_set_from_table(&schema, &array, NULL, &set, NULL);
    TEND_ASSERT(code == TEND_OK || code == TEND_ECORRUPT || code == TEND_EINVAL);
    for (size_t i = 0; i < set.count; i++) {
        use_profile(set.profiles[i]);
    }
    schema.release(&schema);
    array.release(&array);
    tend__profile_set_deinit(&set);
    return 0;
}
