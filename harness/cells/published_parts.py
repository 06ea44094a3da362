"""What a bench file says of a publication: the tables whose rows stand beside its results, and the figures to draw."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator

from ...yaml_file import Strict
from .line import checked_line, folded

FigureKind = Literal["fronts", "lambdas", "coefficients", "distances"]


class FigureSpec(Strict):
    """A figure of a bench, drawn from what it has recorded."""

    kind: FigureKind
    """`fronts`: accuracy against accuracy of every learner, a picture for each choice of tasks. `lambdas`: mean
    accuracy along the learners that are a curve over lambda. `coefficients`: merge coefficients by depth at every
    corner, a picture a learner. `distances`: how far experts lie apart in every layer, by attention and feed-forward
    block."""
    title: Annotated[str, AfterValidator(folded), AfterValidator(checked_line)] = ""
    """The figure's name, such as that of the published one; its kind when absent."""
