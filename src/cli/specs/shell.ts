/** The command that is about shells, and about no table. */
import type { CommandSpec } from '../command.ts'

export const COMPLETION: CommandSpec = {
  name: 'completion',
  summary: 'Prints the script that lets a shell complete commands, flags, tables and options.',
  arguments: [
    { name: 'bash|zsh|fish', summary: 'The shell that the script is for.', form: 'required' },
  ],
  flags: [],
  notes: [
    'The script asks `millrace` itself for what can follow, also for the names of databases, tables, tags and branches in the warehouse of `MILLRACE_WAREHOUSE` or `--warehouse`; it stays as it is when commands are added.',
  ],
  examples: [
    'source <(millrace completion bash)',
    'millrace completion fish > ~/.config/fish/completions/millrace.fish',
  ],
  load: async () => (await import('../commands/completion.ts')).completionCommand,
}
