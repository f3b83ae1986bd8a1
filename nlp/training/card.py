"""The model card: what the steps are made of, under which terms, and how right they are."""

from __future__ import annotations

from collections.abc import Sequence

from nlp import annotate
from nlp.encoder import BUILT_IN
from nlp.training.measure import Figure

_HEAD = """# Models

Made by `make models` on {date}; do not edit. Every figure was measured on texts that the head had not learned from.

Steps: `{steps}`. Encoder: {encoder}.

## What the weights are made of

| Set | Languages | Used for | Licence |
|---|---|---|---|
| phrases of our own, `nlp/seeds/` | en, id | sentiment, type, abuse, spam | Apache-2.0 |
| NusaX sentiment | en, id | sentiment, the default space; no abuse, no spam | CC BY-SA 4.0 |
| SmSA, without what NusaX repeats of it | id | sentiment; no spam | CC BY-SA 4.0 |
| Banking77, 300 questions | en | type; no spam | CC BY 4.0 |
| Ubuntu IRC, 1,000 lines | en | no abuse, no spam | CC BY 4.0 |
| Davidson et al. 2017 | en | abuse | MIT |
| UCI SMS Spam Collection | en | spam | CC BY 4.0 |

{outside}

## Figures

`answered` is the share of texts for which the head was sure enough; the value is over these.
Languages, themes and personal data stand on [a page of their own](../explanation/quality.md).

"""

_OUTSIDE = (
    'Sets marked "no licence", "for research" or "non-commercial" below gave figures only: no weight has seen them.'
)
_OWN = """**Learned with `OWN=1` from all sets named below, those too that are marked "no licence", "for research" or
"non-commercial": do not pass these weights on.** Figures are cross-validated."""

_TAIL = """
## What to know before trusting them

- Type is learned from phrases of our own. A complaint that tells of a defect may be called either; requests are the
  weakest class outside. Show the share that was answered beside any number made from it.
- Abuse in Indonesian is learned from few phrases and from English by way of the encoder.
- Sentiment of reviews leans on their stars where a source has them; the figures above are without stars.
- Languages other than English and Indonesian get no verdict of the heads.
"""


def markdown(figures: Sequence[Figure], *, encoder: str, date: str, own: bool) -> str:
    """Return the whole card of weights made with an encoder; `own` ones learned from sets that bind them to a place."""
    told = f"`{encoder}`" + (" (multilingual-e5-small in 4 bits, MIT)" if encoder == BUILT_IN else "")
    named = _HEAD.format(date=date, steps=annotate.STEPS, encoder=told, outside=_OWN if own else _OUTSIDE)
    return named + table(figures) + _TAIL


def table(figures: Sequence[Figure]) -> str:
    """Return the figures as a Markdown table."""
    lines = ["| Head | Measured on | Language | n | Measure | Value | Answered |", "|---|---|---|---|---|---|---|"]
    for one in figures:
        answered = "" if one.answered is None else f"{one.answered:.2f}"
        lines.append(
            f"| {one.head} | {one.data} | {one.language} | {one.n:,} | {one.measure} | {one.value:.3f} | {answered} |"
        )
    return "\n".join(lines) + "\n"
