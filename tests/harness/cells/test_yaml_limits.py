"""A file is refused before its content costs memory or time, and the sentence names the limit."""

import tracemalloc

import pytest

from frontrunner.errors import ConfigError
from frontrunner.harness.cells.bench_file import BenchSpec, read_bench
from frontrunner.studies.spec import read_tune

BENCH = "name: x\nsuites: [tiny]\nlearners: [pretrained]\n"


def chain(first, link, n=30):
    return first + "".join(link.format(one=i, other=i - 1) for i in range(1, n))


TOO_LARGE = {
    "ten megabytes": (BENCH + "#" + "x" * 10**7, "may have 500,000 bytes at most"),
    "many values": ("a: [" + "1," * 60_000 + "]", "may hold 50,000 values at most"),
    "many keys": ("".join(f"k{i}: 1\n" for i in range(26_000)), "may hold 50,000 values at most"),
    "lists in lists": ("a: " + "[" * 100_000, "may hold 20 lists and mappings inside each other"),
    "mappings in mappings": ("".join(" " * i + "a:\n" for i in range(300)), "may hold 20 lists and mappings"),
    "aliases of aliases": (chain("a0: &a0 [x, x]\n", "a{one}: &a{one} [*a{other}, *a{other}]\n", 18), "50,000 values"),
    "a chain of aliases": (chain("a0: &a0 [x]\n", "a{one}: &a{one} [*a{other}]\n"), "may hold 20 lists and mappings"),
    "merged mappings": (chain("a0: &a0 {x: 1}\n", "a{one}: &a{one} {{<<: *a{other}}}\n"), "may hold 20 lists and"),
    "an alias of what it stands in": ("a: &a [*a]", "within what it names"),
    "a key that holds itself": ("&a {*a : 1}", "within what it names"),
    "many digits": ("name: " + "9" * 10**5, "may have 100 digits at most, found 100,000"),
    "many digits to base sixteen": ("name: 0x" + "f" * 10**5, "may have 100 digits at most, found 100,002"),
    "many digits to base sixty": ("name: " + "1:" * 50_000 + "1", "may have 100 digits at most, found 100,001"),
}


@pytest.mark.parametrize("case", TOO_LARGE)
def test_a_file_that_would_cost_much_is_refused(tmp_path, case):
    content, why = TOO_LARGE[case]
    (tmp_path / "bench.yaml").write_text(content)
    with pytest.raises(ConfigError, match=why) as caught:
        read_bench(tmp_path / "bench.yaml")
    assert len(str(caught.value)) < 500
    assert "too large to be read" in str(caught.value)


@pytest.mark.parametrize("case", ["ten megabytes", "aliases of aliases", "lists in lists"])
@pytest.mark.parametrize("read", [read_bench, read_tune])
def test_a_refused_file_costs_no_memory(tmp_path, case, read):
    (tmp_path / "bench.yaml").write_text(TOO_LARGE[case][0])
    tracemalloc.start()
    try:
        with pytest.raises(ConfigError, match="too large to be read"):
            read(tmp_path / "bench.yaml")
        assert tracemalloc.get_traced_memory()[1] < 5e6
    finally:
        tracemalloc.stop()


def labelled(label):
    """A bench file with one learner of this label, written as YAML."""
    return f"name: x\nsuites: [tiny]\nlearners:\n- {{method: ls, label: {label}}}\n"


REFUSED = {
    "a tag of Python": ("name: !!python/object/apply:os.getcwd []", "python/object"),
    "binary": ("name: !!binary aGVsbG8=", "binary"),
    "a set": ("name: !!set {a}", "tag:yaml.org,2002:set"),
    "a tag of one's own": ("name: !mine x", "!mine"),
    "a key twice": ("name: x\nname: y", "the key 'name' is given twice"),
    "a key twice, once as an alias": ("&n name: x\n*n : y", "the key 'name' is given twice"),
    "a list as a key": ("? [a]\n: 1", "unhashable key"),
    "two documents": ("---\na: 1\n---\nb: 2", "expected a single document"),
    "an infinite number": (BENCH + "probes: .inf", "probes: a whole number is expected, found inf"),
    "a number beyond all floats": (BENCH + "probes: 1.0e+999", "probes: a whole number is expected, found inf"),
    "a long value of the wrong type": ("name: [" + "abc," * 10_000 + "]", r"found \['abc'.*\.\.\. \([\d,]+ characters"),
    "a name with NUL": (BENCH.replace("x", '"a\\0b"', 1), "name: one line of 200 characters"),
    "a name that drives the terminal": (BENCH.replace("x", '"a\\e[2J"', 1), "name: one line of 200 characters"),
    "a name of two lines": (BENCH.replace("x", '"a\\nb"', 1), "name: one line of 200 characters"),
    "a long name": (BENCH.replace("x", "x" * 201, 1), "name: one line of 200 characters"),
    "an empty name": (BENCH.replace("x", '""', 1), "name: one line of 200 characters"),
    "a long label": (labelled("x" * 201), "learners.0.label: one line of 200 characters"),
    "a label that drives the terminal": (labelled('"a\\e[2J"'), "learners.0.label: one line of 200 characters"),
    "a blank label": (labelled('"\\n "'), "learners.0.label: one line of 200 characters"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_no_bench_holds_is_one_short_sentence(tmp_path, case):
    content, why = REFUSED[case]
    (tmp_path / "bench.yaml").write_text(content)
    with pytest.raises(ConfigError, match=why) as caught:
        read_bench(tmp_path / "bench.yaml")
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 700


@pytest.mark.parametrize(("label", "kept"), [("x" * 200, "x" * 200), ('"two\\nlines"', "two lines"), ("a  b", "a b")])
def test_a_label_may_be_written_on_several_lines(tmp_path, label, kept):
    (tmp_path / "bench.yaml").write_text(labelled(label))
    assert read_bench(tmp_path / "bench.yaml").learners[0].label == kept


def test_a_date_is_a_text(tmp_path):
    (tmp_path / "bench.yaml").write_text(BENCH.replace("x", "2026-01-31", 1))
    assert read_bench(tmp_path / "bench.yaml").name == "2026-01-31"


def test_aliases_and_merged_mappings_are_read_where_they_are_few(tmp_path):
    (tmp_path / "bench.yaml").write_text(
        "name: x\nsuites: [tiny]\nlearners:\n"
        "- &one {method: ls, options: &fast {steps: 100, lr: 0.1}, label: one}\n"
        "- {<<: *one, label: two}\n"
        "- {method: epo, options: {<<: *fast, lr: 0.2}}\n"
    )
    one, two, other = read_bench(tmp_path / "bench.yaml").learners
    assert (one.options, one.label) == ({"steps": 100, "lr": 0.1}, "one")
    assert (two.options, two.label) == ({"steps": 100, "lr": 0.1}, "two")
    assert other.options == {"steps": 100, "lr": 0.2}


def test_a_bench_of_a_thousand_learners_is_read(tmp_path):
    learners = "".join(
        f"- {{method: pwe-moe-ls, label: learner {i}, options: {{steps: {i + 1}, lr: 0.001, upscale: mlp}}}}\n"
        for i in range(1000)
    )
    (tmp_path / "bench.yaml").write_text("name: x\nsuites: [tiny]\nlearners:\n" + learners)
    assert len(read_bench(tmp_path / "bench.yaml").learners) == 1000


def test_more_cells_than_a_leaderboard_takes_are_refused_before_they_are_made():
    spec = BenchSpec(name="x", suites=[{"name": "s"}], learners=[{"method": "m"}] * 400, seeds=list(range(400)))
    with pytest.raises(ConfigError, match="a bench may have 100,000 cells at most, found 160,000"):
        spec.cells()
