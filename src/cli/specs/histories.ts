/** The commands that keep and change the history of a table: tags, branches, rollbacks and consumers. */
import type { Argument, CommandSpec } from '../command.ts'
import { CATALOG_FLAGS, TABLE } from './common.ts'

function name(word: string, summary: string, form: Argument['form'] = 'required'): Argument {
  return { name: word, summary, form }
}

const TAG_CREATE: CommandSpec = {
  name: 'tag create',
  summary: 'Keeps a snapshot under a name, whatever else expires.',
  arguments: [TABLE, name('NAME', 'The name of the tag.')],
  flags: ['snapshot', 'tag', 'time', 'retain', 'if-not-exists', 'report-format', ...CATALOG_FLAGS],
  notes: [
    'The latest snapshot is tagged unless `--snapshot`, `--tag` or `--time` names another one. Rows are read as they were by `millrace read DB.TABLE --option scan.tag-name=NAME`.',
  ],
  examples: [
    'millrace tag create shop.users before-import',
    "millrace tag create shop.users v1 --snapshot 1 --retain '30 d'",
  ],
  load: async () => (await import('../commands/tags.ts')).createTagCommand,
}

const TAG_REPLACE: CommandSpec = {
  name: 'tag replace',
  summary: 'Lets a tag keep another snapshot.',
  arguments: [TABLE, name('NAME', 'The name of the tag.')],
  flags: ['snapshot', 'tag', 'time', 'retain', 'report-format', ...CATALOG_FLAGS],
  notes: [
    'It keeps the latest snapshot unless told another one, and is kept for good itself unless `--retain` says how long. Files that only its old snapshot had are deleted.',
  ],
  examples: [
    'millrace tag replace shop.users v1',
    'millrace tag replace shop.users v1 --snapshot 2',
  ],
  load: async () => (await import('../commands/tags.ts')).replaceTagCommand,
}

const TAG_RENAME: CommandSpec = {
  name: 'tag rename',
  summary: 'Gives a tag another name.',
  arguments: [TABLE, name('NAME', 'The tag.'), name('NEW-NAME', 'What it is called then.')],
  flags: ['report-format', ...CATALOG_FLAGS],
  notes: [],
  examples: [
    'millrace tag rename shop.users v1 release-1',
    'millrace tag rename shop.users v1 v1.0 --json',
  ],
  load: async () => (await import('../commands/tags.ts')).renameTagCommand,
}

const TAG_DELETE: CommandSpec = {
  name: 'tag delete',
  summary: 'Deletes tags, and the files that only they kept.',
  arguments: [TABLE, name('NAME', 'The names of the tags.', 'repeated')],
  flags: ['dry-run', 'report-format', ...CATALOG_FLAGS],
  notes: [
    'Files are deleted of snapshots that have expired, as far as no other tag, snapshot or branch has them. Nothing is deleted where one of the tags is not there.',
  ],
  examples: ['millrace tag delete shop.users v1 --dry-run', 'millrace tag delete shop.users v1'],
  load: async () => (await import('../commands/tags.ts')).deleteTagCommand,
}

const TAG_EXPIRE: CommandSpec = {
  name: 'tag expire',
  summary: 'Deletes tags whose time is over, or that are old.',
  arguments: [TABLE],
  flags: ['older-than', 'dry-run', 'report-format', ...CATALOG_FLAGS],
  notes: [
    'A tag made with `--retain`, or by the option `tag.default-time-retained`, goes when its time is over; writers do the same after their commits, unless they have the option `write-only`. With `--older-than` every tag goes that was made before.',
  ],
  examples: [
    'millrace tag expire shop.users --dry-run',
    "millrace tag expire shop.users --older-than '90 d'",
  ],
  load: async () => (await import('../commands/tags.ts')).expireTagsCommand,
}

const BRANCH_CREATE: CommandSpec = {
  name: 'branch create',
  summary: 'Makes a branch of a table, with a history of its own.',
  arguments: [TABLE, name('NAME', 'The name of the branch.')],
  flags: ['tag', 'if-not-exists', 'report-format', ...CATALOG_FLAGS],
  notes: [
    'With `--tag` it begins as that tag, which is copied along; without, it has the latest schema and no rows. No rows are copied: a branch shares the files that it begins with. It is read and written by the name `DB.TABLE$branch_NAME`.',
  ],
  examples: [
    'millrace branch create shop.users dev',
    'millrace branch create shop.users fix --tag v1',
  ],
  load: async () => (await import('../commands/branches.ts')).createBranchCommand,
}

const BRANCH_RENAME: CommandSpec = {
  name: 'branch rename',
  summary: 'Gives a branch another name.',
  arguments: [TABLE, name('NAME', 'The branch.'), name('NEW-NAME', 'What it is called then.')],
  flags: ['report-format', ...CATALOG_FLAGS],
  notes: ['Stop those who write to it first: what they commit meanwhile may be lost.'],
  examples: [
    'millrace branch rename shop.users dev next',
    'millrace branch rename shop.users dev next --json',
  ],
  load: async () => (await import('../commands/branches.ts')).renameBranchCommand,
}

const BRANCH_DELETE: CommandSpec = {
  name: 'branch delete',
  summary: 'Deletes a branch.',
  arguments: [TABLE, name('NAME', 'The name of the branch.')],
  flags: ['dry-run', 'report-format', ...CATALOG_FLAGS],
  notes: [
    'Its snapshots, schemas and tags go. The files of rows that only it had are orphans then, which `millrace orphans` deletes.',
  ],
  examples: [
    'millrace branch delete shop.users dev --dry-run',
    'millrace branch delete shop.users dev',
  ],
  load: async () => (await import('../commands/branches.ts')).deleteBranchCommand,
}

const BRANCH_FAST_FORWARD: CommandSpec = {
  name: 'branch fast-forward',
  summary: 'Makes a table what one of its branches is.',
  arguments: [TABLE, name('NAME', 'The name of the branch.')],
  flags: ['dry-run', 'report-format', ...CATALOG_FLAGS],
  notes: [
    'From the first snapshot of the branch on, the snapshots, tags and schemas of the table become those of the branch. What the table committed since is lost: `--dry-run` tells what that is. The branch stays as it is. Stop the writers of the table first, and open them anew afterwards.',
  ],
  examples: [
    'millrace branch fast-forward shop.users fix --dry-run',
    'millrace branch fast-forward shop.users fix',
  ],
  load: async () => (await import('../commands/branches.ts')).fastForwardCommand,
}

const ROLLBACK: CommandSpec = {
  name: 'rollback',
  summary: 'Takes a table back to an older snapshot.',
  arguments: [TABLE],
  flags: ['snapshot', 'tag', 'time', 'dry-run', 'report-format', ...CATALOG_FLAGS],
  notes: [
    'One of `--snapshot`, `--tag` and `--time` names the state that becomes the latest; that of a tag may have expired. Newer snapshots are lost, and newer tags: `--dry-run` tells which. The schema stays as it is. Stop the writers of the table first, and open them anew afterwards.',
    'The files of rows that are lost are orphans then, which `millrace orphans` deletes. Consumers that have read further are named: they would miss the next snapshots, unless `millrace consumer reset` moves them back.',
  ],
  examples: [
    'millrace rollback shop.users --snapshot 1 --dry-run',
    'millrace rollback shop.users --tag v1',
    'millrace rollback shop.users --time 2026-11-20T08:00:00Z',
  ],
  load: async () => (await import('../commands/rollback.ts')).rollbackCommand,
}

const CONSUMER_RESET: CommandSpec = {
  name: 'consumer reset',
  summary: 'Makes a consumer, or moves it to another snapshot.',
  arguments: [TABLE, name('ID', 'The name of the consumer.')],
  flags: ['next', 'report-format', ...CATALOG_FLAGS],
  notes: [
    'Stop the stream first that runs under the name: it would go on from where it is. Snapshots from the next one on do not expire, until the stream moves on.',
  ],
  examples: [
    'millrace consumer reset shop.users audit --next earliest',
    'millrace consumer reset shop.users audit --next 2',
  ],
  load: async () => (await import('../commands/consumers.ts')).resetConsumerCommand,
}

const CONSUMER_DELETE: CommandSpec = {
  name: 'consumer delete',
  summary: 'Deletes consumers, so that the snapshots may expire that they have yet to read.',
  arguments: [TABLE, name('ID', 'The names of the consumers.', 'repeated')],
  flags: ['dry-run', 'report-format', ...CATALOG_FLAGS],
  notes: ['Nothing is deleted where one of them is not there.'],
  examples: [
    'millrace consumer delete shop.users audit --dry-run',
    'millrace consumer delete shop.users audit',
  ],
  load: async () => (await import('../commands/consumers.ts')).deleteConsumerCommand,
}

const CONSUMER_EXPIRE: CommandSpec = {
  name: 'consumer expire',
  summary: 'Deletes consumers that have not moved for a while.',
  arguments: [TABLE],
  flags: ['older-than', 'dry-run', 'report-format', ...CATALOG_FLAGS],
  notes: [
    'Without `--older-than` it is for as long as the option `consumer.expiration-time` says; writers do the same after their commits, unless they have the option `write-only`.',
  ],
  examples: [
    "millrace consumer expire shop.users --older-than '7 d' --dry-run",
    "millrace consumer expire shop.users --older-than '7 d'",
  ],
  load: async () => (await import('../commands/consumers.ts')).expireConsumersCommand,
}

export const HISTORY_COMMANDS: readonly CommandSpec[] = [
  TAG_CREATE,
  TAG_REPLACE,
  TAG_RENAME,
  TAG_DELETE,
  TAG_EXPIRE,
  BRANCH_CREATE,
  BRANCH_RENAME,
  BRANCH_DELETE,
  BRANCH_FAST_FORWARD,
  ROLLBACK,
  CONSUMER_RESET,
  CONSUMER_DELETE,
  CONSUMER_EXPIRE,
]
