"""Texts become numbers of tokens, padded, cut and joined as transformers and the paper do."""

import json

import numpy as np
import pytest
import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors, trainers
from transformers import PreTrainedTokenizerFast

import frontrunner as fr
from frontrunner.tasks.datasets.text_format import TextFormat

WORDS = ["a", "cat", "sat", "on", "the", "mat", "dog", "ran", "far", "away"]
TEXTS = [("the cat sat",), ("a dog",), ("the dog ran far away on the mat a cat",)]
PAIRS = [("the cat", "sat on the mat"), ("a dog ran", "away"), ("the cat sat on a mat far away", "the dog ran away")]


def like_gpt2():
    """Byte pairs, with nothing added."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.post_processor = processors.ByteLevel(trim_offsets=False)
    trainer = trainers.BpeTrainer(
        vocab_size=300, special_tokens=["<|endoftext|>"], initial_alphabet=pre_tokenizers.ByteLevel.alphabet()
    )
    tokenizer.train_from_iterator([" ".join(WORDS)] * 5, trainer)
    return tokenizer


def like_bert(n_words=10):
    """Words between [CLS] and [SEP]."""
    names = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", *WORDS, *(f"w{k}" for k in range(n_words - len(WORDS)))]
    tokenizer = Tokenizer(models.WordLevel({word: k for k, word in enumerate(names)}, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", pair="[CLS] $A [SEP] $B:1 [SEP]:1", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    return tokenizer


@pytest.fixture(scope="module", params=[like_gpt2, like_bert])
def tokenizer(request):
    return request.param()


@pytest.mark.parametrize("examples", [TEXTS, PAIRS, [*TEXTS, *PAIRS]])
@pytest.mark.parametrize("max_length", [4, 8, 40])
def test_it_equals_transformers(tokenizer, examples, max_length):
    theirs = PreTrainedTokenizerFast(tokenizer_object=Tokenizer.from_str(tokenizer.to_str()))
    theirs.pad_token = tokenizer.id_to_token(0)
    own = TextFormat(tokenizer, max_length, pad_token_id=0, token_type_ids=True).stored(examples)
    for k, example in enumerate(examples):
        found = theirs(
            *example, truncation=True, max_length=max_length, padding="max_length", return_token_type_ids=True
        )
        for name in ("input_ids", "attention_mask", "token_type_ids"):
            assert own[name][k].tolist() == found[name], name


def test_gpt2s_pairs_are_put_behind_each_other_and_a_separator_makes_one_text():
    tokenizer = like_gpt2()
    (first, second), *_ = PAIRS
    ids = tokenizer.encode(first).ids + tokenizer.encode(second).ids
    found = TextFormat(tokenizer, len(ids) + 2).stored([(first, second)])
    assert found["input_ids"][0].tolist() == [*ids, 0, 0]
    assert "token_type_ids" not in found
    for separator in ("", " ", " || "):
        joined = tokenizer.encode(first + separator + second).ids
        found = TextFormat(tokenizer, 60, separator=separator).stored([(first, second)])
        assert found["input_ids"][0, : len(joined)].tolist() == joined
        assert found["attention_mask"].sum() == len(joined)


@pytest.mark.parametrize(("n_words", "dtype"), [(10, np.uint8), (300, np.uint16), (70_000, np.int32)])
def test_numbers_are_in_the_smallest_type_that_holds_them(n_words, dtype):
    last = f"w{n_words - len(WORDS) - 1}" if n_words > 10 else WORDS[-1]
    own = TextFormat(like_bert(n_words), 6)
    stored = own.stored([(last,)])
    assert stored["input_ids"].dtype == dtype
    assert stored["attention_mask"].dtype == np.uint8
    taken = own.to_input({name: torch.from_numpy(array) for name, array in stored.items()})
    assert {tensor.dtype for tensor in taken.values()} == {torch.int64}
    assert taken["input_ids"][0].tolist() == [2, n_words + 3, 3, 0, 0, 0]
    assert TextFormat(like_bert(10), 6, pad_token_id=256).stored([(last,)])["input_ids"].dtype == np.uint16


@pytest.mark.parametrize("n_words", [10, 300, 70_000])
def test_batches_are_trimmed_to_their_longest_and_joined_to_the_longest_of_all(n_words):
    own = TextFormat(like_bert(n_words), 20, pad_token_id=5, token_type_ids=True)
    stored = fr.Examples(own.stored([*TEXTS, *PAIRS]), np.zeros(6, dtype=int)).inputs
    short = {name: tensor[:2] for name, tensor in stored.items()}
    trimmed = own.trim(short)
    assert {tensor.shape for tensor in trimmed.values()} == {(2, 5)}
    whole = own.trim(stored)
    width = whole["input_ids"].shape[1]
    assert width == stored["attention_mask"].sum(dim=1).max()
    joined = own.join([trimmed, whole])
    for name, tensor in joined.items():
        assert torch.equal(tensor, torch.cat([stored[name][:2], stored[name]])[:, :width])
        assert tensor.dtype == stored[name].dtype


def test_a_batch_without_a_token_keeps_one_column():
    own = TextFormat(like_bert(), 6)
    empty = {name: torch.zeros(2, 6, dtype=torch.uint8) for name in ("input_ids", "attention_mask")}
    assert own.trim(empty)["input_ids"].shape == (2, 1)


def test_what_is_cut_is_noted():
    own = TextFormat(like_bert(), 5)
    assert own.notes(own.stored(TEXTS)) == ("2 of 3 texts have 5 tokens or more and are cut there.",)
    assert own.notes(own.stored([("a dog",)])) == ()


def test_the_key_holds_the_tokenizer_and_the_options():
    one, other = like_gpt2(), like_bert()
    given = [
        TextFormat(one, 8),
        TextFormat(other, 8),
        TextFormat(one, 9),
        TextFormat(one, 8, pad_token_id=1),
        TextFormat(one, 8, separator=""),
        TextFormat(one, 8, token_type_ids=True),
    ]
    keys = [json.dumps(text.key, sort_keys=True) for text in given]
    assert len(set(keys)) == len(keys)
    padded = Tokenizer.from_str(one.to_str())
    padded.enable_padding(length=3)
    padded.enable_truncation(2)
    assert TextFormat(padded, 8).key == given[0].key
    assert padded.truncation["max_length"] == 2  # the given tokenizer is left as it is


def test_tokenizers_are_read_from_a_file_or_a_models_folder(tmp_path):
    one = like_gpt2()
    one.save(str(tmp_path / "tokenizer.json"))
    old = tmp_path / "old"
    old.mkdir()
    one.model.save(str(old))  # vocab.json and merges.txt, as GPT-2 came
    (old / "config.json").write_text(json.dumps({"model_type": "gpt2"}))
    expected = TextFormat(one, 30).stored(TEXTS)["input_ids"]
    for path in (tmp_path, str(tmp_path / "tokenizer.json"), old):
        assert np.array_equal(TextFormat(path, 30).stored(TEXTS)["input_ids"], expected), path


def broken(folder):
    (folder / "tokenizer.json").write_text("{}")
    return folder


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda folder: folder, "expected a tokenizer in .*, found no tokenizer.json; copy it"),
        (lambda folder: folder / "no.json", "expected a tokenizer, found no file .*no.json"),
        (broken, "tokenizer.json cannot be read"),
    ],
)
def test_a_tokenizer_that_is_not_there_is_said(tmp_path, make, message):
    with pytest.raises(fr.DataError, match=message):
        TextFormat(make(tmp_path), 8)


@pytest.mark.parametrize(
    ("example", "message"),
    [
        ("", "position 1 has no tokens, found ''; drop"),
        (("", ""), "position 1 has no tokens"),
        (("a", "cat", "sat"), "position 1 must be one text or two, found"),
        ((), "position 1 must be one text or two"),
        (None, "position 1 must be one text or two, found None"),
        (("a", float("nan")), "position 1 must be one text or two"),
    ],
)
def test_what_is_no_text_is_refused(tokenizer, example, message):
    with pytest.raises(fr.DataError, match=message):
        TextFormat(tokenizer, 8).stored([("a cat",), example])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"max_length": 3}, "max_length of a TextFormat must be 4 or more with its tokenizer, found 3"),
        ({"max_length": "long"}, "max_length of a TextFormat"),
        ({"pad_token_id": -1}, "pad_token_id of a TextFormat"),
        ({"tokenizer": 3}, r"must be a tokenizers.Tokenizer or a path, found int"),
    ],
)
def test_wrong_text_options_are_refused(options, message):
    with pytest.raises(fr.ConfigError, match=message):
        TextFormat(**{"tokenizer": like_bert(), "max_length": 8, **options})
