/* SPDX-License-Identifier: Apache-2.0 */
/*
 * key_set.h: which keys have come, exactly while they are few, and an even share of them by hash
 * when they are many.
 *
 * Keys are those of profile/row_key.h: 24 bytes a slot, at most three quarters full.
 *
 * When the set is full it drops every key whose hash has a one in the next of its low bits, and
 * takes no such key again: what is left is a sample of the keys by hash, which depends on the keys
 * and not on their order (Gibbons, "Distinct Sampling", VLDB 2001). A repeat found in the sample is
 * a fact; counts are then scaled by 2^level and are estimates.
 */
#ifndef TEND_JUDGE_KEY_SET_H
#define TEND_JUDGE_KEY_SET_H

#include "profile/row_key.h"

#define TEND_KEY_LEVELS 64

struct tend__key_slot {
    struct tend__key key; /* both 0: empty */
    uint64_t tag;         /* what the caller put beside it */
};

struct tend__key_set {
    struct tend__key_slot *slots;
    size_t cap; /* 0 or a power of two */
    size_t cap_max;
    size_t count;
    unsigned level;                    /* keys whose hash has this many low zero bits are kept */
    uint64_t repeats[TEND_KEY_LEVELS]; /* repeats of keys with exactly so many low zero bits */
};

/* At most bytes_max of slots (at least 1,024 slots). No memory is taken yet. */
void tend__key_set_init(struct tend__key_set *set, size_t bytes_max);
void tend__key_set_deinit(struct tend__key_set *set);

enum tend__key_state {
    TEND_KEY_NEW,
    TEND_KEY_REPEATED,
    TEND_KEY_UNWATCHED, /* not in the sample */
};

/* Puts a key with its tag. Of a repeat the tag stays the first one's, and *tag is it. */
enum tend_code tend__key_set_put(struct tend__key_set *set, const struct tend__key *key,
                                 uint64_t *tag, enum tend__key_state *state,
                                 struct tend_error *err) TEND_NODISCARD;

/* TEND_KEY_NEW means that it is not there. */
enum tend__key_state tend__key_set_find(const struct tend__key_set *set,
                                        const struct tend__key *key);

/* Estimates where level > 0, else exact. */
double tend__key_set_distinct(const struct tend__key_set *set);
double tend__key_set_repeated(const struct tend__key_set *set);

#endif
