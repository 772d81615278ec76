"""What tests of canary sets draw: a few pictures, and a generator that becomes paler unseen."""

from dataclasses import replace
from datetime import date

import numpy as np

from limner.evals.specification import Asked
from limner.evals.suite import Case, Suite
from limner.testing import PaintedGenerator

FEW = Suite(
    name="few",
    version="1",
    question="Is it whole?",
    owner="Design",
    review_by=date(2027, 1, 1),
    seeds=(1, 2),
    checks=("integrity", "sharpness"),
    aspects={},
    ways=(),
    cases=tuple(Case(id=f"case-{k}", asked=Asked(prompt=f"a thing {k}")) for k in range(3)),
)


class Paler(PaintedGenerator):
    """The painted generator, whose pictures become paler without its card knowing."""

    is_pale = False

    def generate(self, plan, seeds, **watch):
        for one in super().generate(plan, seeds, **watch):
            image_HWC = one.image_HWC
            if self.is_pale:
                image_HWC = image_HWC // 2 + np.uint8([64, 64, 64, 127])
            yield replace(one, image_HWC=image_HWC)
