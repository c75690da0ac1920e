/* Numbers in double precision, in vectors of HALF: as many as a register holds.

A sum over time consists of PARTS parts: number i belongs to part i mod PARTS. The parts are added
in a fixed order, so that a sum has the same bits with any instruction set. */

#ifndef FEATKIT_DOUBLES
#define FEATKIT_DOUBLES

#define PARTS 16
#define HALF (LANES / 2)
#define VECTORS (PARTS / HALF) /* vectors that hold all parts */

/* The least multiple of PARTS from n on. */
static inline ptrdiff_t padded(ptrdiff_t n) { return (n + PARTS - 1) / PARTS * PARTS; }

/* Shift and height of the vertex of a parabola through three values; see `dsp.bins.vertex`. */
static double parabola(double before, double middle, double after, double *height) {
    double curvature = after + before - 2 * middle, slope = (after - before) / 2;
    double shift = 0;
    if (__builtin_fabs(slope) < __builtin_fabs(curvature)) shift = -slope / curvature;
    *height = middle + 0.5 * slope * shift;
    return shift;
}

#define doubles N(doubles)
#define loose_doubles N(loose_doubles)
#define load_doubles N(load_doubles)
#define absolute_doubles N(absolute_doubles)
#define sum_of_parts N(sum_of_parts)

#endif

typedef double doubles __attribute__((vector_size(8 * HALF)));

/* The same vector at any address of a double. */
typedef double loose_doubles __attribute__((vector_size(8 * HALF), aligned(8), may_alias));

ALWAYS doubles load_doubles(const double *x) { return *(const loose_doubles *)x; }

ALWAYS doubles absolute_doubles(doubles a) {
    typedef int64_t integers __attribute__((vector_size(8 * HALF)));
    return (doubles)((integers)a & INT64_MAX);
}

ALWAYS double sum_of_parts(const doubles *sums) {
    double parts[PARTS];
    memcpy(parts, sums, sizeof parts);
    for (int n = PARTS / 2; n; n /= 2)
        for (int k = 0; k < n; k++) parts[k] += parts[k + n];
    return parts[0];
}
