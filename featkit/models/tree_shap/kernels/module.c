/* SHAP values of trees, compiled: the sums of `_numpy_pass.py`, in the same order, several rows at a
time. The results of both are equal, bit for bit.

Nodes are in preorder, so the path from a root to the current node is a stack, indexed by depth. On
the way down, it holds the products of the factors at each point; on the way up, the sums of the
leaves below each node, by class. All arrays are checked before the loops, which release the global
interpreter lock. */

#include "../../../dsp/kernels/arrays.h"

#include <stdlib.h>
#include <string.h>

/* Rows of a block of `x` and `phi`: a multiple of the lanes of each variant. */
#define ROWS 8

/* Points at most in a call. */
#define POINTS 16

/* Greatest number of columns, classes or levels: sizes of arrays do not overflow. */
#define LARGEST 1000000

/* What a call computes. `x` is (blocks, columns, ROWS), `phi` (blocks, columns, classes, ROWS); the
other arrays are described in `nodes.py` and `points.py`. */
typedef struct {
    Py_ssize_t columns, classes, blocks, trees, nodes, pairs, points, levels;
    const int64_t *starts, *pair_starts;
    const int32_t *depth, *column, *repeat, *pair_class;
    const double *threshold, *pair_value, *both, *lost, *kept, *met, *unmet;
    const uint8_t *side;
    const double *x;
    double *phi;
} job;

#define KERNELS "../../models/tree_shap/kernels/paths.h"
#include "../../../dsp/kernels/variants.h"

#define ENTRY(name) explain_##name

static int (*const variants[INSTRUCTION_SETS])(const job *) = {EACH(ENTRY)};

/* An item of a dict that must be there. */
static const void *required(arrays *held, PyObject *dict, const char *name, char kind,
                            Py_ssize_t size, Py_ssize_t *count) {
    PyObject *object = PyDict_GetItemString(dict, name);
    if (object) return elements(held, object, kind, 0, size, count, name);
    PyErr_Format(PyExc_KeyError, "%s is missing", name);
    return NULL;
}

/* The array that is not as the loops expect, or NULL. */
static const char *fault(const job *j) {
    if (j->starts[0] != 0 || j->starts[j->trees] != j->nodes) return "starts";
    for (Py_ssize_t tree = 0; tree < j->trees; tree++)
        if (j->starts[tree + 1] <= j->starts[tree]) return "starts";
    if (j->pair_starts[0] != 0 || j->pair_starts[j->nodes] != j->pairs) return "pair_starts";
    for (Py_ssize_t node = 0; node < j->nodes; node++)
        if (j->pair_starts[node + 1] < j->pair_starts[node]) return "pair_starts";
    for (Py_ssize_t pair = 0; pair < j->pairs; pair++)
        if (j->pair_class[pair] < 0 || j->pair_class[pair] >= j->classes) return "pair_class";
    for (Py_ssize_t tree = 0; tree < j->trees; tree++) {
        int32_t previous = 0;
        if (j->depth[j->starts[tree]] != 0) return "depth";
        for (Py_ssize_t node = j->starts[tree] + 1; node < j->starts[tree + 1]; node++) {
            int32_t depth = j->depth[node];
            if (depth < 1 || depth > previous + 1 || depth >= j->levels) return "depth";
            if (j->repeat[node] < 0 || j->repeat[node] >= depth) return "repeat";
            if (j->column[node] < 0 || j->column[node] >= j->columns) return "column";
            previous = depth;
        }
    }
    return NULL;
}

static PyObject *add_values(PyObject *self, PyObject *args) {
    job j = {0};
    PyObject *dict, *x, *phi, *result = NULL;
    Py_ssize_t values, starts;
    const char *wanted;
    int failed = 0;
    if (!PyArg_ParseTuple(args, "sO!OOnnn", &wanted, &PyDict_Type, &dict, &x, &phi, &j.columns,
                          &j.classes, &j.levels))
        return NULL;
    int variant = variant_named(wanted);
    if (variant < 0) return NULL;
    arrays held = {.count = 0};
    if (!(j.starts = required(&held, dict, "starts", 'q', -1, &starts))) goto done;
    if (!(j.depth = required(&held, dict, "depth", 'i', -1, &j.nodes))) goto done;
    if (!(j.pair_class = required(&held, dict, "pair_class", 'i', -1, &j.pairs))) goto done;
    if (!(j.both = required(&held, dict, "both", 'd', -1, &values))) goto done;
    j.trees = starts - 1;
    j.points = j.nodes > 0 ? values / j.nodes : 0;
    if (j.trees < 1 || j.points < 1 || j.points > POINTS || values != j.points * j.nodes ||
        j.columns < 1 || j.columns > LARGEST || j.classes < 1 || j.classes > LARGEST ||
        j.levels < 1 || j.levels > LARGEST) {
        PyErr_SetString(PyExc_ValueError, "the numbers of nodes, points, columns, classes or levels"
                                          " are out of range");
        goto done;
    }
    struct {
        const char *name;
        char kind;
        Py_ssize_t size;
        const void **place;
    } others[] = {
        {"repeat", 'i', j.nodes, (const void **)&j.repeat},
        {"column", 'i', j.nodes, (const void **)&j.column},
        {"side", '?', j.nodes, (const void **)&j.side},
        {"threshold", 'd', j.nodes, (const void **)&j.threshold},
        {"kept", 'd', j.nodes, (const void **)&j.kept},
        {"lost", 'd', values, (const void **)&j.lost},
        {"met", 'd', values, (const void **)&j.met},
        {"unmet", 'd', values, (const void **)&j.unmet},
        {"pair_starts", 'q', j.nodes + 1, (const void **)&j.pair_starts},
        {"pair_value", 'd', j.pairs, (const void **)&j.pair_value},
    };
    for (size_t k = 0; k < sizeof others / sizeof *others; k++)
        if (!(*others[k].place = required(&held, dict, others[k].name, others[k].kind,
                                          others[k].size, NULL)))
            goto done;
    if (!(j.x = elements(&held, x, 'd', 0, -1, &values, "x"))) goto done;
    j.blocks = values / (j.columns * ROWS);
    if (values != j.blocks * j.columns * ROWS) {
        PyErr_Format(PyExc_ValueError, "x must have whole blocks of %d rows", ROWS);
        goto done;
    }
    if (!(j.phi = elements(&held, phi, 'd', 1, times(values, j.classes), NULL, "phi"))) goto done;
    const char *name = fault(&j);
    if (name) {
        PyErr_Format(PyExc_ValueError, "%s is not that of trees in preorder", name);
        goto done;
    }
    Py_BEGIN_ALLOW_THREADS;
    failed = variants[variant](&j);
    Py_END_ALLOW_THREADS;
    result = failed ? PyErr_NoMemory() : Py_NewRef(Py_None);
done:
    release(&held);
    return result;
}

static PyMethodDef functions[] = {
    {"supported_variants", supported_variants, METH_NOARGS,
     "Names of the instruction sets that this machine has, from the least to the best."},
    {"add_values", add_values, METH_VARARGS, "Add the SHAP values of trees for blocks of rows."},
    {NULL, NULL, 0, NULL},
};

static struct PyModuleDef definition = {
    PyModuleDef_HEAD_INIT, "_core", "SHAP values of trees, compiled.", -1, functions,
    NULL, NULL, NULL, NULL,
};

PyMODINIT_FUNC PyInit__core(void) { return PyModule_Create(&definition); }
