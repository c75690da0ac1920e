/* Includes KERNELS once for each instruction set: the macro VARIANT is its name, and REGISTER the
bytes of a register. `supports(k)` is whether this machine has the k-th of INSTRUCTION_SETS, from the
least to the best. */

#define JOIN_(name, suffix) name##_##suffix
#define JOIN(name, suffix) JOIN_(name, suffix)

/* The name of a function or type in this variant. */
#define N(name) JOIN(name, VARIANT)

#define VARIANT baseline
#define REGISTER 16
#include KERNELS
#undef VARIANT
#undef REGISTER

#if defined(__x86_64__) && defined(__GNUC__)
#define INSTRUCTION_SETS 3

#ifdef __clang__
#pragma clang attribute push(__attribute__((target("avx2"))), apply_to = function)
#else
#pragma GCC push_options
#pragma GCC target("avx2")
#endif
#define VARIANT avx2
#define REGISTER 32
#include KERNELS
#undef VARIANT
#undef REGISTER
#ifdef __clang__
#pragma clang attribute pop
#pragma clang attribute push(__attribute__((target("avx512f,avx512dq,avx512bw,avx512vl"))), \
                             apply_to = function)
#else
#pragma GCC pop_options
#pragma GCC push_options
#pragma GCC target("avx512f,avx512dq,avx512bw,avx512vl,prefer-vector-width=512")
#endif
#define VARIANT avx512
#define REGISTER 64
#include KERNELS
#undef VARIANT
#undef REGISTER
#ifdef __clang__
#pragma clang attribute pop
#else
#pragma GCC pop_options
#endif

/* One value of each instruction set, by a macro with its name. */
#define EACH(value) value(baseline), value(avx2), value(avx512)

static int supports(size_t k) {
    if (k == 1) return __builtin_cpu_supports("avx2");
    return k == 0 || (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
                      __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl"));
}

#else
#define INSTRUCTION_SETS 1
#define EACH(value) value(baseline)

static int supports(size_t k) { return k == 0; }

#endif

#define QUOTED(name) #name

static const char *const instruction_sets[INSTRUCTION_SETS] = {EACH(QUOTED)};

/* The place of an instruction set; -1, with an exception set, if this machine does not have it. */
static int variant_named(const char *name) {
    for (int k = 0; k < INSTRUCTION_SETS; k++)
        if (!strcmp(instruction_sets[k], name) && supports(k)) return k;
    PyErr_Format(PyExc_ValueError, "this machine has no variant %s", name);
    return -1;
}

static PyObject *supported_variants(PyObject *self, PyObject *ignored) {
    PyObject *names = PyList_New(0);
    for (size_t k = 0; names && k < INSTRUCTION_SETS; k++) {
        if (!supports(k)) continue;
        PyObject *name = PyUnicode_FromString(instruction_sets[k]);
        if (!name || PyList_Append(names, name)) Py_CLEAR(names);
        Py_XDECREF(name);
    }
    return names;
}
