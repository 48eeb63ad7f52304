use super::{SearchText, States, TaskName, Time};

/// Which records of an object a query asks for. A record must satisfy every part; of several states or names any will do.
#[derive(Debug, Clone, Default)]
pub struct Filter<'a> {
    /// In one of these states; `None` for any.
    pub states: Option<States>,
    /// Of one of these task names; empty for any.
    pub tasks: Vec<TaskName<'a>>,
    /// Created at this moment or later.
    pub since: Option<Time>,
    /// Created at this moment or earlier.
    pub until: Option<Time>,
    /// Holding this text.
    pub text: Option<SearchText>,
}

impl Filter<'_> {
    /// The most states and names together that one query may name: each is an index to open and to walk.
    pub const MOST_INDEXES: usize = 64;
}

/// Which records come first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Order {
    /// The latest `created_at` first.
    #[default]
    Newest,
    /// The earliest `created_at` first.
    Oldest,
}

/// One page of a query.
#[derive(Debug, Clone, Copy)]
pub struct PageRequest {
    /// The page's number, from 1.
    pub number: usize,
    /// Rows per page, from 1.
    pub size: usize,
    /// The order of rows.
    pub order: Order,
}

/// A part of the matching records, in an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// How many records come before it.
    pub offset: usize,
    /// The most records that it shows.
    pub size: usize,
    /// The order.
    pub order: Order,
}

impl PageRequest {
    /// The part of the records that it shows.
    pub fn window(&self) -> Window {
        Window { offset: (self.number - 1).saturating_mul(self.size), size: self.size, order: self.order }
    }

    /// The number of pages for that many rows.
    pub fn pages(&self, total: usize) -> usize {
        total.div_ceil(self.size)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_are_counted_from_one_and_the_last_may_be_short() {
        let page = PageRequest { number: 3, size: 10, order: Order::Newest };
        assert_eq!(page.window(), Window { offset: 20, size: 10, order: Order::Newest });
        assert_eq!([0, 1, 10, 11].map(|total| page.pages(total)), [0, 1, 1, 2]);
        let far = PageRequest { number: usize::MAX, size: 200, ..page };
        assert_eq!(far.window().offset, usize::MAX);
    }
}
