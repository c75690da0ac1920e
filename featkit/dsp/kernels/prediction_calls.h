/* Calls from Python of the kernels of linear prediction. */

static PyObject *burg(PyObject *self, PyObject *args) {
    PyObject *y, *starts, *window, *coefficients, *error;
    Py_ssize_t samples;
    int failed = 0;
    burg_job job = {0};
    if (!PyArg_ParseTuple(args, "OOOnOO", &y, &starts, &window, &job.order, &coefficients, &error))
        return NULL;
    arrays held = {.count = 0};
    PyObject *result = NULL;
    if (!(job.y = elements(&held, y, 'd', 0, -1, &samples, "y"))) goto done;
    if (!(job.starts = elements(&held, starts, 'q', 0, -1, &job.frames, "starts"))) goto done;
    if (!(job.window = elements(&held, window, 'd', 0, -1, &job.length, "window"))) goto done;
    if (job.order < 1 || job.order >= job.length) {
        PyErr_SetString(PyExc_ValueError, "order must be at least 1, and less than a frame has");
        goto done;
    }
    Py_ssize_t size = times(job.order + 1, job.frames);
    if (!(job.coefficients = elements(&held, coefficients, 'd', 1, size, NULL, "coefficients")))
        goto done;
    if (!(job.error = elements(&held, error, 'd', 1, job.frames, NULL, "error"))) goto done;
    for (Py_ssize_t k = 0; k < job.frames; k++) {
        if (job.starts[k] < 0 || job.starts[k] > samples - job.length) {
            PyErr_SetString(PyExc_ValueError, "a frame is not within y");
            goto done;
        }
    }
    Py_BEGIN_ALLOW_THREADS;
    failed = chosen->burg(&job);
    Py_END_ALLOW_THREADS;
    result = failed ? PyErr_NoMemory() : Py_NewRef(Py_None);
done:
    release(&held);
    return result;
}

static PyObject *roots(PyObject *self, PyObject *args) {
    PyObject *a, *start, *re, *im;
    Py_ssize_t values, starts;
    int failed = 0;
    roots_job job = {0};
    if (!PyArg_ParseTuple(args, "OOnddOO", &a, &start, &job.most_steps, &job.accuracy,
                          &job.near_zero, &re, &im))
        return NULL;
    arrays held = {.count = 0};
    PyObject *result = NULL;
    if (!(job.a = elements(&held, a, 'd', 0, -1, &values, "a"))) goto done;
    if (!(job.start = elements(&held, start, 'd', 0, -1, &starts, "start"))) goto done;
    job.order = starts / 2;
    if (job.order < 1 || starts % 2 || values % job.order) {
        PyErr_SetString(PyExc_ValueError, "a must have one row for each first estimate");
        goto done;
    }
    job.frames = values / job.order;
    if (!(job.re = elements(&held, re, 'd', 1, values, NULL, "re"))) goto done;
    if (!(job.im = elements(&held, im, 'd', 1, values, NULL, "im"))) goto done;
    Py_BEGIN_ALLOW_THREADS;
    failed = chosen->roots(&job);
    Py_END_ALLOW_THREADS;
    result = failed ? PyErr_NoMemory() : Py_NewRef(Py_None);
done:
    release(&held);
    return result;
}

#define PREDICTION_METHODS \
    {"burg", burg, METH_VARARGS, "Prediction polynomials of windowed frames."}, \
    {"roots", roots, METH_VARARGS, "Roots of polynomials."}
