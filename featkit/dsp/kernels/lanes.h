/* Frames side by side: the vectors that all kernels compute with.

A kernel processes LANES frames at a time, one per lane: as many as a register of the instruction
set holds. Every operation is elementwise, so that a frame gets the same bits in any lane, among any
other frames, and with any instruction set. This also needs -ffp-contract=off, since a fused
multiplication and addition rounds once instead of twice. */

#ifndef FEATKIT_LANES
#define FEATKIT_LANES

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define ALWAYS static inline __attribute__((always_inline))

#define MAX_LANES 16

#ifdef __clang__
#define SHUFFLE(a, b, ...) __builtin_shufflevector(a, b, __VA_ARGS__)
#else
#define SHUFFLE(a, b, ...) __builtin_shuffle(a, b, (ilanes){__VA_ARGS__})
#endif

/* Memory for vectors; its address is a multiple of a cache line. NULL if there is none left. */
static void *aligned(size_t bytes) {
    void *memory = NULL;
    return posix_memalign(&memory, 64, bytes ? bytes : 64) ? NULL : memory;
}

#define lanes N(lanes)
#define ilanes N(ilanes)
#define loose N(loose)
#define load N(load)
#define store N(store)
#define all N(all)
#define choose N(choose)
#define larger N(larger)
#define absolute N(absolute)
#define root N(root)
#define logarithm N(logarithm)
#define log2_lanes N(log2_lanes)
#define log10_lanes N(log10_lanes)
#define transpose N(transpose)
#define delayed N(delayed)

#endif

typedef float lanes __attribute__((vector_size(4 * LANES)));
typedef int32_t ilanes __attribute__((vector_size(4 * LANES)));

/* The same vector at any address of a float. */
typedef float loose __attribute__((vector_size(4 * LANES), aligned(4), may_alias));

ALWAYS lanes load(const float *x) { return *(const loose *)x; }

/* Store the first `count` lanes. */
ALWAYS void store(float *x, lanes value, ptrdiff_t count) {
    if (count >= LANES) {
        *(loose *)x = value;
    } else {
        memcpy(x, &value, (size_t)count * sizeof(float));
    }
}

ALWAYS lanes all(float x) {
    lanes r;
    for (int k = 0; k < LANES; k++) r[k] = x;
    return r;
}

ALWAYS lanes choose(ilanes where, lanes yes, lanes no) {
    return (lanes)((where & (ilanes)yes) | (~where & (ilanes)no));
}

ALWAYS lanes larger(lanes a, lanes b) { return choose(a > b, a, b); }

ALWAYS lanes absolute(lanes a) { return (lanes)((ilanes)a & 0x7fffffff); }

ALWAYS lanes root(lanes a) {
    lanes r;
    for (int k = 0; k < LANES; k++) r[k] = __builtin_sqrtf(a[k]);
    return r;
}

/* Exponent e and ln(m) of positive normal numbers m 2^e, with m from sqrt(1/2) to sqrt(2). The
polynomial of ln(1 + f) is that of Moshier's Cephes library. */
ALWAYS lanes logarithm(lanes x, lanes *exponent) {
    ilanes bits = (ilanes)x;
    ilanes e = (bits - 0x3f3504f3) >> 23;
    *exponent = __builtin_convertvector(e, lanes);
    lanes f = (lanes)(bits - (e << 23)) - 1.0f;
    lanes z = f * f;
    lanes p = f * 7.0376836292e-2f - 1.1514610310e-1f;
    p = p * f + 1.1676998740e-1f;
    p = p * f - 1.2420140846e-1f;
    p = p * f + 1.4249322787e-1f;
    p = p * f - 1.6668057665e-1f;
    p = p * f + 2.0000714765e-1f;
    p = p * f - 2.4999993993e-1f;
    p = p * f + 3.3333331174e-1f;
    return f + (f * z * p - 0.5f * z);
}

/* Logarithms of positive normal numbers, within 2 units in the last place of the result or of 1. */
ALWAYS lanes log2_lanes(lanes x) {
    lanes exponent, ln = logarithm(x, &exponent);
    return exponent + ln * 1.44269504088896341f;
}

ALWAYS lanes log10_lanes(lanes x) {
    lanes exponent, ln = logarithm(x, &exponent);
    /* log10(2) in two parts, the first of which has few enough bits for an exact product. */
    return exponent * 0.301025390625f + (exponent * 4.605038981195214e-6f + ln * 0.4342944819f);
}

/* Transpose LANES rows of LANES floats: blocks of 1, 2, 4 and 8 are exchanged across the diagonal,
as far as there are lanes. */
#if LANES == 16
ALWAYS void transpose(lanes r[LANES]) {
    for (int k = 0; k < LANES; k++)
        if (!(k & 1)) {
            lanes a = r[k], b = r[k + 1];
            r[k] = SHUFFLE(a, b, 0, 16, 2, 18, 4, 20, 6, 22, 8, 24, 10, 26, 12, 28, 14, 30);
            r[k + 1] = SHUFFLE(a, b, 1, 17, 3, 19, 5, 21, 7, 23, 9, 25, 11, 27, 13, 29, 15, 31);
        }
    for (int k = 0; k < LANES; k++)
        if (!(k & 2)) {
            lanes a = r[k], b = r[k + 2];
            r[k] = SHUFFLE(a, b, 0, 1, 16, 17, 4, 5, 20, 21, 8, 9, 24, 25, 12, 13, 28, 29);
            r[k + 2] = SHUFFLE(a, b, 2, 3, 18, 19, 6, 7, 22, 23, 10, 11, 26, 27, 14, 15, 30, 31);
        }
    for (int k = 0; k < LANES; k++)
        if (!(k & 4)) {
            lanes a = r[k], b = r[k + 4];
            r[k] = SHUFFLE(a, b, 0, 1, 2, 3, 16, 17, 18, 19, 8, 9, 10, 11, 24, 25, 26, 27);
            r[k + 4] = SHUFFLE(a, b, 4, 5, 6, 7, 20, 21, 22, 23, 12, 13, 14, 15, 28, 29, 30, 31);
        }
    for (int k = 0; k < LANES; k++)
        if (!(k & 8)) {
            lanes a = r[k], b = r[k + 8];
            r[k] = SHUFFLE(a, b, 0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23);
            r[k + 8] = SHUFFLE(a, b, 8, 9, 10, 11, 12, 13, 14, 15, 24, 25, 26, 27, 28, 29, 30, 31);
        }
}

/* The lanes one later: the last one of the vector before comes first. */
ALWAYS lanes delayed(lanes before, lanes now) {
    return SHUFFLE(now, before, 31, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14);
}
#elif LANES == 8
ALWAYS void transpose(lanes r[LANES]) {
    for (int k = 0; k < LANES; k++)
        if (!(k & 1)) {
            lanes a = r[k], b = r[k + 1];
            r[k] = SHUFFLE(a, b, 0, 8, 2, 10, 4, 12, 6, 14);
            r[k + 1] = SHUFFLE(a, b, 1, 9, 3, 11, 5, 13, 7, 15);
        }
    for (int k = 0; k < LANES; k++)
        if (!(k & 2)) {
            lanes a = r[k], b = r[k + 2];
            r[k] = SHUFFLE(a, b, 0, 1, 8, 9, 4, 5, 12, 13);
            r[k + 2] = SHUFFLE(a, b, 2, 3, 10, 11, 6, 7, 14, 15);
        }
    for (int k = 0; k < LANES; k++)
        if (!(k & 4)) {
            lanes a = r[k], b = r[k + 4];
            r[k] = SHUFFLE(a, b, 0, 1, 2, 3, 8, 9, 10, 11);
            r[k + 4] = SHUFFLE(a, b, 4, 5, 6, 7, 12, 13, 14, 15);
        }
}

/* The lanes one later: the last one of the vector before comes first. */
ALWAYS lanes delayed(lanes before, lanes now) {
    return SHUFFLE(now, before, 15, 0, 1, 2, 3, 4, 5, 6);
}
#else
ALWAYS void transpose(lanes r[LANES]) {
    for (int k = 0; k < LANES; k++)
        if (!(k & 1)) {
            lanes a = r[k], b = r[k + 1];
            r[k] = SHUFFLE(a, b, 0, 4, 2, 6);
            r[k + 1] = SHUFFLE(a, b, 1, 5, 3, 7);
        }
    for (int k = 0; k < LANES; k++)
        if (!(k & 2)) {
            lanes a = r[k], b = r[k + 2];
            r[k] = SHUFFLE(a, b, 0, 1, 4, 5);
            r[k + 2] = SHUFFLE(a, b, 2, 3, 6, 7);
        }
}

/* The lanes one later: the last one of the vector before comes first. */
ALWAYS lanes delayed(lanes before, lanes now) {
    return SHUFFLE(now, before, 7, 0, 1, 2);
}
#endif
