/* What the operating system and the processor offer, behind one name each. */
#ifndef BACKPROP_C_PLATFORM_H
#define BACKPROP_C_PLATFORM_H

#include <stdint.h>
#include <stdlib.h>

#if defined(_WIN32)
#include <malloc.h>
#include <windows.h>
static inline double monotonic_seconds(void) {
    LARGE_INTEGER count, frequency;
    QueryPerformanceCounter(&count);
    QueryPerformanceFrequency(&frequency);
    return (double)count.QuadPart / (double)frequency.QuadPart;
}
static inline void *allocate(size_t bytes) { return _aligned_malloc(bytes ? bytes : 1, 64); }
static inline void release(void *memory) { _aligned_free(memory); }
static inline void pause_briefly(void) { Sleep(1); }
static inline void give_way(void) { SwitchToThread(); }
static inline long process_number(void) { return (long)GetCurrentProcessId(); }
#else
#include <sched.h>
#include <time.h>
#include <unistd.h>
static inline void give_way(void) { sched_yield(); }
#if defined(__wasm__)
static inline long process_number(void) { return 0; } /* WebAssembly has one process, and no fork. */
#else
static inline long process_number(void) { return (long)getpid(); }
#endif
static inline double monotonic_seconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}
/* Memory on a boundary of 64 bytes: a cache line, and the widest vector. */
static inline void *allocate(size_t bytes) {
    void *memory = NULL;
    return posix_memalign(&memory, 64, bytes ? bytes : 1) == 0 ? memory : NULL;
}
static inline void release(void *memory) { free(memory); }
/* Let other threads run, for 20 microseconds or a little more. */
static inline void pause_briefly(void) {
    struct timespec wait = {0, 20000};
    nanosleep(&wait, NULL);
}
#endif

/* What threads tell each other without a lock. Flags are acquired and released. Accesses to words
 * have one order for all threads, which whoever sets one word and then reads another relies on.
 * Microsoft's compiler has functions for it, which are full barriers. A volatile access would not
 * do: on arm64 it orders nothing. */
#if defined(__GNUC__) || defined(__clang__)
static inline int load_flag(const int *flag) { return __atomic_load_n(flag, __ATOMIC_ACQUIRE); }
static inline void set_flag(int *flag, int value) {
    __atomic_store_n(flag, value, __ATOMIC_RELEASE);
}
static inline uint64_t load_word(const uint64_t *word) {
    return __atomic_load_n(word, __ATOMIC_SEQ_CST);
}
static inline void store_word(uint64_t *word, uint64_t value) {
    __atomic_store_n(word, value, __ATOMIC_SEQ_CST);
}
static inline uint64_t add_to_word(uint64_t *word, uint64_t value) {
    return __atomic_add_fetch(word, value, __ATOMIC_SEQ_CST);
}
static inline int swap_word(uint64_t *word, uint64_t expected, uint64_t value) {
    return __atomic_compare_exchange_n(word, &expected, value, 0, __ATOMIC_SEQ_CST,
                                       __ATOMIC_RELAXED);
}
#else
static inline int load_flag(const int *flag) {
    return (int)InterlockedCompareExchange((volatile LONG *)flag, 0, 0);
}
static inline void set_flag(int *flag, int value) {
    InterlockedExchange((volatile LONG *)flag, value);
}
static inline uint64_t load_word(const uint64_t *word) {
    return (uint64_t)InterlockedCompareExchange64((volatile LONG64 *)word, 0, 0);
}
static inline void store_word(uint64_t *word, uint64_t value) {
    InterlockedExchange64((volatile LONG64 *)word, (LONG64)value);
}
static inline uint64_t add_to_word(uint64_t *word, uint64_t value) {
    return (uint64_t)InterlockedExchangeAdd64((volatile LONG64 *)word, (LONG64)value) + value;
}
static inline int swap_word(uint64_t *word, uint64_t expected, uint64_t value) {
    return (uint64_t)InterlockedCompareExchange64((volatile LONG64 *)word, (LONG64)value,
                                                  (LONG64)expected) == expected;
}
#endif

/* In a loop that waits for another thread: leave the core's other half to others. */
#if defined(_WIN32)
#define relax() YieldProcessor()
#elif defined(__x86_64__) || defined(__i386__)
#define relax() __builtin_ia32_pause()
#elif defined(__aarch64__)
#define relax() __asm__ volatile("yield")
#else
#define relax() ((void)0)
#endif

#if defined(__clang__)
#define COMPILER_VERSION __VERSION__
#elif defined(__GNUC__)
#define COMPILER_VERSION "GCC " __VERSION__
#elif defined(_MSC_VER)
#define AS_TEXT_(x) #x
#define AS_TEXT(x) AS_TEXT_(x)
#define COMPILER_VERSION "MSVC " AS_TEXT(_MSC_VER)
#else
#define COMPILER_VERSION "unknown"
#endif

/* cpuid's registers (eax, ebx, ecx, edx), zero where there is no such leaf, and the register
 * XCR0, which tells which vector registers the operating system saves and restores. */
#if defined(__x86_64__) || defined(__i386__)
#include <cpuid.h>
static inline void cpu_registers(uint32_t leaf, uint32_t *out) {
    out[0] = out[1] = out[2] = out[3] = 0;
    __get_cpuid_count(leaf, 0, &out[0], &out[1], &out[2], &out[3]);
}
static inline uint32_t saved_registers(void) {
    uint32_t low, high;
    __asm__("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    return low;
}
#else
static inline void cpu_registers(uint32_t leaf, uint32_t *out) {
    (void)leaf;
    out[0] = out[1] = out[2] = out[3] = 0;
}
static inline uint32_t saved_registers(void) { return 0; }
#endif

#endif
