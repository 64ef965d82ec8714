/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lake_error.c: makes one sentence of what DuckDB says at length.
 *
 * DuckDB's texts have many lines: what happened, the SQL, settings of the reader, advice about
 * them. A user of tend did not write that SQL and cannot change those settings. What matters is
 * kept: the file, the line, the column, the value.
 */
#include "lake/lake_private.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PART_SIZE 256

/* One line, whatever was quoted: control characters become spaces. */
static void keep_one_line(char *text)
{
    for (char *c = text; *c != '\0'; c++) {
        *c = (unsigned char)*c < ' ' ? ' ' : *c;
    }
}

/* What stands between `before` and `after` in text; empty where it is not there. */
static bool find_part(const char *text, const char *before, const char *after, char part[PART_SIZE])
{
    part[0] = '\0';
    const char *start = strstr(text, before);
    if (start == NULL) {
        return false;
    }
    start += strlen(before);
    const char *end = strstr(start, after);
    size_t len = end != NULL ? (size_t)(end - start) : strlen(start);
    if (len >= PART_SIZE) {
        len = PART_SIZE - 1;
    }
    memcpy(part, start, len);
    part[len] = '\0';
    keep_one_line(part);
    return len > 0;
}

static const char *type_words(const char *duckdb_type_name)
{
    if (strcmp(duckdb_type_name, "BOOLEAN") == 0) {
        return "true or false";
    }
    if (strncmp(duckdb_type_name, "DATE", 4) == 0 || strncmp(duckdb_type_name, "TIME", 4) == 0) {
        return "a time";
    }
    return "a number";
}

static const char *shown_file(const struct lake_source *source, const char *file)
{
    if (source != NULL && (source->is_stdin || file[0] == '\0')) {
        return source->shown;
    }
    return file[0] != '\0' ? file : "the data";
}

static int to_line(const char *digits)
{
    const long line = strtol(digits, NULL, 10);
    return line > 0 && line < INT32_MAX ? (int)line : 0;
}

static enum tend_code fail_csv(const char *text, const char *shown, int line,
                               struct tend_error *err)
{
    char a[PART_SIZE];
    char b[PART_SIZE];
    char c[PART_SIZE];
    if (find_part(text, "converting column \"", "\"", a) &&
        find_part(text, "convert string \"", "\" to", b) && find_part(text, "\" to '", "'", c)) {
        return TEND_FAIL_AT(err, ECORRUPT, line, 0,
                            "'%s' line %d: '%s' in column '%s' is not %s, as the values before are",
                            shown, line, b, a, type_words(c));
    }
    if (find_part(text, "Expected Number of Columns: ", " ", a) &&
        find_part(text, "Found: ", "\n", b)) {
        const long wanted = strtol(a, NULL, 10);
        const long found = strtol(b, NULL, 10);
        if (found > wanted) {
            return TEND_FAIL_AT(err, ECORRUPT, line, 0,
                                "'%s' line %d has more values than the header's %ld columns", shown,
                                line, wanted);
        }
        return TEND_FAIL_AT(err, ECORRUPT, line, 0,
                            "'%s' line %d has %ld value%s where the header names %ld columns",
                            shown, line, found, found == 1 ? "" : "s", wanted);
    }
    if (strstr(text, "not utf-8") != NULL || strstr(text, "Invalid unicode") != NULL) {
        return TEND_FAIL_AT(
            err, ECORRUPT, line, 0,
            "'%s' line %d is not UTF-8 text; convert it first, such as iconv -f LATIN1 -t UTF-8",
            shown, line);
    }
    if (strstr(text, "quote") != NULL) {
        return TEND_FAIL_AT(err, ECORRUPT, line, 0,
                            "'%s' line %d has a quoted value that does not end", shown, line);
    }
    if (strstr(text, "Maximum line size") != NULL) {
        return TEND_FAIL_AT(err, ECORRUPT, line, 0, "'%s' line %d is longer than 2 MB", shown,
                            line);
    }
    return TEND_FAIL_AT(err, ECORRUPT, line, 0, "'%s' line %d is not a line of CSV", shown, line);
}

/* Where in a JSON file: "line 3", or "value 3" of an array. DuckDB counts one too many where it
 * cannot parse. */
static int find_json_place(const char *text, bool is_malformed, char place[PART_SIZE])
{
    char digits[PART_SIZE];
    const bool is_line = find_part(text, " in line ", ":", digits);
    if (!is_line && !find_part(text, "record/value ", ":", digits)) {
        (void)snprintf(place, PART_SIZE, "somewhere");
        return 0;
    }
    const int counted = to_line(digits);
    const int number = is_malformed && counted > 0 ? counted - 1 : counted;
    (void)snprintf(place, PART_SIZE, "%s %d", is_line ? "line" : "value", number);
    return is_line ? number : 0;
}

static enum tend_code fail_json(const char *text, const struct lake_source *source,
                                struct tend_error *err)
{
    char file[PART_SIZE];
    char place[PART_SIZE];
    char why[PART_SIZE];
    const bool is_malformed = strstr(text, "Malformed JSON") != NULL;
    const int line = find_json_place(text, is_malformed, place);
    (void)find_part(text, "in file \"", "\"", file);
    const char *shown = shown_file(source, file);
    if (is_malformed) {
        const bool has_why = find_part(text, ": unexpected ", ".", why);
        return TEND_FAIL_AT(err, ECORRUPT, line, 0, "'%s' %s is not JSON%s%s", shown, place,
                            has_why ? ": unexpected " : "", why);
    }
    if (find_part(text, "value to numerical: \"", "\"", why)) {
        return TEND_FAIL_AT(err, ECORRUPT, line, 0,
                            "'%s' %s: '%s' is not a number, as the values before are", shown, place,
                            why);
    }
    if (!find_part(text, place, "\n", why)) {
        (void)snprintf(why, sizeof(why), ": the values are not like those before");
    }
    return TEND_FAIL_AT(err, ECORRUPT, line, 0, "'%s' %s%s", shown, place, why);
}

/* The first line, without "Some Error: " before it. */
static void first_words(const char *text, char out[PART_SIZE])
{
    const char *start = text;
    const char *colon = strstr(text, "Error: ");
    if (colon != NULL && colon - text < 32) {
        start = colon + strlen("Error: ");
    }
    start += strspn(start, " \n\t");
    const size_t len = strcspn(start, "\n");
    (void)snprintf(out, PART_SIZE, "%.*s",
                   len > 0 ? (int)(len < PART_SIZE ? len : PART_SIZE - 1) : PART_SIZE - 1,
                   len > 0 ? start : "it does not say why");
    keep_one_line(out);
}

enum tend_code tend__lake_fail(const char *text, const struct lake_source *source,
                               struct tend_error *err)
{
    char part[PART_SIZE];
    char file[PART_SIZE];
    if (text == NULL) {
        return TEND_FAIL(err, EINTERNAL, "DuckDB failed and did not say why");
    }
    const char *shown = source != NULL ? source->shown : NULL;
    if (find_part(text, "CSV Error on Line: ", "\n", part)) {
        (void)find_part(text, "  file = ", "\n", file);
        return fail_csv(text, shown_file(source, file), to_line(part), err);
    }
    if (strstr(text, "JSON in file") != NULL || strstr(text, "JSON transform error") != NULL) {
        return fail_json(text, source, err);
    }
    if (strncmp(text, "Out of Memory", 13) == 0) {
        return TEND_FAIL(err, ENOMEM, "%s%s%s does not fit into the memory that tend was given",
                         shown != NULL ? "'" : "", shown != NULL ? shown : "the work",
                         shown != NULL ? "'" : "");
    }
    if (strstr(text, "Permission denied") != NULL) {
        return TEND_FAIL(err, EIO, "cannot read '%s': permission denied",
                         shown != NULL ? shown : "a file");
    }
    if (strstr(text, "No space left") != NULL) {
        return TEND_FAIL(err, EIO, "the disk is full");
    }
    if (source != NULL && strncmp(text, "Conversion Error", 16) == 0) {
        if (strstr(text, "timestamp") != NULL && find_part(text, "\"", "\"", part)) {
            return TEND_FAIL(err, ECORRUPT, "'%s' in '%s' is not a time", part, shown);
        }
        if (strstr(text, "DOUBLE") != NULL && find_part(text, "string '", "'", part)) {
            return TEND_FAIL(err, ECORRUPT,
                             "'%s' in '%s' is not a number, as the values before are", part, shown);
        }
    }
    if (source != NULL && (strstr(text, "GZIP") != NULL || strstr(text, "gzip") != NULL ||
                           strstr(text, "ZSTD") != NULL)) {
        return TEND_FAIL(err, ECORRUPT,
                         "the compressed bytes of '%s' are damaged; it may be truncated", shown);
    }
    if (source != NULL && strstr(text, "Error when sniffing file") != NULL) {
        return TEND_FAIL(err, ECORRUPT, "'%s' is not lines of CSV under its header", shown);
    }
    first_words(text, part);
    if (strncmp(text, "IO Error", 8) == 0) {
        return TEND_FAIL(err, EIO, "%s", part);
    }
    if (source != NULL) {
        return TEND_FAIL(err, ECORRUPT, "cannot read '%s': %s", shown, part);
    }
    return TEND_FAIL(err, EINTERNAL, "DuckDB: %s", part);
}
