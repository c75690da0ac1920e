/* The path of the pitch, its harmonics-to-noise ratio and its periods; see `featkit.dsp.pitch_path`,
`speech_hnr` and `voice_periods`. Double precision; one candidate or frame after the other. */

#ifndef FEATKIT_VOICE_H
#define FEATKIT_VOICE_H

#define FLAT 1e-12 /* variance, as a share of the mean square, of a constant: rounding */

typedef struct {
    const double *local;    /* (frames, states), the last state is unvoiced */
    const double *octaves;  /* (frames, states - 1) */
    ptrdiff_t frames, states;
    double per_octave, per_turn, change;
    int64_t *path;          /* (frames,) */
} path_job;

typedef struct {
    const float *frames;    /* (all frames, length) */
    ptrdiff_t length;
    const int64_t *rows;    /* frames of interest */
    ptrdiff_t count;
    const double *window;   /* (length,) */
    const int64_t *first, *last; /* lags of each frame of interest */
    double *share;          /* greatest autocorrelation over that at lag 0 */
} correlation_job;

typedef struct {
    const double *x;          /* samples from `position` on */
    ptrdiff_t samples, frames;
    const int64_t *begins;    /* of each frame, from x on */
    const int64_t *ends;      /* where the last period of each frame must end */
    const int64_t *shortest, *usual, *longest; /* period of each frame */
    ptrdiff_t position;       /* where the next period begins, from x on */
    double *table;            /* (rows, 5): frame, length, amplitude, the next one, correlation */
    ptrdiff_t rows, count;    /* room, and periods that were found */
} periods_job;

/* Returns 0, or -1 if there is no memory. */
static int best_path(const path_job *job) {
    ptrdiff_t n = job->states, candidates = n - 1;
    uint8_t *previous = malloc((size_t)(job->frames * n));
    double cost[MAX_CANDIDATES + 1], next[MAX_CANDIDATES + 1];
    double before_jump[MAX_CANDIDATES + 1] = {0}, jumps[MAX_CANDIDATES + 1]; /* into each state */
    if (!previous) return -1;
    memcpy(cost, job->local, (size_t)n * sizeof(double));
    for (ptrdiff_t t = 1; t < job->frames; t++) {
        const double *now = job->octaves + t * candidates, *before = now - candidates;
        for (ptrdiff_t j = 0; j < n; j++) {
            double least = 0, jump_of_best = 0;
            ptrdiff_t best = 0;
            for (ptrdiff_t i = 0; i < n; i++) {
                double step = i == candidates && j == candidates ? 0 : job->change, jump = 0;
                if (i < candidates && j < candidates) {
                    jump = now[j] - before[i];
                    step = job->per_octave * __builtin_fabs(jump) +
                           job->per_turn * __builtin_fabs(jump - before_jump[i]);
                }
                double total = cost[i] + step;
                if (i && !(total < least)) continue;
                least = total;
                best = i;
                jump_of_best = jump;
            }
            next[j] = least + job->local[t * n + j];
            jumps[j] = jump_of_best;
            previous[t * n + j] = (uint8_t)best;
        }
        memcpy(cost, next, (size_t)n * sizeof(double));
        memcpy(before_jump, jumps, (size_t)n * sizeof(double));
    }
    ptrdiff_t state = 0;
    for (ptrdiff_t j = 1; j < n; j++)
        if (cost[j] < cost[state]) state = j;
    for (ptrdiff_t t = job->frames - 1; t >= 0; t--) {
        job->path[t] = state;
        state = previous[t * n + state];
    }
    free(previous);
    return 0;
}

static double range_of(const double *x, ptrdiff_t count) {
    double least = x[0], greatest = x[0];
    for (ptrdiff_t n = 1; n < count; n++) {
        least = x[n] < least ? x[n] : least;
        greatest = x[n] > greatest ? x[n] : greatest;
    }
    return greatest - least;
}

#endif

/* Sum of products of two series. */
ALWAYS double N(product)(const double *x, const double *y, ptrdiff_t count) {
    doubles sums[VECTORS] = {0};
    ptrdiff_t n = 0;
    for (; n + PARTS <= count; n += PARTS)
        for (int v = 0; v < VECTORS; v++)
            sums[v] += load_doubles(x + n + v * HALF) * load_doubles(y + n + v * HALF);
    double sum = sum_of_parts(sums);
    for (; n < count; n++) sum += x[n] * y[n];
    return sum;
}

/* Returns 0, or -1 if there is no memory. */
static int N(correlations)(const correlation_job *job) {
    double *x = aligned((size_t)job->length * sizeof(double));
    if (!x) return -1;
    for (ptrdiff_t k = 0; k < job->count; k++) {
        const float *frame = job->frames + job->rows[k] * job->length;
        for (ptrdiff_t n = 0; n < job->length; n++) x[n] = (double)frame[n] * job->window[n];
        double greatest = 0;
        for (int64_t lag = job->first[k]; lag <= job->last[k]; lag++) {
            double value = N(product)(x, x + lag, job->length - lag);
            greatest = value > greatest ? value : greatest;
        }
        job->share[k] = greatest / N(product)(x, x, job->length);
    }
    free(x);
    return 0;
}

/* Correlations of the samples at x with as many after them, for each length. Sums of samples and
squares are those of one length less, and what comes in and goes out. */
static void N(neighbours)(const double *x, ptrdiff_t shortest, ptrdiff_t longest, double *result) {
    double sum = 0, square = 0, later = 0, later_square = 0;
    for (ptrdiff_t n = 0; n < 2 * shortest; n++) {
        double value = x[n], power = value * value;
        sum += n < shortest ? value : 0;
        square += n < shortest ? power : 0;
        later += n < shortest ? 0 : value;
        later_square += n < shortest ? 0 : power;
    }
    for (ptrdiff_t length = shortest; length <= longest; length++) {
        double share = 1 / (double)length;
        double own = square - sum * sum * share, next = later_square - later * later * share;
        result[length - shortest] = 0;
        if (own > FLAT * square && next > FLAT * later_square) {
            double common = N(product)(x, x + length, length) - sum * later * share;
            result[length - shortest] = common / __builtin_sqrt(own * next);
        }
        if (length == longest) break;
        double between = x[length], first = x[2 * length], second = x[2 * length + 1];
        sum += between;
        square += between * between;
        later += first + second - between;
        later_square += first * first + second * second - between * between;
    }
}

/* Find the periods of successive frames. Returns 0, or -1 if there is no memory. */
static int N(periods)(periods_job *job) {
    double *c = malloc((size_t)(job->samples + 4) * sizeof(double));
    if (!c) return -1;
    job->count = 0;
    for (ptrdiff_t k = 0; k < job->frames; k++) {
        ptrdiff_t shortest = job->shortest[k], longest = job->longest[k];
        int first = 1;
        while (job->count < job->rows && job->position + 2 * longest <= job->samples) {
            int late = first && job->position <= job->begins[k];
            if (!late && job->position + 2 * longest > job->ends[k]) break;
            first = 0;
            const double *x = job->x + job->position;
            N(neighbours)(x, shortest, longest, c);
            ptrdiff_t best = 0;
            for (ptrdiff_t n = 1; n < longest - shortest; n++)
                if (c[n] > c[n - 1] && c[n] > c[n + 1] && (!best || c[n] > c[best])) best = n;
            if (!best) {
                job->position += job->usual[k];
                continue;
            }
            double *row = job->table + 5 * job->count++, height;
            ptrdiff_t length = shortest + best;
            row[0] = (double)k;
            row[1] = (double)length + parabola(c[best - 1], c[best], c[best + 1], &height);
            row[2] = range_of(x, length);
            row[3] = range_of(x + length, length);
            row[4] = c[best];
            job->position += length;
        }
    }
    free(c);
    return 0;
}
