from __future__ import annotations

import pytest

from kernel.errors import InputError
from streams.connectors.mapping import FIELDS, NO_CHOICES, Cells, choose, parse_choices
from streams.connectors.presets import PRESETS

DISCOURSE = ("post_id", "topic_id", "title", "category_id", "post_number", "reply_to", "author", "created_at", "text")


def test_every_field_is_documented_and_known_to_rows() -> None:
    assert tuple(FIELDS) == Cells._fields
    for preset in PRESETS.values():
        assert preset.aliases.keys() <= FIELDS.keys()


def test_a_forum_is_recognised() -> None:
    columns = choose(PRESETS["forum"], DISCOURSE, NO_CHOICES).columns
    assert columns["thread_id"] == "topic_id"
    assert columns["thread_title"] == "title"
    assert columns["body"] == "text"
    assert columns["reply_to_number"] == "reply_to"
    assert "reply_to" not in columns


def test_reply_to_is_an_id_where_posts_have_no_numbers() -> None:
    columns = choose(PRESETS["forum"], [name for name in DISCOURSE if name != "post_number"], NO_CHOICES).columns
    assert columns["reply_to"] == "reply_to"
    assert "reply_to_number" not in columns


def test_names_are_compared_without_case_and_punctuation() -> None:
    columns = choose(PRESETS["reviews"], ["Review ID", "Ulasan", "Rating", "Tanggal", "userName"], NO_CHOICES).columns
    assert columns == {
        "post_id": "Review ID", "author": "userName", "created_at": "Tanggal", "body": "Ulasan", "rating": "Rating",
    }  # fmt: skip


def test_the_person_goes_before_the_preset() -> None:
    choices = parse_choices(["body=title", "lang==id", "category=", "title = text"])
    mapping = choose(PRESETS["forum"], DISCOURSE, choices)
    assert mapping.columns["body"] == "title"
    assert mapping.columns["title"] == "text"
    assert mapping.constants == {"lang": "id"}
    assert not mapping.has("category")
    assert mapping.has("lang")
    assert "body=title" in str(mapping)
    assert "lang==id" in str(mapping)


@pytest.mark.parametrize(
    ("item", "says"),
    [("body", "equals sign"), ("bodi=text", "did you mean 'body'?"), ("=text", "no field ''")],
)
def test_a_wrong_choice_is_explained(item: str, says: str) -> None:
    with pytest.raises(InputError) as caught:
        parse_choices([item])
    assert says in str(caught.value)


def test_a_column_that_is_not_there_is_named_with_the_nearest_and_all_others() -> None:
    with pytest.raises(InputError) as caught:
        choose(PRESETS["forum"], DISCOURSE, parse_choices(["body=txt"]))
    told = str(caught.value)
    assert "no column 'txt'; did you mean 'text'?" in told
    assert "'created_at'" in told


def test_what_is_missing_is_named_with_presets_that_would_fit() -> None:
    with pytest.raises(InputError) as caught:
        choose(None, ["reviewId", "content", "at", "score"], NO_CHOICES)
    told = str(caught.value)
    assert "--map author=COLUMN --map created_at=COLUMN --map body=COLUMN" in told
    assert "--preset reviews" in told
    assert "forum" not in told


def test_reviews_may_be_anonymous_and_posts_may_not() -> None:
    columns = ["content", "at", "score"]
    assert not choose(PRESETS["reviews"], columns, NO_CHOICES).has("author")
    with pytest.raises(InputError, match="author"):
        choose(PRESETS["forum"], ["text", "date"], NO_CHOICES)
