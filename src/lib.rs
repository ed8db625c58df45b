//! benchwarden: the admin console for shared data-science workbench hosts.
