//! Cells to bytes, with as few bytes as a slow line deserves.
//!
//! Only sequences of the VT100 are used to move (so that any terminal understands them), always
//! the shortest that leads there; attributes are sent as differences; nothing is sent when nothing
//! changed. The terminal has to be in raw mode, where a line feed moves straight down.

use std::fmt::Write as _;
use std::io::{self, Write};

use ratatui::backend::{Backend, ClearType, WindowSize};
use ratatui::buffer::Cell;
use ratatui::crossterm::terminal;
use ratatui::layout::{Position, Size};
use ratatui::style::{Color, Modifier};
use unicode_width::UnicodeWidthStr as _;

/// A terminal behind a writer.
pub(super) struct Thrifty<W> {
    out: W,
    /// What waits to be sent.
    pending: String,
    /// Where the cursor is; `None` when only the terminal knows.
    at: Option<(u16, u16)>,
    pen: Pen,
    cursor_hidden: bool,
}

/// How the next character would look.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Pen {
    fg: Color,
    bg: Color,
    modifier: Modifier,
}

impl Pen {
    const PLAIN: Self = Self {
        fg: Color::Reset,
        bg: Color::Reset,
        modifier: Modifier::empty(),
    };

    fn of(cell: &Cell) -> Self {
        Self {
            fg: cell.fg,
            bg: cell.bg,
            modifier: cell.modifier,
        }
    }
}

impl<W: Write> Thrifty<W> {
    pub(super) fn new(out: W) -> Self {
        Self {
            out,
            pending: String::new(),
            at: None,
            pen: Pen::PLAIN,
            cursor_hidden: false,
        }
    }

    fn move_to(&mut self, (x, y): (u16, u16)) {
        if self.at == Some((x, y)) {
            return;
        }
        let absolute = if x == 0 {
            format!("\x1b[{}H", y + 1)
        } else {
            format!("\x1b[{};{}H", y + 1, x + 1)
        };
        let relative = self.at.and_then(|from| relative(from, (x, y)));
        self.pending += match &relative {
            Some(relative) if relative.len() < absolute.len() => relative,
            _ => &absolute,
        };
        self.at = Some((x, y));
    }

    fn take_pen(&mut self, pen: Pen) {
        if self.pen == pen {
            return;
        }
        let difference = difference(self.pen, pen);
        let anew = difference_from_plain(pen);
        self.pending += match &difference {
            Some(difference) if difference.len() <= anew.len() => difference,
            _ => &anew,
        };
        self.pen = pen;
    }
}

/// The shortest way over the screen, without naming the destination.
fn relative((x, y): (u16, u16), to: (u16, u16)) -> Option<String> {
    let mut way = match to.1.checked_sub(y) {
        Some(0) => String::new(),
        Some(down @ 1..=3) => "\n".repeat(down.into()),
        Some(down) => format!("\x1b[{down}B"),
        None => format!("\x1b[{}A", y - to.1),
    };
    let across = |distance: u16, letter: char| match distance {
        0 => String::new(),
        1 => format!("\x1b[{letter}"),
        n => format!("\x1b[{n}{letter}"),
    };
    let direct = if to.0 >= x {
        across(to.0 - x, 'C')
    } else if x - to.0 <= 4 {
        "\x08".repeat((x - to.0).into())
    } else {
        across(x - to.0, 'D')
    };
    let from_the_edge = format!("\r{}", across(to.0, 'C'));
    way += if from_the_edge.len() < direct.len() {
        &from_the_edge
    } else {
        &direct
    };
    Some(way)
}

/// From one look to another; `None` when something has to be switched off that only a reset
/// switches off.
fn difference(from: Pen, to: Pen) -> Option<String> {
    if !to.modifier.contains(from.modifier) {
        return None;
    }
    let mut codes = Vec::new();
    modifier_codes(to.modifier - from.modifier, &mut codes);
    if to.fg != from.fg {
        codes.push(color_code(to.fg, 30));
    }
    if to.bg != from.bg {
        codes.push(color_code(to.bg, 40));
    }
    Some(format!("\x1b[{}m", codes.join(";")))
}

/// From a reset to a look.
fn difference_from_plain(to: Pen) -> String {
    let mut codes = Vec::new();
    modifier_codes(to.modifier, &mut codes);
    if to.fg != Color::Reset {
        codes.push(color_code(to.fg, 30));
    }
    if to.bg != Color::Reset {
        codes.push(color_code(to.bg, 40));
    }
    if codes.is_empty() {
        "\x1b[m".to_owned()
    } else {
        format!("\x1b[0;{}m", codes.join(";"))
    }
}

fn modifier_codes(modifier: Modifier, codes: &mut Vec<String>) {
    for (flag, code) in [
        (Modifier::BOLD, "1"),
        (Modifier::DIM, "2"),
        (Modifier::ITALIC, "3"),
        (Modifier::UNDERLINED, "4"),
        (Modifier::REVERSED, "7"),
    ] {
        if modifier.contains(flag) {
            codes.push(code.to_owned());
        }
    }
}

/// SGR code of a colour; `base` is 30 for the text and 40 for what is behind it.
fn color_code(color: Color, base: u8) -> String {
    let plain = |n: u8| (base + n).to_string();
    let bright = |n: u8| (base + 60 + n).to_string();
    match color {
        Color::Reset => plain(9),
        Color::Black => plain(0),
        Color::Red => plain(1),
        Color::Green => plain(2),
        Color::Yellow => plain(3),
        Color::Blue => plain(4),
        Color::Magenta => plain(5),
        Color::Cyan => plain(6),
        Color::Gray => plain(7),
        Color::DarkGray => bright(0),
        Color::LightRed => bright(1),
        Color::LightGreen => bright(2),
        Color::LightYellow => bright(3),
        Color::LightBlue => bright(4),
        Color::LightMagenta => bright(5),
        Color::LightCyan => bright(6),
        Color::White => bright(7),
        Color::Indexed(n) => format!("{};5;{n}", base + 8),
        Color::Rgb(r, g, b) => format!("{};2;{r};{g};{b}", base + 8),
    }
}

impl<W: Write> Backend for Thrifty<W> {
    type Error = io::Error;

    fn draw<'a, I>(&mut self, content: I) -> io::Result<()>
    where
        I: Iterator<Item = (u16, u16, &'a Cell)>,
    {
        let columns = self.size().map_or(u16::MAX, |size| size.width);
        for (x, y, cell) in content {
            self.move_to((x, y));
            self.take_pen(Pen::of(cell));
            self.pending += cell.symbol();
            let width = u16::try_from(cell.symbol().width()).unwrap_or(1).max(1);
            // At the right edge terminals differ in where the cursor waits.
            let next = x.saturating_add(width);
            self.at = (next < columns).then_some((next, y));
        }
        Ok(())
    }

    fn hide_cursor(&mut self) -> io::Result<()> {
        if !self.cursor_hidden {
            self.pending += "\x1b[?25l";
            self.cursor_hidden = true;
        }
        Ok(())
    }

    fn show_cursor(&mut self) -> io::Result<()> {
        if self.cursor_hidden {
            self.pending += "\x1b[?25h";
            self.cursor_hidden = false;
        }
        Ok(())
    }

    fn get_cursor_position(&mut self) -> io::Result<Position> {
        let (x, y) = self.at.unwrap_or_default();
        Ok(Position { x, y })
    }

    fn set_cursor_position<P: Into<Position>>(&mut self, position: P) -> io::Result<()> {
        let Position { x, y } = position.into();
        self.move_to((x, y));
        Ok(())
    }

    fn clear(&mut self) -> io::Result<()> {
        self.clear_region(ClearType::All)
    }

    fn clear_region(&mut self, clear_type: ClearType) -> io::Result<()> {
        self.take_pen(Pen::PLAIN);
        let code = match clear_type {
            ClearType::All => "2J",
            ClearType::AfterCursor => "J",
            ClearType::BeforeCursor => "1J",
            ClearType::CurrentLine => "2K",
            ClearType::UntilNewLine => "K",
        };
        let _ = write!(self.pending, "\x1b[{code}");
        // Somebody else may have moved it: the next position is told in full.
        self.at = None;
        Ok(())
    }

    fn size(&self) -> io::Result<Size> {
        let (width, height) = terminal::size()?;
        Ok(Size { width, height })
    }

    fn window_size(&mut self) -> io::Result<WindowSize> {
        Ok(WindowSize {
            columns_rows: self.size()?,
            pixels: Size::ZERO,
        })
    }

    fn flush(&mut self) -> io::Result<()> {
        if self.pending.is_empty() {
            return Ok(());
        }
        let sent = self.out.write_all(self.pending.as_bytes());
        self.pending.clear();
        sent?;
        self.out.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use ratatui::buffer::Buffer;
    use ratatui::layout::Rect;
    use ratatui::style::Style;
    use std::num::NonZero;

    const COLUMNS: u16 = 30;
    const ROWS: u16 = 8;

    /// Sends what differs between two pictures and returns the bytes.
    fn send(backend: &mut Thrifty<Vec<u8>>, before: &Buffer, after: &Buffer) -> Vec<u8> {
        backend.draw(before.diff(after).into_iter()).unwrap();
        backend.flush().unwrap();
        std::mem::take(&mut backend.out)
    }

    fn picture(words: &[(u16, u16, String, bool)]) -> Buffer {
        let mut cells = Buffer::empty(Rect::new(0, 0, COLUMNS, ROWS));
        for (x, y, word, bold) in words {
            let style = if *bold {
                Style::new().add_modifier(Modifier::BOLD).fg(Color::Green)
            } else {
                Style::new().fg(Color::DarkGray)
            };
            cells.set_stringn(*x, *y, word, usize::from(COLUMNS - x), style);
        }
        cells
    }

    #[test]
    fn nothing_changed_is_nothing_sent() {
        let mut backend = Thrifty::new(Vec::new());
        backend.hide_cursor().unwrap();
        backend.flush().unwrap();
        backend.out.clear();
        let same = picture(&[(3, 3, "same".into(), true)]);
        backend.hide_cursor().unwrap();
        assert!(send(&mut backend, &same, &same).is_empty());
    }

    #[test]
    fn a_figure_below_another_costs_its_digits_and_little_more() {
        let mut backend = Thrifty::new(Vec::new());
        let before = picture(&[(10, 2, "1.00".into(), false), (10, 3, "1.00".into(), false)]);
        send(&mut backend, &picture(&[]), &before);
        let after = picture(&[(10, 2, "2.34".into(), false), (10, 3, "2.34".into(), false)]);
        let bytes = send(&mut backend, &before, &after);
        assert!(bytes.len() <= 24, "{:?}", String::from_utf8_lossy(&bytes));
    }

    proptest! {
        /// Whatever is drawn after whatever: the terminal shows it.
        #[test]
        fn a_terminal_shows_what_was_drawn(
            pictures in proptest::collection::vec(
                proptest::collection::vec(
                    (0..COLUMNS, 0..ROWS, "[a-z━█0-9 ]{1,12}", any::<bool>()), 0..6),
                1..6),
        ) {
            let (rows, columns) = (NonZero::new(ROWS).unwrap(), NonZero::new(COLUMNS).unwrap());
            let mut terminal = vt100::Parser::new(rows, columns, 0);
            let mut backend = Thrifty::new(Vec::new());
            backend.clear().unwrap();
            let mut before = picture(&[]);
            for words in &pictures {
                let after = picture(words);
                // A line feed moves straight down only in raw mode, which the parser is in.
                terminal.process(&send(&mut backend, &before, &after));
                for y in 0..ROWS {
                    for x in 0..COLUMNS {
                        let shown = terminal.screen().cell(y, x).unwrap();
                        let drawn = &after[(x, y)];
                        let symbol = if shown.contents().is_empty() { " " } else { shown.contents() };
                        prop_assert_eq!(symbol, drawn.symbol());
                        prop_assert_eq!(shown.bold(), drawn.modifier.contains(Modifier::BOLD));
                    }
                }
                before = after;
            }
        }
    }
}
