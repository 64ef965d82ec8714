/* SPDX-License-Identifier: Apache-2.0 */
/* json_test.c: JSON text and UBJSON bytes as trees: values, shapes, limits, hostile bytes. */
#include "unit.h"

#include "json_walk.h"

#include "base/buf.h"
#include "base/mem.h"
#include "json/json_read.h"

#include <math.h>
#include <string.h>

#define NODE const struct tend__json_node *

static struct tend__json *parse(const char *text)
{
    struct tend_error err = {0};
    struct tend__json *json = NULL;
    assert_tend_ok(tend__json_parse(text, strlen(text), &json, &err), &err);
    return json;
}

/* Bytes of a literal without its closing zero. */
#define UBJSON(literal) parse_ubjson(literal, sizeof(literal) - 1)

static struct tend__json *parse_ubjson(const char *bytes, size_t len)
{
    struct tend_error err = {0};
    struct tend__json *json = NULL;
    assert_tend_ok(tend__ubjson_parse(bytes, len, &json, &err), &err);
    return json;
}

static void assert_bad_ubjson(const char *bytes, size_t len, enum tend_code code)
{
    struct tend_error err = {0};
    struct tend__json *json = NULL;
    assert_int_equal(tend__ubjson_parse(bytes, len, &json, &err), code);
    assert_null(json);
}

#define BAD_UBJSON(literal) assert_bad_ubjson(literal, sizeof(literal) - 1, TEND_ECORRUPT)

static double number_of(NODE node)
{
    double number = (double)NAN;
    assert_true(tend__json_number(node, &number));
    return number;
}

static void every_kind_of_json_value_is_read(void **state)
{
    (void)state;
    struct tend__json *json =
        parse(" {\"a\":1, \"b\":{\"c\":null,\"d\":true,\"e\":false},"
              "\"f\":\"\\u00e9\\u0000x\",\"g\":2.5,\"h\":[],\"i\":[\"j\",1]}");
    NODE root = tend__json_root(json);
    int64_t integer = 0;
    bool yes = false;
    assert_int_equal(root->kind, TEND_JSON_OBJECT);
    assert_int_equal(root->count, 6);
    assert_true(tend__json_integer(tend__json_member(root, "a"), &integer));
    assert_int_equal(integer, 1);
    NODE b = tend__json_member(root, "b");
    assert_int_equal(tend__json_member(b, "c")->kind, TEND_JSON_NULL);
    assert_true(tend__json_bool(tend__json_member(b, "d"), &yes) && yes);
    assert_true(tend__json_bool(tend__json_member(b, "e"), &yes) && !yes);
    NODE f = tend__json_member(root, "f");
    assert_int_equal(f->count, 4);
    assert_memory_equal(f->text, "\xc3\xa9\0x", 5);
    assert_near(number_of(tend__json_member(root, "g")), 2.5, 0);
    assert_false(tend__json_integer(tend__json_member(root, "g"), &integer));
    NODE i = tend__json_first(tend__json_member(root, "i"));
    assert_string_equal(tend__json_text(i), "j");
    assert_near(number_of(i->next), 1, 0);
    assert_null(i->next->next);
    assert_int_equal(json_walk(json), 12);
    tend__json_free(json);
}

static void what_is_not_there_is_null_and_false(void **state)
{
    (void)state;
    struct tend__json *json = parse("{\"a\":{\"b\":1}}");
    NODE root = tend__json_root(json);
    double number = 7;
    int64_t integer = 7;
    size_t count = 7;
    bool yes = true;
    NODE nothing = tend__json_member(tend__json_member(tend__json_member(root, "x"), "y"), "z");
    assert_null(nothing);
    assert_null(tend__json_first(nothing));
    assert_null(tend__json_text(nothing));
    assert_null(tend__json_member(tend__json_member(tend__json_member(root, "a"), "b"), "c"));
    assert_false(tend__json_number(nothing, &number));
    assert_false(tend__json_integer(nothing, &integer));
    assert_false(tend__json_bool(nothing, &yes));
    assert_false(tend__json_numbers_count(nothing, &count));
    assert_false(tend__json_numbers_count(root, &count));
    assert_true(number > 6.5 && integer == 7 && yes && count == 7);
    tend__json_free(json);
}

static void arrays_of_numbers_are_packed(void **state)
{
    (void)state;
    struct tend__json *json =
        parse("[[1,-2,9007199254740993],[1,2.5],[1,\"x\"],[18446744073709551615]]");
    NODE first = tend__json_first(tend__json_root(json));
    int64_t integers[3];
    float floats[3];
    size_t count = 0;
    assert_int_equal(first->kind, TEND_JSON_PACKED);
    assert_true(tend__json_numbers_count(first, &count));
    assert_int_equal(count, 3);
    assert_true(tend__json_integers(first, integers));
    assert_int_equal(integers[2], 9007199254740993);
    assert_int_equal(first->next->pack, TEND_JSON_F64);
    assert_false(tend__json_integers(first->next, integers));
    tend__json_floats(first->next, floats);
    assert_near((double)floats[1], 2.5, 0);
    assert_int_equal(first->next->next->kind, TEND_JSON_ARRAY);
    assert_near(tend__json_number_at(first->next->next->next, 0), 18446744073709551615.0, 0);
    tend__json_free(json);
}

static void what_is_not_json_is_refused_with_a_reason(void **state)
{
    (void)state;
    static const char *const bad[] = {"",        " ",         "{",           "[1,2",  "{\"a\":1,}",
                                      "{'a':1}", "nul",       "01",          "[1] x", "\"\xff\"",
                                      "NaN",     "{\"a\" 1}", "\"\\ud800\"", "1e999"};
    for (size_t i = 0; i < TEND_ARRAY_LEN(bad); i++) {
        struct tend_error err = {0};
        struct tend__json *json = NULL;
        if (tend__json_parse(bad[i], strlen(bad[i]), &json, &err) != TEND_ECORRUPT) {
            fail_msg("'%s' gave code %d", bad[i], (int)err.code);
        }
        assert_null(json);
        assert_memory_equal(err.text, "not JSON: ", 10);
    }
}

static void depth_is_bounded_in_both_forms(void **state)
{
    (void)state;
    char text[401];
    struct tend__json *json = NULL;
    memset(text, '[', 200);
    memset(text + 200, ']', 200);
    assert_int_equal(tend__json_parse(text, 400, &json, NULL), TEND_ELIMIT);
    assert_bad_ubjson(text, 400, TEND_ELIMIT);
    assert_int_equal(tend__json_parse(text + 150, 100, &json, NULL), TEND_OK);
    tend__json_free(json);
    json = parse_ubjson(text + 136, 128);
    assert_int_equal(json_walk(json), 64);
    tend__json_free(json);
    assert_int_equal(tend__json_parse(text, TEND_JSON_READ_LEN_MAX + 1, &json, NULL), TEND_ELIMIT);
    assert_bad_ubjson(text, TEND_JSON_READ_LEN_MAX + 1, TEND_ELIMIT);
}

static void every_kind_of_ubjson_value_is_read(void **state)
{
    (void)state;
    struct tend__json *json =
        UBJSON("{i\001aZU\001bTI\000\001cFl\000\000\000\001dCx"
               "L\000\000\000\000\000\000\000\001eSi\003xyz"
               "i\001fi\377i\001gU\377i\001hI\377\376"
               "i\001il\200\000\000\000i\001jL\377\377\377\377\377\377\377\373"
               "i\001kd\077\300\000\000i\001lD\300\002\000\000\000\000\000\000}");
    NODE root = tend__json_root(json);
    assert_int_equal(root->count, 12);
    assert_int_equal(tend__json_member(root, "a")->kind, TEND_JSON_NULL);
    assert_true(tend__json_member(root, "b")->yes);
    assert_false(tend__json_member(root, "c")->yes);
    assert_string_equal(tend__json_text(tend__json_member(root, "d")), "x");
    assert_string_equal(tend__json_text(tend__json_member(root, "e")), "xyz");
    static const double numbers[] = {-1, 255, -2, -2147483648.0, -5, 1.5, -2.25};
    for (size_t i = 0; i < TEND_ARRAY_LEN(numbers); i++) {
        const char key[2] = {(char)('f' + i), 0};
        assert_near(number_of(tend__json_member(root, key)), numbers[i], 0);
    }
    tend__json_free(json);
}

static void typed_arrays_stay_packed_in_their_type(void **state)
{
    (void)state;
    struct tend__json *json = UBJSON("[[$i#i\002\001\377[$U#i\002\001\377[$I#i\002\000\001\377\377"
                                     "[$l#i\002\000\000\000\001\377\377\377\377"
                                     "[$L#i\001\377\377\377\377\377\377\377\377"
                                     "[$d#i\002\077\200\000\000\277\200\000\000"
                                     "[$D#i\001\277\360\000\000\000\000\000\000[$d#i\000]");
    static const double last[] = {-1, 255, -1, -1, -1, -1, -1};
    NODE node = tend__json_first(tend__json_root(json));
    for (size_t i = 0; i < TEND_ARRAY_LEN(last); i++, node = node->next) {
        float floats[2];
        int64_t integers[2];
        assert_int_equal(node->kind, TEND_JSON_PACKED);
        assert_int_equal(node->pack, TEND_JSON_I8 + (int)i);
        assert_near(tend__json_number_at(node, node->count - 1), last[i], 0);
        tend__json_floats(node, floats);
        assert_near((double)floats[node->count - 1], last[i], 0);
        assert_true(tend__json_integers(node, integers));
        assert_near((double)integers[node->count - 1], last[i], 0);
    }
    assert_int_equal(node->count, 0);
    tend__json_free(json);
}

static void counted_and_open_containers_mean_the_same(void **state)
{
    (void)state;
    struct tend__json *json =
        UBJSON("[#i\004{#i\001i\001ai\007{Ni\001ai\007N}[N[#i\000]N[i\001d\077\200\000\000]");
    BAD_UBJSON("[#i\001{i\001aN}");
    NODE node = tend__json_first(tend__json_root(json));
    assert_near(number_of(tend__json_member(node, "a")), 7, 0);
    assert_int_equal(node->next->count, 1);
    tend__json_free(json);
}

static void hostile_ubjson_is_corrupt(void **state)
{
    (void)state;
    BAD_UBJSON("");
    BAD_UBJSON("x");
    BAD_UBJSON("Zx");
    BAD_UBJSON("[");
    BAD_UBJSON("{");
    BAD_UBJSON("[}");
    BAD_UBJSON("{i");
    BAD_UBJSON("{i\001a");
    BAD_UBJSON("{i\005aZ}");
    BAD_UBJSON("{d\077\200\000\000}");
    BAD_UBJSON("Si\377");
    BAD_UBJSON("SL\177\377\377\377\377\377\377\377");
    BAD_UBJSON("[$L#L\177\377\377\377\377\377\377\377");
    BAD_UBJSON("[$L#L\040\000\000\000\000\000\000\001");
    BAD_UBJSON("[$Z#i\005");
    BAD_UBJSON("[$ii");
    BAD_UBJSON("[$");
    BAD_UBJSON("[#");
    BAD_UBJSON("[#i\002i\001");
    BAD_UBJSON("{$i#i\001i\001a\001");
    BAD_UBJSON("H");
    BAD_UBJSON("D\000\000");
    BAD_UBJSON("C");
    struct tend_error err = {0};
    struct tend__json *json = NULL;
    assert_int_equal(tend__ubjson_parse("[i\001x", 4, &json, &err), TEND_ECORRUPT);
    assert_int_equal(err.column, 4);
    assert_string_equal(err.text, "not UBJSON: an unknown marker at byte 3");
}

static void a_large_document_spans_many_chunks(void **state)
{
    (void)state;
    struct tend__buf buf;
    struct tend_error err = {0};
    struct tend__json *json = NULL;
    tend__buf_init(&buf, (size_t)64 << 20);
    tend__buf_char(&buf, '[');
    for (int i = 0; i < 50000; i++) {
        tend__buf_printf(&buf, "%s{\"key number %d\":\"text %d\",\"n\":[%d,1]}", i > 0 ? "," : "",
                         i, i, i);
    }
    tend__buf_char(&buf, ']');
    assert_tend_ok(tend__json_parse(tend__buf_str(&buf), buf.len, &json, &err), &err);
    assert_int_equal(json_walk(json), 1 + 50000 * 3);
    int i = 0;
    for (NODE n = tend__json_first(tend__json_root(json)); n != NULL; n = n->next, i++) {
        char text[32];
        (void)snprintf(text, sizeof(text), "text %d", i);
        assert_string_equal(tend__json_text(n->first), text);
        assert_near(tend__json_number_at(n->first->next, 0), i, 0);
    }
    assert_int_equal(i, 50000);
    tend__json_free(json);
    tend__buf_deinit(&buf);
}

/* JSON where the text is JSON, else UBJSON; true where no allocation failed. */
static bool parse_with_a_failing_allocation(const char *bytes, size_t len, uint64_t nth)
{
    struct tend__json *json = NULL;
    struct tend_error err = {0};
    tend__mem_fail_at(nth);
    const enum tend_code code = bytes[1] == '"' ? tend__json_parse(bytes, len, &json, &err)
                                                : tend__ubjson_parse(bytes, len, &json, &err);
    tend__mem_fail_at(0);
    tend__json_free(json);
    assert_true(code == TEND_OK || code == TEND_ENOMEM);
    return code == TEND_OK;
}

static void every_failed_allocation_is_survived(void **state)
{
    (void)state;
    static char text[200000];
    (void)snprintf(text, sizeof(text), "{\"a\":[1,2],\"b\":[{\"c\":\"%060000d\"}],\"d\":[1.5]}", 1);
    uint64_t nth = 1;
    while (!parse_with_a_failing_allocation(text, strlen(text), nth)) {
        nth++;
    }
    assert_true(nth > 3);
    static char bytes[] = "{i\001a[i\001i\002]i\001b[$d#I\013\270";
    static char many[sizeof(bytes) + 4 * 3000 + 1];
    memcpy(many, bytes, sizeof(bytes) - 1);
    many[sizeof(bytes) - 1 + 12000] = '}';
    nth = 1;
    while (!parse_with_a_failing_allocation(many, sizeof(bytes) + 12000, nth)) {
        nth++;
    }
    assert_true(nth > 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_kind_of_json_value_is_read),
        cmocka_unit_test(what_is_not_there_is_null_and_false),
        cmocka_unit_test(arrays_of_numbers_are_packed),
        cmocka_unit_test(what_is_not_json_is_refused_with_a_reason),
        cmocka_unit_test(depth_is_bounded_in_both_forms),
        cmocka_unit_test(every_kind_of_ubjson_value_is_read),
        cmocka_unit_test(typed_arrays_stay_packed_in_their_type),
        cmocka_unit_test(counted_and_open_containers_mean_the_same),
        cmocka_unit_test(hostile_ubjson_is_corrupt),
        cmocka_unit_test(a_large_document_spans_many_chunks),
        cmocka_unit_test(every_failed_allocation_is_survived),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
