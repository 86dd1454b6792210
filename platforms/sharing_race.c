/* The protocol of sharing.h by itself: threads that read, write, claim and take places at random.
 * ThreadSanitizer finds plain accesses that are not ordered; the checks find values that are torn. */
#include <pthread.h>
#include <stdio.h>

#include "sharing.h"

#ifndef Py_GIL_DISABLED
#error "these are the headers of a Python with a GIL"
#endif

enum { READERS = 3, WRITERS = 2, ROUNDS = 30000, NUMBERS = 100 };

static uint64_t short_readers, writing, readers, trained_by, taken;
static int numbers[NUMBERS];
static int in_the_place;
static int wrong;

static void check_alike(void) {
    int k;
    for (k = 1; k < NUMBERS; k++)
        if (numbers[k] != numbers[0]) __atomic_store_n(&wrong, 1, __ATOMIC_RELAXED);
}

static void *reader(void *unused) {
    int round;
    (void)unused;
    for (round = 0; round < ROUNDS; round++) {
        begin_short_read(&short_readers, &writing);
        check_alike();
        end_short_read(&short_readers);
        /* A long read, unless somebody trains. */
        add_shared(&readers, 1);
        if (!load_shared(&trained_by)) check_alike();
        add_shared(&readers, -1);
        if (swap_shared(&taken, 0, 1)) {
            if (in_the_place++) __atomic_store_n(&wrong, 2, __ATOMIC_RELAXED);
            in_the_place--;
            store_shared(&taken, 0);
        }
    }
    return NULL;
}

static void *writer(void *number) {
    int round, k;
    for (round = 0; round < ROUNDS; round++) {
        if (!swap_shared(&trained_by, 0, (uint64_t)(uintptr_t)number)) continue;
        while (load_shared(&readers)) give_way();
        begin_write(&short_readers, &writing);
        for (k = 0; k < NUMBERS; k++) numbers[k]++;
        end_write(&writing);
        swap_shared(&trained_by, (uint64_t)(uintptr_t)number, 0);
    }
    return NULL;
}

int main(void) {
    static int names[READERS + WRITERS];
    pthread_t threads[READERS + WRITERS];
    int k;
    for (k = 0; k < READERS + WRITERS; k++)
        pthread_create(&threads[k], NULL, k < READERS ? reader : writer, &names[k]);
    for (k = 0; k < READERS + WRITERS; k++) pthread_join(threads[k], NULL);
    printf("sharing.h: %d writes, %s\n", numbers[0], wrong ? "WRONG" : "each read whole");
    return wrong || numbers[0] == 0;
}
