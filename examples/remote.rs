//! One trait, both sides: the server implements it, the caller gets a typed client of it.
//!
//! ```sh
//! cargo run --example remote                         # on an embedded broker
//! cargo run --example remote mqtt://localhost:1883   # on yours
//! ```
//!
//! What to learn here: `#[remote]` makes a client of a trait; `#[agent] impl Trait for Type` serves it; in a real program
//! the module `shared` is a crate that both programs depend on. A method's own error comes back as a value.

use std::time::Duration;

use mqtt_agent::RemoteError;
use mqtt_agent::broker::Broker;
use mqtt_agent::prelude::*;

// In a program of its own this is a crate, whose items are public.
#[allow(unreachable_pub)]
mod shared {
    use mqtt_agent::prelude::*;

    /// An account and what is on it.
    #[derive(Debug, Serialize, Deserialize, JsonSchema)]
    pub struct Account {
        pub name: String,
        pub cents: i64,
    }

    /// What can go wrong.
    #[derive(Debug, ToolError)]
    pub enum BankError {
        /// Nobody has an account of this name.
        #[tool_error("no account `{0}`; ask for another")]
        NotFound(String),
    }

    /// Accounts that others keep.
    #[remote(prefix = "bank.")]
    pub trait Bank {
        /// What is on an account.
        #[tool(read_only)]
        async fn balance(
            &self,
            /// The account's name.
            name: String,
        ) -> Result<Account, BankError>;

        /// Tells each account, one by one, and then how many there are.
        async fn list(&self, #[arg(given)] accounts: Partials<Account>) -> Result<usize, String>;
    }
}

use shared::{Account, Bank, BankError, BankRemote};

struct Savings(Vec<(&'static str, i64)>);

#[agent]
impl Bank for Savings {
    async fn balance(&self, name: String) -> Result<Account, BankError> {
        let found = self.0.iter().find(|(known, _)| *known == name);
        let Some((_, cents)) = found else { return Err(BankError::NotFound(name)) };
        Ok(Account { name, cents: *cents })
    }

    async fn list(&self, accounts: Partials<Account>) -> Result<usize, String> {
        for (name, cents) in &self.0 {
            let account = Account { name: (*name).to_owned(), cents: *cents };
            accounts.send(&account).await.map_err(|error| error.to_string())?;
        }
        Ok(self.0.len())
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let broker = Broker::start().await?;
    let url = std::env::args().nth(1).unwrap_or_else(|| broker.url());

    let server = Agent::of(Savings(vec![("ada", 100), ("grace", 250)])).start(&url).await?;

    let client = Client::connect(&url).await?;
    let bank = BankRemote::new(&client);
    let account = bank.balance("ada".to_owned()).timeout(Duration::from_secs(2)).await?;
    println!("{} has {} cents", account.name, account.cents);

    match bank.balance("nobody".to_owned()).await {
        Err(RemoteError::Tool(BankError::NotFound(name))) => println!("`{name}` has no account"),
        other => println!("{other:?}"),
    }

    let mut accounts = bank.list().stream().await?.partials::<Account>();
    while let Some(account) = accounts.next().await {
        println!("partial result: {account:?}");
    }
    println!("accounts: {}", accounts.finish().await?);

    client.close().await;
    server.stop().await;
    Ok(())
}
