/* Sums over samples: energy and zero crossings of frames, energy of intervals, envelopes. */

#ifndef FEATKIT_SAMPLES_H
#define FEATKIT_SAMPLES_H

/* Frames of samples, each of whole pieces. */
typedef struct {
    const float *y;
    ptrdiff_t samples, frames, n_fft, piece; /* piece divides n_fft, samples and all starts */
    const int64_t *starts;                   /* first sample of each frame, ascending */
    const int64_t *begins, *ends;            /* of each clip in y, ascending; perhaps beyond y */
    ptrdiff_t clips;
    float zero;         /* values of a smaller magnitude count as zero, and zero as positive */
    float *energy;      /* (frames,) sums of the squares; or NULL */
    int32_t *crossings; /* (frames,) changes of sign within the clip, but at the first sample */
} frames_job;

/* Intervals k of x, from the sample rint(k length) to the next, for k from first to last - 1. */
typedef struct {
    const float *x;
    ptrdiff_t samples, begin; /* begin is the number of the first sample */
    ptrdiff_t first, last;
    double length;
    double *energy; /* (last - first,) sums of the squares */
} intervals_job;

#define MAX_STEPS 1024

/* Envelopes: roots of the sums of `steps` successive intervals, with silence around a clip. */
typedef struct {
    const double *energy;  /* (intervals,) of all clips */
    const int64_t *edges;  /* first interval of each clip, and the end of the last: clips + 1 */
    ptrdiff_t clips, steps;
    double low, high, present; /* shares of the greatest value */
    double *shape; /* (4, clips): attack, centroid, duration and decay in intervals */
} envelope_job;

/* Four numbers, and four floats at any address. */
typedef double four __attribute__((vector_size(32)));
typedef float loose_four __attribute__((vector_size(16), aligned(4), may_alias));

#endif

/* Sum of the squares of n samples: sixteen parts, as with `doubles`, but in single precision. */
static float N(energy)(const float *x, ptrdiff_t n) {
    enum { SETS = PARTS / LANES };
    lanes sum[SETS] = {0};
    ptrdiff_t k = 0;
    for (; k + PARTS <= n; k += PARTS)
        for (int v = 0; v < SETS; v++) {
            lanes part = load(x + k + v * LANES);
            sum[v] += part * part;
        }
    float parts[PARTS];
    memcpy(parts, sum, sizeof parts);
    for (int i = 0; k + i < n; i++) parts[i] += x[k + i] * x[k + i];
    for (int half = PARTS / 2; half; half /= 2)
        for (int i = 0; i < half; i++) parts[i] += parts[i + half];
    return parts[0];
}

/* The same in double precision, for few samples: eight parts, then the last samples one by one. */
static double N(precise_energy)(const float *x, ptrdiff_t n) {
    four a = {0}, b = {0};
    ptrdiff_t k = 0;
    for (; k + 8 <= n; k += 8) {
        four c = __builtin_convertvector(*(const loose_four *)(x + k), four);
        four d = __builtin_convertvector(*(const loose_four *)(x + k + 4), four);
        a += c * c;
        b += d * d;
    }
    a += b;
    double sum = (a[0] + a[2]) + (a[1] + a[3]);
    for (; k < n; k++) sum += (double)x[k] * (double)x[k];
    return sum;
}

static int32_t N(crossings)(const float *y, ptrdiff_t first, ptrdiff_t last, float zero) {
    int32_t count = 0;
    for (ptrdiff_t i = first; i < last; i++) count += (y[i] < -zero) != (y[i - 1] < -zero);
    return count;
}

/* Crossings of each piece, within clips. */
static void N(piece_crossings)(const frames_job *job, int32_t *counts) {
    memset(counts, 0, (size_t)(job->samples / job->piece) * sizeof *counts);
    for (ptrdiff_t c = 0; c < job->clips; c++) {
        int64_t begin = job->begins[c] < job->samples ? job->begins[c] : job->samples;
        int64_t last = job->ends[c] < job->samples ? job->ends[c] : job->samples;
        int64_t first = begin < 0 ? 1 : begin + 1;
        while (first < last) {
            int64_t piece = first / job->piece, end = (piece + 1) * job->piece;
            end = end < last ? end : last;
            counts[piece] += N(crossings)(job->y, first, end, job->zero);
            first = end;
        }
    }
}

/* Returns 0, or -1 if there is no memory. */
static int N(frames)(const frames_job *job) {
    ptrdiff_t pieces = job->samples / job->piece, per_frame = job->n_fft / job->piece;
    float *energy = aligned((size_t)pieces * (sizeof(float) + sizeof(int32_t)));
    if (!energy) return -1;
    int32_t *counts = (int32_t *)(energy + pieces);
    for (ptrdiff_t p = 0; p < pieces && job->energy; p++)
        energy[p] = N(energy)(job->y + p * job->piece, job->piece);
    if (job->crossings) N(piece_crossings)(job, counts);
    ptrdiff_t clip = 0;
    for (ptrdiff_t f = 0; f < job->frames; f++) {
        int64_t start = job->starts[f], piece = start / job->piece;
        if (job->energy) {
            float sum = 0.0f;
            for (ptrdiff_t p = 0; p < per_frame; p++) sum += energy[piece + p];
            job->energy[f] = sum;
        }
        if (job->crossings) {
            int32_t count = 0;
            for (ptrdiff_t p = 0; p < per_frame; p++) count += counts[piece + p];
            while (clip < job->clips && job->ends[clip] <= start) clip++;
            int inside = clip < job->clips && start > 0 && job->begins[clip] < start;
            job->crossings[f] = count - (inside && N(crossings)(job->y, start, start + 1, job->zero));
        }
    }
    free(energy);
    return 0;
}

static void N(intervals)(const intervals_job *job) {
    int64_t from = (int64_t)__builtin_rint((double)job->first * job->length) - job->begin;
    for (ptrdiff_t k = job->first; k < job->last; k++) {
        int64_t to = (int64_t)__builtin_rint((double)(k + 1) * job->length) - job->begin;
        job->energy[k - job->first] = N(precise_energy)(job->x + from, to - from);
        from = to;
    }
}

/* Where e first crosses a threshold, between k - 1 and k. */
ALWAYS double N(crossing)(const double *e, ptrdiff_t k, double threshold) {
    return (double)(k - 1) + (threshold - e[k - 1]) / (e[k] - e[k - 1]);
}

/* The shape of the envelope of a clip, in e with room for all its values, the first and the last of
which are 0. NaN in silence. */
static void N(shape)(const envelope_job *job, const double *energy, ptrdiff_t intervals, double *e,
                     double *shape) {
    ptrdiff_t count = intervals + job->steps + 1, present = 0, first_low = -1, first_high = -1;
    double top = 0.0, total = 0.0, weighted = 0.0;
    for (ptrdiff_t k = 0; k < count; k++) {
        ptrdiff_t first = k < job->steps ? 0 : k - job->steps, last = k < intervals ? k : intervals;
        double sum = 0.0;
        for (ptrdiff_t i = first; i < last; i++) sum += energy[i];
        e[k] = __builtin_sqrt(sum);
        top = e[k] > top ? e[k] : top;
    }
    ptrdiff_t stride = job->clips, end = 0;
    shape[0] = shape[stride] = shape[2 * stride] = shape[3 * stride] = __builtin_nan("");
    if (!(top > 0 && top < __builtin_inf())) return;
    for (ptrdiff_t k = 0; k < count; k++) {
        e[k] /= top;
        total += e[k];
        weighted += ((double)k - 0.5 * (double)job->steps) * e[k];
        present += e[k] >= job->present;
        if (first_low < 0 && e[k] >= job->low) first_low = k;
        if (first_high < 0 && e[k] >= job->high) first_high = k;
        if (e[k] >= job->high) end = k;
    }
    ptrdiff_t after_high = end + 1, after_low = end;
    while (e[after_low] >= job->low) after_low++;
    shape[0] = N(crossing)(e, first_high, job->high) - N(crossing)(e, first_low, job->low);
    shape[stride] = weighted / total;
    shape[2 * stride] = (double)present;
    shape[3 * stride] = N(crossing)(e, after_low, job->low) - N(crossing)(e, after_high, job->high);
}

/* Returns 0, or -1 if there is no memory. */
static int N(envelopes)(const envelope_job *job) {
    ptrdiff_t longest = 0;
    for (ptrdiff_t c = 0; c < job->clips; c++) {
        ptrdiff_t intervals = job->edges[c + 1] - job->edges[c];
        longest = intervals > longest ? intervals : longest;
    }
    double *e = aligned((size_t)(longest + job->steps + 1) * sizeof(double));
    if (!e) return -1;
    for (ptrdiff_t c = 0; c < job->clips; c++)
        N(shape)(job, job->energy + job->edges[c], job->edges[c + 1] - job->edges[c], e,
                 job->shape + c);
    free(e);
    return 0;
}
