/* Calls from Python of the kernel of harmonics. */

static PyObject *harmonics(PyObject *self, PyObject *args) {
    PyObject *power, *frames, *spacing, *shares;
    Py_ssize_t values;
    harmonics_job job = {0};
    if (!PyArg_ParseTuple(args, "OnOOndO", &power, &job.bins, &frames, &spacing, &job.harmonics,
                          &job.tolerance, &shares))
        return NULL;
    arrays held = {.count = 0};
    PyObject *result = NULL;
    if (!(job.power = elements(&held, power, 'f', 0, -1, &values, "power"))) goto done;
    if (!(job.frames = elements(&held, frames, 'q', 0, -1, &job.count, "frames"))) goto done;
    if (!(job.spacing = elements(&held, spacing, 'd', 0, job.count, NULL, "spacing"))) goto done;
    if (job.bins < 1 || values % job.bins || job.harmonics < 5 || job.harmonics > MAX_HARMONICS ||
        !(job.tolerance >= 0 && job.tolerance < 0.5)) {
        PyErr_Format(PyExc_ValueError, "power must have whole columns, and harmonics be 5 to %d",
                     MAX_HARMONICS);
        goto done;
    }
    job.stride = values / job.bins;
    for (Py_ssize_t k = 0; k < job.count; k++) {
        /* With this spacing, neighbours of bins within the tolerance are within the column. */
        if (job.frames[k] < 0 || job.frames[k] >= job.stride ||
            !(job.spacing[k] >= 3 && job.spacing[k] * (1 - job.tolerance) >= 2 &&
              job.spacing[k] <= (double)job.bins)) {
            PyErr_SetString(PyExc_ValueError, "a frame is not within power, or has close harmonics");
            goto done;
        }
    }
    job.shares = elements(&held, shares, 'f', 1, times(SHARES, job.count), NULL, "shares");
    if (!job.shares) goto done;
    Py_BEGIN_ALLOW_THREADS;
    chosen->harmonics(&job);
    Py_END_ALLOW_THREADS;
    result = Py_NewRef(Py_None);
done:
    release(&held);
    return result;
}
