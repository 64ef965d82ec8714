/* SPDX-License-Identifier: Apache-2.0 */
/* column.c: the names of the column types. */
#include "base/column.h"

const char *tend__type_text(enum tend_type type)
{
    switch (type) {
    case TEND_TYPE_NUMBER:
        return "number";
    case TEND_TYPE_BOOL:
        return "bool";
    case TEND_TYPE_TEXT:
        return "text";
    case TEND_TYPE_TIME:
        return "time";
    case TEND_TYPE_NULL:
        return "null";
    }
    return "unknown";
}
