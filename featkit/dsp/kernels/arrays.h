/* Arrays of NumPy as C arrays, by the buffer protocol. */

#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <stdint.h>

#define MAX_VIEWS 32

/* The arrays that a call holds, and whether all of them were as expected. */
typedef struct {
    Py_buffer views[MAX_VIEWS];
    int count;
} arrays;

static void release(arrays *held) {
    while (held->count) PyBuffer_Release(&held->views[--held->count]);
}

static int has_kind(const char *format, Py_ssize_t itemsize, char kind) {
    if (!format || format[1]) return 0;
    switch (kind) {
    case 'f': return *format == 'f' && itemsize == 4;
    case 'd': return *format == 'd' && itemsize == 8;
    case 'q': return (*format == 'l' || *format == 'q') && itemsize == 8;
    case 'i': return (*format == 'l' || *format == 'i') && itemsize == 4;
    case '?': return (*format == '?' || *format == 'B') && itemsize == 1;
    }
    return 0;
}

/* Elements of a matrix; for a negative number, or too many, more than any array has. */
static Py_ssize_t times(Py_ssize_t rows, Py_ssize_t columns) {
    int fits = rows >= 0 && columns >= 0 && (!columns || rows <= PY_SSIZE_T_MAX / columns);
    return fits ? rows * columns : PY_SSIZE_T_MAX;
}

/* Elements of a contiguous array: `kind` f (float32), d (float64), q (int64), i (int32) or ? (bool).
The array must have `size` elements; with a size of -1, *count receives their number. NULL, with an
exception set, for any other object. */
static void *elements(arrays *held, PyObject *object, char kind, int writable, Py_ssize_t size,
                      Py_ssize_t *count, const char *name) {
    if (held->count == MAX_VIEWS) {
        PyErr_SetString(PyExc_ValueError, "too many arrays");
        return NULL;
    }
    Py_buffer *view = &held->views[held->count];
    int flags = PyBUF_C_CONTIGUOUS | PyBUF_FORMAT | (writable ? PyBUF_WRITABLE : 0);
    if (PyObject_GetBuffer(object, view, flags)) return NULL;
    held->count++;
    Py_ssize_t n = view->itemsize ? view->len / view->itemsize : 0;
    if (!has_kind(view->format, view->itemsize, kind)) {
        PyErr_Format(PyExc_TypeError, "%s must be an array of kind '%c'", name, kind);
        return NULL;
    }
    if (size >= 0 && n != size) {
        PyErr_Format(PyExc_ValueError, "%s must have %zd elements, got %zd", name, size, n);
        return NULL;
    }
    if (count) *count = n;
    return view->buf;
}
