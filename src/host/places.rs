//! The cgroups that processes are in, each with a small number.

use std::collections::HashMap;
use std::sync::Arc;

use crate::base::id::Uid;
use crate::base::text::printable;
use crate::model::sample::{Place, PlaceId};

/// Longer paths exist; they are told cut.
const PATH_CHARS: usize = 4096;
/// When so many are known, those of the past are forgotten.
const FORGET_AT: usize = 8192;

/// Numbers given to cgroup paths.
#[derive(Debug, Default)]
pub(super) struct Places {
    ids: HashMap<String, PlaceId>,
    list: Arc<Vec<Place>>,
}

impl Places {
    /// The number of a path, as the kernel writes it.
    pub(super) fn id(&mut self, path: &str) -> PlaceId {
        if let Some(id) = self.ids.get(path) {
            return *id;
        }
        let list = Arc::make_mut(&mut self.list);
        let id = PlaceId(u32::try_from(list.len()).unwrap_or(u32::MAX));
        list.push(Place::of(printable(path.as_bytes(), PATH_CHARS)));
        self.ids.insert(path.to_owned(), id);
        id
    }

    /// Whose slice a place lies in.
    pub(super) fn owner(&self, id: PlaceId) -> Option<Uid> {
        self.list.get(id.0 as usize)?.owner
    }

    /// All of them, by number.
    pub(super) fn list(&self) -> Arc<Vec<Place>> {
        Arc::clone(&self.list)
    }

    /// Whether so many cgroups have come and gone that it is time to start anew.
    pub(super) fn is_full(&self) -> bool {
        self.list.len() >= FORGET_AT
    }
}
