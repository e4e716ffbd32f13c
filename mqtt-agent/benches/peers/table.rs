//! Plain tables, and how their figures are written.

pub(crate) struct Table {
    rows: Vec<Vec<String>>,
}

impl Table {
    pub(crate) fn new(heads: &[&str]) -> Self {
        Self { rows: vec![heads.iter().map(|&head| head.to_owned()).collect()] }
    }

    pub(crate) fn row(&mut self, cells: Vec<String>) {
        self.rows.push(cells);
    }

    /// The first column to the left, the others to the right.
    pub(crate) fn print(&self) {
        let columns = self.rows.iter().map(Vec::len).max().unwrap_or(0);
        let width =
            |column: usize| self.rows.iter().filter_map(|row| Some(row.get(column)?.chars().count())).max();
        let widths: Vec<usize> = (0..columns).map(|column| width(column).unwrap_or(0)).collect();
        for row in &self.rows {
            let cells = row.iter().zip(&widths).enumerate().map(|(column, (cell, &width))| match column {
                0 => format!("{cell:width$}"),
                _ => format!("{cell:>width$}"),
            });
            println!("{}", cells.collect::<Vec<_>>().join("  ").trim_end());
        }
    }
}

fn known(value: f64, text: String) -> String {
    if value.is_finite() { text } else { "-".to_owned() }
}

pub(crate) fn callers(count: usize) -> String {
    if count == 1 { "1 caller".to_owned() } else { format!("{count} callers") }
}

pub(crate) fn whole(value: f64) -> String {
    known(value, format!("{value:.0}"))
}

pub(crate) fn tenths(value: f64) -> String {
    known(value, format!("{value:.1}"))
}

pub(crate) fn ratio(value: f64, to: f64) -> String {
    known(value / to, format!("{:.2}", value / to))
}

pub(crate) fn megabytes(bytes: f64) -> String {
    known(bytes, format!("{:.1} MB", bytes / 1e6))
}
