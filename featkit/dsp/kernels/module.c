/* The compiled core: loops over frames that NumPy would run through memory many times.

Functions write into arrays that the caller provides, and check their types and sizes. They release
the global interpreter lock. Each function of `featkit.dsp` that calls one has an implementation in
NumPy, too, for machines without a compiler. */

#include "arrays.h"

#define KERNELS "variant.h"
#include "variants.h"

#define TABLE(name) &table_##name

static const kernels *variants[INSTRUCTION_SETS] = {EACH(TABLE)};

static const kernels *chosen = &table_baseline;

static PyObject *use_variant(PyObject *self, PyObject *args) {
    const char *name;
    if (!PyArg_ParseTuple(args, "s", &name)) return NULL;
    int k = variant_named(name);
    if (k < 0) return NULL;
    chosen = variants[k];
    Py_RETURN_NONE;
}

#include "spectra_calls.h"

#include "pitch_calls.h"

#include "harmonics_calls.h"

#include "voice_calls.h"

#include "tempogram_calls.h"
#include "wave_calls.h"

#include "prediction_calls.h"

#include "cepstra_calls.h"
#include "soundscape_calls.h"

static PyMethodDef functions[] = {
    {"supported_variants", supported_variants, METH_NOARGS,
     "Names of the instruction sets that this machine has, from the least to the best."},
    {"use_variant", use_variant, METH_VARARGS, "Use the kernels for an instruction set."},
    {"spectra", spectra, METH_VARARGS, "Spectra of frames, and sums over their bins."},
    {"rolloffs", rolloffs, METH_VARARGS, "Roll-off bins of each frame."},
    {"transforms", transforms, METH_VARARGS, "Fourier transforms of rows."},
    {"cosines", cosines, METH_VARARGS, "The first coefficients of cosine transforms."},
    {"decibels", decibels, METH_VARARGS, "10 log10 of powers, at least a limit."},
    {"bank", bank, METH_VARARGS, "Weighted sums over the bins of each frame."},
    {"pitch", pitch, METH_VARARGS, "Period and aperiodicity of each frame."},
    {"harmonics", harmonics, METH_VARARGS, "Deviation and shares of harmonics of each frame."},
    {"subharmonics", subharmonics, METH_VARARGS, "Candidates for the pitch of each frame."},
    {"best_path", pitch_path, METH_VARARGS, "The path of the lowest cost through candidates."},
    {"correlations", correlations, METH_VARARGS, "Greatest autocorrelation near a lag."},
    {"periods", periods, METH_VARARGS, "Periods of successive frames."},
    {"tempogram", tempogram, METH_VARARGS, "Sums of the power spectra of windows of each clip."},
    WAVE_METHODS,
    PREDICTION_METHODS,
    CEPSTRA_METHODS,
    SOUNDSCAPE_METHODS,
    {NULL, NULL, 0, NULL},
};

static struct PyModuleDef definition = {
    PyModuleDef_HEAD_INIT, "_core", "Loops over frames, compiled.", -1, functions,
    NULL, NULL, NULL, NULL,
};

PyMODINIT_FUNC PyInit__core(void) {
    for (size_t k = 0; k < INSTRUCTION_SETS; k++)
        if (supports(k)) chosen = variants[k];
    return PyModule_Create(&definition);
}
