use memchr::memmem::Finder;

use super::Invalid;

/// A text to search values for, whatever their case.
///
/// If the text has a letter that is not ASCII, letters of every script match in upper and lower case. A text of ASCII alone
/// is compared byte by byte, A to Z as a to z, which is several times faster.
#[derive(Debug, Clone)]
pub struct SearchText {
    finder: Finder<'static>,
    is_ascii: bool,
}

impl SearchText {
    /// The longest text, in bytes.
    pub const MAX_BYTES: usize = 255;

    /// Checks the bytes of the argument: UTF-8, 1 to 255 bytes.
    pub fn new(argument: &'static str, bytes: &[u8]) -> Result<Self, Invalid> {
        let text = std::str::from_utf8(bytes).ok().filter(|text| (1..=Self::MAX_BYTES).contains(&text.len()));
        let text = text.ok_or_else(|| Invalid::new(argument, "1 to 255 bytes of UTF-8"))?;
        Ok(Self { finder: Finder::new(&text.to_lowercase()).into_owned(), is_ascii: text.is_ascii() })
    }
}

/// Searches one value after the other, and counts the bytes.
pub struct Searcher<'t> {
    text: &'t SearchText,
    lower: Vec<u8>,
    effort: usize,
}

/// How many times longer it takes to fold a byte of text that is not ASCII.
const FOLDING: usize = 16;

impl<'t> Searcher<'t> {
    /// Nothing searched yet.
    pub fn new(text: &'t SearchText) -> Self {
        Self { text, lower: Vec::new(), effort: 0 }
    }

    /// Whether the value holds the text. O(bytes), whatever they are.
    pub fn finds(&mut self, value: &[u8]) -> bool {
        self.effort += value.len();
        self.lower.clear();
        if self.text.is_ascii {
            self.lower.extend_from_slice(value);
            self.lower.make_ascii_lowercase();
        } else if value.is_ascii() {
            return false;
        } else {
            self.effort += value.len() * FOLDING;
            self.lower.extend_from_slice(String::from_utf8_lossy(value).to_lowercase().as_bytes());
        }
        self.text.finder.find(&self.lower).is_some()
    }

    /// How much was searched, in bytes of ASCII.
    pub fn effort(&self) -> usize {
        self.effort
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn finds(text: &str, value: &[u8]) -> bool {
        Searcher::new(&SearchText::new("MATCH", text.as_bytes()).unwrap()).finds(value)
    }

    #[test]
    fn letters_match_in_upper_and_lower_case() {
        assert!(finds("timeout", b"ConnectTimeOut: 5 s") && finds("TIMEOUT", b"a timeout"));
        assert!(finds("größe", "falsche GRÖSSE, falsche GRÖßE".as_bytes()) && finds("ΟΔΌΣ", "η οδός".as_bytes()));
        assert!(finds("error", "Ошибка: ERROR".as_bytes()));
        assert!(!finds("timeout", b"time out") && !finds("é", b"e") && !finds("abc", b"ab"));
    }

    #[test]
    fn bytes_that_are_no_text_are_searched_too() {
        assert!(finds("error", b"\xff\xfeERROR\0") && !finds("\u{e9}", b"\xff\xfe"));
    }

    #[test]
    fn a_text_is_one_to_255_bytes_of_utf8() {
        for bytes in [&b""[..], b"\xff", &[b'a'; 256]] {
            assert_eq!(
                SearchText::new("MATCH", bytes).unwrap_err().to_string(),
                "MATCH must be 1 to 255 bytes of UTF-8"
            );
        }
        assert!(SearchText::new("MATCH", &[b'a'; 255]).is_ok());
    }

    #[test]
    fn folding_text_that_is_not_ascii_counts_for_more() {
        let text = SearchText::new("MATCH", "é".as_bytes()).unwrap();
        let mut searcher = Searcher::new(&text);
        searcher.finds(&[b'a'; 1000]);
        assert_eq!(searcher.effort(), 1000);
        searcher.finds("ü".repeat(500).as_bytes());
        assert!(searcher.effort() > 10_000);
    }
}
