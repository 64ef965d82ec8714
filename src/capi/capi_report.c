/* SPDX-License-Identifier: Apache-2.0 */
/* capi_report.c: a profile as a JSON document and as one page. */
#include "capi/capi_inner.h"

#include "base/json_write.h"
#include "report/html.h"
#include "report/profile_text.h"
#include "tend/profile.h"

#include <inttypes.h>
#include <stdio.h>

#define PAGE_MAX ((size_t)256 << 20)

enum tend_code tend_profile_json(const struct tend_profile *profile, struct tend_text *out,
                                 struct tend_error *err)
{
    struct tend__buf buf;
    struct tend__json_writer w;
    tend__buf_init(&buf, PAGE_MAX);
    tend__jsonw_init(&w, &buf, true);
    tend__jsonw_object_begin(&w);
    tend__jsonw_member_text(&w, "schema", "tend.profile/1");
    tend__profile_json(profile->inner, true, &w);
    tend__jsonw_object_end(&w);
    const enum tend_code code = tend__text_take(&buf, out, err);
    tend__buf_deinit(&buf);
    return code;
}

static enum tend_code write_page(const struct tend__profile *profile, struct tend__buf *page,
                                 struct tend_error *err)
{
    char subtitle[96];
    struct tend__table table;
    (void)snprintf(subtitle, sizeof(subtitle), "%" PRIu64 " rows, %zu columns",
                   tend__profile_row_count(profile),
                   tend__plan_column_count(tend__profile_plan(profile)));
    tend__table_init(&table);
    const enum tend_code code = tend__profile_as_table(profile, true, &table, err);
    if (code == TEND_OK) {
        tend__html_begin(page, "Profile", subtitle);
        tend__html_table(page, &table, NULL);
        tend__html_end(page, "tend");
    }
    tend__table_deinit(&table);
    return code;
}

enum tend_code tend_profile_html(const struct tend_profile *profile, struct tend_text *out,
                                 struct tend_error *err)
{
    struct tend__buf page;
    tend__buf_init(&page, PAGE_MAX);
    enum tend_code code = write_page(profile->inner, &page, err);
    if (code == TEND_OK) {
        code = tend__text_take(&page, out, err);
    }
    tend__buf_deinit(&page);
    return code;
}
