/* Filter banks: weighted sums over the bins of each frame, and their level in decibels. */

#ifndef FEATKIT_BANKS_H
#define FEATKIT_BANKS_H

#define WIDE 4 /* vectors of frames that are computed together */
#define ROWS 4 /* rows that are, if they have the same bins */

/* Row r of a bank has weights for the bins from first[r] on: weights[begins[r]] to the next row's. */
typedef struct {
    const float *x;        /* (bins, stride), the columns of the frames of interest */
    ptrdiff_t stride;      /* frames from one bin to the next */
    ptrdiff_t frames;
    ptrdiff_t rows;
    const int64_t *first, *begins;
    const float *weights;
    float *out;            /* (rows, frames) */
} bank_job;

#endif

/* Sums over the bins, in ascending order, of `rows` rows that have the same bins, for `wide` vectors
of frames from `frame` on. */
ALWAYS void N(bank_rows)(const bank_job *job, ptrdiff_t r, int rows, ptrdiff_t frame, int wide) {
    ptrdiff_t length = job->begins[r + 1] - job->begins[r];
    const float *w = job->weights + job->begins[r];
    const float *x = job->x + job->first[r] * job->stride + frame;
    lanes sum[ROWS * WIDE];
    for (int k = 0; k < rows * wide; k++) sum[k] = all(0.0f);
    for (ptrdiff_t k = 0; k < length; k++, x += job->stride)
        for (int v = 0; v < wide; v++) {
            lanes here = load(x + v * LANES);
            for (int q = 0; q < rows; q++) sum[q * wide + v] += here * w[q * length + k];
        }
    for (int q = 0; q < rows; q++)
        for (int v = 0; v < wide; v++)
            *(loose *)(job->out + (r + q) * job->frames + frame + v * LANES) = sum[q * wide + v];
}

/* Whether a row and the next three have the same bins. */
static int N(four_alike)(const bank_job *job, ptrdiff_t r) {
    if (r + ROWS > job->rows) return 0;
    ptrdiff_t length = job->begins[r + 1] - job->begins[r];
    for (ptrdiff_t q = r + 1; q < r + ROWS; q++)
        if (job->first[q] != job->first[r] || job->begins[q + 1] - job->begins[q] != length) return 0;
    return 1;
}

/* All rows for `wide` vectors of frames from `frame` on. */
ALWAYS void N(bank_frames)(const bank_job *job, ptrdiff_t frame, int wide) {
    for (ptrdiff_t r = 0; r < job->rows;) {
        if (N(four_alike)(job, r)) {
            for (int v = 0; v < wide; v += 2)
                N(bank_rows)(job, r, ROWS, frame + v * LANES, wide < 2 ? 1 : 2);
            r += ROWS;
        } else {
            N(bank_rows)(job, r, 1, frame, wide);
            r++;
        }
    }
}

/* Fewer frames than lanes, one by one, in the same order. */
static void N(bank_few_frames)(const bank_job *job) {
    for (ptrdiff_t r = 0; r < job->rows; r++) {
        const float *w = job->weights + job->begins[r];
        ptrdiff_t length = job->begins[r + 1] - job->begins[r];
        for (ptrdiff_t t = 0; t < job->frames; t++) {
            const float *x = job->x + job->first[r] * job->stride + t;
            float sum = 0.0f;
            for (ptrdiff_t k = 0; k < length; k++, x += job->stride) sum += *x * w[k];
            job->out[r * job->frames + t] = sum;
        }
    }
}

static void N(bank)(const bank_job *job) {
    if (job->frames < LANES) {
        N(bank_few_frames)(job);
        return;
    }
    ptrdiff_t frame = 0;
    for (; frame + WIDE * LANES <= job->frames; frame += WIDE * LANES)
        N(bank_frames)(job, frame, WIDE);
    for (; frame + LANES <= job->frames; frame += LANES) N(bank_frames)(job, frame, 1);
    if (frame < job->frames) N(bank_frames)(job, job->frames - LANES, 1); /* some for a second time */
}

/* 10 log10 of powers, of which smaller ones count as `least`. */
ALWAYS lanes N(level)(lanes power, float least) {
    lanes db = 10.0f * log10_lanes(choose(power > least, power, all(least)));
    return choose(power == power, db, power); /* NaN stays NaN */
}

static void N(decibels)(const float *power, float least, float *out, ptrdiff_t count) {
    ptrdiff_t k = 0;
    for (; k + LANES <= count; k += LANES)
        *(loose *)(out + k) = N(level)(load(power + k), least);
    if (k < count) {
        lanes last = all(least);
        memcpy(&last, power + k, (size_t)(count - k) * sizeof(float));
        store(out + k, N(level)(last, least), count - k);
    }
}
