/// Reads a whole number as it is stored: decimal digits.
pub fn number<T: TryFrom<i64>>(bytes: &[u8]) -> Option<T> {
    let number = bytes.iter().try_fold(0i64, |number, byte| {
        let digit = byte.wrapping_sub(b'0');
        (digit <= 9).then(|| number.checked_mul(10)?.checked_add(digit.into())).flatten()
    });
    number.filter(|_| !bytes.is_empty()).and_then(|number| T::try_from(number).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_digits_of_a_number_that_fits_are_one() {
        assert_eq!(number::<i64>(b"9223372036854775807"), Some(i64::MAX));
        assert_eq!(number::<u32>(b"0042"), Some(42));
        for bytes in [&b""[..], b"-1", b"+1", b"1 ", b"1.5", b"\xff", b"9223372036854775808"] {
            assert_eq!(number::<i64>(bytes), None, "{bytes:?}");
        }
        assert_eq!(number::<u32>(b"4294967296"), None);
    }
}
