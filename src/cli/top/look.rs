//! Colours and characters: what a terminal can show. Pure.

use ratatui::style::{Color, Modifier, Style};

use super::grid::Tone;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Look {
    /// `NO_COLOR` is not set.
    pub colour: bool,
    /// The locale speaks UTF-8.
    pub unicode: bool,
}

impl Look {
    /// From the environment, as <https://no-color.org> and `locale(7)` say.
    pub(super) fn of(variable: impl Fn(&str) -> Option<String>) -> Self {
        let given = |name| variable(name).filter(|value| !value.is_empty());
        let locale = ["LC_ALL", "LC_CTYPE", "LANG"].into_iter().find_map(given).unwrap_or_default();
        let locale = locale.to_lowercase();
        Self {
            colour: given("NO_COLOR").is_none(),
            unicode: locale.contains("utf-8") || locale.contains("utf8"),
        }
    }

    /// Of the 16 colours that every terminal has; without colour, emphasis alone.
    pub(super) fn tone(self, tone: Tone) -> Style {
        let coloured = |colour| if self.colour { Style::new().fg(colour) } else { Style::new() };
        match tone {
            Tone::Plain => Style::new(),
            Tone::Dim => Style::new().add_modifier(Modifier::DIM),
            Tone::Warn => coloured(Color::Yellow),
            Tone::Bad => coloured(Color::Red).add_modifier(Modifier::BOLD),
        }
    }

    pub(super) fn accent(self) -> Style {
        if self.colour { Style::new().fg(Color::Cyan) } else { Style::new() }
    }

    /// Stands for a part that was left out.
    pub(super) const fn ellipsis(self) -> char {
        if self.unicode { '…' } else { '~' }
    }

    /// The last values, one character each, the highest as high as a line.
    pub(super) fn bars(self, values: &[u64], width: usize) -> String {
        let levels: &[char] = if self.unicode {
            &[' ', '▁', '▂', '▃', '▄', '▅', '▆', '▇', '█']
        } else {
            &[' ', '.', ':', '-', '=', '+', '*', '#', '@']
        };
        let seen = &values[values.len().saturating_sub(width)..];
        let highest = seen.iter().copied().max().unwrap_or_default().max(1);
        let steps = levels.len() as u128 - 1;
        seen.iter()
            .map(|value| {
                // What is not zero is seen.
                let level = (u128::from(*value) * steps).div_ceil(u128::from(highest));
                levels[usize::try_from(level).unwrap_or_default().min(levels.len() - 1)]
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAIN: Look = Look { colour: false, unicode: false };

    #[test]
    fn the_environment_decides() {
        let of = |pairs: &[(&str, &str)]| {
            Look::of(|name| pairs.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned()))
        };
        assert_eq!(of(&[]), Look { colour: true, unicode: false });
        assert_eq!(of(&[("NO_COLOR", ""), ("LANG", "de_DE.UTF-8")]), Look { colour: true, unicode: true });
        assert_eq!(of(&[("NO_COLOR", "1"), ("LANG", "C.utf8"), ("LC_ALL", "C")]), PLAIN);
    }

    #[test]
    fn without_colour_nothing_has_one() {
        for tone in [Tone::Plain, Tone::Dim, Tone::Warn, Tone::Bad] {
            assert_eq!(PLAIN.tone(tone).fg, None);
        }
        assert_eq!(PLAIN.accent(), Style::new());
    }

    #[test]
    fn bars_show_the_last_values() {
        assert_eq!(PLAIN.bars(&[0, 1, 50, 100], 10), " .=@");
        assert_eq!(PLAIN.bars(&[9, 0, 0], 2), "  ");
        assert_eq!(Look { unicode: true, ..PLAIN }.bars(&[0, 1, u64::MAX], 3), " ▁█");
        assert_eq!(PLAIN.bars(&[], 5), "");
    }
}
