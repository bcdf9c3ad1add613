"""The tour of the documentation in a browser finds what is wrong with a page."""

import importlib.util
from functools import partial
from http.server import ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

SCRIPT = Path(__file__).parents[1] / "doc" / "check_browser.py"
PAGE = "<!doctype html><title>A page</title><body>{}</body>"


def load_script():
    spec = importlib.util.spec_from_file_location("check_browser", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


check_browser = load_script()


@pytest.fixture(scope="module")
def browser():
    reason = check_browser.why_not()
    if reason:
        pytest.skip(reason)
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=check_browser.find_browser(), args=check_browser.OPTIONS
        )
        yield browser
        browser.close()


@pytest.fixture
def problems_of(browser, tmp_path):
    """The problems that a method of the tour finds in a folder of one page."""
    handler = partial(check_browser.Quiet, directory=str(tmp_path))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()

        def visit(body, tour=lambda visit: visit.every_page(["page.html"])):
            (tmp_path / "page.html").write_text(PAGE.format(body), encoding="utf-8")
            (tmp_path / "favicon.ico").touch()
            visit = check_browser.Visit(browser, f"http://127.0.0.1:{server.server_port}")
            tour(visit)
            visit.page.close()
            return visit.problems

        yield visit
        server.shutdown()
        thread.join()


def test_a_sound_page_has_no_problems(problems_of):
    assert problems_of("<h1>Title</h1><p>Text.</p>") == []


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        ("<p>Text.</p>", "no heading"),
        ('<h1>A</h1><img src="missing.png">', "picture not shown"),
        ('<h1>A</h1><script src="missing.js"></script>', "status 404"),
        ("<h1>A</h1><script>throw Error('it broke')</script>", "it broke"),
        ('<h1>A</h1><img src="http://example.invalid/a.png">', "needs a network"),
    ],
)
def test_what_is_wrong_is_told(problems_of, body, problem):
    assert any(problem in told for told in problems_of(body))


def test_text_in_the_colour_of_the_page_is_hard_to_see(problems_of):
    def tour(visit):
        visit.open("page.html")
        visit.formulas_follow()

    style = "<style>body {{background: #111}} math {{color: {}}}</style>"
    dark = style + "<h1>A</h1><math><mi>x</mi></math>"
    assert problems_of(dark.format("#222"), tour)
    assert not problems_of(dark.format("#eee"), tour)


def test_without_a_browser_the_reason_is_told(monkeypatch, capsys, tmp_path):
    monkeypatch.delenv("CHROMIUM", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert check_browser.main(str(tmp_path)) == 0
    assert "not tried in a browser: " in capsys.readouterr().out
