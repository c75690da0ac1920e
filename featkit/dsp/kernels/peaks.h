/* Peaks of spectra, and derivatives of series over time. */

#ifndef FEATKIT_PEAKS_H
#define FEATKIT_PEAKS_H

typedef struct {
    const float *S;         /* (bins, frames) */
    ptrdiff_t frames;
    const float *limit;     /* (frames,) values up to it are no peaks */
    ptrdiff_t low, high;    /* bins from low to high - 1, with a bin on either side */
    double sr, n_fft;
    int64_t *frame;         /* of each peak; room for (high - low + 1) / 2 peaks per frame */
    double *frequency, *height;
    ptrdiff_t count;        /* number of peaks found */
} peaks_job;

typedef struct {
    const float *values;          /* (rows, frames) */
    ptrdiff_t rows, frames, clips;
    const int64_t *edges;         /* first frame of each clip, and the end of the last: clips + 1 */
    ptrdiff_t half;
    const float *slope, *curvature; /* half + 1 weights each, from the middle on */
    float *first, *second;        /* (rows, frames) */
} deltas_job;

#endif

/* The vertex of the parabola through a peak and its neighbours. */
static void N(add_peak)(peaks_job *job, ptrdiff_t bin, ptrdiff_t frame) {
    const float *x = job->S + bin * job->frames + frame;
    double before = (double)x[-job->frames], after = (double)x[job->frames];
    double shift = parabola(before, (double)*x, after, job->height + job->count);
    job->frame[job->count] = frame;
    job->frequency[job->count] = ((double)bin + shift) * job->sr / job->n_fft;
    job->count++;
}

/* Returns 0, or -1 if there is no memory. */
static int N(peaks)(peaks_job *job) {
    ptrdiff_t frames = job->frames, room = padded(frames);
    uint8_t *hit = aligned((size_t)room);
    if (!hit) return -1;
    memset(hit, 0, (size_t)room);
    for (ptrdiff_t bin = job->low; bin < job->high; bin++) {
        const float *x = job->S + bin * frames, *before = x - frames, *after = x + frames;
        for (ptrdiff_t t = 0; t < frames; t++)
            hit[t] = (x[t] > job->limit[t]) & (x[t] > before[t]) & (x[t] >= after[t]);
        for (ptrdiff_t t = 0; t < frames; t += 8) {
            uint64_t hits;
            memcpy(&hits, hit + t, sizeof hits);
            for (int k = 0; hits && k < 8; k++)
                if (hit[t + k]) N(add_peak)(job, bin, t + k);
        }
    }
    free(hit);
    return 0;
}

/* Derivatives of the frames of a clip; the first and last frames have the value of the nearest that
has enough frames on both sides. */
static void N(delta)(const deltas_job *job, const float *x, ptrdiff_t count, float *restrict first,
                     float *restrict second) {
    ptrdiff_t half = job->half, end = count - half;
    if (count < 2 * half + 1) {
        for (ptrdiff_t t = 0; t < count; t++) first[t] = second[t] = __builtin_nanf("");
        return;
    }
    for (ptrdiff_t t = half; t < end; t++) first[t] = second[t] = 0.0f;
    for (ptrdiff_t k = 1; k <= half; k++) {
        const float *before = x - k, *after = x + k;
        float slope = job->slope[k], curvature = job->curvature[k];
        for (ptrdiff_t t = half; t < end; t++) {
            first[t] += slope * (after[t] - before[t]);
            second[t] += curvature * ((after[t] - x[t]) + (before[t] - x[t]));
        }
    }
    for (ptrdiff_t t = 0; t < half; t++) {
        first[t] = first[half];
        second[t] = second[half];
        first[end + t] = first[end - 1];
        second[end + t] = second[end - 1];
    }
}

static void N(deltas)(const deltas_job *job) {
    for (ptrdiff_t r = 0; r < job->rows; r++)
        for (ptrdiff_t c = 0; c < job->clips; c++) {
            ptrdiff_t place = r * job->frames + job->edges[c];
            N(delta)(job, job->values + place, job->edges[c + 1] - job->edges[c],
                     job->first + place, job->second + place);
        }
}
