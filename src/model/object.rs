use super::Invalid;

/// The model instance that tasks ran for: a model label such as `shop.order` and an object id such as `1042`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Object<'a> {
    model: String,
    id: &'a str,
}

impl<'a> Object<'a> {
    /// The longest model label, in bytes.
    pub const MAX_MODEL_BYTES: usize = 255;
    /// The longest object id, in bytes.
    pub const MAX_ID_BYTES: usize = 512;

    /// Checks both halves and folds the model label to lower case.
    ///
    /// `model` holds only `[A-Za-z0-9_.-]`, 1 to 255 bytes. `id` is UTF-8, 1 to 512 bytes, without braces: they mark
    /// the Redis Cluster hash tag in every key of the object, and one inside it would send the keys to another slot
    /// than the one that clients route by
    /// (<https://redis.io/docs/latest/operate/oss_and_stack/reference/cluster-spec/#hash-tags>).
    pub fn new(model: &[u8], id: &'a [u8]) -> Result<Self, Invalid> {
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'-');
        let model = std::str::from_utf8(model)
            .ok()
            .filter(|model| (1..=Self::MAX_MODEL_BYTES).contains(&model.len()) && model.bytes().all(allowed))
            .ok_or_else(|| Invalid::new("model", "1 to 255 bytes of a-z, 0-9, '_', '.' and '-'"))?;
        let id = std::str::from_utf8(id)
            .ok()
            .filter(|id| (1..=Self::MAX_ID_BYTES).contains(&id.len()) && !id.contains(['{', '}']))
            .ok_or_else(|| Invalid::new("id", "1 to 512 bytes of UTF-8 without '{' and '}'"))?;
        Ok(Self { model: model.to_ascii_lowercase(), id })
    }

    /// The model label, in lower case.
    pub fn model(&self) -> &str {
        &self.model
    }

    /// The object id.
    pub fn id(&self) -> &'a str {
        self.id
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_model_label_is_folded_to_lower_case() {
        let object = Object::new(b"Shop.Order-2_x", b"1042").unwrap();
        assert_eq!((object.model(), object.id()), ("shop.order-2_x", "1042"));
    }

    #[test]
    fn a_model_label_of_other_bytes_is_refused_by_name() {
        for model in ["", "shop order", "shop:order", "shop.{order}", "заказ", "a\0b", &"m".repeat(256)] {
            let error = Object::new(model.as_bytes(), b"1").unwrap_err();
            assert!(error.to_string().starts_with("model must be "), "{model:?}: {error}");
        }
        assert!(Object::new("m".repeat(255).as_bytes(), b"1").is_ok());
    }

    #[test]
    fn an_object_id_is_any_text_without_braces() {
        for id in ["1042", "a/b", "ключ", "a b", "é".repeat(256).as_str()] {
            assert!(Object::new(b"shop.order", id.as_bytes()).is_ok(), "{id:?}");
        }
        for id in [&b""[..], b"{", b"a}b", b"\xff", "é".repeat(257).as_bytes()] {
            let error = Object::new(b"shop.order", id).unwrap_err();
            assert!(error.to_string().starts_with("id must be "), "{id:?}: {error}");
        }
    }
}
