"""One picture enlarged behind the port, for tests."""

from limner.core.drawing import Sketch
from limner.core.records import Operation, Size


def sketch_of(image_HWC, factor):
    height_px, width_px = (factor * one for one in image_HWC.shape[:2])
    return Sketch(
        operation=Operation.ENLARGE,
        prompt="",
        negative="",
        style=None,
        steps=1,
        guidance=1.0,
        sampler="none",
        canvas=Size(width_px, height_px),
        is_transparent=False,
        source_HWC=image_HWC,
        strength=0.0,
    )


def enlarged(generator, image_HWC, factor, **watch):
    plan = generator.prepare(sketch_of(image_HWC, factor))
    (drawn,) = generator.generate(plan, [0], **watch)
    return drawn
