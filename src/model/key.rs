use super::{Object, State};

/// The names of one object's keys, such as `shop.order:{1042}:state:FAILURE`. The braces are a Redis Cluster hash tag, so
/// all keys of an object live in one slot. Names are bytes, since an index may hold any bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyNames {
    prefix: String,
}

/// What a key of an object is for, as far as the module has to know it when a key is removed by others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ObjectKey<'k> {
    /// The record of that task id.
    Record(&'k [u8]),
    /// The index of task names.
    Names,
}

impl KeyNames {
    /// Reads the name of a key: its object, in the form of [`KeyNames::object`], and what it is for. `None` if it is no key
    /// of an object.
    pub fn parse(key: &[u8]) -> Option<(&[u8], ObjectKey<'_>)> {
        let end = key.windows(2).position(|bytes| bytes == b"}:")? + 2;
        let (object, kind) = key.split_at(end);
        if !object.windows(2).any(|bytes| bytes == b":{") {
            return None;
        }
        match (kind, kind.strip_prefix(b"record:")) {
            (_, Some(task_id)) => Some((object, ObjectKey::Record(task_id))),
            (b"names", None) => Some((object, ObjectKey::Names)),
            _ => None,
        }
    }

    /// What the names of all keys of the object begin with, and of no other.
    pub fn object(&self) -> &[u8] {
        self.prefix.as_bytes()
    }

    /// The names for that object.
    pub fn new(object: &Object<'_>) -> Self {
        Self { prefix: [object.model(), ":{", object.id(), "}:"].concat() }
    }

    /// The hash that holds the record of a task.
    pub fn record(&self, task_id: &[u8]) -> Vec<u8> {
        self.key("record:", task_id)
    }

    /// Every task id, by `created_at`.
    pub fn tasks(&self) -> Vec<u8> {
        self.key("tasks", b"")
    }

    /// Every task id, by the end of its retention.
    pub fn expiry(&self) -> Vec<u8> {
        self.key("expiry", b"")
    }

    /// The task names seen for the object.
    pub fn names(&self) -> Vec<u8> {
        self.key("names", b"")
    }

    /// The task ids in one state, by `created_at`.
    pub fn state(&self, state: State) -> Vec<u8> {
        self.key("state:", state.name().as_bytes())
    }

    /// The task ids of one name, by `created_at`.
    pub fn task(&self, name: &[u8]) -> Vec<u8> {
        self.key("task:", name)
    }

    /// When the whole object was deleted.
    pub fn deleted(&self) -> Vec<u8> {
        self.key("deleted", b"")
    }

    /// A name in the object's slot that no key ever has.
    pub fn none(&self) -> Vec<u8> {
        self.prefix.clone().into_bytes()
    }

    fn key(&self, kind: &str, of: &[u8]) -> Vec<u8> {
        [self.prefix.as_bytes(), kind.as_bytes(), of].concat()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_of_a_key_is_read_back() {
        let object = Object::new(b"shop.order", b"a:b").unwrap();
        let names = KeyNames::new(&object);
        let of = names.object();
        assert_eq!(KeyNames::parse(&names.record(b"x}:{y")), Some((of, ObjectKey::Record(b"x}:{y"))));
        assert_eq!(KeyNames::parse(&names.names()), Some((of, ObjectKey::Names)));
        for key in [&names.tasks()[..], b"", b"}:", b"x}:names", b"celery", b"shop.order:{1}:task:names"] {
            assert_eq!(KeyNames::parse(key), None);
        }
    }

    #[test]
    fn all_keys_of_an_object_share_its_hash_tag() {
        let object = Object::new(b"Shop.Order", b"1042").unwrap();
        let names = KeyNames::new(&object);
        assert_eq!(names.record(b"a1"), b"shop.order:{1042}:record:a1");
        assert_eq!(names.tasks(), b"shop.order:{1042}:tasks");
        assert_eq!(names.expiry(), b"shop.order:{1042}:expiry");
        assert_eq!(names.names(), b"shop.order:{1042}:names");
        assert_eq!(names.deleted(), b"shop.order:{1042}:deleted");
        assert_eq!(names.state(State::Failure), b"shop.order:{1042}:state:FAILURE");
        assert_eq!(names.task(b"shop.pay"), b"shop.order:{1042}:task:shop.pay");
    }
}
