"""The map between Hugging Face's and open_clip's names of a CLIP: exact, both ways, whoever wrote the file."""

import pytest
import torch
from small_clips import hugging_face_model, open_clip_model

from frontrunner.tasks.backbones.clip.clip_names import from_hugging_face, is_hugging_face, to_hugging_face


def same(one, other):
    return one.keys() == other.keys() and all(torch.equal(one[name], other[name]) for name in one)


def test_a_model_of_open_clip_there_and_back_is_the_same_bit_for_bit():
    own = open_clip_model().state_dict()
    assert same(from_hugging_face(to_hugging_face(own)), own)


def test_a_model_of_hugging_face_there_and_back_is_the_same_bit_for_bit():
    theirs = hugging_face_model().state_dict()
    assert same(to_hugging_face(from_hugging_face(theirs)), theirs)


def test_a_model_of_hugging_face_fits_open_clip_strictly_and_gives_its_features_and_logits():
    theirs, own = hugging_face_model(), open_clip_model(seed=1)
    own.load_state_dict(from_hugging_face(theirs.state_dict()))
    images = torch.randn(3, 3, 16, 16, generator=torch.Generator().manual_seed(0))
    tokens = torch.tensor([[49406, 320, 49407, *[0] * 13], [49406, 7, 9, 11, 49407, *[0] * 11]])
    with torch.no_grad():
        expected = theirs(input_ids=tokens, pixel_values=images).logits_per_image
        found = own.get_logits(images, tokens)[0]
    assert torch.allclose(found, expected, atol=1e-5)
    assert expected.std() > 1e-2  # the logits tell images apart


@pytest.mark.parametrize("prefix", ["vision_model.", ""])
def test_an_image_tower_alone_is_mapped_with_the_prefix_of_either_version(prefix):
    theirs = {
        name: tensor for name, tensor in hugging_face_model().state_dict().items() if name.startswith("vision_model.")
    }
    whole = from_hugging_face(theirs)
    given = {f"{prefix}{name.removeprefix('vision_model.')}": tensor for name, tensor in theirs.items()}
    assert same(from_hugging_face(given), whole)
    assert all(name.startswith("visual.") for name in whole)


def test_buffers_of_positions_are_dropped_and_unknown_weights_kept():
    theirs = dict(hugging_face_model().state_dict())
    known = from_hugging_face(theirs)
    theirs["vision_model.embeddings.position_ids"] = torch.arange(5)[None]
    theirs["classifier.weight"] = torch.zeros(3, 24)
    assert from_hugging_face(theirs).keys() == {*known, "classifier.weight"}


def test_a_block_that_lacks_its_keys_is_not_joined():
    theirs = dict(hugging_face_model().state_dict())
    del theirs["vision_model.encoder.layers.1.self_attn.k_proj.weight"]
    found = from_hugging_face(theirs)
    assert "visual.transformer.resblocks.1.attn.in_proj_weight" not in found
    assert "vision_model.encoder.layers.1.self_attn.q_proj.weight" in found


def test_names_alone_differ_share_memory():
    theirs = hugging_face_model().state_dict()
    found = from_hugging_face(theirs)
    fc = theirs["vision_model.encoder.layers.0.mlp.fc1.weight"]
    assert found["visual.transformer.resblocks.0.mlp.c_fc.weight"].data_ptr() == fc.data_ptr()


def test_the_library_is_told_by_its_names():
    assert is_hugging_face(hugging_face_model().state_dict())
    assert not is_hugging_face(open_clip_model().state_dict())
