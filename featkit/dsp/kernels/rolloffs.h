/* Roll-offs: the lowest bin at or below which a share of the magnitude lies. */

#ifndef FEATKIT_ROLLOFFS_H
#define FEATKIT_ROLLOFFS_H

#define MAX_SHARES 16

typedef struct {
    const float *power;      /* (bins, frames) */
    const float *piece_sums; /* (pieces, frames): sums of the magnitudes over pieces */
    ptrdiff_t frames, bins, piece, pieces;
    ptrdiff_t shares;
    float share[MAX_SHARES];
    float close;             /* margin, as share of the total, that float32 cannot decide */
    int32_t *bin;            /* (shares, frames) */
    uint8_t *undecided;      /* whether a roll-off of the frame lies within that margin */
} rolloffs_job;

#endif

/* Roll-off of one frame, in the piece that crosses the limit. `below` is the sum of the pieces below
it. Returns the bin, and lowers the margin to the smallest distance from the limit. */
static int32_t N(rolloff_bin)(const rolloffs_job *job, ptrdiff_t frame, ptrdiff_t piece, float below,
                              float limit, float *margin) {
    ptrdiff_t bin = piece * job->piece;
    ptrdiff_t stop = bin + job->piece < job->bins ? bin + job->piece : job->bins;
    float gap = __builtin_fabsf(below - limit);
    *margin = gap < *margin ? gap : *margin;
    const float *power = job->power + bin * job->frames + frame;
    for (ptrdiff_t k = bin; k < stop; k++, power += job->frames) {
        below += __builtin_sqrtf(*power);
        gap = __builtin_fabsf(below - limit);
        *margin = gap < *margin ? gap : *margin;
        bin += below < limit;
    }
    return (int32_t)(bin < job->bins ? bin : job->bins - 1);
}

/* Returns 0, or -1 if there is no memory. */
static int N(rolloffs)(const rolloffs_job *job) {
    lanes *below = aligned((size_t)job->pieces * sizeof(lanes));
    if (!below) return -1;
    for (ptrdiff_t frame = 0; frame < job->frames; frame += LANES) {
        ptrdiff_t count = job->frames - frame < LANES ? job->frames - frame : LANES;
        lanes sum = all(0.0f);
        for (ptrdiff_t p = 0; p < job->pieces; p++) {
            lanes piece = all(0.0f);
            memcpy(&piece, job->piece_sums + p * job->frames + frame, (size_t)count * sizeof(float));
            below[p] = sum = sum + piece;
        }
        float margins[LANES];
        for (int k = 0; k < LANES; k++) margins[k] = 3.4e38f;
        for (ptrdiff_t r = 0; r < job->shares; r++) {
            lanes limit = sum * job->share[r];
            ilanes crossing = {0};
            for (ptrdiff_t p = 0; p < job->pieces; p++) crossing -= below[p] < limit;
            for (ptrdiff_t k = 0; k < count; k++) {
                ptrdiff_t p = crossing[k] < job->pieces ? crossing[k] : job->pieces - 1;
                float before = p ? below[p - 1][k] : 0.0f;
                job->bin[r * job->frames + frame + k] =
                    N(rolloff_bin)(job, frame + k, p, before, limit[k], margins + k);
            }
        }
        for (ptrdiff_t k = 0; k < count; k++)
            job->undecided[frame + k] = sum[k] > 0.0f && margins[k] < job->close * sum[k];
    }
    free(below);
    return 0;
}
