use serde_json::value::RawValue;

/// How deep a JSON value may be nested to be embedded in a reply. Every JSON parser accepts that depth.
const DEEPEST: usize = 32;

/// A stored value as JSON to embed in a reply. `None` if a reader of the reply might fail on it: it is no JSON, it is
/// nested more than 32 levels deep, it has a number too large for a double, or half a surrogate pair. O(bytes).
pub fn embeddable(bytes: &[u8]) -> Option<&RawValue> {
    let json = serde_json::from_slice::<&RawValue>(bytes).ok()?;
    is_harmless(json.get().as_bytes()).then_some(json)
}

/// Whether every reader copes with that valid JSON.
fn is_harmless(json: &[u8]) -> bool {
    let (mut at, mut depth) = (0, 0);
    while let Some(byte) = json.get(at) {
        at = match byte {
            b'[' | b'{' if depth == DEEPEST => return false,
            b'[' | b'{' => {
                depth += 1;
                at + 1
            }
            b']' | b'}' => {
                depth -= 1;
                at + 1
            }
            b'"' => match end_of_text(json, at + 1) {
                Some(end) => end,
                None => return false,
            },
            b'-' | b'0'..=b'9' => {
                let is_part = |byte: &u8| matches!(byte, b'0'..=b'9' | b'-' | b'+' | b'.' | b'e' | b'E');
                let end = at + json[at..].iter().take_while(|byte| is_part(byte)).count();
                let number = std::str::from_utf8(&json[at..end]).ok().and_then(|number| number.parse::<f64>().ok());
                if !number.is_some_and(f64::is_finite) {
                    return false;
                }
                end
            }
            _ => at + 1,
        };
    }
    true
}

/// Where the text goes on behind its closing quote. `None` if it has half a surrogate pair.
fn end_of_text(json: &[u8], mut at: usize) -> Option<usize> {
    loop {
        at += match json.get(at)? {
            b'"' => return Some(at + 1),
            b'\\' if json.get(at + 1) == Some(&b'u') => match unit(json, at)? {
                0xd800..=0xdbff => match unit(json, at + 6)? {
                    0xdc00..=0xdfff => 12,
                    _ => return None,
                },
                0xdc00..=0xdfff => return None,
                _ => 6,
            },
            b'\\' => 2,
            _ => 1,
        };
    }
}

/// The UTF-16 unit that the escape `\uXXXX` there stands for.
fn unit(json: &[u8], at: usize) -> Option<u16> {
    let digits = json.get(at..at + 6)?.strip_prefix(b"\\u")?;
    u16::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_every_reader_copes_with_is_embedded_as_it_stands() {
        let nested = format!("{}1{}", "[".repeat(32), "]".repeat(32));
        for json in ["null", " [1, -2.5e3]", "1.7976931348623157e308", r#"{"a\"[":"}{\u00e9\ud83d\ude00\\u"}"#, &nested]
        {
            assert_eq!(embeddable(json.as_bytes()).map(RawValue::get), Some(json.trim()), "{json}");
        }
    }

    #[test]
    fn what_a_reader_may_fail_on_is_not() {
        let nested = format!("{}{}", "[{\"a\":".repeat(17), "1}]".repeat(17)).replace("1}]1", "1}]");
        let deep = format!("{}{}", "[".repeat(33), "]".repeat(33));
        let long = format!("[{}]", "9".repeat(400));
        for json in
            ["", "{", "NaN", "[Infinity]", "1e999", "[-1e309]", &long, &deep, &nested, r#""\ud800""#, r#"["\udc00"]"#]
        {
            assert!(embeddable(json.as_bytes()).is_none(), "{json}");
        }
        for json in [r#""\ud800\u0041""#, "\"\\ud800\\\"\"", "\"\u{e9}"] {
            assert!(embeddable(json.as_bytes()).is_none(), "{json}");
        }
        assert!(embeddable(b"\"\xff\"").is_none());
    }
}
