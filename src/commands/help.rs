use super::syntax::SINCE;
use super::COMMANDS;
use crate::redis::{Call, Command, Documentation, Failure};

/// Lists the module's commands with their arguments.
///
/// ```text
/// TRACKER.HELP
/// ```
///
/// Replies a list of lines, two for each command: its arguments, then its summary. O(1).
pub struct Help;

impl Command for Help {
    const NAME: &'static str = "tracker.help";
    const FLAGS: &'static str = "allow-loading allow-stale fast";
    const DOCUMENTATION: Documentation = Documentation {
        summary: c"Lists the tracker's commands and their arguments.",
        complexity: c"O(1)",
        since: SINCE,
        arity: 1,
        keys: None,
        arguments: &[],
    };

    fn run(call: &Call<'_>) -> Result<(), Failure> {
        let reply = call.reply();
        reply.array(2 * COMMANDS.len());
        for command in &COMMANDS {
            let usage = format!("{} {}", command.name.to_uppercase(), command.documentation);
            reply.bulk(usage.trim_end());
            reply.bulk(format!("    {}", command.documentation.summary.to_string_lossy()));
        }
        Ok(())
    }
}
