"""What a checkpoint's own image processor does, by its files: how frames are fitted and standardised."""

import math
from collections.abc import Mapping
from typing import Any, cast

from clipforensics.core.faults import InputError
from clipforensics.core.fitting import Fitting, Resample
from clipforensics.encoder.families.base import Family

RESAMPLES = {2: "bilinear", 3: "bicubic"}
"""PIL's numbers, as preprocessor_config.json writes them."""

WITH_PILLOW = ("BitImageProcessor", "CLIPImageProcessor", "SiglipImageProcessor", "ViTImageProcessor")
"""Processors of transformers that have a form for Pillow, which is this name and `Pil`."""

TIMM_MEAN, TIMM_STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
TIMM_CROP = 0.875
"""What timm takes where a checkpoint's `pretrained_cfg` does not say."""

MOST_SIDE = 2**11
"""Pixels to which a side is resized at most."""

Standard = tuple[tuple[float, ...], tuple[float, ...]]
"""Mean and standard deviation of each RGB channel, of values in [0, 1]."""


def read_processor(model: str, options: Mapping[str, Any], family: Family) -> tuple[Fitting, Standard]:
    """What the processor of a checkpoint in Hugging Face's layout does.

    Args:
        model: A local folder or a hub id.
        options: What `from_pretrained` is told beside.
        family: Of the checkpoint; its processor stands in where the file names none that runs on Pillow.

    Raises:
        InputError: there is none, or it does what frames cannot be fitted to.
    """
    import transformers

    try:
        content, _ = transformers.ImageProcessingMixin.get_image_processor_dict(model, **options)
        named = str(content.get("image_processor_type", "")).removesuffix("Fast")
        kind = getattr(transformers, f"{named}Pil" if named in WITH_PILLOW else family.processor)
        processor = kind.from_pretrained(model, **options)
        return check_bounds(model, _fitting(model, processor), _standard(model, processor))
    except InputError:
        raise
    except (OSError, ValueError, TypeError, KeyError, AttributeError, OverflowError) as error:
        raise InputError(f"encoder.model {model!r} has no readable preprocessor: {error}") from error


def check_bounds(model: str, fitting: Fitting, standard: Standard) -> tuple[Fitting, Standard]:
    """The same, if a frame can be so.

    Raises:
        InputError: a side is too small or too large, or the three channels have no mean and deviation each.
    """
    if not 1 <= fitting.size <= fitting.edge <= MOST_SIDE:
        raise _unfit(
            model, f"resizes to {fitting.edge} and crops to {fitting.size} pixels, of {MOST_SIDE} at most"
        )
    mean, std = standard
    numbers = (*mean, *std)
    sound = all(isinstance(number, int | float) and math.isfinite(number) for number in numbers)
    if not sound or len(mean) != 3 or len(std) != 3 or min(std) <= 0:
        raise _unfit(model, f"standardises by mean {list(mean)!s:.60} and deviation {list(std)!s:.60}")
    return fitting, standard


def _fitting(model: str, processor: Any) -> Fitting:
    size, crop = dict(processor.size), dict(getattr(processor, "crop_size", None) or {})
    cropped = bool(getattr(processor, "do_center_crop", False))
    kept = {name: number for name, number in size.items() if number is not None}
    if set(kept) == {"shortest_edge"} and processor.do_resize and cropped:
        squash, edge = False, int(kept["shortest_edge"])
    elif set(kept) == {"height", "width"} and kept["height"] == kept["width"] and processor.do_resize:
        squash, edge = True, int(kept["height"])
    else:
        raise _unfit(model, f"makes no square pictures of one size ({size}, crop {crop})")
    side = int(crop["height"]) if cropped else edge
    if cropped and (crop["height"] != crop["width"] or side > edge):
        raise _unfit(model, f"resizes to {edge} and crops to {crop}")
    number = int(processor.resample)
    if number not in RESAMPLES:
        raise _unfit(model, f"resizes with Pillow's filter {number}")
    return Fitting(side, cast(Resample, RESAMPLES[number]), squash, edge)


def _standard(model: str, processor: Any) -> Standard:
    if not processor.do_rescale or not math.isclose(processor.rescale_factor, 1 / 255):
        raise _unfit(model, f"scales grey levels by {processor.rescale_factor}, not by 1/255")
    if not processor.do_normalize:
        return (0.0,) * 3, (1.0,) * 3
    return tuple(processor.image_mean), tuple(processor.image_std)


def read_timm(model: str, pretrained: Mapping[str, Any]) -> tuple[Fitting, Standard]:
    """What timm does with pictures in evaluation, by `pretrained_cfg` of its config.json.

    As timm's `transforms_imagenet_eval`: resized to floor(size / crop_pct). Where the crop falls between two
    pixels, timm rounds to the even one and this project down, which may be one pixel apart.

    Args:
        model: For errors.
        pretrained: The content.

    Raises:
        InputError: it does what frames cannot be fitted to.
    """
    try:
        return _timm(model, pretrained)
    except InputError:
        raise
    except (AttributeError, OverflowError, TypeError, ValueError, ZeroDivisionError) as error:
        raise _unfit(model, f"has a pretrained_cfg that cannot be read ({error})") from error


def _timm(model: str, pretrained: Mapping[str, Any]) -> tuple[Fitting, Standard]:
    channels, height, width = pretrained.get("input_size") or (3, 224, 224)
    mode, filtered = pretrained.get("crop_mode") or "center", pretrained.get("interpolation") or "bicubic"
    if channels != 3 or height != width or mode not in ("center", "squash"):
        raise _unfit(model, f"makes pictures of {channels}x{height}x{width} by crop_mode {mode!r}")
    if filtered not in RESAMPLES.values():
        raise _unfit(model, f"resizes with the filter {filtered!r}")
    edge = math.floor(height / (pretrained.get("crop_pct") or TIMM_CROP))
    fitting = Fitting(int(height), cast(Resample, filtered), mode == "squash", edge)
    mean, std = pretrained.get("mean") or TIMM_MEAN, pretrained.get("std") or TIMM_STD
    return check_bounds(model, fitting, (tuple(mean), tuple(std)))


def as_processor(fitting: Fitting, standard: Standard) -> dict[str, Any]:
    """A preprocessor_config.json that does the same, for `ViTImageProcessorPil` of transformers."""
    mean, std = standard
    edge = {"height": fitting.edge, "width": fitting.edge}
    return {
        "image_processor_type": "ViTImageProcessor",
        "do_resize": True,
        "size": edge if fitting.squash else {"shortest_edge": fitting.edge},
        "resample": next(number for number, name in RESAMPLES.items() if name == fitting.resample),
        "do_center_crop": True,
        "crop_size": {"height": fitting.size, "width": fitting.size},
        "do_rescale": True,
        "rescale_factor": 1 / 255,
        "do_normalize": True,
        "image_mean": list(mean),
        "image_std": list(std),
    }


def _unfit(model: str, what: str) -> InputError:
    return InputError(
        f"encoder.model {model!r} {what}; frames are squares, resized bilinearly or bicubically (both sides,"
        " or the shorter one and then cropped) with grey levels from 0 to 1; choose another encoder"
    )
