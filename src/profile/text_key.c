/* SPDX-License-Identifier: Apache-2.0 */
/* text_key.c: builds the table of a fixed list of texts. */
#include "profile/text_key.h"

#include "base/mem.h"

enum tend_code tend__text_map_init(struct tend__text_map *map, const struct tend__text *texts,
                                   size_t count, struct tend_error *err)
{
    size_t slot_count = 8;
    /* With few texts the first slot should nearly always be the right one; the cache sees no more
     * than one line a text. */
    const size_t room = count <= 512 ? 16 : 4;
    while (slot_count < room * count) {
        slot_count *= 2;
    }
    struct tend__text_slot *slots = NULL;
    TEND_TRY(tend__mem_new(slot_count, sizeof(*slots), &slots, err));
    const struct tend__text_map built = {.slots = slots, .mask = slot_count - 1, .texts = texts};
    for (size_t i = 0; i < count; i++) {
        const char *bytes = texts[i].ptr;
        const size_t len = texts[i].len;
        if (tend__text_map_find(&built, bytes, len) != TEND_TEXT_NONE) {
            tend__mem_free(slots);
            return TEND_FAIL(err, ECORRUPT, "the category '%.*s' is listed twice",
                             (int)(len < 100 ? len : 100), bytes);
        }
        const uint64_t prefix = tend__text_prefix(bytes, len);
        size_t at = (size_t)tend__text_hash(bytes, len, prefix) & built.mask;
        while (slots[at].number != 0) {
            at = (at + 1) & built.mask;
        }
        slots[at].prefix = prefix;
        slots[at].len = (uint32_t)len;
        slots[at].number = (uint32_t)(i + 1);
    }
    *map = built;
    return TEND_OK;
}

void tend__text_map_deinit(struct tend__text_map *map)
{
    tend__mem_free(map->slots);
    *map = (struct tend__text_map){0};
}
