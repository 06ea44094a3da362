"""Matching what data call their classes with the canonical names."""

from pathlib import Path

import pytest

from frontrunner.errors import DataError
from frontrunner.tasks import paper_suites
from frontrunner.tasks.datasets.classes.class_names import (
    are_numbers,
    class_number,
    main_name,
    match_classes,
    names_of,
    nearest,
    normalised,
    require_distinct,
)


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
        (["AnnualCrop", "sea lake"], ["sea or lake\tSeaLake\t0", "annual crop land\tAnnualCrop\t1"], [1, 0]),
        (["00001", "00000"], ["sea or lake\tSeaLake\t0", "annual crop land\tAnnualCrop\t1"], [1, 0]),
        (["0", "1"], ["b\t1", "a\t0"], [1, 0]),
        (["angry", "sad, depressed"], ["['angry']\tangry", "['sad', 'depressed']\tsad"], [0, 1]),
        (["rc car", "r c car"], ["r c car", "rc car"], [1, 0]),  # one name but for spaces: the stricter form tells
    ],
)
def test_classes_are_matched_by_ever_looser_forms(found, classes, positions):
    assert match_classes(found, classes, whose="in x") == positions


@pytest.mark.parametrize("file", sorted(path.name for path in Path(paper_suites.__file__).parent.glob("classes/*.txt")))
def test_the_classes_of_the_papers_suites_are_found_under_all_their_names(file):
    classes = (Path(paper_suites.__file__).parent / "classes" / file).read_text().splitlines()
    require_distinct(classes, "of the file")
    names = [main_name(one) for one in classes]
    everywhere = [names, [names_of(one)[-1] for one in classes], [name.upper().replace(" ", "_") for name in names]]
    if not are_numbers(names):
        everywhere += [[f"{name[0]}_{name}" for name in names], ["".join(name.title().split()) for name in names]]
    for found in everywhere:
        assert match_classes(found, classes, whose="") == list(range(len(classes)))


@pytest.mark.parametrize("order", [1, -1])
def test_the_order_of_names_does_not_matter(order):
    classes = ["river", "sea lake", "annual crop", "highway"]
    found = ["Highway", "River", "AnnualCrop", "SeaLake"][::order]
    assert [normalised(classes[k]) for k in match_classes(found, classes, whose="")] == [normalised(f) for f in found]


@pytest.mark.parametrize(
    ("found", "classes", "part"),
    [
        (["cat", "dgo"], ["cat", "dog"], "'dgo' in x matches no class; the nearest is 'dog'"),
        (["cat", "dgo", "emu"], ["cat", "dog"], "matches no class (nor does 1 other); the nearest"),
        (["cat", "dgo", "emu", "gnu"], ["cat", "dog"], "matches no class (nor do 2 others); the nearest"),
        (["terminal"], ["abbey", "airport_terminal"], "the nearest is 'airport_terminal'"),
        (["xyz"], ["cat", "dog"], "expected one of 'cat', 'dog'"),
        (["sea lake", "SeaLake"], ["sea lake", "x"], "are one name: 'sea lake' and 'SeaLake'"),
        (["0", "00"], ["a", "b"], "are one name"),
        (["a_abbey", "abbey"], ["abbey", "b"], "both match the class 'abbey'"),
        (["0", "5"], ["a", "b"], "numbers up to 5"),
        (["0", "5"], ["a\t0", "b\t1"], "'5' in x matches no class"),
        (["SeaLak", "b"], ["sea or lake\tSeaLake", "b"], "the nearest is 'SeaLake'"),
        (["1", "2"], ["a", "b"], "counted from 1"),
    ],
)
def test_what_does_not_match_is_refused(found, classes, part):
    with pytest.raises(DataError) as caught:
        match_classes(found, classes, whose="in x")
    assert part in str(caught.value)


@pytest.mark.parametrize(("n", "ending"), [(1, ""), (5, ""), (6, " and 1 other"), (7, " and 2 others")])
def test_a_hint_counts_the_classes_that_it_leaves_out(n, ending):
    named = ", ".join(repr(name) for name in "abcde"[:n])
    assert nearest("xyz", list("abcdefg")[:n]) == f"expected one of {named}{ending}"
