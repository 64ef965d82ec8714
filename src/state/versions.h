/* SPDX-License-Identifier: Apache-2.0 */
/*
 * versions.h: the trained versions of models with their lineage, in the ledger's file.
 *
 * Lineage is what is needed to make the version again and to know what it was judged on: the hash
 * of the data's manifest, of the configuration, the seed, the parents, the trained rows and their
 * range of time, the verdict. It is kept as one JSON document beside the columns that commands sort
 * and show.
 */
#ifndef TEND_STATE_VERSIONS_H
#define TEND_STATE_VERSIONS_H

#include "state/ledger.h"

#define TEND_VERSION_ARTEFACT_MAX (256u << 20)

struct tend__version {
    const char *model;
    const char *version; /* unique in its model */
    int64_t time_us;     /* when it was trained */
    uint64_t row_count;  /* rows it was trained on */
    int64_t from_us;     /* their range of time: [from_us, to_us) */
    int64_t to_us;
    uint64_t seed;
    const char *parent;       /* version that it follows; NULL = none */
    const char *data_hash;    /* SHA-256, hexadecimal; NULL = "" */
    const char *config_hash;  /* the same */
    const char *verdict;      /* "champion", "rejected", ...; NULL = "" */
    const char *lineage_json; /* NULL = "{}" */
    const void *artefact;     /* the model's bytes; NULL where they are elsewhere */
    size_t artefact_len;
    const char *artefact_path; /* where they are elsewhere; NULL = "" */
    const char *artefact_hash; /* filled in from the bytes where they are given */
};

/* Adds a version, or replaces the one of the same model and name. */
enum tend_code tend__versions_put(struct tend__ledger *ledger, const struct tend__version *version,
                                  struct tend_error *err) TEND_NODISCARD;

/* Changes only the verdict. TEND_ENOTFOUND with the nearest name. */
enum tend_code tend__versions_judge(struct tend__ledger *ledger, const char *model,
                                    const char *version, const char *verdict,
                                    struct tend_error *err) TEND_NODISCARD;

typedef enum tend_code (*tend__version_fn)(void *ctx, const struct tend__version *version,
                                           struct tend_error *err);

/* In order of training. `model` NULL = all. Artefact bytes are not read here (artefact is NULL,
 * artefact_len is told). */
enum tend_code tend__versions_each(struct tend__ledger *ledger, const char *model,
                                   tend__version_fn fn, void *ctx,
                                   struct tend_error *err) TEND_NODISCARD;

/* The model's bytes, checked against their hash (TEND_ECORRUPT). The caller frees *bytes with
 * tend__mem_free. */
enum tend_code tend__versions_artefact(struct tend__ledger *ledger, const char *model,
                                       const char *version, void **bytes, size_t *len,
                                       struct tend_error *err) TEND_NODISCARD;

#endif
