"""The vocabulary: a token a word."""

from clipforensics.sample.tokenizer import BOS, EOS, learn_vocabulary


def test_every_word_becomes_one_token() -> None:
    vocabulary, merges = learn_vocabulary(["a blurry photo, red hair", "a red photo"])
    for word in ("a", "blurry", "photo", "red", "hair", ","):
        assert word + "</w>" in vocabulary
    assert sorted(vocabulary.values()) == list(range(len(vocabulary)))
    assert vocabulary[EOS] == len(vocabulary) - 1 == vocabulary[BOS] + 1
    assert learn_vocabulary(["a red photo", "a blurry photo, red hair"]) == (vocabulary, merges)
