"""Opening the page in a browser, without telling the token to the other users of the machine.

They can read the arguments of every process. So the browser is given a file that only its
owner can read, and the file leads to the page.
"""

from __future__ import annotations

import html
import threading
import webbrowser
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from neuronscope.errors import StorageError
from neuronscope.wholefile import write_whole

FILE_NAME = "open.html"
PAGE = """<!doctype html>
<meta charset="utf-8">
<meta name="referrer" content="no-referrer">
<meta http-equiv="refresh" content="0; url={url}">
<title>NeuronScope</title>
<p><a href="{url}">NeuronScope</a></p>
"""


@contextmanager
def opened(url: str, data: Path) -> Iterator[None]:
    """Opens the page as soon as a browser has started; on leaving, the file is removed.

    url: the page's, with the token. data: the data folder.
    Raises: StorageError where the file cannot be written.
    """
    file = data.absolute() / FILE_NAME
    try:
        write_whole(file, PAGE.format(url=html.escape(url)).encode())
    except OSError as error:
        raise StorageError.of(error, "The file that leads the browser to the page could not be "
                              "written.", hint="Start with --no-browser.") from None
    threading.Thread(target=webbrowser.open, args=(file.as_uri(),), daemon=True).start()
    try:
        yield
    finally:
        file.unlink(missing_ok=True)
