#!/usr/bin/env python3
"""Records docs/watch.svg: runs txwatch in a terminal and draws what stands on it.

    cargo build && pip install pyte && PATH="$PWD/target/debug:$PATH" python3 docs/record.py
"""

import fcntl
import html
import os
import pathlib
import pty
import select
import struct
import tempfile
import termios
import time

import pyte

ROWS, COLUMNS = 18, 92
CELL_WIDTH, CELL_HEIGHT, PADDING = 8.4, 19, 16
COLOURS = {
    "default": "#d6deeb", "black": "#011627", "red": "#ff6b6b", "green": "#7bd88f",
    "brown": "#f2c55c", "blue": "#82aaff", "magenta": "#c792ea", "cyan": "#7fdbca", "white": "#ffffff",
}
STEPS = [  # what is typed, and what has to stand on the screen then
    ("txwatch watch sandbox:happy && ./ship.sh\r", "shipped"),
    ("txwatch watch sandbox:drop\r", "reconnecting in"),
]


class Dim(pyte.Screen):
    """pyte knows no dim text; it is kept as strike-through, which nothing else uses here."""

    def select_graphic_rendition(self, *attributes, **options):
        super().select_graphic_rendition(*[9 if a == 2 else a for a in attributes], **options)


def record():
    home = tempfile.mkdtemp()
    ship = pathlib.Path(home, "ship.sh")
    ship.write_text("#!/bin/sh\necho shipped\n")
    ship.chmod(0o755)
    pid, terminal = pty.fork()
    if pid == 0:
        os.chdir(home)
        environment = {"HOME": home, "PATH": os.environ["PATH"], "TERM": "xterm-256color", "PS1": "$ ", "TZ": "UTC"}
        os.execvpe("bash", ["bash", "--norc", "--noprofile", "-i"], environment)
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
    screen = Dim(COLUMNS, ROWS)
    stream = pyte.ByteStream(screen)

    def wait_for(text):
        deadline = time.monotonic() + 60
        while not any(text in line for line in screen.display):
            assert time.monotonic() < deadline, f"{text} never came: {screen.display}"
            if select.select([terminal], [], [], 0.1)[0]:
                stream.feed(os.read(terminal, 4096))

    wait_for("$ ")
    for keys, text in STEPS:
        os.write(terminal, keys.encode())
        wait_for(text)
    os.close(terminal)
    return screen


def draw(screen):
    used = max(row for row in range(ROWS) if screen.display[row].strip()) + 1
    width = COLUMNS * CELL_WIDTH + 2 * PADDING
    height = used * CELL_HEIGHT + 2 * PADDING
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height:.0f}" role="img" '
        'aria-label="txwatch in a terminal" font-family="ui-monospace, Menlo, Consolas, monospace" font-size="14">',
        f'<rect width="100%" height="100%" rx="8" fill="{COLOURS["black"]}"/>',
    ]
    for row in range(used):
        y = PADDING + (row + 0.75) * CELL_HEIGHT
        column = 0
        while column < COLUMNS:
            cell = screen.buffer[row][column]
            style = (cell.fg, cell.bold, cell.strikethrough)
            start, text = column, ""
            while column < COLUMNS:
                cell = screen.buffer[row][column]
                if (cell.fg, cell.bold, cell.strikethrough) != style:
                    break
                text += cell.data
                column += 1
            if text.strip():
                bold = ' font-weight="bold"' if style[1] else ""
                dim = ' opacity="0.6"' if style[2] else ""
                lines.append(
                    f'<text x="{PADDING + start * CELL_WIDTH:.1f}" y="{y:.1f}" xml:space="preserve" '
                    f'textLength="{len(text.rstrip()) * CELL_WIDTH:.1f}" fill="{COLOURS[style[0]]}"{bold}{dim}>'
                    f"{html.escape(text.rstrip())}</text>"
                )
    return "\n".join(lines + ["</svg>", ""])


if __name__ == "__main__":
    pathlib.Path(__file__).with_name("watch.svg").write_text(draw(record()))
