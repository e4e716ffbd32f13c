//! Which server each tool's card named in earlier listings (`SUB-16`): a card that names another server while the
//! former one is online was published by another client, or by a replica.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use crate::shown::shown;
use crate::wire::ToolCard;

/// Of so many tools it is remembered.
const MOST: usize = 10_000;

/// What was seen on one connection.
#[derive(Debug, Default)]
pub(crate) struct ToolServers(Mutex<HashMap<String, String>>);

impl ToolServers {
    /// Remembers who serves a tool, and says so where its card has moved away from a server that is online.
    pub(crate) fn see(&self, tool: &ToolCard, is_online: impl Fn(&str) -> bool) {
        if let Some(former) = self.moved(tool).filter(|former| is_online(former)) {
            crate::log::debug!(
                tool = %shown(&tool.tool),
                server = %shown(&tool.server),
                former = %shown(&former),
                "a tool's card names another server, and the former one is online",
            );
        }
    }

    /// The server that its card named before, where that is another one.
    fn moved(&self, tool: &ToolCard) -> Option<String> {
        let mut servers = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match servers.get_mut(&tool.tool) {
            Some(server) if *server == tool.server => None,
            Some(server) => Some(std::mem::replace(server, tool.server.clone())),
            None => {
                if servers.len() < MOST {
                    servers.insert(tool.tool.clone(), tool.server.clone());
                }
                None
            }
        }
    }
}
