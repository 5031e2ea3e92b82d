/** Runs the command line of this process: its streams, its signals, its exit code. */
import { EXIT } from './failure.ts'
import { runCli } from './run.ts'

/** What shells expect of a process that the signal ended. */
const SIGNAL_EXIT = { SIGINT: EXIT.interrupted, SIGTERM: 143 } as const

export async function runProcess(): Promise<void> {
  const controller = new AbortController()
  let endedBy: keyof typeof SIGNAL_EXIT = 'SIGINT'
  for (const signal of ['SIGINT', 'SIGTERM'] as const)
    process.on(signal, () => {
      // Whoever asks twice does not want to wait for files to be cleaned up.
      if (controller.signal.aborted) process.exit(SIGNAL_EXIT[signal])
      endedBy = signal
      controller.abort()
    })
  const { stdin, stdout, stderr, env } = process
  const { signal } = controller
  const exitCode = await runCli(process.argv.slice(2), { stdin, stdout, stderr, env, signal })
  // Input that nobody reads any more would keep the process alive.
  stdin.destroy()
  process.exitCode = exitCode === EXIT.interrupted ? SIGNAL_EXIT[endedBy] : exitCode
}
