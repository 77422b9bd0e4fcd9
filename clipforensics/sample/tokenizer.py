"""A byte-level BPE vocabulary for a handful of words, in the form CLIP's tokenizer expects."""

import re
from collections import Counter
from collections.abc import Iterable
from itertools import pairwise

BOS, EOS = "<|startoftext|>", "<|endoftext|>"
_END = "</w>"  # CLIP marks a word's last letter


def learn_vocabulary(captions: Iterable[str]) -> tuple[dict[str, int], list[tuple[str, str]]]:
    """Learn merges until every word of the captions is one token; ties go to the alphabet.

    Any other text can still be written: the vocabulary begins with all bytes.

    Returns:
        Token -> id (bytes, bytes that end a word, merges, start, end: the order of CLIP's own
        vocabulary, whose end-of-text token has the highest id), and the merges in order.
    """
    counts = Counter(word for caption in captions for word in re.findall(r"[^\W\d_]+|\d|[^\s\w]+", caption))
    words = {word: (*word[:-1], word[-1] + _END) for word in sorted(counts)}
    merges: list[tuple[str, str]] = []
    while pairs := _count_pairs(words, counts):
        best = min(pairs, key=lambda pair: (-pairs[pair], pair))
        merges.append(best)
        words = {word: _merge(parts, best) for word, parts in words.items()}
    tokens = [*_bytes(), *(byte + _END for byte in _bytes()), *map("".join, merges), BOS, EOS]
    return {token: number for number, token in enumerate(dict.fromkeys(tokens))}, merges


def _count_pairs(words: dict[str, tuple[str, ...]], counts: Counter[str]) -> Counter[tuple[str, str]]:
    pairs: Counter[tuple[str, str]] = Counter()
    for word, parts in words.items():
        for pair in pairwise(parts):
            pairs[pair] += counts[word]
    return pairs


def _merge(parts: tuple[str, ...], pair: tuple[str, str]) -> tuple[str, ...]:
    merged: list[str] = []
    for part in parts:
        if merged and (merged[-1], part) == pair:
            merged[-1] += part
        else:
            merged.append(part)
    return tuple(merged)


def _bytes() -> list[str]:
    """The 256 printable characters that stand for bytes in GPT-2's and CLIP's vocabularies."""
    shown = [*range(33, 127), *range(161, 173), *range(174, 256)]
    hidden = [byte for byte in range(256) if byte not in shown]
    return [chr(byte) for byte in shown] + [chr(256 + i) for i in range(len(hidden))]
