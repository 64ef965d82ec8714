/* SPDX-License-Identifier: Apache-2.0 */
/* check_words.c: numbers of a check turned into sentences. */
#include "report/check_words.h"

#include "report/render.h"

#include <math.h>

#define CHANGES_SHOWN 3
#define NULL_CHANGE 0.001 /* a smaller change of the nulls is not worth words */

/* ---- columns ---- */

/* Moved as a whole, rather than changed in shape: the means differ by most of the distance. */
static bool is_move(const struct tend__check *check, const struct tend__drift_column *drift,
                    double *difference)
{
    *difference = tend__profile_mean(check->cur, drift->column_idx) -
                  tend__profile_mean(check->ref, drift->column_idx);
    return isfinite(*difference) && fabs(*difference) > 0.7 * drift->w1;
}

void tend__drift_short_words(const struct tend__check *check,
                             const struct tend__drift_column *drift, struct tend__buf *out)
{
    char text[TEND_NUMBER_TEXT_SIZE];
    double difference = 0;
    switch (drift->type) {
    case TEND_TYPE_NUMBER:
        if (is_move(check, drift, &difference)) {
            tend__buf_printf(out, "moved %s by %s sd", difference > 0 ? "up" : "down",
                             tend__show_number(drift->w1_normalised, text));
        } else {
            tend__buf_printf(out, "changed its shape by %s sd",
                             tend__show_number(drift->w1_normalised, text));
        }
        return;
    case TEND_TYPE_TIME:
        tend__buf_text(out, "came at other hours of the day");
        return;
    case TEND_TYPE_VECTOR:
        tend__buf_printf(out, "points elsewhere (effect %s)",
                         tend__show_number(drift->effect, text));
        return;
    case TEND_TYPE_BOOL:
    case TEND_TYPE_TEXT:
    case TEND_TYPE_NULL:
        tend__buf_printf(out, "has other shares (distance %s)", tend__show_number(drift->js, text));
        return;
    }
}

/* The distance that was compared with the tolerance. */
static void add_distance(const struct tend__check *check, const struct tend__drift_column *drift,
                         struct tend__buf *out)
{
    char text[3][TEND_NUMBER_TEXT_SIZE];
    double difference = 0;
    (void)tend__show_number(drift->w1_normalised, text[0]);
    (void)tend__show_number(drift->w1, text[1]);
    switch (drift->type) {
    case TEND_TYPE_NUMBER:
        if (is_move(check, drift, &difference)) {
            tend__buf_printf(out, "Values moved %s by %s of a standard deviation (W1 %s)",
                             difference > 0 ? "up" : "down", text[0], text[1]);
        } else {
            tend__buf_printf(
                out, "The distribution changed its shape by %s of a standard deviation (W1 %s)",
                text[0], text[1]);
        }
        break;
    case TEND_TYPE_TIME:
        tend__buf_printf(out, "The hours of the day differ by %s of a standard deviation", text[0]);
        break;
    case TEND_TYPE_VECTOR:
        tend__buf_printf(out, "The vectors differ (MMD %s)",
                         tend__show_number(drift->mmd, text[0]));
        break;
    case TEND_TYPE_BOOL:
    case TEND_TYPE_TEXT:
    case TEND_TYPE_NULL:
        tend__buf_printf(out, "Shares differ by a Jensen-Shannon distance of %s",
                         tend__show_number(drift->js, text[0]));
        break;
    }
    tend__buf_printf(out, "; beyond chance %s, line at %s; q %s",
                     tend__show_number(drift->effect > 0 ? drift->effect : 0, text[0]),
                     tend__show_number(drift->threshold, text[1]),
                     tend__show_p_value(drift->q_value, text[2]));
}

/* " Mean 891, was 743; median 850, was 700." */
static void add_centres(const struct tend__check *check, const struct tend__drift_column *drift,
                        struct tend__buf *out)
{
    char text[4][TEND_NUMBER_TEXT_SIZE];
    const size_t idx = drift->column_idx;
    if (drift->type != TEND_TYPE_NUMBER) {
        return;
    }
    tend__buf_printf(out, " Mean %s, was %s; median %s, was %s.",
                     tend__show_number(tend__profile_mean(check->cur, idx), text[0]),
                     tend__show_number(tend__profile_mean(check->ref, idx), text[1]),
                     tend__show_number(tend__profile_quantile(check->cur, idx, 0.5), text[2]),
                     tend__show_number(tend__profile_quantile(check->ref, idx, 0.5), text[3]));
}

/* " Most of it: LAX 18.1%, was 10.2%; ..." */
static void add_changes(const struct tend__column_view *view, struct tend__buf *out)
{
    size_t best[CHANGES_SHOWN] = {0};
    size_t count = 0;
    for (size_t i = 0; i < view->count; i++) {
        const double change = fabs(view->current[i] - view->reference[i]);
        size_t at = count < CHANGES_SHOWN ? count++ : CHANGES_SHOWN;
        while (at > 0 &&
               fabs(view->current[best[at - 1]] - view->reference[best[at - 1]]) < change) {
            if (at < CHANGES_SHOWN) {
                best[at] = best[at - 1];
            }
            at--;
        }
        if (at < CHANGES_SHOWN) {
            best[at] = i;
        }
    }
    for (size_t k = 0; k < count; k++) {
        char text[2][TEND_NUMBER_TEXT_SIZE];
        tend__buf_printf(out, "%s%.60s %s, was %s", k == 0 ? " " : "; ", view->labels[best[k]],
                         tend__show_share(view->current[best[k]], text[0]),
                         tend__show_share(view->reference[best[k]], text[1]));
    }
    tend__buf_text(out, count > 0 ? "." : "");
}

void tend__drift_words(const struct tend__check *check, const struct tend__drift_column *drift,
                       const struct tend__column_view *view, struct tend__buf *out)
{
    char text[2][TEND_NUMBER_TEXT_SIZE];
    if (!drift->is_judged) {
        tend__buf_text(out, "Not judged: too few values on one side, or one value only.");
    } else {
        tend__buf_text(out, drift->drifted   ? ""
                            : drift->is_sure ? "A sure but small change, no drift. "
                                             : "No drift. ");
        add_distance(check, drift, out);
        tend__buf_char(out, '.');
    }
    add_centres(check, drift, out);
    if (view != NULL && (drift->type == TEND_TYPE_TEXT || drift->type == TEND_TYPE_BOOL)) {
        add_changes(view, out);
    }
    if (fabs(drift->null_share_cur - drift->null_share_ref) >= NULL_CHANGE) {
        tend__buf_printf(out, " Nulls %s, were %s.",
                         tend__show_share(drift->null_share_cur, text[0]),
                         tend__show_share(drift->null_share_ref, text[1]));
    }
}

/* ---- breaks ---- */

const char *tend__break_advice(enum tend__break_kind kind)
{
    static const char *const advice[] = {
        [TEND_BREAK_UNIT_CHANGE] =
            "Ask the source when its unit changed. Until it is mended, convert the column back "
            "before the model reads it; do not retrain on a mixture.",
        [TEND_BREAK_SIGN_FLIP] =
            "Ask the source for its convention. Turn the sign back before the model reads it.",
        [TEND_BREAK_NULL_SPIKE] =
            "Look at the job that fills the column: a source that failed, or a field that was "
            "renamed. Fill the gap from the source rather than with a default.",
        [TEND_BREAK_JOIN_FAILURE] =
            "These columns come from one join: look at its key and at the table that it joins.",
        [TEND_BREAK_DEFAULT_FILL] =
            "A default stands in place of values: read it as null, and look for the source that "
            "failed.",
        [TEND_BREAK_CATEGORY_RENAME] = "Map the new name to the old one before the model reads it.",
        [TEND_BREAK_CATEGORY_CASE] = "Fold letter case and blanks where the data come in.",
        [TEND_BREAK_CATEGORY_MERGE] =
            "Categories that were apart are one: ask the source whether that is meant. The model "
            "cannot tell them apart any more.",
        [TEND_BREAK_HOUR_SHIFT] =
            "A time zone or the daylight saving changed upstream: shift the hours back, and have "
            "the source send UTC.",
        [TEND_BREAK_STUCK] = "The column does not move any more: look at its sensor or its cache.",
        [TEND_BREAK_DUPLICATE_ROWS] =
            "Rows were delivered twice: drop the repeats by their id, and look at the retries of "
            "the delivery.",
        [TEND_BREAK_CLIPPING] =
            "Values are cut at a bound: ask the source for its new limit or type.",
        [TEND_BREAK_ROUNDING] =
            "Values come with fewer digits: ask the source for its new type or format.",
        [TEND_BREAK_COLUMN_SWAP] =
            "Two columns changed places: look at the order of columns where the file is made.",
        [TEND_BREAK_MISSING_ROWS] =
            "Look for the part of the rows that did not come, and wait for it before you judge "
            "the model.",
        [TEND_BREAK_LABEL_BREAK] =
            "Outcomes changed their meaning or are not complete: do not retrain on them, and do "
            "not judge the model by them.",
        [TEND_BREAK_NEW_COLUMN] = "Nothing reads it yet. Tell its owner, or name it in tend.yaml.",
        [TEND_BREAK_MISSING_COLUMN] = "The model cannot have it: look at the schema of the source.",
        [TEND_BREAK_TYPE_CHANGE] = "Look at the values that do not fit the old type.",
    };
    return kind < TEND_BREAK_KIND_COUNT && advice[kind] != NULL ? advice[kind] : "";
}
