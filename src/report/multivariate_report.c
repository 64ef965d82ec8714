/* SPDX-License-Identifier: Apache-2.0 */
/* multivariate_report.c: the domain classifier and the reconstruction error, in words and members.
 */
#include "report/multivariate_report.h"

#include "report/html.h"

#define WORDS_MAX 2048

static bool is_there(const struct tend__check *check)
{
    return check->multivariate.domain.is_there || check->multivariate.pca.is_there;
}

static void write_columns(const struct tend__multivariate_test *test, struct tend__json_writer *w)
{
    tend__jsonw_key(w, "columns");
    tend__jsonw_array_begin(w);
    for (size_t i = 0; i < test->column_count; i++) {
        tend__jsonw_object_begin(w);
        tend__jsonw_member_text(w, "name", test->columns[i].name);
        tend__jsonw_member_number(w, "share", test->columns[i].share);
        tend__jsonw_object_end(w);
    }
    tend__jsonw_array_end(w);
}

static void write_test(const struct tend__multivariate_test *test,
                       const struct tend__drift_test *judged, struct tend__json_writer *w)
{
    tend__jsonw_member_bool(w, "drifted", judged->drifted);
    tend__jsonw_member_number(w, "auc", test->auc);
    tend__jsonw_member_number(w, "p_value", test->p_value);
    tend__jsonw_member_number(w, "q_value", judged->q_value);
    tend__jsonw_member_number(w, "effect", test->effect);
    tend__jsonw_member_number(w, "tolerance", judged->tolerance);
    tend__jsonw_member_uint(w, "reference_rows", test->rows_ref);
    tend__jsonw_member_uint(w, "current_rows", test->rows_cur);
    write_columns(test, w);
}

void tend__multivariate_json(const struct tend__check *check, struct tend__json_writer *w)
{
    const struct tend__multivariate *m = &check->multivariate;
    tend__jsonw_key(w, "multivariate");
    if (!is_there(check)) {
        tend__jsonw_null(w);
        return;
    }
    tend__jsonw_object_begin(w);
    tend__jsonw_key(w, "domain_classifier");
    if (m->domain.is_there) {
        tend__jsonw_object_begin(w);
        write_test(&m->domain, &check->domain_test, w);
        tend__jsonw_object_end(w);
    } else {
        tend__jsonw_null(w);
    }
    tend__jsonw_key(w, "pca");
    if (m->pca.is_there) {
        tend__jsonw_object_begin(w);
        write_test(&m->pca, &check->pca_test, w);
        tend__jsonw_member_uint(w, "components", m->pca.component_count);
        tend__jsonw_member_uint(w, "numbers", m->number_count);
        tend__jsonw_member_number(w, "reference_error", m->pca.error_ref);
        tend__jsonw_member_number(w, "current_error", m->pca.error_cur);
        tend__jsonw_object_end(w);
    } else {
        tend__jsonw_null(w);
    }
    tend__jsonw_object_end(w);
}

static void add_names(const struct tend__multivariate_test *test, struct tend__buf *out)
{
    char text[TEND_NUMBER_TEXT_SIZE];
    for (size_t i = 0; i < test->column_count; i++) {
        tend__buf_printf(out, "%s%s (%s)", i > 0 ? ", " : "", test->columns[i].name,
                         tend__show_share(test->columns[i].share, text));
    }
}

static void add_domain_words(const struct tend__check *check, struct tend__buf *out)
{
    const struct tend__multivariate_test *test = &check->multivariate.domain;
    char text[2][TEND_NUMBER_TEXT_SIZE];
    tend__buf_printf(out,
                     "current rows are told from reference rows with an AUC of %s (.5 is chance), "
                     "q %s",
                     tend__show_number(test->auc, text[0]),
                     tend__show_p_value(check->domain_test.q_value, text[1]));
    if (check->domain_test.drifted && test->column_count > 0) {
        tend__buf_text(out, ", by ");
        add_names(test, out);
    }
}

static void add_pca_words(const struct tend__check *check, struct tend__buf *out)
{
    const struct tend__multivariate_test *test = &check->multivariate.pca;
    char text[3][TEND_NUMBER_TEXT_SIZE];
    tend__buf_printf(out,
                     "%zu components of %zu numbers miss current rows by %s a number, reference "
                     "rows by %s, q %s",
                     test->component_count, check->multivariate.number_count,
                     tend__show_number(test->error_cur, text[0]),
                     tend__show_number(test->error_ref, text[1]),
                     tend__show_p_value(check->pca_test.q_value, text[2]));
    if (check->pca_test.drifted && test->column_count > 0) {
        tend__buf_text(out, "; what others say of it changed for ");
        add_names(test, out);
    }
}

static void print_test(const char *name, bool drifted, const struct tend__text_style *style,
                       struct tend__buf *out)
{
    tend__buf_printf(out, "  %-18s ", name);
    tend__tinted(out, drifted ? TEND_TINT_BAD : TEND_TINT_DIM, style->colours, "%-8s",
                 drifted ? "drifted" : "same");
    tend__buf_char(out, ' ');
}

void tend__multivariate_text(const struct tend__check *check, const struct tend__text_style *style,
                             struct tend__buf *out)
{
    if (!is_there(check)) {
        return;
    }
    tend__buf_text(out, "\nwhole rows\n");
    if (check->multivariate.domain.is_there) {
        print_test("domain classifier", check->domain_test.drifted, style, out);
        add_domain_words(check, out);
        tend__buf_char(out, '\n');
    }
    if (check->multivariate.pca.is_there) {
        print_test("reconstruction", check->pca_test.drifted, style, out);
        add_pca_words(check, out);
        tend__buf_char(out, '\n');
    }
}

static void add_paragraph(const struct tend__check *check, struct tend__buf *page, bool drifted,
                          const char *name,
                          void (*add_words)(const struct tend__check *, struct tend__buf *))
{
    struct tend__buf words;
    tend__buf_init(&words, WORDS_MAX * TEND_MULTIVARIATE_COLUMNS_MAX);
    add_words(check, &words);
    if (tend__buf_code(&words, NULL) == TEND_OK) {
        tend__html_paragraph(page, drifted ? TEND_TINT_BAD : TEND_TINT_DIM, "%s: %s.", name,
                             tend__buf_str(&words));
    }
    tend__buf_deinit(&words);
}

void tend__multivariate_html(const struct tend__check *check, struct tend__buf *page)
{
    if (!is_there(check)) {
        return;
    }
    tend__html_heading(page, 2, "Whole rows");
    if (check->multivariate.domain.is_there) {
        add_paragraph(check, page, check->domain_test.drifted, "Domain classifier",
                      add_domain_words);
    }
    if (check->multivariate.pca.is_there) {
        add_paragraph(check, page, check->pca_test.drifted, "Reconstruction", add_pca_words);
    }
}
