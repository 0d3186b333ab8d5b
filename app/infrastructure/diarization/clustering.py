"""Which embeddings belong to the same voice: pure functions on arrays."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray

SAME_VOICE = 0.35
"""Mean cosine similarity above which two groups are one voice. Middle of the range (0.25 to 0.5) in which error rates
stay the same; numbers of speakers in clean, noisy, narrow-band and reverberant recordings are best from 0.3 to 0.4."""

MIN_EVIDENCE_S = 1.0
"""Embeddings of less speech are too noisy to found a group; they are assigned afterwards."""

MIN_VOICE_S = 1.0
"""A voice heard for less, all in all, is not counted as a speaker of its own."""

CHUNK_WINDOWS = 400
"""Windows grouped exactly at once: bounds the similarity matrix to 1200 x 1200."""

CHUNK_GROUPS = 100
"""Groups that a chunk keeps for the final grouping: several times the voices of any conversation, so that grouping
inside a chunk only joins what is clearly the same voice."""

REFINEMENTS = 2
"""Rounds of reassignment to centroids; labels rarely change in a third."""

_NEVER = -9.0  # below any cosine

Vectors = NDArray[np.float32]
Labels = NDArray[np.intp]


@dataclass(frozen=True)
class VoiceSamples:
    """Embedded stretches of speech, in order of their windows.

    Attributes:
        vectors: unit length, shape ``(n, dimensions)``.
        seconds: speech behind each.
        share: the part of ``seconds`` that no other window accounts for: one over the windows that cover it.
        windows: index of the window each was heard in. Samples of one window are different voices.
    """

    vectors: Vectors
    seconds: NDArray[np.float32]
    share: NDArray[np.float32]
    windows: Labels

    def pick(self, chosen: NDArray[np.bool_]) -> "VoiceSamples":
        """Only the chosen ones."""
        return VoiceSamples(self.vectors[chosen], self.seconds[chosen], self.share[chosen], self.windows[chosen])


def find_voices(samples: VoiceSamples, speakers: int | None = None) -> Labels:
    """Number the voice of every sample.

    Average-linkage clustering weighted by duration, with a cannot-link between samples of one window; weak groups
    are dropped, and every sample then goes to the nearest remaining voice, one voice to a sample in each window.

    Args:
        samples: of all windows.
        speakers: how many voices there are, if known; never more are found.

    Returns:
        For each sample a number from 0 without holes.
    """
    if not len(samples.seconds):
        return np.zeros(0, np.intp)
    strong = samples.seconds >= MIN_EVIDENCE_S
    evidence = samples.pick(strong) if strong.any() else samples
    centroids = _voices(evidence, speakers)
    for _ in range(REFINEMENTS):
        labels = assign(evidence, centroids)
        moved = _sums(evidence.vectors * evidence.seconds[:, None], labels, len(centroids))
        centroids = np.where(moved.any(axis=1, keepdims=True), _unit(moved), centroids)
    return np.unique(assign(samples, centroids), return_inverse=True)[1]


def centroids_of(samples: VoiceSamples, labels: Labels) -> Vectors:
    """The voices as unit vectors, weighted by duration, in the order of their labels."""
    sums = _sums(samples.vectors * samples.seconds[:, None], labels, int(labels.max()) + 1)
    return _unit(sums)


def assign(samples: VoiceSamples, centroids: Vectors) -> Labels:
    """The nearest voice of each sample; samples of one window get different voices while there are enough."""
    similarity = samples.vectors @ centroids.T
    labels: Labels = similarity.argmax(axis=1)
    for members in _by_window(samples.windows):
        if 1 < len(members) <= len(centroids):
            labels[members] = _best_distinct(similarity[members])
    return labels


def _best_distinct(similarity: NDArray[np.float32]) -> tuple[int, ...]:
    """Different columns for the rows with the largest sum.

    The best columns of ``m`` rows are always among each row's ``m`` largest: a row that had another could take the
    one of these that the other rows leave free.
    """
    rows = range(len(similarity))
    nearest = np.argsort(-similarity, axis=1, kind="stable")[:, : len(similarity)]
    choices = (choice for choice in product(*nearest.tolist()) if len(set(choice)) == len(choice))
    return max(choices, key=lambda choice: sum(float(similarity[row, choice[row]]) for row in rows))


def _by_window(windows: Labels) -> Iterator[Labels]:
    borders = np.flatnonzero(np.diff(windows)) + 1
    yield from np.split(np.arange(len(windows)), borders)


def _voices(samples: VoiceSamples, speakers: int | None) -> Vectors:
    """Centroids of the groups with enough speech."""
    groups = _group_in_chunks(samples)
    for similarity in np.arange(SAME_VOICE, 1.0, 0.05):
        labels = groups.merge(similarity=float(similarity))
        merged = groups.relabel(labels)
        strong = merged.support >= min(MIN_VOICE_S, merged.support.max())
        if speakers is None or strong.sum() >= speakers:
            break
    voices = merged.select(strong)
    if speakers is not None and len(voices.weights) > speakers:
        voices.apart[:] = False
        voices = voices.relabel(voices.merge(similarity=_NEVER, at_least=speakers))
    return _unit(voices.sums)


@dataclass
class _Groups:
    """Groups of samples; average linkage needs only their sums and weights.

    ``apart`` forbids merges, ``support`` is how many seconds of speech a group stands for.
    """

    sums: Vectors
    weights: NDArray[np.float32]
    support: NDArray[np.float32]
    apart: NDArray[np.bool_]

    def merge(self, *, similarity: float, at_least: int = 1) -> Labels:
        """Join the most similar pair again and again; returns a label for each group, from 0 without holes."""
        sums, weights, apart = self.sums.copy(), self.weights.copy(), self.apart.copy()
        labels = np.arange(len(weights))
        np.fill_diagonal(apart, True)
        linkage = np.where(apart, np.float32(_NEVER), sums @ sums.T / np.outer(weights, weights))
        for _ in range(len(weights) - at_least):
            kept, gone = divmod(int(linkage.argmax()), len(weights))
            if linkage[kept, gone] <= max(similarity, _NEVER):
                break
            labels[labels == gone] = kept
            sums[kept] += sums[gone]
            weights[kept] += weights[gone]
            apart[kept] |= apart[gone]
            apart[:, kept] = apart[kept]
            apart[gone] = apart[:, gone] = True
            row = np.where(apart[kept], np.float32(_NEVER), sums @ sums[kept] / (weights * weights[kept]))
            linkage[gone] = linkage[:, gone] = _NEVER
            linkage[kept] = linkage[:, kept] = row
        return np.unique(labels, return_inverse=True)[1]

    def relabel(self, labels: Labels) -> "_Groups":
        """Groups joined as the labels say."""
        count = int(labels.max()) + 1
        member = np.zeros((len(labels), count), np.float32)
        member[np.arange(len(labels)), labels] = 1
        apart = (member.T @ self.apart.astype(np.float32) @ member) > 0
        return _Groups(_sums(self.sums, labels, count), member.T @ self.weights, member.T @ self.support, apart)

    def select(self, chosen: NDArray[np.bool_]) -> "_Groups":
        """Only the chosen groups."""
        return _Groups(
            self.sums[chosen], self.weights[chosen], self.support[chosen], self.apart[np.ix_(chosen, chosen)]
        )


def _group_in_chunks(samples: VoiceSamples) -> _Groups:
    """Every sample a group of its own; in long sessions first joined chunk by chunk to a bounded number."""
    chunk_of = (samples.windows - samples.windows[0]) // CHUNK_WINDOWS
    chunks = []
    for chunk in np.unique(chunk_of):
        own = samples.pick(chunk_of == chunk)
        groups = _Groups(
            own.vectors * own.seconds[:, None],
            own.seconds,
            own.seconds * own.share,
            own.windows[:, None] == own.windows[None],
        )
        if chunk_of[-1] > 0:
            groups = groups.relabel(groups.merge(similarity=SAME_VOICE, at_least=CHUNK_GROUPS))
        chunks.append(groups)
    sizes = [len(groups.weights) for groups in chunks]
    apart = np.zeros((sum(sizes), sum(sizes)), np.bool_)
    for groups, end in zip(chunks, np.cumsum(sizes), strict=True):
        apart[end - len(groups.weights) : end, end - len(groups.weights) : end] = groups.apart
    return _Groups(
        np.concatenate([groups.sums for groups in chunks]),
        np.concatenate([groups.weights for groups in chunks]),
        np.concatenate([groups.support for groups in chunks]),
        apart,
    )


def _sums(rows: Vectors, labels: Labels, count: int) -> Vectors:
    sums = np.zeros((count, rows.shape[1]), np.float32)
    np.add.at(sums, labels, rows)
    return sums


def _unit(rows: Vectors) -> Vectors:
    lengths: Vectors = np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-9)
    return (rows / lengths).astype(np.float32)
