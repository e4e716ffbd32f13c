//! What the command line asks for.

pub(crate) const SECTIONS: [&str; 6] = ["calls", "depth", "partials", "memory", "big", "allocations"];

#[derive(Debug, Clone)]
pub(crate) struct Options {
    pub(crate) sections: Vec<&'static str>,
    pub(crate) rounds: usize,
    pub(crate) warm_up_ms: u64,
    pub(crate) ms: u64,
}

impl Options {
    /// `default` is what runs where no section is named.
    pub(crate) fn parse(arguments: &[String], default: &[&'static str]) -> Result<Self, String> {
        let mut options = Self { sections: Vec::new(), rounds: 5, warm_up_ms: 200, ms: 1000 };
        if arguments.iter().any(|argument| argument == "quick") {
            options = Self { rounds: 1, warm_up_ms: 100, ms: 300, ..options };
        }
        for argument in arguments {
            let number = |text: &str| match text.parse::<u64>() {
                Ok(number) if (1..=60_000).contains(&number) => Ok(number),
                _ => Err(format!("`{argument}` is no number from 1 to 60000")),
            };
            if let Some(section) = SECTIONS.into_iter().find(|section| section == argument) {
                options.sections.push(section);
            } else if let Some(rounds) = argument.strip_prefix("rounds=") {
                options.rounds = usize::try_from(number(rounds)?).unwrap_or(1);
            } else if let Some(ms) = argument.strip_prefix("millis=") {
                options.ms = number(ms)?;
            } else if argument != "quick" && argument != "--bench" {
                let sections = SECTIONS.join("`, `");
                return Err(format!(
                    "`{argument}` is not known; give `quick`, `rounds=`, `millis=` or `{sections}`"
                ));
            }
        }
        if options.sections.is_empty() {
            options.sections = default.to_vec();
        }
        Ok(options)
    }
}
