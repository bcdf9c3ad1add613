"""Try the built pages in a real browser: navigation, search, pictures, dark mode, nothing missing.

Usage: ``python doc/check_browser.py doc/_build/html``. It needs playwright (an extra of the
documentation) and a Chromium, found on the path or named by the environment variable ``CHROMIUM``;
without them it says so and does nothing.
"""

import os
import shutil
import sys
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")
OPTIONS = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]
PATIENCE = 20_000  # milliseconds
MISSING_IMAGES = """
() => Promise.all([...document.images].map(async image => {
    image.loading = "eager";
    try { await image.decode(); } catch { return image.src; }
    return image.naturalWidth ? null : image.src;
})).then(found => found.filter(Boolean))
"""
BRIGHTNESS = """
selector => {
    const channels = getComputedStyle(document.querySelector(selector));
    const mean = text => {
        const [r, g, b] = text.match(/[\\d.]+/g).map(Number);
        return (r + g + b) / 3;
    };
    return [mean(getComputedStyle(document.body).backgroundColor), mean(channels.color)];
}
"""
SEARCHED = """
expected => document.querySelector(`#search-results a[href*='${expected}']`)
    || /finished|did not match/i.test(document.querySelector("#search-results p")?.innerText)
"""


class Quiet(SimpleHTTPRequestHandler):
    """A server of files that writes no log."""

    def log_message(self, *args):
        """Say nothing."""


def find_browser():
    """Path of a Chromium, or None."""
    given = os.environ.get("CHROMIUM")
    return given or next(filter(None, map(shutil.which, NAMES)), None)


def why_not():
    """The reason why nothing can be tried here, or None."""
    try:
        import playwright.sync_api  # noqa: F401
    except ImportError:
        return "playwright is not installed"
    return None if find_browser() else f"no Chromium on the path ({', '.join(NAMES)}); set CHROMIUM"


class Visit:
    """A browser on the built pages; what goes wrong is collected in `problems`."""

    def __init__(self, browser, site):
        self.site, self.problems = site, []
        self.page = browser.new_page(viewport={"width": 1400, "height": 900})
        self.page.set_default_timeout(PATIENCE)
        self.page.on("pageerror", lambda error: self.report(f"script error: {error}"))
        self.page.on("requestfailed", lambda request: self.report(f"not loaded: {request.url}"))
        self.page.on("request", self._note_foreign)
        self.page.on("response", self._note_status)

    def report(self, problem):
        """Note a problem of the present page."""
        self.problems.append(f"{self.page.url.removeprefix(self.site)}: {problem}")

    def expect(self, condition, problem):
        """Note a problem unless a condition holds."""
        if not condition:
            self.report(problem)

    def _note_foreign(self, request):
        if not request.url.startswith((self.site, "data:", "blob:")):
            self.report(f"needs a network: {request.url}")

    def _note_status(self, response):
        if response.status >= 400:
            self.report(f"status {response.status}: {response.url}")

    def open(self, path):
        """Go to a page of the site."""
        self.page.goto(f"{self.site}/{path}", wait_until="load")

    def every_page(self, paths):
        """Each page has a title and all of its pictures, and needs nothing from elsewhere."""
        for path in paths:
            self.open(path)
            self.expect(self.page.locator("h1").count(), "no heading")
            for image in self.page.evaluate(MISSING_IMAGES):
                self.report(f"picture not shown: {image}")

    def navigation(self):
        """The bar on top leads to the sections, and the sidebar to pages within one."""
        self.open("index.html")
        links = self.page.locator("header nav a.nav-link[href]")
        targets = {link.inner_text().strip(): link for link in links.all() if link.is_visible()}
        self.expect(len(targets) >= 3, f"few links in the bar on top: {sorted(targets)}")
        addresses = [link.get_attribute("href") for link in targets.values()]
        for address in addresses:
            self.open("index.html")
            self.page.locator(f'header nav a.nav-link[href="{address}"]').first.click()
            self.page.wait_for_url(f"**/{address}")
        self.open("guide/index.html")
        self.page.locator("article a.reference.internal").first.click()
        self.expect(self.page.locator("h1").count(), "the guide's first link leads nowhere")
        self.expect(self.page.locator("nav.bd-links a").count(), "no sidebar in the guide")

    def search(self, words, expected):
        """The search finds a page by its words, and leads there."""
        self.open("index.html")
        self.page.locator("header button.search-button__button:visible").first.click()
        box = self.page.locator("dialog#pst-search-dialog input[type=search]")
        box.fill(words)
        box.press("Enter")
        self.page.wait_for_url("**/search.html?**")
        results = self.page.locator("#search-results ul.search li a")
        # Results are put on the page one by one, the best first but no two at once.
        self.page.wait_for_function(SEARCHED, arg=expected)
        found = [link.get_attribute("href").split("?")[0] for link in results.all()]
        self.expect(any(expected in address for address in found), f"{words}: found {found}")
        results.first.click()
        self.page.locator("h1").first.wait_for()

    def gallery(self):
        """Each example has a picture in the gallery, and each page of an example shows one."""
        self.open("auto_examples/index.html")
        cards = self.page.locator(".sphx-glr-thumbcontainer")
        pictures = self.page.locator(".sphx-glr-thumbcontainer img").count()
        self.expect(cards.count() > 0, "no examples")
        self.expect(pictures == cards.count(), f"{pictures} pictures, {cards.count()} examples")
        links = self.page.locator(".sphx-glr-thumbcontainer a.reference.internal").all()
        for address in {link.get_attribute("href").split("#")[0] for link in links}:
            self.open(f"auto_examples/{address}")
            shown = self.page.locator("img.sphx-glr-single-img, img.sphx-glr-multi-img").count()
            outputs = self.page.locator(".sphx-glr-script-out").count()
            self.expect(shown + outputs, "neither a picture nor output")

    def dark_mode(self, path):
        """The switch changes the colours, text stays legible, and the choice is remembered."""
        root, seen = self.page.locator("html"), {}
        for choice in ("Light", "Dark"):
            self.open(path)
            self.page.locator("button.theme-switch-button:visible").first.click()
            self.page.locator(".dropdown-menu.show button", has_text=choice).first.click()
            self.open(path)
            kept = root.get_attribute("data-theme")
            self.expect(kept == choice.lower(), f"{choice} was chosen, {kept} is shown")
            seen[kept] = self.page.evaluate(BRIGHTNESS, "article p")
        for theme, (background, text) in seen.items():
            self.expect(abs(background - text) > 100, f"{theme}: text is hard to see")
            self.expect((background < 100) == (theme == "dark"), f"{theme}: wrong background")
        self.formulas_follow()

    def formulas_follow(self):
        """Formulas have the colour of the text around them."""
        background, formula = self.page.evaluate(BRIGHTNESS, "math")
        self.expect(abs(background - formula) > 100, "formulas are hard to see")


def visit(folder, browser):
    """Problems of the pages in a folder."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder)))
    Thread(target=server.serve_forever, daemon=True).start()
    tour = Visit(browser, f"http://127.0.0.1:{server.server_port}")
    try:
        paths = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*.html"))
        tour.every_page(path for path in paths if not path.startswith("_static"))
        tour.navigation()
        tour.search("saliency", "optimal_brain_surgeon")
        tour.gallery()
        tour.dark_mode("guide/optimal_brain_surgeon.html")
    finally:
        server.shutdown()
    return len(paths), list(dict.fromkeys(tour.problems))


def main(folder):
    """Report problems; the exit status is 1 when there are any, or no page."""
    reason = why_not()
    if reason:
        print(f"pages not tried in a browser: {reason}")
        return 0
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_browser(), args=OPTIONS)
        n_pages, problems = visit(Path(folder).resolve(), browser)
        browser.close()
    print(*problems, f"{n_pages} pages in a browser, {len(problems)} problems", sep="\n")
    return 1 if problems or not n_pages else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
