use super::{States, TaskName, Time};

/// Which records of an object a query asks for. Every part narrows; within one part any member will do.
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
}

/// Which end of time comes first on page 1.
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

impl PageRequest {
    /// How many rows stand on the pages before it.
    pub fn offset(&self) -> usize {
        (self.number - 1).saturating_mul(self.size)
    }

    /// How many pages so many rows fill.
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
        assert_eq!(page.offset(), 20);
        assert_eq!([0, 1, 10, 11].map(|total| page.pages(total)), [0, 1, 1, 2]);
        let far = PageRequest { number: usize::MAX, size: 200, ..page };
        assert_eq!(far.offset(), usize::MAX);
    }
}
