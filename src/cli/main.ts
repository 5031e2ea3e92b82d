#!/usr/bin/env node
/** The command `millrace`. */
import { runCli } from './run.ts'

const controller = new AbortController()
/** What shells expect of a process that the signal ended. */
const SIGNAL_EXIT = { SIGINT: 130, SIGTERM: 143 } as const
let interruptedBy: keyof typeof SIGNAL_EXIT | null = null

for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.on(signal, () => {
    // Whoever asks twice does not want to wait for files to be cleaned up.
    if (interruptedBy !== null) process.exit(SIGNAL_EXIT[signal])
    interruptedBy = signal
    controller.abort()
  })

const { stdin, stdout, stderr, env } = process
const exitCode = await runCli(process.argv.slice(2), {
  stdin,
  stdout,
  stderr,
  env,
  signal: controller.signal,
})
// Input that nobody reads any more would keep the process alive.
stdin.destroy()
process.exitCode =
  exitCode === 130 && interruptedBy !== null ? SIGNAL_EXIT[interruptedBy] : exitCode
