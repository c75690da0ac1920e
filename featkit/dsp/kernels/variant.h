/* All kernels for one instruction set; included once for each by `variants.h`.

`N(name)` is the name of a kernel in this variant, and LANES the number of floats in a register. */

#define LANES (REGISTER / 4)

#include "lanes.h"

#include "doubles.h"

#include "fft.h"

#include "spectra.h"

#include "banks.h"

#include "rolloffs.h"

#include "cosines.h"

#include "transforms.h"

#include "subharmonics.h"

#include "pitch.h"

#include "harmonics.h"

#include "voice.h"

#include "tempogram.h"

#include "statistics.h"

#include "wavelets.h"

#include "samples.h"

#include "peaks.h"

#include "prediction.h"

#include "cepstra.h"
#include "soundscape.h"

#ifndef FEATKIT_KERNELS
#define FEATKIT_KERNELS

/* The kernels of a variant. */
typedef struct {
    int (*spectra)(const spectra_job *);
    void (*bank)(const bank_job *);
    int (*rolloffs)(const rolloffs_job *);
    int (*transforms)(const transforms_job *);
    int (*cosines)(const cosines_job *);
    void (*decibels)(const float *, float, float *, ptrdiff_t);
    int (*pitch)(const pitch_job *);
    void (*harmonics)(const harmonics_job *);
    int (*subharmonics)(const subharmonics_job *);
    int (*correlations)(const correlation_job *);
    int (*periods)(periods_job *);
    int (*tempogram)(const tempogram_job *);
    int (*split)(const split_job *);
    int (*bands)(const bands_job *);
    int (*statistics)(const statistics_job *);
    int (*frames)(const frames_job *);
    void (*intervals)(const intervals_job *);
    int (*envelopes)(const envelope_job *);
    int (*peaks)(peaks_job *);
    void (*deltas)(const deltas_job *);
    int (*burg)(const burg_job *);
    int (*roots)(const roots_job *);
    int (*cepstra)(const cepstra_job *);
    int (*smoothed)(const smoothed_job *);
    void (*cepstral_peaks)(const cepstral_peaks_job *);
    int (*amplitudes)(const amplitudes_job *);
    void (*row_sums)(row_sums_job *);
    int (*peak_counts)(const peak_counts_job *);
    void (*counts_above)(const counts_job *);
    void (*window_extremes)(const windows_job *);
} kernels;

#endif

static const kernels N(table) = {
    .spectra = N(spectra),
    .bank = N(bank),
    .rolloffs = N(rolloffs),
    .transforms = N(transforms),
    .cosines = N(cosines),
    .decibels = N(decibels),
    .pitch = N(pitch),
    .harmonics = N(harmonics),
    .subharmonics = N(subharmonics),
    .correlations = N(correlations),
    .periods = N(periods),
    .tempogram = N(tempogram),
    .split = N(split_rows),
    .bands = N(bands),
    .statistics = N(statistics),
    .frames = N(frames),
    .intervals = N(intervals),
    .envelopes = N(envelopes),
    .peaks = N(peaks),
    .deltas = N(deltas),
    .burg = N(burg),
    .roots = N(roots),
    .cepstra = N(cepstra),
    .smoothed = N(smoothed),
    .cepstral_peaks = N(cepstral_peaks),
    .amplitudes = N(amplitudes),
    .row_sums = N(row_sums),
    .peak_counts = N(peak_counts),
    .counts_above = N(counts_above),
    .window_extremes = N(window_extremes),
};

#undef TURNED
#undef TURN_BACK
#undef LANES
