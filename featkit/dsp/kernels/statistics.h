/* Statistics over time of each row of a matrix, clip by clip. */

#ifndef FEATKIT_STATISTICS_H
#define FEATKIT_STATISTICS_H

/* Kinds of statistics, as `featkit.dsp.row_statistics` numbers them. */
enum { MEAN, STD, VAR, MIN, MAX, SKEW, KURTOSIS, DIFF_MEAN, DIFF_STD, PERCENTILE, KINDS };

typedef struct {
    const float *float_values;     /* (rows, frames); NULL if `double_values` has the values */
    const double *double_values;
    ptrdiff_t rows, frames, clips, count;
    const int64_t *edges;    /* first frame of each clip, and the end of the last: clips + 1 */
    const int32_t *kinds;    /* count */
    const double *percents;  /* count; for percentiles */
    double *out;             /* (count, rows, clips) */
} statistics_job;

/* What is known of the defined values of a clip. */
typedef struct {
    ptrdiff_t count;
    double mean, var, third, fourth; /* central moments */
} central_moments;

#define NONE __builtin_nan("")

#define SORTED 40 /* values that are sorted; of more, a percentile is found by bisection */

#define loose_keys N(loose_keys)

#endif

typedef int32_t loose_keys __attribute__((vector_size(4 * LANES), aligned(4), may_alias));

/* Central moments of x, which has room for a multiple of PARTS; the third and fourth if `high`.
The mean is computed about the first value, so that a constant has a variance of exactly 0. */
static central_moments N(central)(double *x, ptrdiff_t n, int high) {
    central_moments m = {n, NONE, NONE, NONE, NONE};
    if (!n) return m;
    double first = x[0];
    ptrdiff_t end = padded(n);
    for (ptrdiff_t k = n; k < end; k++) x[k] = first;
    doubles sum[VECTORS] = {0}, third[VECTORS] = {0}, fourth[VECTORS] = {0};
    for (ptrdiff_t k = 0; k < end; k += PARTS)
        for (int v = 0; v < VECTORS; v++) sum[v] += load_doubles(x + k + v * HALF) - first;
    m.mean = first + sum_of_parts(sum) / (double)n;
    for (ptrdiff_t k = n; k < end; k++) x[k] = m.mean;
    for (int v = 0; v < VECTORS; v++) sum[v] = (doubles){0};
    for (ptrdiff_t k = 0; k < end && !high; k += PARTS)
        for (int v = 0; v < VECTORS; v++) {
            doubles c = load_doubles(x + k + v * HALF) - m.mean;
            sum[v] += c * c;
        }
    for (ptrdiff_t k = 0; k < end && high; k += PARTS)
        for (int v = 0; v < VECTORS; v++) {
            doubles c = load_doubles(x + k + v * HALF) - m.mean, square = c * c;
            sum[v] += square;
            third[v] += square * c;
            fourth[v] += square * square;
        }
    m.var = sum_of_parts(sum) / (double)n;
    m.third = sum_of_parts(third) / (double)n;
    m.fourth = sum_of_parts(fourth) / (double)n;
    return m;
}

/* Number of keys up to a limit that is less than INT32_MAX, which fills the room up to a multiple of
2 * MAX_LANES. */
static ptrdiff_t N(at_most_float)(const int32_t *keys, ptrdiff_t n, int32_t limit) {
    ilanes count[2] = {0};
    for (ptrdiff_t i = 0; i < n; i += 2 * LANES) {
        count[0] -= *(const loose_keys *)(keys + i) <= limit;
        count[1] -= *(const loose_keys *)(keys + i + LANES) <= limit;
    }
    count[0] += count[1];
    ptrdiff_t total = 0;
    for (int k = 0; k < LANES; k++) total += count[0][k];
    return total;
}

static ptrdiff_t N(at_most_double)(const int64_t *keys, ptrdiff_t n, int64_t limit) {
    ptrdiff_t count = 0;
    for (ptrdiff_t i = 0; i < n; i++) count += keys[i] <= limit;
    return count;
}

/* Functions for the values of a type, whose bits are compared as integers.

ordered(x, n, keys): integers in the order of the values; few of them are sorted.
value(key): the value of an integer.
percentile(keys, n, q, low, high): the value at q percent, with linear interpolation; the least and
the greatest key are low and high. The value of a rank is found by bisection. */
#undef RANKS
#define RANKS(real, key, top)                                                                     \
    ALWAYS key N(key_##real)(key k) { return k ^ ((k >> (8 * sizeof(key) - 1)) & top); }          \
    ALWAYS double N(value_##real)(key k) {                                                        \
        real value;                                                                               \
        k = N(key_##real)(k);                                                                     \
        memcpy(&value, &k, sizeof value);                                                         \
        return (double)value;                                                                     \
    }                                                                                             \
    static void N(ordered_##real)(const double *x, ptrdiff_t n, key *keys) {                      \
        for (ptrdiff_t i = 0; i < n; i++) {                                                       \
            real value = (real)x[i];                                                              \
            memcpy(keys + i, &value, sizeof value);                                               \
            keys[i] = N(key_##real)(keys[i]);                                                     \
        }                                                                                         \
        for (ptrdiff_t i = n; i < n + 2 * MAX_LANES; i++) keys[i] = top;                          \
        for (ptrdiff_t i = 1; i < n && n <= SORTED; i++) {                                        \
            key k = keys[i];                                                                      \
            ptrdiff_t place = i;                                                                  \
            for (; place && keys[place - 1] > k; place--) keys[place] = keys[place - 1];          \
            keys[place] = k;                                                                      \
        }                                                                                         \
    }                                                                                             \
    static void N(extremes_##real)(const key *keys, ptrdiff_t n, key *low, key *high) {           \
        key least = keys[0], most = keys[0];                                                      \
        for (ptrdiff_t i = 0; i < n; i++) {                                                       \
            least = keys[i] < least ? keys[i] : least;                                            \
            most = keys[i] > most ? keys[i] : most;                                               \
        }                                                                                         \
        *low = least;                                                                             \
        *high = most;                                                                             \
    }                                                                                             \
    static double N(percentile_##real)(const key *keys, ptrdiff_t n, double q, key low,           \
                                       key high) {                                                \
        double position = (double)(n - 1) * (q / 100), lower = __builtin_floor(position);         \
        ptrdiff_t rank = (ptrdiff_t)lower;                                                        \
        key most = high;                                                                          \
        while (n > SORTED && low < high) {                                                        \
            key middle = (low & high) + ((low ^ high) >> 1); /* rounded down */                   \
            if (N(at_most_##real)(keys, n, middle) > rank)                                        \
                high = middle;                                                                    \
            else                                                                                  \
                low = middle + 1;                                                                 \
        }                                                                                         \
        if (n <= SORTED) low = keys[rank];                                                        \
        double value = N(value_##real)(low), share = position - lower;                            \
        if (share == 0 || low == most) return value;                                              \
        if (n <= SORTED) {                                                                        \
            most = keys[rank + 1];                                                                \
        } else if (N(at_most_##real)(keys, n, low) > rank + 1) {                                  \
            most = low;                                                                           \
        } else {                                                                                  \
            for (ptrdiff_t i = 0; i < n; i++)                                                     \
                most = keys[i] > low && keys[i] < most ? keys[i] : most;                          \
        }                                                                                         \
        return value + (N(value_##real)(most) - value) * share;                                   \
    }

RANKS(float, int32_t, INT32_MAX)
RANKS(double, int64_t, INT64_MAX)

/* The defined values of `count` frames from `start` on, and their differences from frame to frame.
Both have room for a multiple of PARTS. */
#undef DEFINED
#define DEFINED(real)                                                                             \
    static ptrdiff_t N(defined_##real)(const real *values, ptrdiff_t count, double *x,            \
                                       double *steps, ptrdiff_t *n_steps) {                       \
        int gaps = 0;                                                                             \
        for (ptrdiff_t i = 0; i < count; i++) gaps |= values[i] != values[i];                     \
        *n_steps = count - 1;                                                                     \
        if (!gaps) {                                                                              \
            for (ptrdiff_t i = 0; i < count; i++) x[i] = (double)values[i];                       \
            if (steps)                                                                            \
                for (ptrdiff_t i = 1; i < count; i++) steps[i - 1] = x[i] - x[i - 1];             \
            return count;                                                                         \
        }                                                                                         \
        ptrdiff_t n = 0;                                                                          \
        *n_steps = 0;                                                                             \
        for (ptrdiff_t i = 0; i < count; i++) {                                                   \
            if (values[i] != values[i]) continue;                                                 \
            x[n] = (double)values[i];                                                             \
            if (steps && i && values[i - 1] == values[i - 1]) steps[(*n_steps)++] = x[n] - x[n - 1]; \
            n++;                                                                                  \
        }                                                                                         \
        return n;                                                                                 \
    }

DEFINED(float)
DEFINED(double)

/* A moment over a power of the standard deviation; none for a constant. */
ALWAYS double N(standardised)(const central_moments *m, int order) {
    double resolution = 2.220446049250313e-16 * m->mean;
    if (!(m->var > resolution * resolution)) return NONE;
    return order == 3 ? m->third / (m->var * __builtin_sqrt(m->var)) : m->fourth / (m->var * m->var);
}

/* All statistics of the frames of a clip; they go to out[0], out[stride] ... */
static void N(statistics_of)(const statistics_job *job, const void *values, ptrdiff_t count,
                             unsigned needs, double *x, double *steps, void *keys, double *out) {
    ptrdiff_t n_steps = 0, stride = job->rows * job->clips;
    double *own_steps = needs & (1u << DIFF_MEAN | 1u << DIFF_STD) ? steps : NULL;
    ptrdiff_t n = job->float_values ? N(defined_float)(values, count, x, own_steps, &n_steps)
                              : N(defined_double)(values, count, x, own_steps, &n_steps);
    int32_t low = 0, high = 0;
    int64_t low_double = 0, high_double = 0;
    if (n && needs & (1u << MIN | 1u << MAX | 1u << PERCENTILE)) {
        if (job->float_values) {
            N(ordered_float)(x, n, keys);
            N(extremes_float)(keys, n, &low, &high);
        } else {
            N(ordered_double)(x, n, keys);
            N(extremes_double)(keys, n, &low_double, &high_double);
        }
    }
    central_moments m = {0}, d = {0};
    if (needs & (1u << MEAN | 1u << STD | 1u << VAR | 1u << SKEW | 1u << KURTOSIS))
        m = N(central)(x, n, (needs & (1u << SKEW | 1u << KURTOSIS)) != 0);
    if (own_steps) d = N(central)(steps, n_steps, 0);
    for (ptrdiff_t s = 0; s < job->count; s++) {
        double value = NONE, q = job->percents[s];
        switch (n ? job->kinds[s] : KINDS) {
        case MEAN: value = m.mean; break;
        case STD: value = __builtin_sqrt(m.var); break;
        case VAR: value = m.var; break;
        case MIN: value = job->float_values ? N(value_float)(low) : N(value_double)(low_double); break;
        case MAX: value = job->float_values ? N(value_float)(high) : N(value_double)(high_double); break;
        case SKEW: value = N(standardised)(&m, 3); break;
        case KURTOSIS: value = N(standardised)(&m, 4) - 3; break;
        case DIFF_MEAN: value = d.mean; break;
        case DIFF_STD: value = __builtin_sqrt(d.var); break;
        case PERCENTILE:
            value = job->float_values ? N(percentile_float)(keys, n, q, low, high)
                                : N(percentile_double)(keys, n, q, low_double, high_double);
        }
        out[s * stride] = value;
    }
}

/* Returns 0, or -1 if there is no memory. */
static int N(statistics)(const statistics_job *job) {
    ptrdiff_t longest = 0;
    unsigned needs = 0;
    for (ptrdiff_t c = 0; c < job->clips; c++) {
        ptrdiff_t length = job->edges[c + 1] - job->edges[c];
        longest = length > longest ? length : longest;
    }
    for (ptrdiff_t s = 0; s < job->count; s++) needs |= 1u << job->kinds[s];
    size_t room = (size_t)padded(longest);
    double *x = aligned((3 * room + 2 * MAX_LANES) * sizeof(double));
    if (!x) return -1;
    double *steps = x + room;
    void *keys = steps + room;
    for (ptrdiff_t r = 0; r < job->rows; r++)
        for (ptrdiff_t c = 0; c < job->clips; c++) {
            ptrdiff_t place = r * job->frames + job->edges[c];
            const void *values = job->float_values ? (const void *)(job->float_values + place)
                                             : (const void *)(job->double_values + place);
            N(statistics_of)(job, values, job->edges[c + 1] - job->edges[c], needs, x, steps, keys,
                             job->out + r * job->clips + c);
        }
    free(x);
    return 0;
}
