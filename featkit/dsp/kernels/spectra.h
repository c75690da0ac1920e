/* Spectra of frames and sums over their bins, while a spectrum is in the cache. */

#ifndef FEATKIT_SPECTRA_H
#define FEATKIT_SPECTRA_H

/* Frames to transform, and where to put the results. Outputs that are NULL are not computed. */
typedef struct {
    const float *y;          /* samples */
    const int64_t *starts;   /* first sample of each frame */
    ptrdiff_t frames;
    const float *before;     /* samples of the frame before the first, for the flux */
    ptrdiff_t n_fft;
    const float *window;     /* n_fft */
    const float *roots;      /* powers of exp(-2 pi i / n_fft), n_fft of them */
    ptrdiff_t piece;         /* bins in a piece, around whose middle moments are computed */
    const float *offsets;    /* distance in Hz of a bin from the middle of its piece */
    const float *middles;    /* middle of each piece in Hz */
    float *power;            /* (bins, frames) */
    float *max_magnitude;
    float *total;            /* sum of the magnitudes, at least the least normal number */
    float *centroid, *variance;
    float *piece_sums;       /* (pieces, frames) */
    float *third, *fourth;   /* central moments over the total */
    float *entropy;          /* of the shares of power, in bits */
    float *flux;             /* squared distance of magnitudes over their total to those before */
    float *lowest;           /* magnitude of bin 0 */
    float *inverse_bin_sum;  /* sum over bins from 1 of magnitude / bin */
} spectra_job;

#endif

/* Windowed samples of LANES frames, one per lane. */
static void N(windowed)(const spectra_job *job, const float *const *frames, lanes *out) {
    for (ptrdiff_t n = 0; n < job->n_fft; n += LANES) {
        lanes r[LANES];
        for (int k = 0; k < LANES; k++) r[k] = load(frames[k] + n);
        transpose(r);
        for (int k = 0; k < LANES; k++) out[n + k] = r[k] * job->window[n + k];
    }
}

/* Central moments of the magnitudes S from the moments of their pieces. Returns the total. */
static lanes N(moments)(const spectra_job *job, const lanes *S, lanes *scratch, ptrdiff_t frame,
                       ptrdiff_t count) {
    ptrdiff_t bins = job->n_fft / 2 + 1, pieces = (bins + job->piece - 1) / job->piece;
    lanes *sums = scratch, *first = sums + pieces, *second = first + pieces;
    lanes *third = second + pieces, *fourth = third + pieces;
    int high = job->third != NULL;
    lanes total = all(0.0f), weighted = all(0.0f);
    for (ptrdiff_t p = 0; p < pieces; p++) {
        lanes m0 = all(0.0f), m1 = m0, m2 = m0, m3 = m0, m4 = m0;
        ptrdiff_t stop = (p + 1) * job->piece < bins ? (p + 1) * job->piece : bins;
        for (ptrdiff_t k = p * job->piece; k < stop; k++) {
            float d = job->offsets[k], d2 = d * d;
            m0 += S[k];
            m1 += S[k] * d;
            m2 += S[k] * d2;
            if (high) {
                m3 += S[k] * (d2 * d);
                m4 += S[k] * (d2 * d2);
            }
        }
        sums[p] = m0;
        store(job->piece_sums + p * job->frames + frame, m0, count);
        first[p] = m1;
        second[p] = m2;
        third[p] = m3;
        fourth[p] = m4;
        total += m0;
        weighted += m0 * job->middles[p] + m1;
    }
    total = larger(total, all(1.17549435e-38f));
    lanes centroid = weighted / total;
    lanes about2 = all(0.0f), about3 = about2, about4 = about2;
    for (ptrdiff_t p = 0; p < pieces; p++) {
        lanes d = job->middles[p] - centroid;
        lanes s0 = sums[p], s1 = first[p], s2 = second[p];
        about2 += s2 + d * (2.0f * s1 + d * s0);
        if (high) {
            lanes s3 = third[p], s4 = fourth[p];
            about3 += s3 + d * (3.0f * s2 + d * (3.0f * s1 + d * s0));
            about4 += s4 + d * (4.0f * s3 + d * (6.0f * s2 + d * (4.0f * s1 + d * s0)));
        }
    }
    store(job->total + frame, total, count);
    store(job->centroid + frame, centroid, count);
    store(job->variance + frame, larger(about2 / total, all(0.0f)), count);
    if (high) {
        store(job->third + frame, about3 / total, count);
        store(job->fourth + frame, about4 / total, count);
    }
    return total;
}

/* Entropy of the power: log2(sum(q)) - sum(q log2 q) / sum(q), q the power over its maximum. */
static lanes N(entropy)(const lanes *S, ptrdiff_t bins, lanes maximum) {
    lanes silent = all(1.0f);
    lanes scale = 1.0f / choose(maximum > 0.0f, maximum, silent);
    lanes total[4] = {0}, sum[4] = {0};
    for (ptrdiff_t k = 0; k < bins; k++) {
        lanes q = S[k] * scale;
        q *= q;
        total[k & 3] += q;
        sum[k & 3] += q * log2_lanes(larger(q, all(1.17549435e-38f)));
    }
    lanes q = (total[0] + total[1]) + (total[2] + total[3]);
    lanes s = (sum[0] + sum[1]) + (sum[2] + sum[3]);
    q = choose(maximum > 0.0f, q, silent);
    return choose(maximum > 0.0f, log2_lanes(q) - s / q, all(0.0f));
}

/* Squared distance of the magnitudes over their total from those of the frame before. `before`
holds the latter of the frames processed last, and then those of these frames. */
static lanes N(flux)(const lanes *S, ptrdiff_t bins, lanes total, lanes *before) {
    lanes scale = 1.0f / total, sum[4] = {0};
    for (ptrdiff_t k = 0; k < bins; k++) {
        lanes now = S[k] * scale;
        lanes gap = now - delayed(before[k], now);
        before[k] = now;
        sum[k & 3] += gap * gap;
    }
    return (sum[0] + sum[1]) + (sum[2] + sum[3]);
}

/* Sum over bins from 1 of S / bin. */
static lanes N(inverse_bin_sum)(const lanes *S, ptrdiff_t bins) {
    lanes sum[4] = {0};
    for (ptrdiff_t k = 1; k < bins; k++) sum[k & 3] += S[k] * (1.0f / (float)k);
    return (sum[0] + sum[1]) + (sum[2] + sum[3]);
}

/* Compute everything of up to LANES frames. */
static void N(spectra_of_lanes)(const spectra_job *job, const float *const *frames, ptrdiff_t frame,
                                ptrdiff_t count, lanes *x, lanes *y, lanes *S, lanes *before,
                                lanes *scratch) {
    ptrdiff_t half = job->n_fft / 2, bins = half + 1;
    int outside = count == 0; /* the frame before the first, for the flux only */
    N(windowed)(job, frames, x);
    lanes *z = N(real_fft)(x, y, job->n_fft, job->roots);
    lanes greatest = all(0.0f);
    for (ptrdiff_t k = 0; k < bins; k++) {
        lanes re = z[k ? 2 * k - 1 : 0], power = re * re;
        if (k && k < half) power += z[2 * k] * z[2 * k];
        greatest = larger(greatest, power);
        S[k] = root(power);
        if (outside) continue;
        if (job->power) store(job->power + k * job->frames + frame, power, count);
    }
    lanes maximum = root(greatest), total = N(moments)(job, S, scratch, frame, count);
    if (outside) {
        N(flux)(S, bins, total, before);
        return;
    }
    store(job->max_magnitude + frame, maximum, count);
    if (job->entropy) store(job->entropy + frame, N(entropy)(S, bins, maximum), count);
    if (job->inverse_bin_sum) {
        store(job->lowest + frame, S[0], count);
        store(job->inverse_bin_sum + frame, N(inverse_bin_sum)(S, bins), count);
    }
    if (job->flux) store(job->flux + frame, N(flux)(S, bins, total, before), count);
}

/* Returns 0, or -1 if there is no memory. */
static int N(spectra)(const spectra_job *job) {
    ptrdiff_t bins = job->n_fft / 2 + 1, pieces = (bins + job->piece - 1) / job->piece;
    size_t vectors = (size_t)(2 * job->n_fft + 2 * bins + 5 * pieces);
    lanes *memory = aligned(vectors * sizeof(lanes));
    if (!memory) return -1;
    lanes *x = memory, *y = x + job->n_fft, *S = y + job->n_fft, *before = S + bins;
    lanes *scratch = before + bins;
    const float *frames[LANES];
    if (job->flux) {
        for (int k = 0; k < LANES; k++) frames[k] = job->before;
        N(spectra_of_lanes)(job, frames, 0, 0, x, y, S, before, scratch);
    }
    for (ptrdiff_t frame = 0; frame < job->frames; frame += LANES) {
        ptrdiff_t count = job->frames - frame < LANES ? job->frames - frame : LANES;
        for (int k = 0; k < LANES; k++)
            frames[k] = job->y + job->starts[frame + (k < count ? k : count - 1)];
        N(spectra_of_lanes)(job, frames, frame, count, x, y, S, before, scratch);
    }
    free(memory);
    return 0;
}
