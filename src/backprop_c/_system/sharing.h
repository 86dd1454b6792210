/* Words through which threads that share a network agree. With a GIL, every caller holds it. Each
 * function is then a plain access, or does nothing. */
#ifndef BACKPROP_C_SHARING_H
#define BACKPROP_C_SHARING_H

#include <Python.h>

#include "platform.h"

#ifdef Py_GIL_DISABLED
static inline uint64_t load_shared(const uint64_t *word) { return load_word(word); }
static inline void store_shared(uint64_t *word, uint64_t value) { store_word(word, value); }
static inline uint64_t add_shared(uint64_t *word, int64_t change) {
    return add_to_word(word, (uint64_t)change);
}
static inline int swap_shared(uint64_t *word, uint64_t expected, uint64_t value) {
    return swap_word(word, expected, value);
}

/* Short reads of the parameters, and the writes that exclude them. A reader that meets a writer
 * steps back until it is through. A writer waits for the readers that are there. */
static inline void begin_short_read(uint64_t *readers, const uint64_t *writing) {
    add_to_word(readers, 1);
    while (load_word(writing)) {
        add_to_word(readers, (uint64_t)-1);
        while (load_word(writing)) give_way();
        add_to_word(readers, 1);
    }
}
static inline void end_short_read(uint64_t *readers) { add_to_word(readers, (uint64_t)-1); }
static inline void begin_write(const uint64_t *readers, uint64_t *writing) {
    store_word(writing, 1);
    while (load_word(readers)) give_way();
}
static inline void end_write(uint64_t *writing) { store_word(writing, 0); }
#else
static inline uint64_t load_shared(const uint64_t *word) { return *word; }
static inline void store_shared(uint64_t *word, uint64_t value) { *word = value; }
static inline uint64_t add_shared(uint64_t *word, int64_t change) { return *word += (uint64_t)change; }
static inline int swap_shared(uint64_t *word, uint64_t expected, uint64_t value) {
    int same = *word == expected;
    if (same) *word = value;
    return same;
}
#define begin_short_read(readers, writing) ((void)0)
#define end_short_read(readers) ((void)0)
#define begin_write(readers, writing) ((void)0)
#define end_write(writing) ((void)0)
#endif

#endif
