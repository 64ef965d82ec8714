/* SPDX-License-Identifier: Apache-2.0 */
/*
 * export.h: the attributes of a public function.
 *
 * TEND_API makes a symbol visible in libtend.so; everything else in it is hidden. TEND_CHECKED
 * warns where a caller drops the code that a function returns.
 */
#ifndef TEND_EXPORT_H
#define TEND_EXPORT_H

#if defined(__GNUC__)
#    define TEND_API __attribute__((visibility("default")))
#    define TEND_CHECKED __attribute__((warn_unused_result))
#else
#    define TEND_API
#    define TEND_CHECKED
#endif

#endif
