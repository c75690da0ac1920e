/* Pitch of frames by YIN, and their aperiodicity between whole lags; see `featkit.dsp.pitch`.

Each lane walks through a run of frames, piece by piece. The spectrum of a piece gives its
autocorrelation and its cross-correlation with the piece before; their sum over the pieces of a
frame gives the autocorrelation of the frame, which stays in the cache until its period is found. */

#ifndef FEATKIT_PITCH_H
#define FEATKIT_PITCH_H

#define STEPS 8       /* interpolated values per lag */
#define COLUMNS 16    /* 2 STEPS - 2 values between three lags, and two that are not used */

#define MAX_REACH 64

typedef struct {
    const float *y;         /* samples */
    const int64_t *starts;  /* first sample of each frame, in ascending order */
    ptrdiff_t frames;
    ptrdiff_t piece, count; /* samples in a piece, and pieces in a frame */
    ptrdiff_t shortest, longest; /* periods in samples */
    float threshold;        /* below it, the first trough is the period */
    double silent;          /* energy below which a frame is silent */
    const float *roots;     /* powers of exp(-pi i / piece), 2 piece of them */
    ptrdiff_t reach;        /* lags on either side from which values between lags are computed */
    const double *sincs;    /* (2 reach + 1, COLUMNS) */
    double *trough;         /* lag of the trough, refined by a parabola */
    double *period, *aperiodicity;
    uint8_t *inside;        /* whether the trough is within the range of periods */
} pitch_job;

#endif

/* Memory of the lanes; spectra are as `real_fft` leaves them. */
typedef struct {
    lanes *x, *y;        /* 2 piece each: a transform and its scratch */
    lanes *before;       /* (2 piece) spectrum of the piece before */
    lanes *crossed;      /* (count - 1, 2 piece) cross spectra of neighbouring pieces */
    lanes *energy;       /* (count, piece) running sums of the squared samples of a piece */
    lanes *difference;   /* (longest) normalised difference at lags from 1 */
    float *rows;         /* (LANES, piece) autocorrelation of each lane */
    ptrdiff_t pieces;    /* number of pieces so far: a place in `crossed` and `energy` */
} N(pitch_memory);

/* Transform the next piece of each lane, into x. */
static void N(pitch_transform)(const pitch_job *job, N(pitch_memory) *m, const int64_t *at) {
    ptrdiff_t size = job->piece;
    lanes *energy = m->energy + m->pieces % job->count * size, sum = all(0.0f);
    for (ptrdiff_t n = 0; n < size; n += LANES) {
        lanes r[LANES];
        for (int k = 0; k < LANES; k++) r[k] = load(job->y + at[k] + n);
        transpose(r);
        for (int k = 0; k < LANES; k++) {
            m->x[n + k] = r[k];
            energy[n + k] = sum = sum + r[k] * r[k];
        }
    }
    lanes *z = N(padded_real_fft)(m->x, m->y, 2 * size, job->roots);
    if (z != m->x) {
        m->y = m->x;
        m->x = z;
    }
}

/* Cross spectrum of the pieces with those before them, half a transform earlier, and its sum with
the earlier ones of the frames that end with these pieces and their own power, into y; for numbers
n and n + 1 of the transform, the real and the imaginary part of bin k. */
ALWAYS void N(pitch_bin)(const pitch_job *job, const N(pitch_memory) *m, ptrdiff_t k, ptrdiff_t n,
                         int is_complex) {
    ptrdiff_t size = 2 * job->piece, others = job->count - 1;
    lanes zero = all(0.0f), re = m->x[n], im = is_complex ? m->x[n + 1] : zero;
    lanes sum_re = is_complex ? re * re + im * im : re * re, sum_im = zero;
    if (others) {
        lanes before_re = m->before[n], before_im = is_complex ? m->before[n + 1] : zero;
        lanes both_re = k & 1 ? before_re - re : before_re + re;
        lanes both_im = k & 1 ? before_im - im : before_im + im;
        ptrdiff_t newest = m->pieces % others;
        lanes *now = m->crossed + newest * size + n;
        now[0] = both_re * before_re + both_im * before_im;
        if (is_complex) now[1] = both_im * before_re - both_re * before_im;
        for (ptrdiff_t c = 1; c <= others; c++) { /* from the oldest on */
            ptrdiff_t place = newest + c < others ? newest + c : newest + c - others;
            sum_re += m->crossed[place * size + n];
            if (is_complex) sum_im += m->crossed[place * size + n + 1];
        }
    }
    m->y[n] = sum_re;
    if (is_complex) m->y[n + 1] = sum_im;
}

/* From the transform of the pieces in x to the autocorrelation of the frames that end with them,
times 2 piece, in x; the transform moves to `before`. */
static void N(pitch_correlate)(const pitch_job *job, N(pitch_memory) *m, int inverse) {
    ptrdiff_t half = job->piece;
    N(pitch_bin)(job, m, 0, 0, 0);
    for (ptrdiff_t k = 1; k < half; k++) N(pitch_bin)(job, m, k, 2 * k - 1, 1);
    N(pitch_bin)(job, m, half, 2 * half - 1, 0);
    lanes *before = m->before;
    m->before = m->x;
    m->x = before;
    m->pieces++;
    if (!inverse) return;
    lanes *r = N(inverse_real_fft)(m->y, m->x, 2 * half, job->roots);
    if (r != m->x) {
        m->y = m->x;
        m->x = r;
    }
}

/* Normalised difference and its first trough below the threshold or, without one, its minimum:
its place among the lags from the shortest period on. */
static ilanes N(pitch_trough)(const pitch_job *job, N(pitch_memory) *m) {
    const lanes *head = m->energy + m->pieces % job->count * job->piece; /* of the oldest piece */
    lanes *d = m->difference, sum = all(0.0f);
    for (ptrdiff_t k = 1; k <= job->longest; k++) {
        lanes difference = (m->x[0] - m->x[k]) * 2.0f;
        if (k > 1) difference -= head[k - 1];
        sum = k > 1 ? sum + difference : difference;
        d[k - 1] = difference * (float)k / (sum + 1.17549435e-38f);
    }
    d += job->shortest - 1;
    ptrdiff_t lags = job->longest - job->shortest + 1;
    lanes least = d[0];
    ilanes place = {0}, found = {0}, first = {0};
    for (ptrdiff_t k = 0; k < lags; k++) {
        ilanes number = place ^ place; /* k in each lane */
        number += (int32_t)k;
        ilanes less = d[k] < least;
        least = choose(less, d[k], least);
        place = (less & number) | (~less & place);
        ilanes trough = d[k] < job->threshold;
        if (k > 0) trough &= d[k] < d[k - 1];
        if (k < lags - 1) trough &= k ? (ilanes)(d[k] <= d[k + 1]) : (ilanes)(d[k] < d[k + 1]);
        trough &= ~found;
        first |= trough & number;
        found |= trough;
    }
    return (found & first) | (~found & place);
}

/* The autocorrelation between the lags around a period, at steps of 1 / STEPS. The sums are in
double precision: the rounding of single precision would move the period of a deep tone. */
static void N(pitch_between)(const pitch_job *job, const float *row, ptrdiff_t lag,
                             double *between) {
    double near[2 * MAX_REACH + 1];
    ptrdiff_t taps = 2 * job->reach + 1, first = lag - job->reach;
    for (ptrdiff_t k = first < 0 ? -first : 0; k < taps; k++) near[k] = (double)row[first + k];
    for (ptrdiff_t k = 0; k < -first; k++) near[k] = (double)row[-first - k];
    doubles sums[4][COLUMNS / HALF] = {0};
    for (ptrdiff_t k = 0; k < taps; k++) {
        const double *sinc = job->sincs + k * COLUMNS;
        for (int v = 0; v < COLUMNS / HALF; v++)
            sums[k & 3][v] += load_doubles(sinc + v * HALF) * near[k];
    }
    for (int v = 0; v < COLUMNS / HALF; v++)
        *(loose_doubles *)(between + v * HALF) =
            (sums[0][v] + sums[1][v]) + (sums[2][v] + sums[3][v]);
}

/* Period and aperiodicity of the frame of a lane, near a lag; see `FrameCorrelations.repetition`. */
static void N(pitch_repetition)(const pitch_job *job, const N(pitch_memory) *m, int lane,
                                ptrdiff_t lag, double *period, double *aperiodicity) {
    const float *row = m->rows + lane * job->piece;
    const lanes *head = m->energy + m->pieces % job->count * job->piece;
    const lanes *tail = m->energy + (m->pieces - 1) % job->count * job->piece;
    ptrdiff_t last = job->piece - 1;
    double power[3];
    int sounding = 1;
    for (int k = 0; k < 3; k++) {
        ptrdiff_t shift = lag - 1 + k;
        float missing = head[shift - 1][lane] + (tail[last][lane] - tail[last - shift][lane]);
        power[k] = 2 * (double)row[0] - (double)missing;
        sounding &= power[k] > job->silent;
    }
    *period = (double)lag;
    *aperiodicity = __builtin_nan("");
    if (!sounding) return;
    double between[COLUMNS];
    N(pitch_between)(job, row, lag, between);
    double share[2 * STEPS + 1];
    ptrdiff_t least = 0;
    for (int k = 0; k <= 2 * STEPS; k++) {
        int side = k / STEPS, step = k % STEPS;
        double value = step ? between[k - 1 - side] : (double)row[lag - 1 + side];
        double at = power[side];
        if (step) at += (double)step / STEPS * (power[side + 1] - power[side]);
        share[k] = 0.5 - value / at;
        if (share[k] < share[least]) least = k;
    }
    least = least < 1 ? 1 : least > 2 * STEPS - 1 ? 2 * STEPS - 1 : least;
    double height, shift = parabola(share[least - 1], share[least], share[least + 1], &height);
    *period = (double)lag + ((double)least + shift) / STEPS - 1;
    *aperiodicity = height < 0 ? 0 : height > 1 ? 1 : height;
}

/* Find the periods of the frames that end with the current pieces. */
static void N(pitch_results)(const pitch_job *job, N(pitch_memory) *m, const ptrdiff_t *frame,
                             const int *complete) {
    ptrdiff_t values = job->longest + job->reach + 1;
    float scale = 0.5f / (float)job->piece;
    for (ptrdiff_t n = 0; n < values; n += LANES) {
        lanes r[LANES];
        for (int k = 0; k < LANES; k++) r[k] = m->x[n + k] = m->x[n + k] * scale;
        transpose(r);
        for (int k = 0; k < LANES; k++) store(m->rows + k * job->piece + n, r[k], LANES);
    }
    ilanes places = N(pitch_trough)(job, m);
    for (int lane = 0; lane < LANES; lane++) {
        if (!complete[lane]) continue;
        ptrdiff_t f = frame[lane], place = places[lane], end = job->longest - job->shortest;
        ptrdiff_t lag = job->shortest + place;
        int inside = 0 < place && place < end;
        double shift = 0, height;
        if (inside) {
            const lanes *d = m->difference + lag - 1;
            shift = parabola(d[-1][lane], d[0][lane], d[1][lane], &height);
        }
        job->trough[f] = (double)lag + shift;
        job->inside[f] = (uint8_t)inside;
        N(pitch_repetition)(job, m, lane, lag, job->period + f, job->aperiodicity + f);
    }
}

/* Returns 0, or -1 if there is no memory. */
static int N(pitch)(const pitch_job *job) {
    ptrdiff_t size = job->piece, count = job->count;
    size_t vectors = (size_t)(4 * size + 2 * size * count + count * size + job->longest + size);
    lanes *memory = aligned(vectors * sizeof(lanes));
    if (!memory) return -1;
    memset(memory, 0, vectors * sizeof(lanes));
    N(pitch_memory) m = {.x = memory, .y = memory + 2 * size};
    m.before = m.y + 2 * size;
    m.crossed = m.before + 2 * size;
    m.energy = m.crossed + 2 * size * (count - 1);
    m.difference = m.energy + count * size;
    m.rows = (float *)(m.difference + job->longest);
    ptrdiff_t frame[LANES], stop[LANES];
    int64_t at[LANES];
    for (int k = 0; k < LANES; k++) { /* a run of frames for each lane */
        frame[k] = job->frames * k / LANES;
        stop[k] = job->frames * (k + 1) / LANES;
        at[k] = job->starts[frame[k] < job->frames ? frame[k] : 0];
    }
    for (int remaining = 1; remaining;) {
        int complete[LANES], any = 0;
        for (int k = 0; k < LANES; k++) {
            complete[k] = frame[k] < stop[k] && at[k] == job->starts[frame[k]] + (count - 1) * size;
            any |= complete[k];
        }
        N(pitch_transform)(job, &m, at);
        N(pitch_correlate)(job, &m, any);
        if (any) N(pitch_results)(job, &m, frame, complete);
        remaining = 0;
        for (int k = 0; k < LANES; k++) {
            frame[k] += complete[k];
            if (frame[k] >= stop[k]) continue;
            remaining = 1;
            int64_t start = job->starts[frame[k]], next = at[k] + size;
            at[k] = count == 1 || start > next ? start : next;
        }
    }
    free(memory);
    return 0;
}
