/* Power cepstra, and their peaks; see `featkit.dsp.cepstral_peaks`. Lanes are frames. */

#ifndef FEATKIT_CEPSTRA_H
#define FEATKIT_CEPSTRA_H

typedef struct {
    const float *y;
    const int64_t *starts; /* first sample of each frame */
    ptrdiff_t frames;
    const float *window;   /* length weights */
    ptrdiff_t length, size; /* of a frame, and of its transform, a power of two */
    float least;           /* lowest power */
    const float *roots;    /* powers of exp(-2 pi i / size) */
    ptrdiff_t count;       /* quefrencies, at most size / 2 */
    float *power;          /* (count, frames) */
} cepstra_job;

typedef struct {
    const float *power;          /* (count, columns) */
    ptrdiff_t count, columns;
    const float *over_time;      /* weights of n_time columns, an odd number */
    ptrdiff_t n_time;
    const float *over_quefrency; /* weights of n_quefrency rows, an odd number */
    ptrdiff_t n_quefrency;
    ptrdiff_t first, rows;       /* of power, to return */
    float least;
    float *levels;               /* (rows, columns + 1 - n_time) */
} smoothed_job;

typedef struct {
    const float *levels;   /* (rows, frames) */
    ptrdiff_t rows, frames;
    ptrdiff_t low;         /* first row of the line, which has n_weights rows */
    const float *weights;  /* of the slope */
    ptrdiff_t n_weights;
    ptrdiff_t start, stop; /* first and last row of the peak */
    float *out;            /* (4, frames): height, row, mean, slope */
} cepstral_peaks_job;

#endif

/* Power cepstra of LANES frames, into the first half of a buffer that is returned. */
static lanes *N(cepstra_of_lanes)(const cepstra_job *job, const float *const *y, lanes *x,
                                  lanes *scratch) {
    lanes sum = all(0.0f), peak = all(0.0f);
    for (ptrdiff_t t = 0; t < job->length; t++) {
        for (int k = 0; k < LANES; k++) x[t][k] = y[k][t];
        sum += x[t];
    }
    lanes mean = sum / all((float)job->length);
    for (ptrdiff_t t = 0; t < job->length; t++) {
        x[t] -= mean;
        peak = larger(absolute(x[t]), peak);
    }
    lanes divisor = choose(peak > 0.0f, peak, all(1.0f));
    for (ptrdiff_t t = 0; t < job->length; t++) x[t] = x[t] * job->window[t] / divisor;
    for (ptrdiff_t t = job->length; t < job->size; t++) x[t] = all(0.0f);
    lanes *z = (lanes *)N(real_fft)(x, scratch, job->size, job->roots);
    lanes least = all(job->least);
    z[0] = log10_lanes(larger(z[0] * z[0], least));
    for (ptrdiff_t k = 1; k < job->size / 2; k++) {
        lanes re = z[2 * k - 1], im = z[2 * k];
        z[2 * k - 1] = log10_lanes(larger(re * re + im * im, least));
        z[2 * k] = all(0.0f);
    }
    lanes last = z[job->size - 1];
    z[job->size - 1] = log10_lanes(larger(last * last, least));
    lanes *c = N(inverse_real_fft)(z, z == x ? scratch : x, job->size, job->roots);
    lanes scale = choose(peak > 0.0f, all(1.0f), all(0.0f));
    for (ptrdiff_t k = 0; k < job->count; k++) c[k] = c[k] * c[k] * scale;
    return c;
}

/* Returns 0, or -1 if there is no memory. */
static int N(cepstra)(const cepstra_job *job) {
    lanes *x = aligned((size_t)(2 * job->size) * sizeof(lanes));
    if (!x) return -1;
    for (ptrdiff_t first = 0; first < job->frames; first += LANES) {
        ptrdiff_t count = job->frames - first < LANES ? job->frames - first : LANES;
        const float *y[LANES];
        for (int k = 0; k < LANES; k++) y[k] = job->y + job->starts[first + (k < count ? k : count - 1)];
        const lanes *c = N(cepstra_of_lanes)(job, y, x, x + job->size);
        for (ptrdiff_t k = 0; k < job->count; k++)
            store(job->power + k * job->frames + first, c[k], count);
    }
    free(x);
    return 0;
}

/* The first `count` lanes from memory; the others are 0. */
ALWAYS lanes N(first_lanes)(const float *x, ptrdiff_t count) {
    if (count >= LANES) return load(x);
    lanes r = all(0.0f);
    memcpy(&r, x, (size_t)count * sizeof(float));
    return r;
}

/* Returns 0, or -1 if there is no memory. */
static int N(smoothed)(const smoothed_job *job) {
    lanes *averages = aligned((size_t)job->count * sizeof(lanes));
    if (!averages) return -1;
    ptrdiff_t frames = job->columns + 1 - job->n_time;
    for (ptrdiff_t frame = 0; frame < frames; frame += LANES) {
        ptrdiff_t count = frames - frame;
        for (ptrdiff_t q = 0; q < job->count; q++) {
            const float *row = job->power + q * job->columns + frame;
            lanes sum = all(0.0f);
            for (ptrdiff_t k = 0; k < job->n_time; k++)
                sum += job->over_time[k] * N(first_lanes)(row + k, count);
            averages[q] = sum;
        }
        for (ptrdiff_t r = 0; r < job->rows; r++) {
            lanes sum = all(0.0f);
            ptrdiff_t q = job->first + r - job->n_quefrency / 2;
            for (ptrdiff_t k = 0; k < job->n_quefrency; k++)
                sum += job->over_quefrency[k] * averages[q + k < 0 ? -q - k : q + k];
            lanes level = 10.0f * log10_lanes(larger(sum, all(job->least)));
            store(job->levels + r * frames + frame, level, count);
        }
    }
    free(averages);
    return 0;
}

static void N(cepstral_peaks)(const cepstral_peaks_job *job) {
    for (ptrdiff_t frame = 0; frame < job->frames; frame += LANES) {
        ptrdiff_t count = job->frames - frame;
        const float *levels = job->levels + frame;
        lanes sums[4], products[4];
        for (int k = 0; k < 4; k++) sums[k] = products[k] = all(0.0f);
        for (ptrdiff_t k = 0; k < job->n_weights; k++) {
            lanes level = N(first_lanes)(levels + (job->low + k) * job->frames, count);
            sums[k & 3] += level;
            products[k & 3] += level * job->weights[k];
        }
        lanes mean = (sums[0] + sums[1]) + (sums[2] + sums[3]);
        mean = mean / all((float)job->n_weights);
        lanes slope = (products[0] + products[1]) + (products[2] + products[3]);
        lanes before = N(first_lanes)(levels + (job->start - 1) * job->frames, count);
        lanes middle = N(first_lanes)(levels + job->start * job->frames, count);
        lanes end = N(first_lanes)(levels + job->stop * job->frames, count);
        lanes height = larger(middle, end);
        lanes row = choose(middle >= end, all((float)job->start), all((float)job->stop));
        for (ptrdiff_t k = job->start; k <= job->stop; k++) {
            lanes after = N(first_lanes)(levels + (k + 1) * job->frames, count);
            ilanes is_peak = (middle > before) & (middle >= after);
            lanes tilt = (after - before) * 0.5f;
            lanes curvature = choose(is_peak, (after - middle) + (before - middle), all(-1.0f));
            lanes shift = -tilt / curvature;
            lanes vertex = middle + 0.5f * tilt * shift;
            ilanes higher = is_peak & (vertex > height);
            height = choose(higher, vertex, height);
            row = choose(higher, (float)k + shift, row);
            before = middle;
            middle = after;
        }
        float *out = job->out + frame;
        store(out, height, count);
        store(out + job->frames, row, count);
        store(out + 2 * job->frames, mean, count);
        store(out + 3 * job->frames, slope, count);
    }
}
