"""Check that what the built pages link to, or show, exists: pages, anchors, images, scripts.

Usage: ``python doc/check_links.py doc/_build/html``. Links to other sites are not followed.
"""

import sys
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit


class Page(HTMLParser):
    """The anchors of a page and the addresses that it refers to."""

    def __init__(self, path):
        super().__init__()
        self.anchors, self.addresses = {"", "top"}, []
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag, attrs):
        """Note what a tag defines and refers to."""
        for name, value in attrs:
            if name == "id" or (name == "name" and tag == "a"):
                self.anchors.add(value)
            elif name in {"href", "src"} and value:
                self.addresses.append(value)


read_page = cache(Page)


def broken_addresses(path):
    """Yield the addresses in a page that lead nowhere."""
    for address in read_page(path).addresses:
        parts = urlsplit(address)
        if parts.scheme or parts.netloc:
            continue
        target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
        if target.is_dir():
            target /= "index.html"
        exists = target.is_file()
        if exists and target.suffix == ".html":
            exists = unquote(parts.fragment) in read_page(target).anchors
        if not exists:
            yield address


def main(folder):
    """Report broken addresses; the exit status is 1 when there are any, or no page."""
    found = sorted(Path(folder).resolve().rglob("*.html"))
    # The theme keeps templates there.
    pages = [page for page in found if "_static" not in page.parts]
    broken = [f"{page}: {address}" for page in pages for address in broken_addresses(page)]
    print(*broken, f"{len(pages)} pages, {len(broken)} broken addresses", sep="\n")
    return 1 if broken or not pages else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
