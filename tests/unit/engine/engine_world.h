/* SPDX-License-Identifier: Apache-2.0 */
/*
 * engine_world.h: a small world for the engine's tests: seeded days of rows, and a trainer that is
 * a table.
 *
 * A row has an id, a time, a shop (one of eight, text), a size (a number) and a label whose chance
 * depends on the shop: after `change_day` the shops trade their chances. The trainer learns the
 * rate of each shop, which is the best model there is; it can be told to fail or to turn its tables
 * upside down.
 */
#ifndef TEND_TEST_ENGINE_WORLD_H
#define TEND_TEST_ENGINE_WORLD_H

#include "engine/engine.h"

#define WORLD_SHOPS 8
#define WORLD_FIELDS 5

struct world {
    uint64_t seed;
    int days;
    int rows_a_day;
    int change_day;     /* the shops trade their chances from here on; above days: never */
    int break_from_day; /* sizes come 2.54 times as large in [from, to) */
    int break_to_day;
    bool shuffled;     /* the rows of a day in another order (their times are all the same) */
    bool duplicated;   /* every tenth row comes twice */
    int bad_from_call; /* the trainer's models are upside down in calls [from, to) */
    int bad_to_call;
    int fail_call; /* the trainer fails in this call; 0: never */
    int calls;
};

struct world_run {
    struct tend__engine *engine;
    char *json;
    size_t event_count[32];
};

/* The configuration with one policy of the owner's and `never`. */
struct tend__engine_config world_config(enum tend__retrain_when when, enum tend__promote_by by);

/* Plays the world to its end. */
enum tend_code world_play(struct world *world, const struct tend__engine_config *config,
                          struct world_run *run, struct tend_error *err);
void world_end(struct world_run *run);

#endif
