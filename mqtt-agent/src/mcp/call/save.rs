//! [`SaveTo`]: a call whose result goes into a file.

use std::future::IntoFuture;
use std::path::{Path, PathBuf};
use std::time::Instant;

use futures_util::future::BoxFuture;
use serde_json::value::RawValue;

use super::asks::Asks;
use super::assembly::{ChunksError, Saved, Sink};
use super::exchange::{Exchange, ToFile};
use super::{CallError, unfit};
use crate::handler::content::Content;
use crate::handler::reply::{FromToolResult, Received};
use crate::session::SessionHandle;
use crate::wire::JSON;

/// The most that a file takes where the call says nothing else.
const MOST: u64 = 100 << 20;

/// A call whose result goes into a file, made by [`ToolCall::save_to`](crate::ToolCall::save_to). Await it.
#[derive(Debug)]
#[must_use = "a call is made when it is awaited"]
pub struct SaveTo {
    pub(super) handle: SessionHandle,
    pub(super) tool: String,
    pub(super) arguments: Result<Box<RawValue>, CallError>,
    pub(super) deadline: Instant,
    pub(super) limit: Option<u64>,
    pub(super) path: PathBuf,
}

impl IntoFuture for SaveTo {
    type Output = Result<Saved, CallError>;
    type IntoFuture = BoxFuture<'static, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        let Self { handle, tool, arguments, deadline, limit, path } = self;
        Box::pin(async move {
            let asks = Asks { content: true, chunks: Some(limit.unwrap_or(MOST)) };
            let mut exchange = Exchange::new(&handle, &tool, arguments?, asks, deadline)?;
            exchange.save_to_file(&path);
            let (data, media_type) = match exchange.run_to_file().await? {
                ToFile::Saved(saved) => return Ok(saved),
                ToFile::Small(received) => small(received)?,
            };
            let bytes = data.len() as u64;
            write(&path, &data).await.map_err(CallError::Chunks)?;
            Ok(Saved { bytes, media_type })
        })
    }
}

/// What one message brought: the bytes of its only block, or else the result's own JSON.
fn small(received: Received) -> Result<(Vec<u8>, String), CallError> {
    let Received { result, content, bytes } = received;
    let json = result.get().as_bytes().to_vec();
    if content.is_none() {
        return Ok((json, JSON.to_owned()));
    }
    let content = Content::<serde_json::Value>::from_received(Received { result, content, bytes });
    match content.map_err(unfit)?.blocks() {
        [block] => match (block.as_bytes(), block.media_type()) {
            (Some(data), Some(media_type)) => Ok((data.to_vec(), media_type.to_owned())),
            _ => Ok((json, JSON.to_owned())),
        },
        _ => Ok((json, JSON.to_owned())),
    }
}

async fn write(path: &Path, data: &[u8]) -> Result<(), ChunksError> {
    let mut sink = Sink::file(path);
    sink.write(data).await?;
    sink.finish().await.map(drop)
}
