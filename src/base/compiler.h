/* SPDX-License-Identifier: Apache-2.0 */
/* compiler.h: the attributes that the code uses, under one name for gcc and clang. */
#ifndef TEND_BASE_COMPILER_H
#define TEND_BASE_COMPILER_H

#define TEND_NODISCARD __attribute__((warn_unused_result))
#define TEND_PRINTF(format_idx, first_idx) __attribute__((format(printf, format_idx, first_idx)))
#define TEND_COLD __attribute__((cold))
#define TEND_NORETURN __attribute__((noreturn))
#define TEND_UNUSED __attribute__((unused))
#define TEND_FALLTHROUGH __attribute__((fallthrough))

#define TEND_ARRAY_LEN(array) (sizeof(array) / sizeof((array)[0]))

#endif
