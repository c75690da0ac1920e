/* Amplitude spectra of frames without their mean, and sums over the frames of each bin. */

#ifndef FEATKIT_SOUNDSCAPE_H
#define FEATKIT_SOUNDSCAPE_H

/* Frame k begins half of its size after frame k - 1. */
typedef struct {
    const float *y; /* samples */
    ptrdiff_t frames;
    const float *window; /* AMPLITUDE_FRAME */
    const float *roots;  /* powers of exp(-2 pi i / AMPLITUDE_FRAME) */
    float *amplitude;    /* (AMPLITUDE_FRAME / 2, frames) */
} amplitudes_job;

/* Samples in a frame: five passes of radix 4. It is fixed, so that loops have known lengths. */
#define AMPLITUDE_FRAME 1024

/* Sums over the columns of each row, which are added to those of earlier columns. */
typedef struct {
    const float *x;   /* (rows, columns) */
    ptrdiff_t rows, columns;
    double *sum, *square, *change; /* of x, of x * x, and of absolute differences to the next one */
    float peak;                    /* greatest value */
} row_sums_job;

/* Rows of levels in dB, in which peaks are counted. */
typedef struct {
    const double *x; /* (rows, columns) */
    ptrdiff_t rows, columns, distance; /* least distance of peaks in columns */
    double prominence;
    int64_t *count; /* (rows,) */
} peak_counts_job;

typedef struct {
    const float *x; /* (rows, columns) */
    ptrdiff_t rows, columns;
    float threshold;
    int64_t *count; /* values of each row above the threshold */
} counts_job;

/* Consecutive windows of `size` samples. */
typedef struct {
    const float *x;
    ptrdiff_t windows, size;
    float *high, *low;
    double *sum;
} windows_job;

#define ROW_PARTS 16

/* Eight and four floats at any address. */
typedef float loose_eight __attribute__((vector_size(32), aligned(4), may_alias));
typedef int32_t eight_ints __attribute__((vector_size(32)));
typedef float loose_quad __attribute__((vector_size(16), aligned(4), may_alias));

#endif

/* The samples of LANES half frames side by side, less the first of each, and their sum. */
static void N(halves)(const float *const *starts, ptrdiff_t half, lanes *out, lanes *first,
                      lanes *sum) {
    lanes sums[4] = {0};
    for (int k = 0; k < LANES; k++) (*first)[k] = starts[k][0];
    for (ptrdiff_t n = 0; n < half; n += LANES) {
        lanes r[LANES];
        for (int k = 0; k < LANES; k++) r[k] = load(starts[k] + n);
        transpose(r);
        for (int k = 0; k < LANES; k++) {
            out[n + k] = r[k] - *first;
            sums[k & 3] += out[n + k];
        }
    }
    *sum = (sums[0] + sums[1]) + (sums[2] + sums[3]);
}

/* The lanes one earlier, and x as the last one. */
ALWAYS lanes N(advanced)(lanes now, float x) {
#if LANES == 16
    return SHUFFLE(now, all(x), 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16);
#elif LANES == 8
    return SHUFFLE(now, all(x), 1, 2, 3, 4, 5, 6, 7, 8);
#else
    return SHUFFLE(now, all(x), 1, 2, 3, 4);
#endif
}

/* The first pass of the transform of LANES frames, each less its mean and times the window. The
second half of a frame is the first one of the next, so that half frames are put side by side once.
`after` is the half after those of the lanes, or that of the last lane if there is none. The first
sample of a half is subtracted before sums, so that a constant leaves exact zeros. */
static void N(first_pass)(const amplitudes_job *job, const float *const *starts, const float *after,
                          lanes *x, lanes *y) {
    enum { half = AMPLITUDE_FRAME / 2, quarter = half / 2 };
    lanes first, sum;
    N(halves)(starts, half, x, &first, &sum);
    loose_quad parts = {0};
    for (ptrdiff_t n = 0; n < half; n += 4) parts += *(const loose_quad *)(after + n) - after[0];
    float after_sum = (parts[0] + parts[1]) + (parts[2] + parts[3]);
    lanes step = N(advanced)(first, after[0]) - first, scale = all(1.0f / (float)AMPLITUDE_FRAME);
    lanes mean = ((sum + N(advanced)(sum, after_sum)) + step * (float)half) * scale;
    lanes rest = step - mean;
    const float *w = job->window;
    for (ptrdiff_t k = 0; k < quarter; k++) {
        lanes a = (x[k] - mean) * w[k], b = (x[k + quarter] - mean) * w[k + quarter];
        lanes c = N(advanced)(x[k], after[k] - after[0]) + rest;
        lanes d = N(advanced)(x[k + quarter], after[k + quarter] - after[0]) + rest;
        c *= w[k + half];
        d *= w[k + half + quarter];
        lanes odd = d + b, even = a + c;
        y[4 * k] = even + odd;
        y[4 * k + 1] = a - c;
        y[4 * k + 2] = d - b;
        y[4 * k + 3] = even - odd;
    }
}

/* The last pass of the transform, of which only magnitudes are stored, for the bins below half of
the size. */
static void N(last_pass)(const amplitudes_job *job, const lanes *x, ptrdiff_t frame,
                         ptrdiff_t count) {
    const float half_root = 0.707106781186547524400844362104849f, *roots = job->roots;
    enum { length = AMPLITUDE_FRAME / 4, last = length - 1 };
    const lanes *a = x, *b = a + length, *c = b + length, *d = c + length;
#define OUT(bin, value) store(job->amplitude + (bin) * job->frames + frame, value, count)
#define MAGNITUDE(re, im) root((re) * (re) + (im) * (im))
    OUT(0, absolute((d[0] + b[0]) + (a[0] + c[0])));
    OUT(length, MAGNITUDE(a[0] - c[0], d[0] - b[0]));
    for (ptrdiff_t i = 1; i + 1 < length; i += 2) {
        TURNED(br, bi, b + i, roots + (i + 1));
        TURNED(cr, ci, c + i, roots + 2 * (i + 1));
        TURNED(dr, di, d + i, roots + 3 * (i + 1));
        lanes odd_re = dr + br, turn_im = dr - br, odd_im = bi + di, turn_re = bi - di;
        lanes even_re = a[i] + cr, gap_re = a[i] - cr;
        lanes even_im = a[i + 1] + ci, gap_im = a[i + 1] - ci;
        ptrdiff_t k = (i + 1) / 2;
        OUT(k, MAGNITUDE(even_re + odd_re, odd_im + even_im));
        OUT(2 * length - k, MAGNITUDE(even_re - odd_re, odd_im - even_im));
        OUT(length + k, MAGNITUDE(gap_re + turn_re, turn_im + gap_im));
        OUT(length - k, MAGNITUDE(gap_re - turn_re, turn_im - gap_im));
    }
    lanes im = -half_root * (b[last] + d[last]), re = half_root * (b[last] - d[last]);
    OUT(length / 2, MAGNITUDE(a[last] + re, im - c[last]));
    OUT(length + length / 2, MAGNITUDE(a[last] - re, im + c[last]));
#undef OUT
#undef MAGNITUDE
}

/* The second and the third pass of the transform, from transforms of 4 to those of 64. The four
groups of the second that one of the third combines are in the cache in between. */
static void N(middle_passes)(const lanes *x, lanes *y, const float *roots) {
    enum { quarter = AMPLITUDE_FRAME / 4, blocks = AMPLITUDE_FRAME / 64 };
    lanes part[64];
    for (ptrdiff_t k = 0; k < blocks; k++) {
        for (ptrdiff_t j = 0; j < 4; j++) {
            const lanes *a = x + 4 * (k + j * blocks), *b = a + quarter;
            N(real_group_4)(a, b, b + quarter, b + 2 * quarter, part + 16 * j, 4, 4 * blocks, roots);
        }
        N(real_group_4)(part, part + 16, part + 32, part + 48, y + 64 * k, 16, blocks, roots);
    }
}

/* Returns 0, or -1 if there is no memory. */
static int N(amplitudes)(const amplitudes_job *job) {
    enum { size = AMPLITUDE_FRAME, half = size / 2 };
    lanes *x = aligned((size_t)(2 * size) * sizeof(lanes)), *y = x + size;
    if (!x) return -1;
    const float *starts[LANES];
    for (ptrdiff_t frame = 0; frame < job->frames; frame += LANES) {
        ptrdiff_t count = job->frames - frame < LANES ? job->frames - frame : LANES;
        /* There is a half more than frames. Lanes beyond repeat the last one; the frames from them
        are not stored. */
        for (int k = 0; k < LANES; k++)
            starts[k] = job->y + (frame + (k < count ? k : count)) * half;
        N(first_pass)(job, starts, job->y + (frame + count) * half, x, y);
        N(middle_passes)(y, x, job->roots);
        N(real_pass_4)(x, y, size / 16, 4, job->roots);
        N(last_pass)(job, y, frame, count);
    }
    free(x);
    return 0;
}

/* The sum, or the greatest, of sixteen parts, in the same order with any number of lanes. */
ALWAYS float N(sum_of_parts)(const lanes *parts) {
    loose_eight eight[2];
    loose_quad quad[2];
    memcpy(eight, parts, sizeof eight);
    eight[0] += eight[1];
    memcpy(quad, eight, sizeof quad);
    quad[0] += quad[1];
    return (quad[0][0] + quad[0][2]) + (quad[0][1] + quad[0][3]);
}

ALWAYS float N(greatest_part)(const lanes *parts) {
    loose_eight eight[2];
    memcpy(eight, parts, sizeof eight);
    eight_ints which = eight[0] > eight[1];
    which = (which & (eight_ints)eight[0]) | (~which & (eight_ints)eight[1]);
    memcpy(eight, &which, sizeof which);
    float greatest = eight[0][0];
    for (int k = 1; k < 8; k++) greatest = eight[0][k] > greatest ? eight[0][k] : greatest;
    return greatest;
}

#undef ROW_SETS
#define ROW_SETS (ROW_PARTS / LANES)

/* Add the sums of the parts of LANES rows, in double precision. The parts of a row are added by halves. */
static void N(add_row_parts)(lanes parts[ROW_SETS][LANES], double *out, ptrdiff_t count) {
    lanes t[ROW_PARTS];
    for (int v = 0; v < ROW_SETS; v++) {
        transpose(parts[v]);
        for (int k = 0; k < LANES; k++) t[v * LANES + k] = parts[v][k];
    }
    for (int half = ROW_PARTS / 2; half; half /= 2)
        for (int k = 0; k < half; k++) t[k] += t[k + half];
    for (int k = 0; k < count; k++) out[k] += (double)t[0][k];
}

/* Add LANES values, each with the one after it. */
ALWAYS void N(add_to_row)(const float *x, int v, lanes *sum, lanes *square, lanes *change,
                          lanes *peak) {
    lanes now = load(x);
    sum[v] += now;
    square[v] += now * now;
    change[v] += absolute(load(x + 1) - now);
    *peak = larger(*peak, now);
}

/* The last values of a row are those under a mask; behind the last row, they are copied first. */
static void N(row_sums)(row_sums_job *job) {
    ptrdiff_t columns = job->columns, whole = (columns - 1) / ROW_PARTS * ROW_PARTS;
    ilanes inside[ROW_SETS], followed[ROW_SETS]; /* by another value of the row */
    for (int v = 0; v < ROW_SETS; v++)
        for (int k = 0; k < LANES; k++) {
            inside[v][k] = -(whole + v * LANES + k < columns);
            followed[v][k] = -(whole + v * LANES + k + 1 < columns);
        }
    const float *end = job->x + job->rows * columns;
    lanes peaks[ROW_SETS * 4] = {0}; /* several, of which each waits for the one before */
    for (ptrdiff_t row = 0; row < job->rows; row += LANES) {
        ptrdiff_t count = job->rows - row < LANES ? job->rows - row : LANES;
        lanes sums[ROW_SETS][LANES], squares[ROW_SETS][LANES], changes[ROW_SETS][LANES];
        for (int r = 0; r < LANES; r++) {
            const float *x = job->x + (row + (r < count ? r : count - 1)) * columns;
            lanes sum[ROW_SETS] = {0}, square[ROW_SETS] = {0}, change[ROW_SETS] = {0};
            ptrdiff_t k = 0;
            for (; k + 4 * ROW_PARTS <= whole; k += 4 * ROW_PARTS)
                for (int v = 0; v < 4 * ROW_SETS; v++)
                    N(add_to_row)(x + k + v * LANES, v % ROW_SETS, sum, square, change, peaks + v);
            for (; k < whole; k += ROW_PARTS)
                for (int v = 0; v < ROW_SETS; v++)
                    N(add_to_row)(x + k + v * LANES, v, sum, square, change, peaks + v);
            float copy[ROW_PARTS + 1] = {0};
            const float *last = x + whole;
            if (end - last <= ROW_PARTS) {
                memcpy(copy, last, (size_t)(end - last) * sizeof(float));
                last = copy;
            }
            for (int v = 0; v < ROW_SETS; v++) {
                lanes now = (lanes)((ilanes)load(last + v * LANES) & inside[v]);
                lanes gap = absolute(load(last + v * LANES + 1) - now);
                sums[v][r] = sum[v] + now;
                squares[v][r] = square[v] + now * now;
                changes[v][r] = change[v] + (lanes)((ilanes)gap & followed[v]);
                peaks[v] = larger(peaks[v], now);
            }
        }
        N(add_row_parts)(sums, job->sum + row, count);
        N(add_row_parts)(squares, job->square + row, count);
        N(add_row_parts)(changes, job->change + row, count);
    }
    job->peak = 0.0f;
    for (int v = 0; v < 4 * ROW_SETS; v++)
        for (int k = 0; k < LANES; k++)
            job->peak = peaks[v][k] > job->peak ? peaks[v][k] : job->peak;
}

/* The least value on the way from a peak to a greater one, or to the end. */
static double N(valley)(const double *x, ptrdiff_t peak, ptrdiff_t end, ptrdiff_t step) {
    double least = x[peak];
    for (ptrdiff_t k = peak + step; k != end && x[k] <= x[peak]; k += step)
        least = x[k] < least ? x[k] : least;
    return least;
}

/* Middles of local maxima, at which x rises before and falls after a run of equal values. */
static ptrdiff_t N(maxima)(const double *x, ptrdiff_t columns, ptrdiff_t *out) {
    ptrdiff_t count = 0;
    for (ptrdiff_t k = 1; k + 1 < columns; k++) {
        if (x[k] <= x[k - 1]) continue;
        ptrdiff_t end = k + 1;
        while (end + 1 < columns && x[end] == x[k]) end++;
        if (x[end] < x[k]) out[count++] = (k + end - 1) / 2;
        k = end - 1;
    }
    return count;
}

/* Remove maxima closer than the distance to a higher one that remains; of equal ones, the later
remains. `waiting` has room for as many. Returns how many remain. */
static ptrdiff_t N(thinned)(const double *x, ptrdiff_t *peaks, ptrdiff_t count, ptrdiff_t distance,
                            ptrdiff_t *waiting) {
    ptrdiff_t remaining = 0, left = count;
    memcpy(waiting, peaks, (size_t)count * sizeof *peaks);
    while (left) {
        ptrdiff_t best = waiting[0], kept = 0;
        for (ptrdiff_t k = 1; k < left; k++) best = x[waiting[k]] >= x[best] ? waiting[k] : best;
        peaks[remaining++] = best;
        for (ptrdiff_t k = 0; k < left; k++) {
            ptrdiff_t apart = waiting[k] > best ? waiting[k] - best : best - waiting[k];
            waiting[kept] = waiting[k];
            kept += apart >= distance && apart > 0;
        }
        left = kept;
    }
    return remaining;
}

/* Returns 0, or -1 if there is no memory. */
static int N(peak_counts)(const peak_counts_job *job) {
    ptrdiff_t columns = job->columns;
    ptrdiff_t *peaks = aligned((size_t)(2 * columns) * sizeof(ptrdiff_t));
    if (!peaks) return -1;
    for (ptrdiff_t row = 0; row < job->rows; row++) {
        const double *x = job->x + row * columns;
        ptrdiff_t count = N(maxima)(x, columns, peaks);
        count = N(thinned)(x, peaks, count, job->distance, peaks + columns);
        job->count[row] = 0;
        for (ptrdiff_t k = 0; k < count; k++) {
            double left = N(valley)(x, peaks[k], -1, -1);
            double right = N(valley)(x, peaks[k], columns, 1);
            double rise = x[peaks[k]] - (left > right ? left : right);
            job->count[row] += rise >= job->prominence;
        }
    }
    free(peaks);
    return 0;
}

static void N(counts_above)(const counts_job *job) {
    lanes threshold = all(job->threshold);
    for (ptrdiff_t row = 0; row < job->rows; row++) {
        const float *x = job->x + row * job->columns;
        ilanes below = {0};
        int64_t count = 0;
        ptrdiff_t k = 0;
        for (; k + LANES <= job->columns; k += LANES) below += load(x + k) > threshold;
        for (int i = 0; i < LANES; i++) count -= below[i];
        for (; k < job->columns; k++) count += x[k] > job->threshold;
        job->count[row] = count;
    }
}

/* The sum is that of the differences from the first sample, so that it is exact for a constant. */
static void N(window_extremes)(const windows_job *job) {
    enum { PER_STEP = 2 * ROW_SETS, WIDTH = 2 * ROW_PARTS };
    ptrdiff_t whole = job->size / WIDTH * WIDTH;
    for (ptrdiff_t w = 0; w < job->windows; w++) {
        const float *x = job->x + w * job->size;
        lanes first = all(x[0]), sum[PER_STEP] = {0}, most[PER_STEP], least[PER_STEP];
        for (int v = 0; v < PER_STEP; v++) {
            most[v] = first;
            least[v] = -first; /* the greatest negated value */
        }
        for (ptrdiff_t k = 0; k < whole; k += WIDTH)
            for (int v = 0; v < PER_STEP; v++) {
                lanes now = load(x + k + v * LANES);
                sum[v] += now - first;
                most[v] = larger(most[v], now);
                least[v] = larger(least[v], -now);
            }
        for (int v = 0; v < ROW_SETS; v++) {
            sum[v] += sum[v + ROW_SETS];
            most[v] = larger(most[v], most[v + ROW_SETS]);
            least[v] = larger(least[v], least[v + ROW_SETS]);
        }
        double total = (double)N(sum_of_parts)(sum) + (double)x[0] * (double)job->size;
        float high = N(greatest_part)(most), low = -N(greatest_part)(least);
        for (ptrdiff_t k = whole; k < job->size; k++) {
            total += (double)(x[k] - x[0]);
            high = x[k] > high ? x[k] : high;
            low = x[k] < low ? x[k] : low;
        }
        job->high[w] = high;
        job->low[w] = low;
        job->sum[w] = total;
    }
}
