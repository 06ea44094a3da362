"""Matching what data call their classes with the canonical names."""

import pytest

from frontrunner.errors import DataError
from frontrunner.tasks.datasets.class_names import class_number, match_classes, normalised


@pytest.mark.parametrize(
    ("name", "plain"),
    [
        ("AnnualCrop", "annual crop"),
        ("polka-dotted", "polka dotted"),
        ("a/airport_terminal", "a airport terminal"),
        ("  Sea__Lake ", "sea lake"),
        ("MRPCTask", "mrpc task"),
        ("BMW M3 Coupe 2012", "bmw m3 coupe 2012"),
        ("Ｆｕｌｌ", "full"),
        ("STRASSE", "strasse"),
        ("straße", "strasse"),
    ],
)
def test_names_are_compared_without_case_and_separators(name, plain):
    assert normalised(name) == plain


@pytest.mark.parametrize(
    ("name", "number"),
    [
        ("00012", 12),
        ("7", 7),
        ("LABEL_3", 3),
        ("label 3", 3),
        ("x7", None),
        ("-1", None),
        ("٣", None),
        ("", None),
        ("1.0", None),
    ],
)
def test_numbers_are_told_from_names(name, number):
    assert class_number(name) == number


@pytest.mark.parametrize(
    ("found", "classes", "positions"),
    [
        (["b", "a"], ["a", "b"], [1, 0]),
        (["a_abbey", "b_bar"], ["bar", "abbey"], [1, 0]),
        (["abbey", "bar"], ["a/abbey", "b/bar"], [0, 1]),
        (["Ram C-V Cargo Van Minivan 2012", "Ram CV"], ["Ram CV", "Ram C/V Cargo Van Minivan 2012"], [1, 0]),
        (["Acura RL TL", "Acura TSX."], ["Acura TSX", "Acura RL, TL"], [1, 0]),
        (["00000", "00001", "00010"], ["10", "1", "0"], [2, 1, 0]),
        (["0", "2"], ["cat", "dog", "emu"], [0, 2]),
        (["rc car", "r c car"], ["r c car", "rc car"], [1, 0]),  # one name but for spaces: the stricter form tells
    ],
)
def test_classes_are_matched_by_ever_looser_forms(found, classes, positions):
    assert match_classes(found, classes, whose="in x") == positions


@pytest.mark.parametrize("order", [1, -1])
def test_the_order_of_names_does_not_matter(order):
    classes = ["river", "sea lake", "annual crop", "highway"]
    found = ["Highway", "River", "AnnualCrop", "SeaLake"][::order]
    assert [normalised(classes[k]) for k in match_classes(found, classes, whose="")] == [normalised(f) for f in found]


@pytest.mark.parametrize(
    ("found", "classes", "part"),
    [
        (["cat", "dgo"], ["cat", "dog"], "'dgo' in x matches no class; the nearest is 'dog'"),
        (["terminal"], ["abbey", "airport_terminal"], "the nearest is 'airport_terminal'"),
        (["xyz"], ["cat", "dog"], "expected one of 'cat', 'dog'"),
        (["sea lake", "SeaLake"], ["sea lake", "x"], "are one name: 'sea lake' and 'SeaLake'"),
        (["0", "00"], ["a", "b"], "are one name"),
        (["a_abbey", "abbey"], ["abbey", "b"], "both match the class 'abbey'"),
        (["0", "5"], ["a", "b"], "numbers up to 5"),
        (["1", "2"], ["a", "b"], "counted from 1"),
    ],
)
def test_what_does_not_match_is_refused(found, classes, part):
    with pytest.raises(DataError) as caught:
        match_classes(found, classes, whose="in x")
    assert part in str(caught.value)
