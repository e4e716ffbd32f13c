"""The two programs: the same tools, each as its library's own documentation writes them."""

import pathlib

CHECKOUT = pathlib.Path(__file__).resolve().parents[2]

# Both programs get what `cargo new` gives: the default profiles, the default linker.
MANIFEST = """\
[package]
name = "{name}"
version = "0.0.0"
edition = "2024"
publish = false

[workspace]

[dependencies]
{dependencies}
"""

BODY = """\
    Found{n} {{
        summary: format!("{edit}{{query}}, at most {{limit:?}}"),
        count: labels.len() as u64,
    }}
"""

OUTPUT = """\
/// What the search of shelf {n} found.
#[derive(Serialize, JsonSchema)]
struct Found{n} {{
    /// What was found, in one line.
    summary: String,
    /// How many documents there are.
    count: u64,
}}
"""


class Program:
    def __init__(self, place, tools):
        self.tools = tools
        self.directory = place / self.name
        (self.directory / "src").mkdir(parents=True, exist_ok=True)
        manifest = MANIFEST.format(name=self.name, dependencies=self.dependencies())
        (self.directory / "Cargo.toml").write_text(manifest)

    def write(self, edit):
        """Writes the program; `edit` is what changes in the body of one tool."""
        middle = self.tools // 2
        tools = [
            (OUTPUT + "\n" + self.TOOL).format(n=n, body=BODY.format(n=n, edit=edit if n == middle else ""))
            for n in range(self.tools)
        ]
        (self.directory / "src/main.rs").write_text(self.program(tools))


class Ours(Program):
    label = "mqtt-agent"
    name = "hundred-tools-mqtt-agent"

    TOOL = """\
/// Searches shelf {n} for documents.
#[tool]
async fn search_{n}(
    /// The words to look for.
    query: String,
    /// The most documents to return.
    limit: Option<u32>,
    /// Labels that each document must have.
    labels: Vec<String>,
) -> Found{n} {{
{body}}}
"""

    def dependencies(self):
        return f"""\
mqtt-agent = {{ path = "{CHECKOUT}/mqtt-agent" }}
schemars = "1"
serde = {{ version = "1", features = ["derive"] }}
tokio = {{ version = "1", features = ["macros", "rt-multi-thread"] }}"""

    def program(self, tools):
        return """\
use mqtt_agent::prelude::*;

#[tokio::main]
async fn main() -> mqtt_agent::Result<()> {
    Agent::new("shelves").serve("mqtt://localhost").await
}

""" + "\n".join(tools)


class Rmcp(Program):
    label = "rmcp"
    name = "hundred-tools-rmcp"

    # The arguments stand before the output, and the method goes into the one `impl` block.
    TOOL = """\
#[derive(Deserialize, JsonSchema)]
struct Search{n} {{
    /// The words to look for.
    query: String,
    /// The most documents to return.
    limit: Option<u32>,
    /// Labels that each document must have.
    labels: Vec<String>,
}}
%%
    /// Searches shelf {n} for documents.
    #[tool]
    async fn search_{n}(
        &self,
        Parameters(Search{n} {{ query, limit, labels }}): Parameters<Search{n}>,
    ) -> Json<Found{n}> {{
        Json({body}        )
    }}
"""

    def dependencies(self):
        return """\
rmcp = { version = "3.11", default-features = false, features = ["server", "macros"] }
schemars = "1"
serde = { version = "1", features = ["derive"] }
tokio = { version = "1", features = ["io-std", "macros", "rt-multi-thread"] }"""

    def program(self, tools):
        structs, methods = zip(*(tool.split("%%\n") for tool in tools))
        return """\
use rmcp::handler::server::wrapper::Parameters;
use rmcp::{Json, ServiceExt, tool, tool_router};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let running = Shelves.serve((tokio::io::stdin(), tokio::io::stdout())).await?;
    running.waiting().await?;
    Ok(())
}

#[derive(Clone)]
struct Shelves;

""" + "\n".join(structs) + "\n#[tool_router(server_handler)]\nimpl Shelves {\n" + "\n".join(methods) + "}\n"
