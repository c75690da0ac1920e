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
def subharmonics(
    frames: Array,
    window: Array,
    roots: Array,
    first: Array,
    begins: Array,
    bank: Array,
    shifts: Array,
    gains: Array,
    weights: Array,
    low: int,
    high: int,
    places: Array,
    heights: Array,
    mean: Array,
    energy: Array,
) -> None: ...
def best_path(
    local: Array,
    octaves: Array,
    per_octave: float,
    per_turn: float,
    change: float,
    path: Array,
) -> None: ...
def correlations(
    frames: Array, window: Array, rows: Array, first: Array, last: Array, share: Array
) -> None: ...
def periods(
    x: Array,
    begins: Array,
    ends: Array,
    shortest: Array,
    usual: Array,
    longest: Array,
    position: Array,
    table: Array,
) -> int: ...
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
def burg(
    y: Array, starts: Array, window: Array, order: int, coefficients: Array, error: Array
) -> None: ...
def roots(
    a: Array,
    start: Array,
    most_steps: int,
    accuracy: float,
    near_zero: float,
    re: Array,
    im: Array,
) -> None: ...
def cepstra(
    y: Array,
    starts: Array,
    window: Array,
    size: int,
    least: float,
    roots: Array,
    power: Array,
) -> None: ...
def smoothed(
    power: Array,
    count: int,
    over_time: Array,
    over_quefrency: Array,
    first: int,
    least: float,
    levels: Array,
) -> None: ...
def cepstral_peaks(
    levels: Array, rows: int, low: int, weights: Array, start: int, stop: int, out: Array
) -> None: ...
