"""Pictures to train an encoder on: captions say what is there."""

import numpy as np

from clipforensics.sample.pictures import Captioned, render_pictures


def pictures(n: int, seed: int, workers: int = 1) -> list[Captioned]:
    return render_pictures(n, seed=seed, frame_size=64, size=32, workers=workers)


def test_captions_say_what_is_there_and_people_are_not_the_videos() -> None:
    from clipforensics.sample.identity import draw_identity
    from clipforensics.sample.pictures import _STRANGERS
    from clipforensics.sample.videos import _PERSON

    shown = pictures(12, seed=4)
    assert all(p.pixels.shape == (32, 32, 3) and p.pixels.dtype == np.uint8 for p in shown)
    people = [draw_identity(np.random.default_rng([4, _STRANGERS, number])) for number in range(3)]
    for person, picture in zip(np.repeat(np.array(people, object), 4), shown, strict=True):
        for caption in picture.captions:
            assert caption.startswith("a ")
            assert " skin" not in caption or f"{person.skin_tone} skin" in caption
            assert ("no glasses" in caption) <= (not person.glasses)
    actors = {draw_identity(np.random.default_rng([4, _PERSON, n])).texture_seed for n in range(100)}
    assert not actors & {person.texture_seed for person in people}


def test_no_caption_is_about_what_a_manipulation_of_the_mouth_leaves_behind() -> None:
    """Else the encoder would be taught the test manipulation."""
    captions = " ".join(caption for p in pictures(80, seed=4) for caption in p.captions)
    assert "a filter on the face" in captions
    assert "filter on the mouth" not in captions
