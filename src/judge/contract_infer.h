/* SPDX-License-Identifier: Apache-2.0 */
/*
 * contract_infer.h: a contract guessed from data, for a person to look at.
 *
 * A guessed condition must hold for the next data of the same kind, or nobody keeps it switched on:
 * bounds leave half of the range that was seen on either side, shares leave twice what was seen and
 * the three rows in n that an unseen thing may hide in ("rule of three", Hanley and Lippman-Hand,
 * JAMA 1983). A relation (an order of two columns, a dependency, a key of two columns) is taken
 * only where at least ten counterexamples were to be expected if it did not exist.
 *
 * docs/contracts.md says what is guessed and how often data of the same kind break it.
 */
#ifndef TEND_JUDGE_CONTRACT_INFER_H
#define TEND_JUDGE_CONTRACT_INFER_H

#include "judge/contract.h"
#include "profile/profile.h"

#define TEND_INFER_ORDER_MAX 24  /* numbers and times that are compared with each other */
#define TEND_INFER_DEPEND_MAX 16 /* columns that may depend on each other, or be parts of a key */
#define TEND_INFER_RULE_MAX 12   /* orders that are taken */

struct tend__infer;

/* Bounded: at most about 400 MiB for keys, most of which die in the first rows. */
enum tend_code tend__infer_new(struct tend__infer **out, struct tend_error *err) TEND_NODISCARD;
void tend__infer_free(struct tend__infer *infer); /* NULL is fine */

/* A tend__rows_fn whose ctx is the infer. All batches have the same fields. */
enum tend_code tend__infer_add(void *ctx, const struct tend__batch *batch,
                               struct tend_error *err) TEND_NODISCARD;

/* Whether no value of the column came twice and none was null, as far as the keys were watched. */
bool tend__infer_is_unique(const struct tend__infer *infer, const char *column);

/* The contract: `profile` is that of the same rows and has its columns in the order that the
 * contract gets. The caller deinits *out, also on failure. */
enum tend_code tend__infer_contract(const struct tend__infer *infer,
                                    const struct tend__profile *profile, struct tend__contract *out,
                                    struct tend_error *err) TEND_NODISCARD;

#endif
