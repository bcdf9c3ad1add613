"""The NETtalk loader: files of the corpus' format become one row a letter."""

import json
import os

import numpy as np
import pytest
from sklearn.svm import LinearSVC

from skprune.datasets import load_nettalk

HEADER = "\n" * 10
WORDS = "cab\tk@b\t>1<\t0\nab\t@b\t1<\t0\ncab\tkxb\t>0<\t2 \ngun\tg^n\t0\t\n"
CODES = {
    "_feature_indices": {f"f{i}": i for i in range(21)},
    "_stress_indices": {name: 21 + i for i, name in enumerate("RLSWB")},
    "phonemes": {
        "k": {"features": ["f0"]},
        "@": {"features": ["f1", "f2"]},
        "b": {"features": ["f3"]},
        "x": {"features": []},
    },
    "stress_encoding": {
        ">": {"features": ["R"]},
        "<": {"features": ["L"]},
        "0": {"features": ["W"]},
        "1": {"features": ["S", "W"]},
        "2": {"features": ["S"]},
    },
}


@pytest.fixture
def corpus(tmp_path):
    (tmp_path / "nettalk.data").write_text(HEADER + WORDS)
    (tmp_path / "nettalk_1000_words.txt").write_text("ab\n")
    (tmp_path / "phoneme_features.json").write_text(json.dumps(CODES))
    return tmp_path


def on(row, names):
    return {names[i] for i in np.flatnonzero(row)}


def test_a_letter_is_a_window_of_its_word_and_the_features_of_its_sound(corpus):
    data = load_nettalk(corpus, subset="all")
    assert data.words == ["cab", "ab"]
    assert list(data.groups) == [0, 0, 0, 1, 1]
    assert "".join(data.phonemes) == "k@b@b"
    rows = data.data.toarray()
    assert rows.shape == (5, 203)
    names = data.feature_names
    assert on(rows[1], names) == {"-3= ", "-2= ", "-1=c", "+0=a", "+1=b", "+2= ", "+3= "}
    assert on(rows[4], names) == {"-3= ", "-2= ", "-1=a", "+0=b", "+1= ", "+2= ", "+3= "}
    assert data.target.shape == (5, 26)
    assert on(data.target[1], data.target_names) == {"f1", "f2", "S", "W"}
    assert data.phoneme_names == ["@", "b", "k", "x"]
    assert list(data.phoneme_codes.sum(axis=1)) == [2, 1, 1, 0]
    assert "2 English words" in data.DESCR


def test_subsets_part_the_words(corpus, monkeypatch):
    assert load_nettalk(corpus).words == ["ab"]
    assert load_nettalk(corpus, subset="rest").words == ["cab"]
    monkeypatch.setenv("SKPRUNE_DATA", str(corpus))
    X, y = load_nettalk(return_X_y=True)
    assert X.shape == (2, 203) and y.shape == (2, 26)


def test_estimators_of_32_bit_indices_take_the_data(corpus):
    data = load_nettalk(corpus, subset="all")
    assert data.data.indices.dtype == data.data.indptr.dtype == np.int32
    y = data.phonemes == "b"
    assert LinearSVC().fit(data.data, y).score(data.data, y) == 1


def test_files_may_lie_in_a_folder_of_their_name(corpus, tmp_path_factory):
    home = tmp_path_factory.mktemp("home")
    corpus.rename(home / "nettalk")
    assert load_nettalk(home).words == ["ab"]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("nettalk.data", HEADER + "cab\tk@b\t>1<\n", "Line 11 .* got 'cab"),
        ("nettalk.data", HEADER + "cab\tk@\t>1<\t0\n", "one symbol a letter"),
        ("nettalk.data", HEADER + "cab\tk@b\t>3<\t0\n", "its stresses"),
        ("nettalk.data", "", "holds no words"),
        ("nettalk_1000_words.txt", "zebra\n", "'zebra' is not one of them"),
        ("nettalk_1000_words.txt", "", "it holds none"),
        ("phoneme_features.json", "{", "JSONDecodeError"),
        ("phoneme_features.json", '{"phonemes": {}}', "_feature_indices"),
        (
            "phoneme_features.json",
            json.dumps({**CODES, "_feature_indices": {f"f{i}": 9 * i for i in range(21)}}),
            "indices of features that are not 0 to 25, each once",
        ),
        (
            "phoneme_features.json",
            json.dumps({**CODES, "_feature_indices": {f"f{i}": -i for i in range(21)}}),
            "indices of features",
        ),
        (
            "phoneme_features.json",
            json.dumps({**CODES, "_feature_indices": {f"f{i}": [i] for i in range(21)}}),
            "TypeError",
        ),
        (
            "phoneme_features.json",
            json.dumps({**CODES, "phonemes": {"@": {"features": []}}}),
            "no features of 'b'",
        ),
    ],
)
def test_files_of_another_format_are_refused_by_name(corpus, name, content, message):
    (corpus / name).write_text(content)
    with pytest.raises(ValueError, match=message):
        load_nettalk(corpus, subset="all")


def test_json_that_is_nested_beyond_reading_is_refused_by_name(corpus):
    (corpus / "phoneme_features.json").write_text("[" * 200_000)
    with pytest.raises(ValueError, match=r"phoneme_features.json should be a JSON object"):
        load_nettalk(corpus)


def test_the_home_of_nobody_is_no_folder():
    with pytest.raises(ValueError, match=r"data_home='~nouser.of.this/data' begins"):
        load_nettalk("~nouser.of.this/data")


def test_a_subset_without_words_is_refused(corpus):
    (corpus / "nettalk_1000_words.txt").write_text("ab\ncab\n")
    with pytest.raises(ValueError, match="subset='rest' holds no words"):
        load_nettalk(corpus, subset="rest")


def test_a_file_that_is_no_text_is_refused(corpus):
    (corpus / "nettalk.data").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ValueError, match="not a text file"):
        load_nettalk(corpus)


def test_a_missing_file_and_a_missing_folder_name_the_cure(corpus, monkeypatch):
    (corpus / "phoneme_features.json").unlink()
    with pytest.raises(FileNotFoundError, match="data_home"):
        load_nettalk(corpus)
    monkeypatch.delenv("SKPRUNE_DATA", raising=False)
    with pytest.raises(ValueError, match="SKPRUNE_DATA is not set"):
        load_nettalk()


@pytest.mark.skipif("SKPRUNE_DATA" not in os.environ, reason="needs SKPRUNE_DATA: the corpus")
def test_the_corpus_has_the_sizes_of_hs93():
    corpus = load_nettalk()
    assert corpus.data.shape == (5438, 203) and corpus.target.shape == (5438, 26)
    assert len(corpus.words) == 1000
    assert (np.diff(corpus.data.indptr) == 7).all()
    assert len(load_nettalk(subset="rest").words) == 18801
