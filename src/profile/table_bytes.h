/* SPDX-License-Identifier: Apache-2.0 */
/*
 * table_bytes.h: a small Arrow table as bytes and back, for where there is no Parquet.
 *
 * For tables of results, as profiles: columns of the formats that arrow_out.h writes.
 * Little-endian:
 *
 *   at   bytes
 *   0    8    magic "TENDTBL" and a zero
 *   8    4    version, 1
 *   12   4    columns
 *   16   8    rows
 *   24   ...  each column: its name and its Arrow format, each as 4 bytes of length and the bytes,
 *             and 1 byte, 1 where it is a list of that format; then its values, row by row
 *   end  8    tend__hash64 of all before, with seed 0
 *
 * A value is 1 byte, 0 for null, else 1 and the value: "b" 1 byte; "l" and "tsu:" 8 bytes; "g" the
 * 8 bytes of the double; "u" and "z" 4 bytes of length and the bytes. A list is 4 bytes of count
 * and the values, none of which is null, without the first byte.
 *
 * The same table gives the same bytes. Reading is total: TEND_ECORRUPT for bytes that are cut,
 * changed, or followed by others, or of a newer version.
 */
#ifndef TEND_PROFILE_TABLE_BYTES_H
#define TEND_PROFILE_TABLE_BYTES_H

#include "base/buf.h"
#include "base/fail.h"
#include "tend/arrow.h"

#define TEND_TABLE_BYTES_MAX ((size_t)1 << 30)

/* Appends to `out`. TEND_ETYPE names a column of another format, TEND_ELIMIT. */
enum tend_code tend__table_to_bytes(const struct tend_arrow_schema *schema,
                                    const struct tend_arrow_array *array, struct tend__buf *out,
                                    struct tend_error *err) TEND_NODISCARD;

/* The caller releases both. */
enum tend_code tend__table_from_bytes(const void *bytes, size_t len,
                                      struct tend_arrow_schema *schema,
                                      struct tend_arrow_array *array,
                                      struct tend_error *err) TEND_NODISCARD;

#endif
