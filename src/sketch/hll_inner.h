/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hll_inner.h: a HyperLogLog sketch as the files of this folder see it.
 *
 * Either coupons or registers: has_registers says which. Coupons are in an open-addressed table of
 * coupon_slots (0 = free), registers are bytes. kxq_low + kxq_high is the sum of 2^-register over
 * all registers, those below 32 and the others apart, so that both sums are exact.
 */
#ifndef TEND_SKETCH_HLL_INNER_H
#define TEND_SKETCH_HLL_INNER_H

#include "sketch/hll.h"

#define TEND_HLL_PLACE_BITS 26
#define TEND_HLL_PLACE_MASK ((UINT32_C(1) << TEND_HLL_PLACE_BITS) - 1U)
#define TEND_HLL_VALUE_MAX 63
#define TEND_HLL_LIST_MAX 7 /* coupons that are written as a list; more are a set */

struct tend__hll {
    uint32_t lg_k;
    enum tend__hll_type type;
    bool in_order; /* hip is the estimate */
    bool has_registers;
    uint32_t coupon_count;
    uint32_t coupon_max; /* one more and they are folded */
    uint32_t coupon_mask;
    uint32_t *coupons;
    uint8_t *registers;
    double hip;
    double kxq_low;
    double kxq_high;
};

static inline uint8_t tend__hll_value(uint32_t coupon)
{
    return (uint8_t)(coupon >> TEND_HLL_PLACE_BITS);
}

void tend__hll_add_coupon(struct tend__hll *hll, uint32_t coupon);

/* Makes the (empty) sketch one of registers. */
void tend__hll_begin_registers(struct tend__hll *hll);

/* Sets kxq_low and kxq_high from the registers. */
void tend__hll_measure(struct tend__hll *hll);

#endif
