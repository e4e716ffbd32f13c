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
{profile}"""

# As cargo builds what comes from a registry, which is how rmcp comes: otherwise a path is built for somebody who edits it.
OF_A_REGISTRY = """
[profile.dev.package.mqtt-agent]
codegen-units = 16
incremental = false
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
    profile = ""

    def __init__(self, place, tools, plain=False, one_output=False):
        self.tools = tools
        self.plain = plain
        self.one_output = one_output
        self.directory = place / self.name
        (self.directory / "src").mkdir(parents=True, exist_ok=True)
        manifest = MANIFEST.format(name=self.name, dependencies=self.dependencies(), profile=self.profile)
        (self.directory / "Cargo.toml").write_text(manifest)

    def write(self, edit):
        """Writes the program; `edit` is what changes in the body of one tool."""
        tools = [self.tool(n, edit if n == self.tools // 2 else "") for n in range(self.tools)]
        (self.directory / "src/main.rs").write_text(self.program(tools))

    def tool(self, n, edit):
        out = 0 if self.one_output else n
        output = OUTPUT.format(n=n) + "\n" if out == n else ""
        return output + self.TOOL.format(n=n, out=out, body=BODY.format(n=out, edit=edit))


class Ours(Program):
    label = "mqtt-agent"
    name = "hundred-tools-mqtt-agent"
    profile = OF_A_REGISTRY

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
) -> Found{out} {{
{body}}}
"""

    def dependencies(self):
        features = ', default-features = false, features = ["unique-names"]' if self.plain else ""
        return f"""\
mqtt-agent = {{ path = "{CHECKOUT}/mqtt-agent"{features} }}
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
    ) -> Json<Found{out}> {{
        Json({body}        )
    }}
"""

    def dependencies(self):
        return """\
rmcp = { version = "~3.11", default-features = false, features = ["server", "macros"] }
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
