/* The first coefficients of cosine transforms of type 2. */

#ifndef FEATKIT_COSINES_H
#define FEATKIT_COSINES_H

typedef struct {
    const float *x;       /* (size, frames) */
    ptrdiff_t size, frames, count;
    const float *cosines; /* (2, count, (size + 1) / 2): weights of the first half of x, and the
                             errors that rounding to single precision makes in them */
    float *out;           /* (count, frames) */
} cosines_job;

#endif

/* A cosine is symmetric around the middle of x for even coefficients, and antisymmetric for odd ones:
both halves are added, or subtracted, first. The value in the middle is subtracted from all, which
changes the first coefficient only, so that rounding is relative to differences: a constant has no
other coefficient. Returns 0, or -1 if there is no memory. */
static int N(cosines)(const cosines_job *job) {
    ptrdiff_t half = (job->size + 1) / 2;
    lanes *sums = aligned((size_t)(2 * half) * sizeof(lanes)), *gaps = sums + half;
    if (!sums) return -1;
    for (ptrdiff_t frame = 0; frame < job->frames; frame += LANES) {
        ptrdiff_t count = job->frames - frame < LANES ? job->frames - frame : LANES;
        size_t bytes = (size_t)count * sizeof(float);
        lanes centre = all(0.0f);
        memcpy(&centre, job->x + job->size / 2 * job->frames + frame, bytes);
        for (ptrdiff_t k = 0; k < half; k++) {
            lanes a = all(0.0f), b = a;
            memcpy(&a, job->x + k * job->frames + frame, bytes);
            memcpy(&b, job->x + (job->size - 1 - k) * job->frames + frame, bytes);
            int middle = k == job->size - 1 - k;
            sums[k] = middle ? a - centre : (a - centre) + (b - centre);
            gaps[k] = middle ? all(0.0f) : a - b;
        }
        for (ptrdiff_t c = 0; c < job->count; c++) {
            const lanes *half_x = c % 2 ? gaps : sums;
            const float *cosine = job->cosines + c * half;
            lanes sum[4];
            for (int k = 0; k < 4; k++) sum[k] = all(0.0f);
            for (ptrdiff_t k = 0; k < half; k++) sum[k & 3] += half_x[k] * cosine[k];
            lanes error = all(0.0f);
            for (ptrdiff_t k = 0; k < half; k++) error += half_x[k] * (cosine + job->count * half)[k];
            lanes total = ((sum[0] + sum[1]) + (sum[2] + sum[3])) + error;
            if (c == 0) total += centre * (cosine[0] * (float)job->size);
            store(job->out + c * job->frames + frame, total, count);
        }
    }
    free(sums);
    return 0;
}
