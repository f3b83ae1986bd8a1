"""Areas by keywords: most posts decide, in any language, and too few decide nothing."""

from __future__ import annotations

from jobs.areas import area_of
from kernel.community import AreaTable

AREAS = {
    "payments": AreaTable(team="Money", keywords=("refund", "bayar")),
    "login": AreaTable(team="Identity", keywords=("password", "kode masuk")),
    "quiet": AreaTable(team="Nobody"),
}


def test_area_whose_words_most_posts_use():
    texts = ["my refund is late", "mau bayar gagal terus", "cannot pay", "password lost"]
    assert area_of(AREAS, ["refund late"], texts) == "payments"


def test_keyword_may_be_a_phrase_and_begins_a_word():
    assert area_of(AREAS, [], ["Kode masuknya tidak sampai"]) == "login"
    assert area_of(AREAS, [], ["terbayar sudah"]) is None


def test_too_few_posts_decide_nothing():
    assert area_of(AREAS, [], ["refund", *["something else"] * 9]) is None


def test_no_posts_and_no_areas_decide_nothing():
    assert area_of(AREAS, ["refund"], []) is None
    assert area_of({}, ["refund"], ["refund"]) is None
