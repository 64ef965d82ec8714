/* SPDX-License-Identifier: Apache-2.0 */
/*
 * forest_test.c: hand-made models: what is read, what is refused, and how rows walk.
 *
 * The oracle here is a naive walk over the same arrays, written from XGBoost's rules: left where
 * x < split; the default side where x is missing; a category goes right where it is in the set, and
 * left where it is not, is negative, or is 2^24 or more.
 */
#include "unit.h"

#include "base/buf.h"
#include "base/hash.h"
#include "base/mem.h"
#include "base/rng.h"
#include "model/forest.h"

#include <math.h>
#include <string.h>

/* One tree as the file has it. */
struct file_tree {
    const char *left;
    const char *right;
    const char *feature;
    const char *split;
    const char *default_left;
    const char *type;
    const char *set_nodes;
    const char *set_at;
    const char *set_sizes;
    const char *sets;
};

/* The root splits feature 0 at 0.5; its left child asks whether the category of feature 1 is among
 * 2, 5 and 40; node 1 is deleted, and the children are in no order. */
static const struct file_tree good_tree = {
    .left = "[4,-1,-1,-1,3,-1]",
    .right = "[2,-1,-1,-1,5,-1]",
    .feature = "[0,0,0,0,1,0]",
    .split = "[0.5,99,3,1,1e-45,2]",
    .default_left = "[0,0,0,0,1,0]",
    .type = "[0,0,0,0,1,0]",
    .set_nodes = "[4]",
    .set_at = "[0]",
    .set_sizes = "[3]",
    .sets = "[2,5,40]",
};

struct file_model {
    const char *base_score;
    const char *objective;
    const char *booster;
    const char *param; /* more of learner_model_param */
    const char *tree_param;
    const char *tree_info;
    struct file_tree tree;
};

static struct file_model good_model(void)
{
    return (struct file_model){.base_score = "\"[1E-1]\"",
                               .objective = "reg:squarederror",
                               .booster = "\"name\":\"gbtree\"",
                               .param = "\"num_class\":\"0\",\"num_target\":\"1\"",
                               .tree_param = "\"size_leaf_vector\":\"1\"",
                               .tree_info = "[0]",
                               .tree = good_tree};
}

static char text[8192];

static size_t write_model(const struct file_model *m)
{
    const struct file_tree *t = &m->tree;
    const int len = snprintf(
        text, sizeof(text),
        "{\"learner\":{\"attributes\":{},\"gradient_booster\":{\"model\":{\"tree_info\":%s,"
        "\"trees\":[{\"left_children\":%s,\"right_children\":%s,\"split_indices\":%s,"
        "\"split_conditions\":%s,\"default_left\":%s,\"split_type\":%s,\"categories_nodes\":%s,"
        "\"categories_segments\":%s,\"categories_sizes\":%s,\"categories\":%s,"
        "\"tree_param\":{%s}}]},%s},\"learner_model_param\":{\"base_score\":%s,"
        "\"num_feature\":\"2\",%s},\"objective\":{\"name\":\"%s\"}},\"version\":[3,2,0]}",
        m->tree_info, t->left, t->right, t->feature, t->split, t->default_left, t->type,
        t->set_nodes, t->set_at, t->set_sizes, t->sets, m->tree_param, m->booster, m->base_score,
        m->param, m->objective);
    assert_true(len > 0 && (size_t)len < sizeof(text));
    return (size_t)len;
}

static struct tend__forest *load(const struct file_model *m)
{
    struct tend_error err = {0};
    struct tend__forest *forest = NULL;
    const size_t len = write_model(m);
    assert_tend_ok(tend__forest_load(text, len, &forest, &err), &err);
    return forest;
}

static void assert_refused(const struct file_model *m, enum tend_code code, const char *words)
{
    struct tend_error err = {0};
    struct tend__forest *forest = NULL;
    const size_t len = write_model(m);
    assert_int_equal(tend__forest_load(text, len, &forest, &err), code);
    assert_null(forest);
    if (strstr(err.text, words) == NULL) {
        fail_msg("'%s' does not say '%s'", err.text, words);
    }
}

static double predict(const struct tend__forest *forest, float a, float b)
{
    struct tend_error err = {0};
    const float x[2] = {a, b};
    double out = 0;
    assert_tend_ok(tend__forest_predict(forest, x, 1, 2, &out, &err), &err);
    return out;
}

static void a_hand_made_tree_walks_as_its_rules_say(void **state)
{
    (void)state;
    const struct file_model m = good_model();
    struct tend__forest *forest = load(&m);
    const struct {
        float a;
        float b;
        float leaf;
    } rows[] = {
        {0.5F, 0, 3},      {1e30F, NAN, 3},   {INFINITY, 5, 3},    {NAN, 5, 3},
        {0.49F, 2, 2},     {-INFINITY, 5, 2}, {0, 40, 2},          {0, 40.9F, 2},
        {0, 0, 1},         {0, -0.0F, 1},     {0, 41, 1},          {0, 63, 1},
        {0, 64, 1},        {0, 1e6F, 1},      {0, 16777216.0F, 1}, {0, 16777218.0F, 1},
        {0, -1, 1},        {0, -5, 1},        {0, -0.5F, 1},       {0, INFINITY, 1},
        {0, -INFINITY, 1}, {0, NAN, 1},       {-0.0F, 2.99F, 2},   {0, 4.999F, 1},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const double want = (double)(0.1F + rows[i].leaf);
        assert_near(predict(forest, rows[i].a, rows[i].b), want, 0);
    }
    assert_int_equal(tend__forest_feature_count(forest), 2);
    assert_int_equal(tend__forest_tree_count(forest), 1);
    assert_string_equal(tend__forest_objective(forest), "reg:squarederror");
    tend__forest_free(forest);
}

static void base_score_is_read_in_every_form(void **state)
{
    (void)state;
    static const char *const forms[] = {"\"[2.5E-1]\"", "\"2.5E-1\"", "\"0.25\"", "0.25",
                                        "\"[0.25]\""};
    struct file_model m = good_model();
    for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
        m.base_score = forms[i];
        struct tend__forest *forest = load(&m);
        assert_near(predict(forest, 1, 0), 3.25, 0);
        tend__forest_free(forest);
    }
    m.objective = "binary:logistic";
    struct tend__forest *forest = load(&m);
    const double margin = log(0.25 / 0.75) + 3;
    assert_near(predict(forest, 1, 0), 1 / (1 + exp(-margin)), 1e-7);
    double raw = 0;
    const float x[2] = {1, 0};
    assert_int_equal(tend__forest_margin(forest, x, 1, 2, &raw, NULL), TEND_OK);
    assert_near(raw, margin, 1e-6);
    tend__forest_free(forest);
    static const char *const bad[] = {"\"\"",  "\"x\"", "\"[]\"", "null", "\"[\\\"a\\\"]\"",
                                      "\"0\"", "\"2\""};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        m.base_score = bad[i];
        assert_refused(&m, TEND_ECORRUPT, "base_score");
    }
    m.base_score = "\"[0.1,0.2]\"";
    assert_refused(&m, TEND_EUNSUPPORTED, "several outputs");
}

static void what_is_not_served_is_named(void **state)
{
    (void)state;
    struct file_model m = good_model();
    m.objective = "rank:ndcg";
    assert_refused(&m, TEND_EUNSUPPORTED, "rank:ndcg");
    m = good_model();
    m.booster = "\"name\":\"gblinear\"";
    assert_refused(&m, TEND_EUNSUPPORTED, "gblinear");
    m = good_model();
    m.param = "\"num_class\":\"3\"";
    assert_refused(&m, TEND_EUNSUPPORTED, "several outputs");
    m = good_model();
    m.tree_info = "[1]";
    assert_refused(&m, TEND_EUNSUPPORTED, "several outputs");
    m = good_model();
    m.tree_param = "\"size_leaf_vector\":\"4\"";
    assert_refused(&m, TEND_EUNSUPPORTED, "vectors");
}

static void a_tree_that_is_no_tree_is_corrupt(void **state)
{
    (void)state;
    static const struct {
        size_t offset; /* of the member that is replaced */
        const char *value;
        const char *words;
    } faults[] = {
        {offsetof(struct file_tree, left), "[0,-1,-1,-1,3,-1]", "no tree"},
        {offsetof(struct file_tree, left), "[4,-1,-1,-1,4,-1]", "no tree"},
        {offsetof(struct file_tree, left), "[6,-1,-1,-1,3,-1]", "no tree"},
        {offsetof(struct file_tree, left), "[-2,-1,-1,-1,3,-1]", "no tree"},
        {offsetof(struct file_tree, right), "[-1,-1,-1,-1,5,-1]", "no tree"},
        {offsetof(struct file_tree, right), "[4,-1,-1,-1,0,-1]", "no tree"},
        {offsetof(struct file_tree, left), "[4,-1]", "left_children"},
        {offsetof(struct file_tree, right), "[2,-1,-1,-1,5,\"x\"]", "right_children"},
        {offsetof(struct file_tree, feature), "[2,0,0,0,1,0]", "feature out of range"},
        {offsetof(struct file_tree, feature), "[-1,0,0,0,1,0]", "feature out of range"},
        {offsetof(struct file_tree, feature), "[0.5,0,0,0,1,0]", "split_indices"},
        {offsetof(struct file_tree, split), "[]", "without nodes"},
        {offsetof(struct file_tree, split), "[0.5,99,1e39,1,1,2]", "finite"},
        {offsetof(struct file_tree, split), "[NaN,99,3,1,NaN,2]", "a split is not at"},
        {offsetof(struct file_tree, default_left), "null", "default_left"},
        {offsetof(struct file_tree, type), "[1,0,0,0,1,0]", "without its categories"},
        {offsetof(struct file_tree, set_nodes), "[6]", "categories"},
        {offsetof(struct file_tree, set_nodes), "[]", "without its categories"},
        {offsetof(struct file_tree, set_nodes), "[1]", "without its categories"},
        {offsetof(struct file_tree, set_at), "[-1]", "categories"},
        {offsetof(struct file_tree, set_at), "[1]", "categories"},
        {offsetof(struct file_tree, set_sizes), "[4]", "categories"},
        {offsetof(struct file_tree, set_sizes), "[9223372036854775807]", "categories"},
        {offsetof(struct file_tree, set_sizes), "[]", "categories_sizes"},
        {offsetof(struct file_tree, sets), "[2,5,16777216]", "out of range"},
        {offsetof(struct file_tree, sets), "[2,-5,4]", "out of range"},
        {offsetof(struct file_tree, sets), "{}", "without its categories"},
    };
    for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++) {
        struct file_model m = good_model();
        memcpy((char *)&m.tree + faults[i].offset, &faults[i].value, sizeof(faults[i].value));
        assert_refused(&m, TEND_ECORRUPT, faults[i].words);
    }
}

static void the_nan_of_xgboost_2_is_read_where_it_means_nothing(void **state)
{
    (void)state;
    struct file_model m = good_model();
    m.tree.split = "[0.5,NaN,3,1,NaN,2]";
    m.param = "\"NaN \\\\\\\"NaN\":[NaN]"; /* in a key it stays */
    struct tend__forest *forest = load(&m);
    assert_near(predict(forest, 0, 5), (double)(0.1F + 2.0F), 0);
    tend__forest_free(forest);
    m.tree.split = "[0.5,99,NaN,1,1e-45,2]";
    assert_refused(&m, TEND_ECORRUPT, "a leaf is not");
}

static void what_is_no_model_is_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",
        "{}",
        "[]",
        "PK\003\004",
        "{\"learner\":{}}",
        "{\"learner\":{\"learner_model_param\":{\"num_feature\":\"x\"}}}",
        "{\"learner\":{\"learner_model_param\":{\"num_feature\":\"2\",\"base_score\":\"0\"}}}",
        "{\"learner\":{\"learner_model_param\":{\"num_feature\":\"2\",\"base_score\":\"0\"},"
        "\"objective\":{\"name\":\"reg:squarederror\"}}}",
        "{\"learner\":{\"learner_model_param\":{\"num_feature\":\"2\",\"base_score\":\"0\"},"
        "\"objective\":{\"name\":\"reg:squarederror\"},\"gradient_booster\":{\"name\":\"gbtree\"}}"
        "}",
    };
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct tend__forest *forest = NULL;
        assert_int_equal(tend__forest_load(bad[i], strlen(bad[i]), &forest, NULL), TEND_ECORRUPT);
        assert_null(forest);
    }
    const char *wide = "{\"learner\":{\"learner_model_param\":{\"num_feature\":\"99999999\"}}}";
    struct tend__forest *forest = NULL;
    assert_int_equal(tend__forest_load(wide, strlen(wide), &forest, NULL), TEND_ELIMIT);
}

static void rows_of_another_width_are_refused(void **state)
{
    (void)state;
    const struct file_model m = good_model();
    struct tend_error err = {0};
    struct tend__forest *forest = load(&m);
    const float x[3] = {0};
    double out = 7;
    assert_int_equal(tend__forest_predict(forest, x, 1, 3, &out, &err), TEND_EINVAL);
    assert_string_equal(err.text, "rows of 3 features for a model of 2");
    assert_int_equal(tend__forest_margin(forest, x, 1, 1, &out, &err), TEND_EINVAL);
    assert_int_equal(tend__forest_predict(forest, x, 0, 2, &out, &err), TEND_OK);
    assert_near(out, 7, 0);
    tend__forest_free(forest);
}

/* ---- a wide random forest beside the naive walk ------------------------------------------------
 */

#define WIDE 1500
#define NODES 63
#define TREES 21

struct naive_node {
    int feature; /* -1 = leaf */
    int left;
    int right;
    float split;
    bool default_left;
};

static struct naive_node naive[TREES][NODES];

/* A random tree: the node i has children or is a leaf, at any depth, in random order in the file.
 */
static void make_naive_tree(struct tend__rng *rng, struct naive_node *nodes)
{
    int used = 1;
    for (int i = 0; i < used; i++) {
        nodes[i] = (struct naive_node){.feature = -1,
                                       .left = -1,
                                       .right = -1,
                                       .split = (float)tend__rng_normal(rng),
                                       .default_left = tend__rng_below(rng, 2) == 1};
        if (used + 2 <= NODES && (i == used - 1 || tend__rng_below(rng, 4) > 0)) {
            const bool swapped = tend__rng_below(rng, 2) == 1;
            nodes[i].feature = (int)tend__rng_below(rng, WIDE);
            nodes[i].left = swapped ? used + 1 : used;
            nodes[i].right = swapped ? used : used + 1;
            used += 2;
        }
    }
    for (int i = used; i < NODES; i++) {
        nodes[i] = (struct naive_node){.feature = -1, .left = -1, .right = -1};
    }
}

static void write_ints(struct tend__buf *buf, const struct naive_node *nodes, const char *name,
                       int which)
{
    tend__buf_printf(buf, "\"%s\":[", name);
    for (int i = 0; i < NODES; i++) {
        const int values[] = {nodes[i].left, nodes[i].right,
                              nodes[i].feature < 0 ? 0 : nodes[i].feature, nodes[i].default_left};
        tend__buf_printf(buf, "%s%d", i > 0 ? "," : "", values[which]);
    }
    tend__buf_text(buf, "],");
}

static void write_naive_model(struct tend__buf *buf)
{
    tend__buf_printf(buf,
                     "{\"learner\":{\"learner_model_param\":{\"num_feature\":\"%d\",\"base_score\":"
                     "\"0.5\"},\"objective\":{\"name\":\"reg:squarederror\"},\"gradient_booster\":"
                     "{\"name\":\"gbtree\",\"model\":{\"tree_info\":[",
                     WIDE);
    for (int t = 0; t < TREES; t++) {
        tend__buf_text(buf, t > 0 ? ",0" : "0");
    }
    tend__buf_text(buf, "],\"trees\":[");
    for (int t = 0; t < TREES; t++) {
        tend__buf_text(buf, t > 0 ? ",{" : "{");
        write_ints(buf, naive[t], "left_children", 0);
        write_ints(buf, naive[t], "right_children", 1);
        write_ints(buf, naive[t], "split_indices", 2);
        write_ints(buf, naive[t], "default_left", 3);
        tend__buf_text(buf, "\"split_conditions\":[");
        for (int i = 0; i < NODES; i++) {
            tend__buf_printf(buf, "%s%.9g", i > 0 ? "," : "", (double)naive[t][i].split);
        }
        tend__buf_text(buf, "]}");
    }
    tend__buf_text(buf, "]}}}}");
}

static float naive_predict(const float *row)
{
    float sum = 0.5F;
    for (int t = 0; t < TREES; t++) {
        const struct naive_node *node = &naive[t][0];
        while (node->feature >= 0) {
            const float x = row[node->feature];
            const bool left = isnan(x) ? node->default_left : x < node->split;
            node = &naive[t][left ? node->left : node->right];
        }
        sum += node->split;
    }
    return sum;
}

static void every_number_of_rows_agrees_with_the_naive_walk(void **state)
{
    (void)state;
    static float x[140 * WIDE];
    static double out[140];
    struct tend__rng rng;
    struct tend__buf buf;
    struct tend_error err = {0};
    struct tend__forest *forest = NULL;
    tend__rng_init(&rng, 5);
    tend__buf_init(&buf, 1 << 20);
    for (int t = 0; t < TREES; t++) {
        make_naive_tree(&rng, naive[t]);
    }
    write_naive_model(&buf);
    assert_tend_ok(tend__forest_load(tend__buf_str(&buf), buf.len, &forest, &err), &err);
    for (size_t i = 0; i < 140 * WIDE; i++) {
        x[i] = tend__rng_below(&rng, 5) == 0 ? NAN : (float)tend__rng_normal(&rng);
    }
    for (size_t count = 1; count <= 140; count += count < 20 ? 1 : 17) {
        assert_tend_ok(tend__forest_predict(forest, x, count, WIDE, out, &err), &err);
        for (size_t i = 0; i < count; i++) {
            assert_near(out[i], (double)naive_predict(x + i * WIDE), 0);
        }
    }
    /* Rows this wide take memory, which may fail. */
    tend__mem_fail_at(1);
    assert_int_equal(tend__forest_predict(forest, x, 1, WIDE, out, &err), TEND_ENOMEM);
    tend__mem_fail_at(1);
    assert_int_equal(tend__forest_predict(forest, x, 20, WIDE, out, &err), TEND_ENOMEM);
    tend__mem_fail_at(0);
    tend__forest_free(forest);
    tend__buf_deinit(&buf);
}

static void a_predictor_carries_its_artefact(void **state)
{
    (void)state;
    const struct file_model m = good_model();
    const size_t len = write_model(&m);
    struct tend_error err = {0};
    struct tend__predictor predictor = {0};
    char hash[65];
    assert_tend_ok(tend__forest_predictor(text, len, &predictor, &err), &err);
    assert_int_equal(predictor.artefact_len, len);
    assert_memory_equal(predictor.artefact, text, len);
    tend__sha256_hex(text, len, hash);
    assert_string_equal(predictor.hash, hash);
    const float x[4] = {1, 0, 0, 2};
    double out[2];
    assert_tend_ok(predictor.predict(predictor.ctx, x, 2, 2, out, &err), &err);
    assert_near(out[0], (double)(0.1F + 3.0F), 0);
    assert_near(out[1], (double)(0.1F + 2.0F), 0);
    tend__predictor_deinit(&predictor);
    tend__predictor_deinit(&predictor);
}

/* true where no allocation failed. */
static bool load_with_a_failing_allocation(size_t len, uint64_t nth)
{
    struct tend__predictor predictor = {0};
    struct tend_error err = {0};
    tend__mem_fail_at(nth);
    const enum tend_code code = tend__forest_predictor(text, len, &predictor, &err);
    tend__mem_fail_at(0);
    tend__predictor_deinit(&predictor);
    assert_true(code == TEND_OK || code == TEND_ENOMEM);
    return code == TEND_OK;
}

static void every_failed_allocation_is_survived(void **state)
{
    (void)state;
    struct file_model m = good_model();
    m.booster = "\"name\":\"dart\",\"weight_drop\":[0.5]";
    const size_t len = write_model(&m);
    uint64_t nth = 1;
    while (!load_with_a_failing_allocation(len, nth)) {
        nth++;
    }
    assert_true(nth > 20);
}

static void dart_weighs_its_trees(void **state)
{
    (void)state;
    struct file_model m = good_model();
    m.booster = "\"name\":\"dart\",\"weight_drop\":[0.5]";
    struct tend__forest *forest = load(&m);
    assert_near(predict(forest, 1, 0), (double)(0.1F + 1.5F), 0);
    tend__forest_free(forest);
    m.booster = "\"name\":\"dart\",\"weight_drop\":[0.5,1]";
    assert_refused(&m, TEND_ECORRUPT, "weights");
    m.booster = "\"name\":\"dart\"";
    assert_refused(&m, TEND_ECORRUPT, "weights");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_hand_made_tree_walks_as_its_rules_say),
        cmocka_unit_test(base_score_is_read_in_every_form),
        cmocka_unit_test(what_is_not_served_is_named),
        cmocka_unit_test(a_tree_that_is_no_tree_is_corrupt),
        cmocka_unit_test(the_nan_of_xgboost_2_is_read_where_it_means_nothing),
        cmocka_unit_test(what_is_no_model_is_refused),
        cmocka_unit_test(rows_of_another_width_are_refused),
        cmocka_unit_test(every_number_of_rows_agrees_with_the_naive_walk),
        cmocka_unit_test(a_predictor_carries_its_artefact),
        cmocka_unit_test(every_failed_allocation_is_survived),
        cmocka_unit_test(dart_weighs_its_trees),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
