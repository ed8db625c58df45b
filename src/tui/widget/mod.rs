//! Parts that screens are made of.

pub(super) mod entry;
pub(super) mod filter;
pub(super) mod footer;
pub(super) mod form;
pub(super) mod frame;
pub(super) mod header;
pub(super) mod line;
pub(super) mod list;
pub(super) mod plot;
pub(super) mod table;
pub(super) mod wrap;
