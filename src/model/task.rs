use super::Invalid;

const EXPECTED: &str = "1 to 255 bytes of UTF-8";

fn checked<'a>(argument: &'static str, bytes: &'a [u8]) -> Result<&'a str, Invalid> {
    std::str::from_utf8(bytes)
        .ok()
        .filter(|text| (1..=255).contains(&text.len()))
        .ok_or_else(|| Invalid::new(argument, EXPECTED))
}

/// Celery's id of one task, the same through all its attempts: 1 to 255 bytes of UTF-8.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TaskId<'a>(&'a str);

impl<'a> TaskId<'a> {
    /// Checks the bytes of the argument `task_id`.
    pub fn new(bytes: &'a [u8]) -> Result<Self, Invalid> {
        checked("task_id", bytes).map(Self)
    }

    /// The id as it is stored in the indexes.
    pub fn as_bytes(self) -> &'a [u8] {
        self.0.as_bytes()
    }
}

/// The name of a task, such as `shop.tasks.process_payment`: 1 to 255 bytes of UTF-8.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TaskName<'a>(&'a str);

impl<'a> TaskName<'a> {
    /// Checks the bytes of the option named by `argument` (`NAME` when writing, `TASK` when filtering).
    pub fn new(argument: &'static str, bytes: &'a [u8]) -> Result<Self, Invalid> {
        checked(argument, bytes).map(Self)
    }

    /// The name as text.
    pub fn as_str(self) -> &'a str {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_and_names_are_one_to_255_bytes_of_utf8() {
        assert!(TaskId::new(b"x").is_ok());
        assert!(TaskId::new("é".repeat(127).as_bytes()).is_ok());
        for bytes in [&b""[..], b"\xc3", "é".repeat(128).as_bytes()] {
            assert_eq!(TaskId::new(bytes).unwrap_err().to_string(), "task_id must be 1 to 255 bytes of UTF-8");
            assert!(TaskName::new("NAME", bytes).unwrap_err().to_string().starts_with("NAME must be"));
        }
    }
}
