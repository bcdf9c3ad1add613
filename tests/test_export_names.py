"""No name of a function, a feature or a class can break a source, or the file it is in."""

import re
import subprocess

import numpy as np
import pytest
from compiling import COMPILER, STRICT, needs_compiler, run_c
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.neural_network import MLPClassifier, MLPRegressor

from skprune.inspection import export_c, export_numpy, export_text

# Keywords, what headers of C99 declare as functions, macros and types, and what POSIX adds.
TAKEN = """
auto inline restrict _Bool _Complex while asm typeof abs malloc printf memcpy qsort exit isalpha
strtod setjmp longjmp signal va_arg offsetof assert errno stdin NULL EOF NAN INFINITY M_PI INT_MAX
SIZE_MAX PRId64 EXIT_SUCCESS I complex bool true size_t int8_t uint_least64_t wchar_t FILE fenv_t
div_t ptrdiff_t time_t and or_eq xor cpow creal fegetround nexttowardl tgammaf remquo fpclassify
isunordered lgamma y0 j1 signgam open read write fork pipe getpid execvp mmap sem_wait
pthread_create sigaction select poll socket glob regcomp iconv_open ftw dlopen getopt optarg
environ unix linux timezone strdup usleep class new template this namespace x y
"""
ODD = ["*/ #error", "/* c", "a\nb\\", "??/", "??", "*??/", '"""', "'''", "%s%n", "\u202e reversed",
       "\u2066", "\0", "nul\0nul", "\ud800", "\\", "\\u0041", '"; abort(); "', "int", "ü ñ 漢",
       "\r", "\u2028", "{x}", "</svg>"]  # fmt: skip


def network(n_classes=3):
    """Two inputs, three units."""
    X = np.random.default_rng(0).normal(size=(30, 2))
    y = np.arange(30) % n_classes
    return MLPClassifier((3,), solver="lbfgs", max_iter=5, random_state=0).fit(X, y), X


pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


@pytest.mark.parametrize("name", TAKEN.split())
def test_taken_names_are_refused(name):
    with pytest.raises(ValueError, match=f"name='{name}' cannot be the name of a function"):
        export_c(network()[0], name=name)


HEADERS = ["complex", "ctype", "errno", "fenv", "inttypes", "locale", "math", "setjmp", "signal",
           "stdarg", "stddef", "stdint", "stdio", "stdlib", "string", "time", "wchar", "wctype",
           "dirent", "fcntl", "poll", "pthread", "regex", "sched", "semaphore", "strings",
           "sys/mman", "sys/socket", "sys/stat", "sys/wait", "termios", "unistd"]  # fmt: skip


@needs_compiler
def test_everything_that_headers_declare_is_refused(tmp_path):
    """Functions and macros of this system's headers, those of its own (`__x`) left out."""
    model = network()[0]
    for header in HEADERS:
        text = f"#include <{header}.h>\n"
        how = [COMPILER, "-std=c99", "-D_XOPEN_SOURCE=700", "-E", "-xc", "-"]
        found = subprocess.run([*how, "-P"], input=text, capture_output=True, text=True, check=True)
        names = set(re.findall(r"\b([a-z]\w*) *\((?!\*)[^;(]*\)[^;{]*;", found.stdout))
        macros = subprocess.run([*how, "-dM"], input=text, capture_output=True, text=True)
        names |= set(re.findall(r"#define ([A-Za-z]\w*)", macros.stdout))
        assert names
        accepted = [name for name in names if not _is_refused(model, name)]
        assert not accepted, header


def _is_refused(model, name):
    try:
        export_c(model, name=name, layout="unrolled")
    except ValueError:
        return True
    return False


@needs_compiler
def test_odd_names_change_nothing_but_the_texts(tmp_path):
    model, X = network(len(ODD))
    for names in (ODD[:2], ODD[-2:]):
        how = {"feature_names": names, "class_names": ODD}
        found, _ = run_c(
            export_c(model, **how), export_c(model, header=True, **how), X, len(ODD), tmp_path
        )
        expected = model.predict_proba(X)
        np.testing.assert_allclose(found, expected, atol=1e-10)
        module = {}
        exec(compile(export_numpy(model, **how), "model.py", "exec"), module)
        np.testing.assert_allclose(module["predict"](X), expected, atol=1e-10)
        assert module["predict_class"](X).tolist() == [ODD[k] for k in expected.argmax(axis=1)]
        assert export_text(model, **how)


any_text = st.text(
    st.characters() | st.sampled_from(list('*/\\"?%{}\0\n\r\u202e\u2066\ud800\x7f')), max_size=12
)


@settings(max_examples=150, deadline=None)
@given(feature=any_text, label=any_text)
def test_sources_survive_any_name(feature, label):
    model, X = network(2)
    how = {"feature_names": [feature, "b"], "class_names": ["a", label]}
    source = export_c(model, **how)
    code = re.sub(r'"(\\.|[^"\\])*"', "", re.sub(r"/\*.*?\*/", "", source, flags=re.DOTALL))
    plain = export_c(model)
    plain = re.sub(r'"(\\.|[^"\\])*"', "", re.sub(r"/\*.*?\*/", "", plain, flags=re.DOTALL))
    assert code == plain and "??" not in source
    source.encode("utf-8")
    text = export_numpy(model, **how)
    module = {}
    exec(compile(text.encode("utf-8"), "model.py", "exec"), module)
    assert set(module["predict_class"](X)) <= {"a", label}


@needs_compiler
@settings(max_examples=12, deadline=None)
@given(names=st.lists(any_text, min_size=4, max_size=4))
def test_compilers_take_any_name(names, tmp_path_factory):
    model, _ = network(2)
    source = export_c(model, feature_names=names[:2], class_names=names[2:])
    subprocess.run(
        [COMPILER, *STRICT, "-c", "-xc", "-", "-o", tmp_path_factory.mktemp("c") / "out.o"],
        input=source.encode("utf-8"), check=True, capture_output=True,
    )  # fmt: skip


def test_numbers_beyond_single_precision_are_refused():
    model = MLPRegressor(hidden_layer_sizes=(), solver="lbfgs").fit([[0.0], [1.0]], [0.0, 1.0])
    model.coefs_ = [np.array([[1e39]])]
    assert "1e+39 * x[0]" in export_c(model)
    with pytest.raises(ValueError, match=r"1e\+39 is beyond single precision.*dtype='double'"):
        export_c(model, dtype="float")


@pytest.mark.parametrize("labels", [[0, 1], [True, False], [2.0, -1.0], ["a", "b"], [np.str_("c"),
                         np.str_("d")], [-3, 2**40]])  # fmt: skip
def test_labels_keep_their_type_in_python(labels):
    X = np.random.default_rng(0).normal(size=(30, 2))
    y = np.array(labels)[(X[:, 0] > 0).astype(int)]
    model = MLPClassifier((3,), solver="lbfgs", max_iter=50, random_state=0).fit(X, y)
    module = {}
    exec(export_numpy(model), module)
    found = module["predict_class"](X)
    np.testing.assert_array_equal(found, model.predict(X))
    assert found.dtype.kind == y.dtype.kind
