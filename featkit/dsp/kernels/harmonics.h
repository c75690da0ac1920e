/* Harmonics of voiced frames: their deviation, and their shares; see `featkit.dsp.harmonics`. */

#ifndef FEATKIT_HARMONICS_H
#define FEATKIT_HARMONICS_H

#define MAX_HARMONICS 64
#define SHARES 6

typedef struct {
    const float *power;     /* (bins, all frames) */
    ptrdiff_t bins, stride; /* number of bins, and of all frames */
    const int64_t *frames;  /* numbers of the frames of interest */
    const double *spacing;  /* bins from one harmonic to the next */
    ptrdiff_t count;        /* number of frames of interest */
    ptrdiff_t harmonics;
    double tolerance;       /* largest deviation of a harmonic, relative to the spacing */
    float *shares;          /* (SHARES, count) */
} harmonics_job;

/* The nearest whole number, of ties the even one, for numbers below 2^51. */
static double nearest(double x) { return (x + 6755399441055744.0) - 6755399441055744.0; }

#endif

/* 2^x for x from 0 to 126, within 2 units in the last place. The polynomial is that of Moshier's
Cephes library. */
ALWAYS lanes N(exp2_lanes)(lanes x) {
    ilanes whole = __builtin_convertvector(x + 0.5f, ilanes);
    lanes f = x - __builtin_convertvector(whole, lanes);
    lanes p = f * 1.535336188319500e-4f + 1.339887440266574e-3f;
    p = p * f + 9.618437357674640e-3f;
    p = p * f + 5.550332471162809e-2f;
    p = p * f + 2.402264791363012e-1f;
    p = p * f + 6.931472028550421e-1f;
    return (p * f + 1.0f) * (lanes)((whole + 127) << 23);
}

/* Strongest bins near the harmonics of one frame, in a lane of vectors with one entry for each
harmonic: their power, that of the bins beside them, and their distance from the exact place. */
static void N(harmonics_of_frame)(const harmonics_job *job, ptrdiff_t n, int lane, lanes *below,
                                  lanes *peak, lanes *above, lanes *offset) {
    const float *column = job->power + job->frames[n];
    double spacing = job->spacing[n], width = nearest(job->tolerance * spacing);
    ptrdiff_t step = job->stride, reach = width > 1 ? (ptrdiff_t)width : 1;
    for (ptrdiff_t h = 0; h < job->harmonics; h++) {
        double place = spacing * (double)(h + 1);
        if (!(place + (double)reach < (double)job->bins - 1.5)) return;
        ptrdiff_t middle = (ptrdiff_t)nearest(place), strongest = middle - reach;
        float greatest = column[strongest * step];
        for (ptrdiff_t k = strongest + 1; k <= middle + reach; k++) {
            float value = column[k * step];
            if (value > greatest) {
                greatest = value;
                strongest = k;
            }
        }
        below[h][lane] = column[(strongest - 1) * step];
        peak[h][lane] = greatest;
        above[h][lane] = column[(strongest + 1) * step];
        offset[h][lane] = (float)((double)strongest - place);
    }
}

/* Amplitude and deviation of harmonics, relative to the spacing, by parabolas through logarithms. */
ALWAYS void N(refined)(lanes below, lanes peak, lanes above, lanes offset, lanes spacing,
                       lanes *amplitude, lanes *deviation) {
    ilanes is_peak = (peak > below) & (peak >= above);
    lanes safe = choose(is_peak, peak, all(1.0f)), least = all(1.17549435e-38f);
    lanes before = -0.5f * log2_lanes(larger(choose(is_peak, below, all(0.5f)) / safe, least));
    lanes after = -0.5f * log2_lanes(larger(choose(is_peak, above, all(0.5f)) / safe, least));
    lanes curvature = after + before, slope = 0.5f * (after - before);
    lanes shift = choose(absolute(slope) < curvature, -slope / curvature, all(0.0f));
    lanes height = N(exp2_lanes)(-0.5f * slope * shift);
    *amplitude = choose(is_peak, root(safe) * height, all(0.0f));
    *deviation = absolute(offset + shift) / spacing;
}

static void N(harmonics)(const harmonics_job *job) {
    lanes below[MAX_HARMONICS], peak[MAX_HARMONICS], above[MAX_HARMONICS], offset[MAX_HARMONICS];
    lanes amplitude[MAX_HARMONICS], deviation[MAX_HARMONICS];
    size_t bytes = (size_t)job->harmonics * sizeof(lanes);
    for (ptrdiff_t n = 0; n < job->count; n += LANES) {
        ptrdiff_t count = job->count - n < LANES ? job->count - n : LANES;
        memset(below, 0, bytes);
        memset(peak, 0, bytes);
        memset(above, 0, bytes);
        memset(offset, 0, bytes);
        lanes spacing = all(1.0f), total = all(0.0f), third = total, second = total;
        for (int lane = 0; lane < count; lane++) {
            N(harmonics_of_frame)(job, n + lane, lane, below, peak, above, offset);
            spacing[lane] = (float)job->spacing[n + lane];
        }
        for (ptrdiff_t h = 0; h < job->harmonics; h++) {
            N(refined)(below[h], peak[h], above[h], offset[h], spacing, amplitude + h, deviation + h);
            total += amplitude[h];
            if (h > 3) {
                third += amplitude[h];
            } else if (h > 0) {
                second += amplitude[h];
            }
        }
        lanes odd = all(0.0f), even = odd, distance = odd;
        lanes scale = choose(total > 0.0f, total, all(1.0f));
        for (ptrdiff_t h = 0; h < job->harmonics; h++) {
            lanes share = amplitude[h] / scale;
            lanes power = share * share;
            distance += deviation[h] * power;
            if (h & 1) {
                even += power;
            } else {
                odd += power;
            }
        }
        lanes power = odd + even, first = amplitude[0];
        lanes values[SHARES] = {distance / power, odd / power,    even / power,
                                first / total,    second / total, third / total};
        for (int r = 0; r < SHARES; r++) store(job->shares + r * job->count + n, values[r], count);
    }
}
