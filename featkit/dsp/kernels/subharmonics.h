/* Subharmonic summation of frames; see `featkit.dsp.subharmonic_summation`. */

#ifndef FEATKIT_SUBHARMONICS_H
#define FEATKIT_SUBHARMONICS_H

#define MAX_CANDIDATES 16
#define NEAR 2 /* bins on either side of a local maximum that are kept */

typedef struct {
    transforms_job frames;  /* the frames as rows; without an output */
    const float *window;    /* (length,) */
    bank_job axis;          /* from the bins to the points of the logarithmic axis, without x */
    const int64_t *shifts;  /* points from a frequency to each multiple, ascending from 0 */
    const float *gains;     /* weight of each multiple */
    ptrdiff_t multiples;
    const float *weights;   /* (points,), of the mean of the sum */
    ptrdiff_t low, high;    /* first point of which a peak is sought, and the one after the last */
    ptrdiff_t candidates;
    int64_t *places;        /* (candidates, frames), -1 for none */
    float *heights;         /* (3, candidates, frames): before, at and after the peak */
    float *mean, *energy;   /* (frames,) */
} subharmonics_job;

#endif

/* Window the frames in x, and return the sum of their squares. */
static lanes N(window_frames)(const subharmonics_job *job, lanes *x) {
    lanes energy = all(0.0f);
    for (ptrdiff_t n = 0; n < job->frames.length; n++) {
        x[n] = x[n] * job->window[n];
        energy += x[n] * x[n];
    }
    return energy;
}

/* Magnitudes of a spectrum from `real_fft`, with zeros where no local maximum is near, except where
they rise from 0 Hz on to the first one; `magnitude` has NEAR more vectors of zeros on either side. */
static void N(near_maxima)(const lanes *z, ptrdiff_t bins, lanes *magnitude, ilanes *peak,
                           lanes *kept) {
    for (ptrdiff_t k = 0; k < bins; k++) {
        lanes re = k ? z[2 * k - 1] : z[0], im = k && k < bins - 1 ? z[2 * k] : all(0.0f);
        magnitude[k] = root(re * re + im * im);
    }
    memset(peak, 0, (size_t)(bins + 2 * NEAR) * sizeof(lanes));
    peak[NEAR] = magnitude[0] > magnitude[1];
    ilanes rising = magnitude[1] > magnitude[0]; /* from 0 Hz on */
    for (ptrdiff_t k = 1; k < bins - 1; k++)
        peak[k + NEAR] = (magnitude[k] > magnitude[k - 1]) & (magnitude[k + 1] < magnitude[k]);
    for (ptrdiff_t k = 0; k < bins; k++) {
        ilanes near = peak[k] | rising;
        rising &= ~peak[k + NEAR];
        for (int d = 1; d <= 2 * NEAR; d++) near |= peak[k + d];
        kept[k] = choose(near, magnitude[k], all(0.0f));
    }
}

/* Weighted sum of the multiples of each point. */
static void N(sum_multiples)(const subharmonics_job *job, const lanes *x, lanes *total) {
    ptrdiff_t points = job->axis.rows;
    for (ptrdiff_t k = 0; k < points; k++) {
        lanes sum = all(0.0f);
        for (ptrdiff_t n = 0; n < job->multiples && k + job->shifts[n] < points; n++)
            sum += x[k + job->shifts[n]] * job->gains[n];
        total[k] = sum;
    }
}

/* Insert a peak into those of a lane, which are in descending order; equal ones keep their order. */
static void N(insert_peak)(ptrdiff_t count, int64_t *places, float *heights, ptrdiff_t place,
                           float height) {
    if (!(height > heights[count - 1])) return;
    ptrdiff_t k = count - 1;
    for (; k > 0 && height > heights[k - 1]; k--) {
        heights[k] = heights[k - 1];
        places[k] = places[k - 1];
    }
    heights[k] = height;
    places[k] = place;
}

static void N(highest_peaks)(const subharmonics_job *job, const lanes *total, ptrdiff_t row,
                             ptrdiff_t frames) {
    int64_t places[LANES][MAX_CANDIDATES];
    float heights[LANES][MAX_CANDIDATES];
    memset(heights, 0, sizeof heights);
    for (int k = 0; k < LANES; k++)
        for (int c = 0; c < MAX_CANDIDATES; c++) places[k][c] = -1;
    for (ptrdiff_t n = job->low; n < job->high; n++) {
        ilanes peak = (total[n] > total[n - 1]) & (total[n] > total[n + 1]);
        for (int k = 0; k < frames; k++)
            if (peak[k]) N(insert_peak)(job->candidates, places[k], heights[k], n, total[n][k]);
    }
    ptrdiff_t all_frames = job->frames.rows, plane = job->candidates * all_frames;
    for (int k = 0; k < frames; k++)
        for (ptrdiff_t c = 0; c < job->candidates; c++) {
            ptrdiff_t out = c * all_frames + row + k, place = places[k][c];
            job->places[out] = place;
            for (int d = 0; d < 3; d++)
                job->heights[d * plane + out] = place < 0 ? 0.0f : total[place - 1 + d][k];
        }
}

/* Returns 0, or -1 if there is no memory. */
static int N(subharmonics)(const subharmonics_job *job) {
    ptrdiff_t size = job->frames.size, bins = size / 2 + 1, points = job->axis.rows;
    size_t vectors = (size_t)(2 * size + 3 * bins + 2 * NEAR + 2 * points);
    lanes *x = aligned(vectors * sizeof(lanes)), *y = x + size;
    if (!x) return -1;
    lanes *magnitude = y + size, *kept = magnitude + bins;
    ilanes *peak = (ilanes *)(kept + bins);
    lanes *spectrum = (lanes *)peak + bins + 2 * NEAR, *total = spectrum + points;
    bank_job axis = job->axis;
    axis.x = (const float *)kept;
    axis.stride = axis.frames = LANES;
    axis.out = (float *)spectrum;
    for (ptrdiff_t row = 0; row < job->frames.rows; row += LANES) {
        ptrdiff_t count = job->frames.rows - row < LANES ? job->frames.rows - row : LANES;
        N(side_by_side)(&job->frames, row, count, x);
        store(job->energy + row, N(window_frames)(job, x), count);
        const lanes *z = N(real_fft)(x, y, size, job->frames.roots);
        N(near_maxima)(z, bins, magnitude, peak, kept);
        N(bank)(&axis);
        for (ptrdiff_t k = 0; k < points; k++) spectrum[k] = larger(spectrum[k], all(0.0f));
        N(sum_multiples)(job, spectrum, total);
        lanes mean = all(0.0f);
        for (ptrdiff_t k = 0; k < points; k++) mean += spectrum[k] * job->weights[k];
        store(job->mean + row, mean, count);
        N(highest_peaks)(job, total, row, count);
    }
    free(x);
    return 0;
}
