from featkit._utils.typing import Array

def supported_variants() -> list[str]: ...
def use_variant(name: str) -> None: ...
def spectra(
    y: Array,
    starts: Array,
    before: Array,
    window: Array,
    roots: Array,
    piece: int,
    offsets: Array,
    middles: Array,
    outputs: dict[str, Array],
) -> None: ...
def rolloffs(
    power: Array,
    bins: int,
    piece_sums: Array,
    piece: int,
    shares: tuple[float, ...],
    close: float,
    bins_of_shares: Array,
    undecided: Array,
) -> None: ...
def transforms(x: Array, rows: int, roots: Array, out: Array) -> None: ...
def cosines(x: Array, size: int, weights: Array, out: Array) -> None: ...
def decibels(power: Array, least: float, out: Array) -> None: ...
def bank(
    x: Array,
    bins: int,
    start: int,
    stop: int,
    first: Array,
    begins: Array,
    weights: Array,
    out: Array,
) -> None: ...
def pitch(
    y: Array,
    starts: Array,
    n_fft: int,
    piece: int,
    shortest: int,
    longest: int,
    threshold: float,
    silent: float,
    roots: Array,
    sincs: Array,
    trough: Array,
    period: Array,
    aperiodicity: Array,
    inside: Array,
) -> None: ...
def harmonics(
    power: Array,
    bins: int,
    frames: Array,
    spacing: Array,
    harmonics: int,
    tolerance: float,
    shares: Array,
) -> None: ...
def tempogram(
    x: Array,
    starts: Array,
    clips: Array,
    length: int,
    window: Array,
    roots: Array,
    power: Array,
) -> None: ...
def split(
    x: Array, rows: int, low: Array, high: Array, approximation: Array, detail: Array
) -> None: ...
def bands(
    x: Array,
    rows: int,
    levels: int,
    last: bool,
    low: Array,
    high: Array,
    kept: Array,
    held: Array,
    moments: Array,
) -> None: ...
def statistics(
    values: Array,
    is_float: bool,
    rows: int,
    edges: Array,
    kinds: Array,
    percents: Array,
    out: Array,
) -> None: ...
def frames(
    y: Array,
    starts: Array,
    n_fft: int,
    piece: int,
    begins: Array,
    ends: Array,
    zero: float,
    of_energy: bool,
    out: Array,
) -> None: ...
def intervals(x: Array, begin: int, first: int, last: int, length: float, out: Array) -> None: ...
def envelopes(
    energy: Array,
    edges: Array,
    steps: int,
    low: float,
    high: float,
    present: float,
    shape: Array,
) -> None: ...
def peaks(
    S: Array,
    bins: int,
    limit: Array,
    low: int,
    high: int,
    sr: float,
    n_fft: float,
    frame: Array,
    frequency: Array,
    height: Array,
) -> int: ...
def deltas(
    values: Array, rows: int, edges: Array, slope: Array, curvature: Array, out: Array
) -> None: ...
