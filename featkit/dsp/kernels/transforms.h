/* Transforms of rows of real numbers, padded with zeros. */

#ifndef FEATKIT_TRANSFORMS_H
#define FEATKIT_TRANSFORMS_H

typedef struct {
    const float *x;       /* (rows, length) */
    ptrdiff_t rows, length;
    ptrdiff_t size;       /* of the transform, a power of two from MAX_LANES */
    const float *roots;   /* powers of exp(-2 pi i / size) */
    float *out;           /* (rows, size / 2 + 1), complex */
} transforms_job;

#endif

/* Put up to LANES rows side by side; those that are missing repeat the last one. */
static void N(side_by_side)(const transforms_job *job, ptrdiff_t row, ptrdiff_t count, lanes *out) {
    const float *rows[LANES];
    for (int k = 0; k < LANES; k++) rows[k] = job->x + (row + (k < count ? k : count - 1)) * job->length;
    ptrdiff_t n = 0;
    for (; n + LANES <= job->length; n += LANES) {
        lanes r[LANES];
        for (int k = 0; k < LANES; k++) r[k] = load(rows[k] + n);
        transpose(r);
        for (int k = 0; k < LANES; k++) out[n + k] = r[k];
    }
    for (; n < job->size; n++)
        for (int k = 0; k < LANES; k++) out[n][k] = n < job->length ? rows[k][n] : 0.0f;
}

/* Number j of a spectrum as real and imaginary parts in turn, from the result of `real_fft`. */
ALWAYS lanes N(part)(const lanes *z, ptrdiff_t j, ptrdiff_t size) {
    if (j == 0) return z[0];
    return j == 1 || j > size ? all(0.0f) : z[j - 1];
}

/* Returns 0, or -1 if there is no memory. */
static int N(transforms)(const transforms_job *job) {
    ptrdiff_t size = job->size, width = size + 2;
    lanes *x = aligned((size_t)(2 * size) * sizeof(lanes)), *y = x + size;
    if (!x) return -1;
    for (ptrdiff_t row = 0; row < job->rows; row += LANES) {
        ptrdiff_t count = job->rows - row < LANES ? job->rows - row : LANES;
        N(side_by_side)(job, row, count, x);
        const lanes *z = N(real_fft)(x, y, size, job->roots);
        for (ptrdiff_t j = 0; j < width; j += LANES) {
            lanes r[LANES];
            for (int k = 0; k < LANES; k++) r[k] = N(part)(z, j + k, size);
            transpose(r);
            for (int k = 0; k < count; k++)
                store(job->out + (row + k) * width + j, r[k], width - j);
        }
    }
    free(x);
    return 0;
}
