//! [`SaveTo`]: a call whose result is written into a file.

use std::future::IntoFuture;
use std::path::PathBuf;
use std::time::Instant;

use futures_util::future::BoxFuture;
use serde_json::value::RawValue;

use super::asks::Asks;
use super::assembly::{ChunksError, Saved, Sink};
use super::exchange::{Exchange, ToFile};
use super::retry::retried;
use super::{CallError, Retry, unfit};
use crate::handler::content::Content;
use crate::handler::reply::{FromToolResult, Received};
use crate::session::SessionHandle;
use crate::wire::{BYTES, JSON};

/// The most that a file takes where the call says nothing else.
const MOST: u64 = 100 << 20;

/// A call whose result is written into a file, made by [`ToolCall::save_to`](crate::ToolCall::save_to). Await it.
#[derive(Debug)]
#[must_use = "a call is made when it is awaited"]
pub struct SaveTo {
    pub(super) handle: SessionHandle,
    pub(super) tool: String,
    pub(super) arguments: Result<Box<RawValue>, CallError>,
    pub(super) deadline: Instant,
    pub(super) retry: Option<Retry>,
    pub(super) limit: Option<u64>,
    pub(super) path: PathBuf,
}

impl IntoFuture for SaveTo {
    type Output = Result<Saved, CallError>;
    type IntoFuture = BoxFuture<'static, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        let Self { handle, tool, arguments, deadline, retry, limit, path } = self;
        Box::pin(async move {
            let asks = Asks { content: true, chunks: Some(limit.unwrap_or(MOST)) };
            let run = |mut exchange: Box<Exchange>| -> BoxFuture<'static, _> {
                exchange.save_to_file(&path);
                Box::pin(exchange.run_to_file())
            };
            let made = match retry {
                Some(retry) => retried(&handle, &tool, arguments?, asks, deadline, retry, run).await?,
                None => run(Exchange::new(&handle, &tool, arguments?, asks, deadline)?).await?,
            };
            let (data, media_type) = match made {
                ToFile::Saved(saved) => return Ok(saved),
                ToFile::Small(received) => small(received)?,
            };
            let bytes = data.len() as u64;
            write(path, &data).await.map_err(CallError::Chunks)?;
            Ok(Saved { bytes, media_type })
        })
    }
}

/// What one message brought: the bytes of its only block where there is no value beside it, or else the result's own JSON.
fn small(received: Received) -> Result<(Vec<u8>, String), CallError> {
    let Received { result, content, bytes } = received;
    let json = result.get().to_owned();
    // A text is what stands for the block.
    let has_value = !json.starts_with('"') && json != "null";
    if content.is_some() && !has_value {
        let content = Content::<serde_json::Value>::from_received(Received { result, content, bytes });
        if let [block] = content.map_err(unfit)?.blocks()
            && let Some(data) = block.as_bytes()
        {
            return Ok((data.to_vec(), block.media_type().unwrap_or(BYTES).to_owned()));
        }
    }
    Ok((json.into_bytes(), JSON.to_owned()))
}

async fn write(path: PathBuf, data: &[u8]) -> Result<(), ChunksError> {
    let mut sink = Sink::file(path).await?;
    sink.write(data).await?;
    sink.finish().await.map(drop)
}
