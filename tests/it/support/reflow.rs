//! A terminal that wraps its lines anew when its width changes and moves the cursor along, as most do and vt100 does not.
//! Its screen is so tall that nothing leaves it.

use console::measure_text_width;

/// Its rows and its cursor. It knows the control sequences that txwatch sends, and no others.
pub struct Reflowing {
    width: usize,
    rows: Vec<Row>,
    row: usize,
    column: usize,
    wraps: bool,
}

#[derive(Clone, Default)]
struct Row {
    /// A wide character is followed by an empty cell.
    cells: Vec<Option<char>>,
    /// Whether its line goes on in the next row.
    is_wrapped: bool,
}

impl Reflowing {
    pub fn new(width: u16) -> Self {
        let rows = vec![Row::default()];
        Reflowing { width: width.into(), rows, row: 0, column: 0, wraps: true }
    }

    /// Its rows.
    pub fn rows(&self) -> Vec<String> {
        let text = |row: &Row| row.cells.iter().flatten().collect::<String>();
        self.rows.iter().map(|row| text(row).trim_end().to_owned()).collect()
    }

    /// Changes its width.
    pub fn resize(&mut self, width: u16) {
        self.width = width.into();
        let old = std::mem::take(&mut self.rows);
        let (row, column) = (self.row, self.column);
        let mut line = Vec::new();
        let mut cursor = None;
        for (index, Row { cells, is_wrapped }) in old.into_iter().enumerate() {
            if index == row {
                cursor = Some(line.len() + column);
            }
            line.extend(cells);
            if !is_wrapped {
                self.append(&std::mem::take(&mut line), cursor.take());
            }
        }
    }

    /// Adds a line, which the cursor may be in.
    fn append(&mut self, line: &[Option<char>], cursor: Option<usize>) {
        let first = self.rows.len();
        let rows = line.len().div_ceil(self.width).max(1);
        for index in 0..rows {
            let end = line.len().min((index + 1) * self.width);
            let cells = line[index * self.width..end].to_vec();
            self.rows.push(Row { cells, is_wrapped: index + 1 < rows });
        }
        if let Some(cursor) = cursor {
            self.row = first + (cursor / self.width).min(rows - 1);
            self.column = cursor - (self.row - first) * self.width;
        }
    }

    /// Shows what was written.
    pub fn write(&mut self, bytes: &[u8]) {
        let text = String::from_utf8_lossy(bytes);
        let mut characters = text.chars().peekable();
        while let Some(character) = characters.next() {
            match character {
                '\r' => self.column = 0,
                '\n' => self.feed(),
                '\x1b' => {
                    assert_eq!(characters.next(), Some('['), "no such sequence");
                    let mut parameters = String::new();
                    let last = loop {
                        match characters.next().unwrap() {
                            letter if letter.is_ascii_alphabetic() => break letter,
                            other => parameters.push(other),
                        }
                    };
                    self.control(&parameters, last);
                }
                character => self.print(character),
            }
        }
    }

    fn control(&mut self, parameters: &str, last: char) {
        match (parameters, last) {
            (_, 'm') => {}
            ("?7", 'l') => self.wraps = false,
            ("?7", 'h') => self.wraps = true,
            (count, 'A') => self.row -= count.parse::<usize>().unwrap(),
            ("", 'J') => {
                self.rows[self.row].cells.truncate(self.column);
                self.rows[self.row].is_wrapped = false;
                self.rows.truncate(self.row + 1);
            }
            ("2", 'K') => self.rows[self.row] = Row::default(),
            _ => panic!("no such sequence: {parameters}{last}"),
        }
    }

    fn feed(&mut self) {
        self.row += 1;
        if self.row == self.rows.len() {
            self.rows.push(Row::default());
        }
    }

    fn print(&mut self, character: char) {
        let width = measure_text_width(character.encode_utf8(&mut [0; 4]));
        if self.column + width > self.width {
            if self.wraps {
                self.rows[self.row].is_wrapped = true;
                self.column = 0;
                self.feed();
            } else {
                self.column = self.width.saturating_sub(width);
            }
        }
        let cells = &mut self.rows[self.row].cells;
        cells.resize(cells.len().max(self.column + width), Some(' '));
        cells[self.column] = Some(character);
        for cell in &mut cells[self.column + 1..self.column + width] {
            *cell = None;
        }
        self.column += width;
    }
}

#[test]
fn a_line_is_wrapped_anew_and_the_cursor_stays_in_its_place() {
    let mut terminal = Reflowing::new(10);
    terminal.write("trail\r\n0123456789ab\r\nview\r".as_bytes());
    assert_eq!(terminal.rows(), ["trail", "0123456789", "ab", "view"]);
    terminal.resize(3);
    assert_eq!(terminal.rows(), ["tra", "il", "012", "345", "678", "9ab", "vie", "w"]);
    terminal.write("確\x1b[J".as_bytes());
    assert_eq!(terminal.rows()[6..], ["確"]);
    terminal.resize(20);
    assert_eq!(terminal.rows(), ["trail", "0123456789ab", "確"]);
    terminal.write("\x1b[1A\r\x1b[2K\x1b[?7l".as_bytes());
    terminal.write("0123456789012345678901\x1b[?7h".as_bytes());
    assert_eq!(terminal.rows(), ["trail", "01234567890123456781", "確"]);
}
