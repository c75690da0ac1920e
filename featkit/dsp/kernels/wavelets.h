/* Discrete wavelet transforms in double precision, and the moments of their bands.

A level splits a signal into an approximation and a detail. Signals are mirrored at their ends. A
sum over taps is added in the order of PyWavelets, tap by tap. */

#ifndef FEATKIT_WAVELETS_H
#define FEATKIT_WAVELETS_H

#define MAX_LEVELS 32
#define MAX_TAPS 64

/* Samples per step through all levels, few enough for the cache of a core. */
#define STEP 4096

/* Number, mean, sum of squared deviations from it, sum of magnitudes, and energy of coefficients. */
enum { COUNT, AVERAGE, DEVIATIONS, ABSOLUTE, ENERGY, MOMENTS };

typedef struct {
    const double *low, *high; /* taps each, an even number */
    ptrdiff_t taps;
} wavelet_filters;

/* Signals to split by one level: x is (rows, samples); outputs are (rows, (samples + taps - 1) / 2). */
typedef struct {
    wavelet_filters f;
    const double *x;
    ptrdiff_t rows, samples;
    double *approximation, *detail;
} split_job;

/* The next samples of signals, to be split by several levels. */
typedef struct {
    wavelet_filters f;
    const float *x; /* (rows, samples) */
    ptrdiff_t rows, samples, levels;
    int last;       /* whether the signals end with these samples */
    double *kept;   /* (rows, levels, taps): samples that the next coefficients of a level need */
    int64_t *held;  /* (rows, levels): number of them; -1 - number before the first coefficient */
    double *moments; /* (rows, levels + 1, MOMENTS), in the order of pywt.wavedec */
} bands_job;

/* The index within n samples of one that is mirrored at their ends. */
static inline ptrdiff_t mirrored(ptrdiff_t i, ptrdiff_t n) {
    i %= 2 * n;
    if (i < 0) i += 2 * n;
    return i < n ? i : 2 * n - 1 - i;
}

#endif

/* `count` coefficients: coefficient k is the sum over taps j of filter[j] x[2 k + taps - 1 - j]. x
has 2 * count + taps - 2 samples. `even` has room for 2 * padded(count) + 2 * PARTS + 2 * taps
numbers; outputs are written up to a multiple of PARTS. */
static void N(split)(const wavelet_filters *f, const double *x, ptrdiff_t count, double *even,
                     double *approximation, double *detail) {
    ptrdiff_t pairs = count + f->taps / 2 - 1, room = padded(count) + f->taps / 2;
    double *odd = even + room;
    for (ptrdiff_t i = 0; i < pairs; i++) {
        even[i] = x[2 * i];
        odd[i] = x[2 * i + 1];
    }
    for (ptrdiff_t i = pairs; i < room; i++) even[i] = odd[i] = 0;
    for (ptrdiff_t k = 0; k < padded(count); k += 2 * HALF) {
        doubles a[2] = {0}, d[2] = {0};
        for (ptrdiff_t j = 0; j < f->taps; j++) {
            const double *place = (j & 1 ? even : odd) + k + (f->taps - 1 - j) / 2;
            for (int v = 0; v < 2; v++) {
                doubles part = load_doubles(place + v * HALF);
                a[v] += f->low[j] * part;
                d[v] += f->high[j] * part;
            }
        }
        for (int v = 0; v < 2; v++) {
            *(loose_doubles *)(approximation + k + v * HALF) = a[v];
            *(loose_doubles *)(detail + k + v * HALF) = d[v];
        }
    }
}

static int N(split_rows)(const split_job *job) {
    ptrdiff_t taps = job->f.taps, count = (job->samples + taps - 1) / 2, width = padded(count);
    ptrdiff_t extended = job->samples + 2 * taps - 3;
    size_t room = (size_t)(extended + 4 * width + 3 * taps + PARTS);
    double *x = aligned(room * sizeof(double));
    if (!x) return -1;
    double *a = x + extended + 1, *d = a + width, *scratch = d + width;
    for (ptrdiff_t r = 0; r < job->rows; r++) {
        const double *row = job->x + r * job->samples;
        memcpy(x + taps - 2, row, (size_t)job->samples * sizeof(double));
        for (ptrdiff_t i = 0; i < taps - 2; i++) x[i] = row[mirrored(i - taps + 2, job->samples)];
        for (ptrdiff_t i = 0; i < taps - 1; i++)
            x[taps - 2 + job->samples + i] = row[mirrored(job->samples + i, job->samples)];
        N(split)(&job->f, x, count, scratch, a, d);
        memcpy(job->approximation + r * count, a, (size_t)count * sizeof(double));
        memcpy(job->detail + r * count, d, (size_t)count * sizeof(double));
    }
    free(x);
    return 0;
}

/* Add n coefficients, which have room for a multiple of PARTS, to the moments of a band.

T. F. Chan, G. H. Golub and R. J. LeVeque, "Updating formulae and a pairwise algorithm for
computing sample variances", COMPSTAT 1982. */
static void N(add_moments)(double *c, ptrdiff_t n, double *moments) {
    if (!n) return;
    ptrdiff_t end = padded(n);
    for (ptrdiff_t k = n; k < end; k++) c[k] = 0;
    doubles sum[VECTORS] = {0}, sizes[VECTORS] = {0};
    for (ptrdiff_t k = 0; k < end; k += PARTS)
        for (int v = 0; v < VECTORS; v++) {
            doubles part = load_doubles(c + k + v * HALF);
            sum[v] += part;
            sizes[v] += absolute_doubles(part);
        }
    double count = (double)n, mean = sum_of_parts(sum) / count;
    for (ptrdiff_t k = n; k < end; k++) c[k] = mean;
    for (int v = 0; v < VECTORS; v++) sum[v] = (doubles){0};
    for (ptrdiff_t k = 0; k < end; k += PARTS)
        for (int v = 0; v < VECTORS; v++) {
            doubles part = load_doubles(c + k + v * HALF) - mean;
            sum[v] += part * part;
        }
    double deviations = sum_of_parts(sum), difference = mean - moments[AVERAGE];
    double share = count / (moments[COUNT] + count);
    moments[DEVIATIONS] += deviations + difference * difference * moments[COUNT] * share;
    moments[AVERAGE] += difference * share;
    moments[COUNT] += count;
    moments[ENERGY] += deviations + count * (mean * mean);
    moments[ABSOLUTE] += sum_of_parts(sizes);
}

/* Split what a level holds, `total` samples. Coefficients that are complete are written, and the
samples that the next ones need are moved to the front; their number, in the form of `held`, is
put there. Returns the number of coefficients, or -1 if the signal is shorter than the filter. */
static ptrdiff_t N(next_coefficients)(const wavelet_filters *f, double *x, ptrdiff_t total, int last,
                                      int64_t *held, double *scratch, double *approximation,
                                      double *detail) {
    ptrdiff_t taps = f->taps;
    if (*held < 0) {
        if (total < taps - 1) {
            *held = -1 - total;
            return last ? -1 : 0;
        }
        memmove(x + taps - 2, x, (size_t)total * sizeof(double));
        for (ptrdiff_t i = 0; i < taps - 2; i++) x[i] = x[2 * (taps - 2) - 1 - i];
        total += taps - 2;
    }
    ptrdiff_t after = last ? taps - 2 + (total & 1) : 0;
    for (ptrdiff_t i = 0; i < after; i++, total++) x[total] = x[total - 1 - 2 * i];
    ptrdiff_t count = total < taps ? 0 : (total - taps) / 2 + 1;
    N(split)(f, x, count, scratch, approximation, detail);
    memmove(x, x + 2 * count, (size_t)(total - 2 * count) * sizeof(double));
    *held = total - 2 * count;
    return count;
}

/* One step of all levels for samples at buffers[0]. */
static int N(step)(const bands_job *job, ptrdiff_t samples, int last, double **buffers,
                   int64_t *held, double *scratch, double *moments) {
    double *detail = buffers[job->levels + 1];
    for (ptrdiff_t level = 0; level < job->levels; level++) {
        int64_t waiting = held[level] < 0 ? -1 - held[level] : held[level];
        int64_t next = level + 1 < job->levels ? held[level + 1] : 0;
        double *approximation = buffers[level + 1] + (next < 0 ? -1 - next : next);
        samples = N(next_coefficients)(&job->f, buffers[level], waiting + samples, last,
                                       held + level, scratch, approximation, detail);
        if (samples < 0) return -2;
        N(add_moments)(detail, samples, moments + (job->levels - level) * MOMENTS);
    }
    N(add_moments)(buffers[job->levels], samples, moments);
    return 0;
}

/* Returns 0, -1 if there is no memory, or -2 if a signal ends that is shorter than the filter. */
static int N(bands)(const bands_job *job) {
    ptrdiff_t taps = job->f.taps, levels = job->levels;
    size_t width = STEP + 4 * (size_t)taps + 2 * PARTS, sizes = 0;
    double *memory = aligned(((size_t)levels + 4) * width * sizeof(double));
    double *buffers[MAX_LEVELS + 2];
    if (!memory) return -1;
    for (ptrdiff_t k = 0; k < levels + 2; k++, sizes += width) buffers[k] = memory + sizes;
    double *scratch = memory + sizes;
    int status = 0;
    for (ptrdiff_t r = 0; r < job->rows && !status; r++) {
        int64_t *held = job->held + r * levels;
        double *kept = job->kept + r * levels * taps;
        for (ptrdiff_t k = 0; k < levels; k++)
            memcpy(buffers[k], kept + k * taps, (size_t)taps * sizeof(double));
        for (ptrdiff_t start = 0; start < job->samples && !status; start += STEP) {
            ptrdiff_t left = job->samples - start, count = left < STEP ? left : STEP;
            double *place = buffers[0] + (held[0] < 0 ? -1 - held[0] : held[0]);
            const float *x = job->x + r * job->samples + start;
            for (ptrdiff_t i = 0; i < count; i++) place[i] = (double)x[i];
            status = N(step)(job, count, job->last && left <= STEP, buffers, held, scratch,
                             job->moments + r * (levels + 1) * MOMENTS);
        }
        for (ptrdiff_t k = 0; k < levels; k++)
            memcpy(kept + k * taps, buffers[k], (size_t)taps * sizeof(double));
    }
    free(memory);
    return status;
}
