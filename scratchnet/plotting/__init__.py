"""The paper's pictures, one file per kind: arrays in, a matplotlib Figure out.

No picture touches pyplot or any other global state, so they can be drawn anywhere, also without a screen and from
several threads. Colours are those of Okabe and Ito, which people with any common colour blindness tell apart; what
a colour says, a mark or a line style says too.
"""
from .channels import channels_figure
from .comparison import comparison_figure
from .confusion import confusion_figure
from .crossover import crossover_figure
from .curves import curves_figure
from .filters import filters_figure, patches_figure, tiles_figure
from .retrieval import retrieval_figure
from .style import png, save

__all__ = ["channels_figure", "comparison_figure", "confusion_figure", "crossover_figure",
           "curves_figure", "filters_figure",
           "patches_figure", "png", "retrieval_figure", "save", "tiles_figure"]
